"""What a phrase model learns from: syllables that are not the phrase's, and the tones of what was said."""

import itertools

import numpy as np
import pytest

pytest.importorskip("pyworld", reason="pyworld (extra [train]) is not installed: make train-test")

from models.training.phrases.data import aligned, tones
from models.training.phrases.texts import INITIALS, Sources, contrasted, lines

SYLLABLES = ("da", "dai", "ta", "ba", "wo", "jiu", "ming", "jing")
READING = ("bie2", "da3", "wo3")


def test_a_contrast_is_the_phrase_but_for_a_syllable_or_two() -> None:
    """The same in another tone, one that begins or ends alike, or any, or one more: each of them comes."""
    rng, kinds = np.random.default_rng(1), set()
    for _ in range(300):
        found = contrasted(READING, SYLLABLES, rng)
        if len(found) > len(READING):
            kinds.add("more")
            assert len(found) <= len(READING) + 2
            continue
        changed = [(a, b) for a, b in zip(READING, found, strict=True) if a != b]
        assert 1 <= len(changed) <= 2
        assert all(b[-1] in "1234" for _, b in changed)
        kinds |= {"tone" if a[:-1] == b[:-1] else "near" if a == "da3" and b[:-1] in ("dai", "ta", "ba") else "other" for a, b in changed}
    assert kinds == {"tone", "near", "other", "more"}


def test_after_a_contrast_the_same_voice_says_the_phrase() -> None:
    """In the same company, at the same pace, half of the time."""
    sources = Sources(["同学"], [1.0], ["你好"], ["别打我"], readings=[READING], syllables=SYLLABLES)
    some = [line for line, _ in zip(lines(sources, ["zf_a", "zm_b", "af_c", "am_d"], np.random.default_rng(3), ["contrast"]), range(60), strict=False)]
    pairs = [(a, b) for a, b in itertools.pairwise(some) if b.kind == "phrase"]
    assert len(pairs) > 10
    for contrast, phrase in pairs:
        assert contrast.kind == "contrast"
        assert (contrast.voice, contrast.speed, contrast.effect) == (phrase.voice, phrase.speed, phrase.effect)
        assert "".join(READING) in phrase.text
        assert contrast.text.split(",")[0] == phrase.text.split(",")[0] or contrast.text.split(",")[-1] == phrase.text.split(",")[-1] or "," not in phrase.text


def test_only_wanted_kinds_of_text_are_made() -> None:
    """Pinyin with tones, beside which a word may stand."""
    sources = Sources(["同学"], [1.0], ["你好"], ["别打我"], readings=[READING], syllables=SYLLABLES)
    some = [line for line, _ in zip(lines(sources, ["zf_a", "zm_b", "af_c", "am_d"], np.random.default_rng(2), ["contrast"]), range(40), strict=False)]
    assert {line.kind for line in some} == {"contrast", "phrase"}
    assert any(line.text.startswith("bie2") for line in some)
    assert any("," in line.text for line in some)


def test_initials_are_read_as_long_as_they_are() -> None:
    """zh before z."""
    assert next(i for i in INITIALS if "zhao".startswith(i)) == "zh"


@pytest.mark.parametrize(
    ("pinyin", "told"),
    [("jiu4 ming4 a5", [4, 4, 5]), ("gei3 wo3 gui4 xia4", [0, 3, 4, 4]), ("bu4 yao4", [0, 4]), ("yi1 ge5", [0, 5]), ("n", [0])],
)
def test_tones_that_running_speech_changes_are_not_asked_for(pinyin: str, told: list[int]) -> None:
    """A third before a third, 一 and 不."""
    assert tones(pinyin) == told


def test_each_frame_tells_its_syllable() -> None:
    """Where the teacher is sure; elsewhere none."""
    best = np.array([[0, 1], [5, 0], [0, 5], [7, 0], [0, 7]], np.uint16)
    shares = np.array([[0.95, 0.0], [0.9, 0.05], [0.95, 0.0], [0.9, 0.05], [0.95, 0.0]], np.float16)
    assert aligned(best, shares, [5, 7])[2].tolist() == [0, 1, 0, 2, 0]
