"""Choirs and instruments played from a soundfont, with the real synthesizer where it is installed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.training.corpus import Corpus
from models.training.soundfont import HIGHEST, LONGEST_S, LOWEST, SCALES, tune
from tests.command import ROOT
from tests.models.tiny import row, write_corpus

FONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")


@pytest.mark.parametrize("seed", range(8))
def test_a_tune_keeps_to_one_scale_and_to_the_voice(seed: int) -> None:
    """Its notes are of one of the scales from some key on, follow each other, and end in time."""
    notes = tune(np.random.default_rng(seed))
    onsets = [at for at, _, _ in notes]
    assert onsets == sorted(onsets)
    assert onsets[-1] < LONGEST_S
    pitches = {note for _, _, note in notes}
    assert min(pitches) >= LOWEST
    assert max(pitches) <= HIGHEST + 12
    assert any({(p - key) % 12 for p in pitches} <= set(scale) for scale in SCALES for key in range(12))


@pytest.mark.skipif(not FONT.exists(), reason="no FluidR3_GM.sf2 (Debian: fluid-soundfont-gm)")
def test_what_is_played_is_a_corpus(tmp_path: Path) -> None:
    """The command writes a corpus that training reads: each kind, sounding, of one train split; and the same again for the same seed."""
    pytest.importorskip("fluidsynth", reason="pyfluidsynth is not installed")
    shared = write_corpus(tmp_path / "corpus", [row("tiny", "speech", "train")])
    for name in ("one", "two"):
        command = [sys.executable, "-m", "models.training.soundfont", "--font", FONT, "--corpus", shared, "--out", tmp_path / name,
                   "--sing", "2", "--music", "2", "--clap", "1"]  # fmt: skip
        subprocess.run(list(map(str, command)), cwd=ROOT, check=True, capture_output=True, timeout=300)
    corpora = [Corpus(tmp_path / name) for name in ("one", "two")]
    clips = list(corpora[0].clips(["train"], commercial_only=True))
    assert [c.kind for c in clips] == ["sing", "sing", "music", "music", "clap"]
    for clip in clips:
        sound = corpora[0].sound(clip)
        assert np.sqrt(np.mean(sound**2)) > 0.01
        np.testing.assert_array_equal(sound, corpora[1].sound(clip))
    for corpus in corpora:
        corpus.forget_handles()
