"""Reading the corpus: what is taken, what is left out, and the sound of a clip."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.training.corpus import Corpus
from tests.models.tiny import ROOMS, row, write_corpus

ROWS = [
    row("a", "scream", "train"),
    row("a", "scream", "dev"),
    row("b", "laugh", "train", "CC BY-NC-SA 4.0"),
    row("b", "cough", "train", "CC BY 4.0 (by its README)"),
    row("c", "dog", "train", "unknown (student project)"),
    row("c", "cat", "train", ""),
]


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Corpus]:
    """Three corpora of known, unknown and non-commercial licences."""
    corpus = Corpus(write_corpus(tmp_path / "corpus", ROWS, rate_hz=8_000))
    yield corpus
    corpus.forget_handles()


def test_a_split_holds_its_clips_alone(corpus: Corpus) -> None:
    """What is for choosing never gets into training."""
    assert [c.kind for c in corpus.clips(["dev"])] == ["scream"]
    assert {c.split for c in corpus.clips(["train"])} == {"train"}
    assert len(list(corpus.clips(["train", "dev"]))) == len(ROWS)


def test_a_corpus_left_out_is_gone(corpus: Corpus) -> None:
    """Leaving one out tells what to expect of people who are not in the corpus."""
    assert {c.corpus for c in corpus.clips(["train"], without=["b"])} == {"a", "c"}


def test_commercial_only_takes_no_licence_that_forbids_it_and_none_unknown(corpus: Corpus) -> None:
    """`CC BY-NC` begins like `CC BY` and is another thing; nothing said is nothing allowed."""
    assert [c.kind for c in corpus.clips(["train"], commercial_only=True)] == ["scream", "cough"]


def test_a_clip_is_mono_at_16_khz_and_its_own(corpus: Corpus) -> None:
    """Each clip comes from its place in the tar, at the length the manifest says."""
    sounds = [corpus.sound(c) for c in corpus.clips(["train", "dev"])]
    assert {(x.dtype, x.shape) for x in sounds} == {(np.dtype(np.float32), (12_800,))}
    loudness = [float(np.std(x)) for x in sounds[:2]]
    assert loudness[1] == pytest.approx(2 * loudness[0], rel=0.01)


def test_rooms_are_parted_between_the_splits(corpus: Corpus) -> None:
    """No room is in both, and none is lost."""
    train, dev = corpus.room_responses(["train"]), corpus.room_responses(["dev"])
    assert (len(train) + len(dev), min(len(train), len(dev)) > 0) == (ROOMS, True)
    assert not any(np.array_equal(a, b) for a in train for b in dev)
