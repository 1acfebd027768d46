"""What the demo's watcher is told."""

import numpy as np

from edge.demo.scene import Part, Scene
from edge.demo.story import Story
from edge.demo.voice import Sound

SILENCE: Sound = np.zeros(16_000 * 20, np.float32)
SCENE = Scene(SILENCE, (Part("laughter", "", 2.0, 4.0), Part("screams", "shouting", 6.0, 8.0), Part("somebody cries", "crying", 12.0, 16.0)))


def alert(label: str, id_: str = "1") -> dict[str, object]:
    """A message as the desk gets it, the fields that the story reads."""
    return {"id": id_, "place": "stairs", "label": label, "level_dba": 80.5}


def test_an_alert_is_timed_from_the_playing_of_its_sound() -> None:
    """The recording began at 100 s and the scream stands at 6 s: an alert at 106.7 s came after 700 ms."""
    story = Story(SCENE).begun(100.0).arrived(106.7, alert("shouting"))
    (line,) = story.lines
    assert (line.heard_s, line.after_ms, line.expected) == (106.7 - 100.0, 700, True)
    assert [e.label for e in story.missing] == ["crying"]


def test_an_alert_said_again_is_one_line() -> None:
    """Repeats and later states of the same id tell nothing new."""
    story = Story(SCENE).begun(100.0).arrived(106.7, alert("shouting")).arrived(121.7, alert("shouting"))
    assert len(story.lines) == 1


def test_an_alert_where_nothing_was_played_is_too_many() -> None:
    """One for the laughter, or before the recording began, is unexpected and has no time."""
    story = Story(SCENE).arrived(99.0, alert("shouting", "1")).begun(100.0).arrived(103.0, alert("shouting", "2"))
    assert [line.after_ms for line in story.unexpected] == [None, None]
    assert len(story.missing) == 2


def test_another_label_during_trouble_is_no_mistake_but_replaces_nothing() -> None:
    """A scream called crying brings help, yet the crying later on must still arrive."""
    story = Story(SCENE).begun(100.0).arrived(107.0, alert("crying"))
    assert story.unexpected == ()
    assert [e.label for e in story.missing] == ["shouting", "crying"]


def test_the_part_that_is_playing_is_known() -> None:
    """By the recording's own time; nothing before it began or between two parts."""
    story = Story(SCENE)
    assert story.part(103.0) is None
    begun = story.begun(100.0)
    part = begun.part(103.0)
    assert part is not None
    assert part.words == "laughter"
    assert begun.part(105.0) is None
