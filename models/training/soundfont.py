"""Choirs, instruments and applause played from a General MIDI soundfont, as a corpus: sampled voices and real instruments, which no signal model replaces.

    python -m models.training.soundfont --font FluidR3_GM.sf2 --corpus ../shared/corpus --out PLAYED        (needs fluidsynth and pyfluidsynth)
    python -m models.training.render --corpus PLAYED --split train --kinds sing music clap --out POOL

FluidR3_GM (MIT) is in Debian's fluid-soundfont-gm. The tunes are drawn: scales, metres and parts as in school songs, none is anybody's.
"""

import argparse
import csv
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.features import RATE_HZ
from models.training.corpus import add

Rng = np.random.Generator

CHOIRS = (52, 53, 54, 85)
"""Programs of General MIDI, from 0: choir aahs, voice oohs, synth voice, lead voice."""
INSTRUMENTS = (0, 4, 11, 13, 15, 19, 21, 22, 24, 26, 29, 33, 40, 41, 42, 46, 48, 56, 57, 60, 61, 64, 65, 68, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81,
               104, 105, 107, 109, 110, 111, 114)  # fmt: skip
"""Of them those that play tunes, the ones that come near to a voice among them: strings, reeds, pipes, leads, bagpipe, fiddle, shawm."""
APPLAUSE, DRUMS_BANK = 126, 128
SCALES = ((0, 2, 4, 7, 9), (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
LOWEST, HIGHEST = 48, 84  # notes of MIDI
LONGEST_S = 9.0


def tune(rng: Rng) -> list[tuple[float, float, int]]:
    """(onset s, length s, note) of a melody that wanders over a scale."""
    scale, key = SCALES[rng.integers(len(SCALES))], int(rng.integers(LOWEST + 7, HIGHEST - 12))
    beat_s, place, at, notes = rng.uniform(0.3, 0.9), int(rng.integers(len(scale))), 0.1, []
    while at < LONGEST_S - 1:
        place = int(np.clip(place + rng.integers(-2, 3), -3, 9))
        length = beat_s * rng.choice([0.5, 1, 1, 1, 2])
        notes.append((at, length * rng.uniform(0.7, 1.0), key + scale[place % len(scale)] + 12 * (place // len(scale))))
        at += length
    return notes


def piece(synthesizer: Any, font: int, kind: str, rng: Rng) -> NDArray[np.float32]:
    """Some seconds of a kind, mono, by a fluidsynth.Synth with this font loaded: a choir in one to four parts, instruments with or without drums, applause."""
    events: list[tuple[float, int, int, int]] = []  # s, channel, note, velocity
    programs: dict[int, tuple[int, int]] = {}
    parts = 1 if kind == "clap" else int(rng.integers(1, 5))
    melody, total_s = tune(rng), rng.uniform(4, LONGEST_S)
    for channel in range(parts):
        if kind == "clap":
            programs[channel] = (0, APPLAUSE)
            events += [(0.05, channel, int(rng.integers(50, 72)), 110)]
            continue
        of = CHOIRS if kind == "sing" else INSTRUMENTS
        programs[channel] = (0, int(of[rng.integers(len(of))]) if kind == "music" or channel == 0 else programs[0][1])
        apart = 0 if channel == 0 else int(rng.choice([-12, -8, -5, -4, -3, 3, 4, 7, 12]))
        for at, length, note in melody:
            pitch, velocity = int(np.clip(note + apart, LOWEST, HIGHEST)), int(rng.integers(60, 120))
            late = max(0.0, at + rng.normal(0, 0.02))
            events += [(late, channel, pitch, velocity), (late + length, channel, pitch, 0)]
    if kind == "music" and rng.random() < 0.4:
        programs[9] = (DRUMS_BANK, 0)
        step_s = rng.uniform(0.15, 0.35)
        events += [(at, 9, int(rng.choice([36, 38, 42, 46, 49])), int(rng.integers(50, 110))) for at in np.arange(0.1, total_s, step_s) if rng.random() < 0.7]
    for channel, (bank, program) in programs.items():
        synthesizer.program_select(channel, font, bank, program)
        synthesizer.cc(channel, 1, int(rng.integers(0, 90)))  # vibrato
    pieces, at = [], 0.0
    for when, channel, note, velocity in sorted(events):
        if when >= total_s:
            break
        pieces.append(synthesizer.get_samples(round(when * RATE_HZ) - round(at * RATE_HZ)))
        at = when
        synthesizer.noteon(channel, note, velocity) if velocity else synthesizer.noteoff(channel, note)
    pieces.append(synthesizer.get_samples(round(total_s * RATE_HZ) - round(at * RATE_HZ)))
    synthesizer.system_reset()
    mono = np.concatenate(pieces).reshape(-1, 2).mean(axis=1)
    return (0.5 * mono / (np.abs(mono).max() + 1e-9)).astype(np.float32)


def rows(font: Path, counts: dict[str, int], tar: tarfile.TarFile, rng: Rng) -> Iterator[dict[str, str]]:
    """Manifest rows of what is played, which is added to the tar."""
    import fluidsynth

    synthesizer = fluidsynth.Synth(samplerate=float(RATE_HZ))
    loaded = synthesizer.sfload(str(font))
    for kind, count in counts.items():
        for i in range(count):
            sound, memory, name = piece(synthesizer, loaded, kind, rng), io.BytesIO(), f"{kind}_{i:03d}.flac"
            soundfile.write(memory, sound, RATE_HZ, format="FLAC")
            add(tar, name, memory.getvalue())
            yield {"corpus": "soundfont", "file": name, "seconds": f"{len(sound) / RATE_HZ:.2f}", "kind": kind, "group": "unknown", "speaker": name,
                   "licence": "MIT", "origin": f"played from {font.name}", "split": "train"}  # fmt: skip
    synthesizer.delete()


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--font", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True, help="for room responses")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sing", type=int, default=120)
    parser.add_argument("--music", type=int, default=160)
    parser.add_argument("--clap", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with (args.corpus / "manifest.csv").open(newline="", encoding="utf-8") as file:
        columns = next(csv.reader(file))
    counts = {"sing": args.sing, "music": args.music, "clap": args.clap}
    with tarfile.open(args.out / "soundfont.tar", "w") as tar, (args.out / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows(args.font, counts, tar, np.random.default_rng(args.seed)))
    (args.out / "rirs.tar").unlink(missing_ok=True)
    (args.out / "rirs.tar").symlink_to((args.corpus / "rirs.tar").absolute())


if __name__ == "__main__":
    main()
