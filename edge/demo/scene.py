"""Recordings with a known truth: the half minute that the demo plays, and the fixtures that replay is tested on."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from edge.decide.expect import Event
from edge.demo import sounds
from edge.demo.voice import CHILD, MAN, WOMAN, Sound
from edge.features import RATE_HZ
from edge.words import N_

BED_DBA = 42.0


@dataclass(frozen=True, slots=True)
class Part:
    """Something to be heard in a recording."""

    words: str  # what it is, for people; marked for the catalogue
    label: str  # what must be raised for it; empty: nothing
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Scene:
    """A recording and what is in it. sound: float32 mono at 16 kHz, as a microphone of -26 dBFS at 94 dB SPL gives it."""

    sound: Sound
    parts: tuple[Part, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        """What must be raised."""
        return tuple(Event(p.label, p.start_s, p.end_s) for p in self.parts if p.label)

    @property
    def duration_s(self) -> float:
        """Length."""
        return len(self.sound) / RATE_HZ


def demo(seed: int = 1) -> Scene:
    """A quiet corridor, talk, laughter, a door; then a scream, and at last somebody who cries."""
    rng = np.random.default_rng(seed)
    talk = sounds.talk(rng, WOMAN, 2.2), sounds.talk(rng, MAN, 2.0)
    return _scene(
        rng,
        28.0,
        [
            (2.0, N_("two people talk"), "", np.concatenate(talk), sounds.at_distance(64, 2.0)),
            (7.0, N_("laughter"), "", sounds.laugh(rng, WOMAN, 1), sounds.at_distance(72, 2.0)),
            (10.5, N_("a door slams"), "", sounds.door_slam(rng), sounds.at_distance(80, 4.0)),
            (12.5, N_("screams"), "shouting", sounds.scream(rng, WOMAN), sounds.at_distance(102, 1.5)),
            (18.5, N_("somebody cries"), "crying", sounds.sob(rng, WOMAN), sounds.at_distance(68, 2.0)),
        ],
    )


def fixtures(seed: int = 1) -> Mapping[str, Scene]:
    """By file name: short recordings with one sound each, alarming and harmless."""
    rng = np.random.default_rng(seed)
    made: list[tuple[str, str, Sound, float]] = [
        ("scream_woman", "shouting", sounds.scream(rng, WOMAN), 98),
        ("scream_child", "shouting", sounds.scream(rng, CHILD), 98),
        ("shout_child", "shouting", sounds.shout(rng, CHILD), 82),
        ("sob_woman", "crying", sounds.sob(rng, WOMAN), 66),
        ("cry_baby", "crying", sounds.cry(rng), 80),
        ("laughter", "", sounds.laugh(rng, WOMAN, 1), 70),
        ("talk", "", sounds.talk(rng, MAN, 5.0), 62),
        ("chatter", "", sounds.chatter(rng, 5.0), 62),
        ("door", "", sounds.door_slam(rng), 80),
        ("bell", "", sounds.bell(rng), 80),
    ]
    scenes = {f"{name}.flac": _scene(rng, 4.0 + len(sound) / RATE_HZ, [(2.0, name, label, sound, dba)]) for name, label, sound, dba in made}
    return {**scenes, "corridor.flac": _scene(rng, 10.0, [])}


def write(scene: Scene, path: Path) -> None:
    """As a 16-bit file of the kind that the name says."""
    soundfile.write(path, scene.sound, RATE_HZ, subtype="PCM_16")


def write_fixtures(folder: Path) -> Path:
    """All fixtures and their truth.csv, whose path is returned."""
    truth = folder / "truth.csv"
    with truth.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "label", "start", "end"])
        for name, scene in fixtures().items():
            write(scene, folder / name)
            table.writerows([[name, e.label, round(e.start_s, 2), round(e.end_s, 2)] for e in scene.events] or [[name, "", 0, 0]])
    return truth


def _scene(rng: np.random.Generator, duration_s: float, front: list[tuple[float, str, str, Sound, float]]) -> Scene:
    """Sounds at their times and levels (dBA at the microphone) in a corridor."""
    mix = sounds.at_level(sounds.corridor(rng, duration_s), BED_DBA)
    parts = []
    for start_s, words, label, sound, level_dba in front:
        heard = sounds.at_level(sounds.in_corridor(rng, sound), level_dba)
        at = round(start_s * RATE_HZ)
        mix[at : at + len(heard)] += heard[: len(mix) - at]
        parts.append(Part(words, label, start_s, start_s + len(sound) / RATE_HZ))
    return Scene(np.clip(mix, -1, 32767 / 32768).astype(np.float32), tuple(parts))
