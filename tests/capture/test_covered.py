"""Tape and chewing gum are noticed; fans, rain, nights and holidays are not taken for them."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

from edge.capture import RATE_HZ
from edge.capture.covered import FILE, KEPT_HOURS, LEARN_HOURS, LONG_HOURS, Covering, Normal, tilt_of
from edge.demo.sounds import at_level, chatter, corridor, laugh, scream, shout, talk
from edge.demo.voice import CHILD, MAN, WOMAN
from tests.capture.rooms import RATE_HZ as ROOM_RATE_HZ
from tests.capture.rooms import ROOMS
from tests.capture.sounds import Array

MOMENTS = 720  # of a simulated hour: one in twenty is enough

Hour = NDArray[np.float64]
Room = Callable[[np.random.Generator], Hour]


def hour(share: float = 0.0, *, tape: tuple[float, float] = (0.0, 0.0), fan: float = 0.0, rain: float = 0.0, dull: float = 12.0) -> Room:
    """An hour in bands: background, events in a share of it, what is over the microphone (dB lost in each band), and its own noise.

    fan, rain: levels of what goes on all the time. dull: by how much the upper band of events is weaker.
    """

    def moments(rng: np.random.Generator) -> Hour:
        event = rng.random(MOMENTS) < share
        loud = np.where(event, rng.uniform(45, 78, MOMENTS), -99.0)
        low = power(rng.normal(35, 2, MOMENTS), loud, rng.normal(fan, 0.5, MOMENTS), rng.normal(rain - 3, 2, MOMENTS)) - tape[0]
        bright = loud - rng.normal(dull, 6, MOMENTS)
        high = power(rng.normal(24, 2, MOMENTS), bright, rng.normal(fan - 25, 0.5, MOMENTS), rng.normal(rain, 1, MOMENTS)) - tape[1]
        return np.stack([power(low, 14.0), power(high, rng.normal(18, 1, MOMENTS))], axis=1)

    return moments


def power(*levels: "np.ndarray[tuple[int], np.dtype[np.float64]] | float") -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The level of several sounds at once."""
    return np.asarray(10 * np.log10(sum(10 ** (np.asarray(level) / 10) for level in levels)))


LESSON, BREAK, NIGHT = hour(0.15), hour(0.6), hour(0.002)
DAY = [NIGHT] * 7 + [LESSON, BREAK, LESSON, LESSON, BREAK, LESSON, BREAK, LESSON, LESSON] + [NIGHT] * 8
HOLIDAY = [NIGHT] * 24
WEEK = DAY * 5 + HOLIDAY * 2
TAPE, GUM = (4.0, 20.0), (25.0, 40.0)


def over(days: Iterable[Room], normal: Normal = Normal(), seed: int = 1) -> tuple[Normal, list[int]]:  # noqa: B008 - it is frozen
    """The normal after these hours, and at which of them it was covered."""
    rng, found = np.random.default_rng(seed), []
    for number, room in enumerate(days):
        normal = normal.advance(tilt_of(room(rng)))
        if normal.covered:
            found.append(number)
    return normal, found


def covered(share: float, tape: tuple[float, float]) -> list[Room]:
    """A school day with something over the microphone from its beginning."""
    return [NIGHT] * 7 + [hour(share, tape=tape)] * 9 + [hour(0.002, tape=tape)] * 8


def test_weeks_of_school_with_holidays_rain_and_a_new_fan_are_normal() -> None:
    """Nothing over the microphone, whatever else there is; what it knows stays bounded."""
    raining, windy = [hour(0.15, rain=52)] * 24, [hour(0.1, fan=55)] * 24
    normal, found = over([*WEEK * 3, *raining, *DAY, *windy * 5, *HOLIDAY * 30, *WEEK, *raining * 3, *WEEK * 6])
    assert found == []
    assert LEARN_HOURS < len(normal.tilts_db) <= KEPT_HOURS


def test_tape_is_told_after_three_hours_of_school_and_gone_with_the_first_without() -> None:
    """Nights and weekends in between change nothing: nobody is there to be heard."""
    for tape in (TAPE, GUM):
        normal, _ = over(WEEK * 2)
        normal, found = over([*covered(0.6, tape), *HOLIDAY * 2, *covered(0.6, tape)], normal)
        assert found[0] == 7 + LONG_HOURS - 1, tape
        assert found == list(range(found[0], 24 * 4)), tape
        _, found = over([*[NIGHT] * 7, LESSON, *DAY], normal)
        assert found == list(range(7)), tape


def test_what_is_covered_does_not_become_normal() -> None:
    """A month later it is told as on the first day."""
    normal, _ = over(WEEK * 2)
    known = normal.tilts_db
    normal, found = over(covered(0.5, TAPE) * 30, normal)
    assert normal.tilts_db == known
    assert found[-1] == 24 * 30 - 1


def test_before_a_week_of_school_there_is_no_normal() -> None:
    """Nobody knows yet what this wall sounds like."""
    normal, found = over([*DAY * 3, *covered(0.6, TAPE) * 10])
    assert found == []
    assert normal.dull == 0


def test_quiet_hours_tell_nothing() -> None:
    """Digital silence, steady noise, no sound at all."""
    assert tilt_of(np.zeros((0, 2))) is None
    assert tilt_of(np.full((100, 2), -200.0)) is None
    assert tilt_of(np.array([(40.0 + number % 3, 20.0) for number in range(1000)])) is None


# --- real sound, an hour in half a minute

HOUR_S = 40.0


@cache
def people() -> tuple[list[Array], Array]:
    """What people do in a corridor, each once, with its level; and the corridor without them."""
    rng = np.random.default_rng(5)
    voices = [talk(rng, voice, 5.0) for voice in (CHILD, WOMAN, MAN, CHILD)]
    others = [chatter(rng, 6.0), chatter(rng, 6.0), laugh(rng), shout(rng, CHILD), shout(rng, CHILD), scream(rng)]
    return [at_level(sound, rng.uniform(60, 80)) for sound in (*voices, *others)], at_level(corridor(rng, HOUR_S), 38.0)


def school(seed: int) -> Array:
    """An hour in which all of it happens, in another order and at other levels each time."""
    rng = np.random.default_rng(seed)
    events, empty = people()
    sound = empty.copy()
    for event in events:
        at = rng.integers(0, len(sound) - len(event))
        sound[at : at + len(event)] += event * np.float32(10 ** (rng.uniform(-6, 6) / 20))
    return np.clip(sound, -1, 1).astype(np.float32)


def under_tape(sound: Array) -> Array:
    """What a capsule hears behind tape: a low-pass at 1 kHz and 5 dB less; and its own noise."""
    b, a = butter(2, 1000, fs=RATE_HZ)
    return np.asarray(0.56 * lfilter(b, a, sound) + 1e-5 * np.random.default_rng(1).standard_normal(len(sound)), np.float32)


def room(name: str) -> Iterator[Array]:
    """Seconds of one of the rooms in which nothing is wrong, at our rate."""
    return (np.asarray(soxr.resample(second, ROOM_RATE_HZ, RATE_HZ), np.float32) for second in ROOMS[name](np.random.default_rng(3)))


def test_real_sound_through_tape_is_told_and_rooms_without_it_are_not(tmp_path: Path) -> None:
    """A week of school in half-minutes, then a fan, rain and a night, then tape; a restart in between forgets nothing."""
    covering = Covering(tmp_path, "card:mic", HOUR_S)
    for number in range(LEARN_HOURS):
        covering.hear(school(number))
    for name in ROOMS:
        plain = [*islice(room(name), round(HOUR_S))]
        covering.hear(np.concatenate(plain))
        covering.hear(np.clip(0.05 * np.concatenate(plain) + school(100)[: len(plain) * RATE_HZ], -1, 1))
        assert covering.normal.dull == 0, name
    for number in range(2):
        covering.hear(under_tape(school(200 + number)))
    assert (covering.normal.dull, covering.covered) == (2, False)
    covering.write()
    again = Covering(tmp_path, "card:mic", HOUR_S)
    assert again.normal == covering.normal
    told = []
    for sound in (under_tape(school(203)), school(204)):
        again.hear(sound)
        told.append(again.covered)
    assert told == [True, False]
    assert Covering(tmp_path, "card:other", HOUR_S).normal == Normal()


def test_a_damaged_file_is_begun_anew_and_a_disk_that_refuses_stops_nothing(tmp_path: Path) -> None:
    """It is learned again within a week."""
    for text in ("", "{}", "[]", "null", '{"format": 1, "device": "", "tilts_db": [null], "dull": 0}', json.dumps({"format": 2})):
        (tmp_path / FILE).write_text(text)
        assert Covering(tmp_path, "").normal == Normal()
    (tmp_path / "state").write_text("in the way")
    covering = Covering(tmp_path / "state", "", 1.0)
    covering.normal = Normal((1.0,))
    covering.write()
