"""Phrases of a list in a stream of log-mel frames: an ONNX network's syllable posteriors, and how well each phrase fits them.

No text is ever made of what is heard: all that leaves this module is how well each phrase of the list fits. A phrase that nearly fits is heard again, in other
voices (`edge.detect.looks`), if the model's manifest names some: the mean of how well it fits in each is what counts.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from edge.config.phrases import GROUPS
from edge.detect.background import Background, centres, read_background
from edge.detect.looks import Look, heard_as
from edge.detect.manifest import ManifestFields, ModelError, RuleDefaults, checked_model, manifest_fields
from edge.detect.network import Network
from edge.detect.search import closeness, costs, logits, part, paths, scores, start, walk
from edge.detect.units import Units
from edge.features import RATE_HZ
from edge.features.logmel import LogMelSettings
from edge.words import N_

Array = NDArray[np.float32]

PHRASE_MANIFEST = "phrases-model.toml"
"""Beside `phrases.onnx`; `phrases.toml` is the list."""
BACKGROUND = "phrases-background.npz"

NEARLY = -3.0
"""Log-odds of a score from which on a phrase is heard again. By a score's meaning each phrase is there once an hour of speech without a pause."""
BEFORE_S = 1.2
"""Before a phrase that is heard again: the network's delay, and what it needs to find into the sound."""
SYLLABLE_S = 0.5
"""As long as one of its syllables may be, pauses included."""

_Curve = tuple[float, Annotated[float, Field(gt=0, le=20)]]
_Times = Annotated[float, Field(ge=0.8, le=1.25)]


class _File(ManifestFields):
    units: list[str] = Field(min_length=2, max_length=5000)
    tones: int = Field(default=0, ge=0, le=5)
    looks: list[tuple[_Times, _Times]] = Field(default=[], max_length=8)
    background_sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    curve_by_length: list[_Curve] = Field(min_length=1, max_length=40)
    curves: dict[str, _Curve]


@dataclass(frozen=True, slots=True)
class PhraseManifest:
    """What a phrase model says of itself."""

    name: str
    sha256: str
    background_sha256: str | None  # of the file by which phrases that were not measured get their curves; None: there is none
    units: tuple[str, ...]  # names of the network's outputs; the first is the blank
    tones: int  # further outputs: the first tone, the second, ...; 0: it does not hear them
    looks: tuple[Look, ...]  # in which a phrase that nearly fits is heard again; the curves are of the mean of all
    step_frames: int  # log-mel frames a run takes
    sensitivity_dbfs: float  # of the microphone that the model expects, at 94 dB SPL
    features: LogMelSettings
    curve_by_length: tuple[tuple[float, float], ...]  # (centre, width) for phrases of 1, 2, ... syllables; longer ones have the last
    curves: Mapping[str, tuple[float, float]]  # of the phrases that were measured
    rules: Mapping[str, RuleDefaults]  # of each group of phrases

    @property
    def scale_sha256(self) -> str:
        """Of the network and of what makes a score of how well a phrase fits: a threshold that was measured with another one says nothing here."""
        return hashlib.sha256(repr((self.sha256, self.looks, self.curve_by_length, sorted(self.curves.items()))).encode()).hexdigest()

    def curve(self, text: str, length: int) -> tuple[float, float]:
        """(centre, width) of the logistic curve that makes a score of this phrase's fit: 0.5 at the centre."""
        return self.curves.get(text, self.curve_by_length[min(length, len(self.curve_by_length)) - 1])


def read_phrase_manifest(path: Path) -> PhraseManifest:
    """The manifest at `path`. Raises ModelError where it is missing or wrong in form."""
    file = manifest_fields(path, _File)
    rules = {label: RuleDefaults(**rule.model_dump()) for label, rule in file.rules.items()}
    if missing := [group for group in GROUPS if group not in rules]:
        raise ModelError(N_("model manifest {path} has no rule for its label {label}"), path=path, label=missing[0])
    looks = tuple(Look(tract, pace) for tract, pace in file.looks)
    return PhraseManifest(file.name, file.sha256, file.background_sha256, tuple(file.units), file.tones, looks, file.step_frames, file.sensitivity_dbfs,
                          LogMelSettings(**file.features.model_dump()), tuple(file.curve_by_length), file.curves, rules)  # fmt: skip


def installed(folder: Path) -> str:
    """The scale of the phrase model of a models folder; empty where there is none that can be used."""
    try:
        return read_phrase_manifest(folder / PHRASE_MANIFEST).scale_sha256
    except ModelError:
        return ""


class PhraseModel:
    """A loaded phrase network."""

    def __init__(self, manifest: PhraseManifest, network: Network, background: Background | None = None) -> None:
        """The network gives log-posteriors (steps of 40 ms, units + tones), of the units and of the tones each for itself."""
        self.manifest, self._background = manifest, background
        self._curves: dict[tuple[str, Units], tuple[float, float]] = {}
        self.start = network.start
        self.run = network.run

    @classmethod
    def load(cls, folder: Path, *, at_once: bool = False) -> "PhraseModel":
        """The phrase model of a models folder (`phrases.onnx` and its manifest). at_once: as for the detector. Raises ModelError."""
        manifest = read_phrase_manifest(folder / PHRASE_MANIFEST)
        path = folder / "phrases.onnx"
        shapes = manifest.step_frames, manifest.features.bands, len(manifest.units) + manifest.tones
        background = read_background(folder / BACKGROUND, manifest.background_sha256) if manifest.background_sha256 else None
        return cls(manifest, Network(checked_model(path, manifest.sha256), path, *shapes, at_once=at_once), background)

    def curves(self, texts: Sequence[str], phrases: Sequence[Units]) -> Array:
        """(phrases, 2) centre and width of each phrase's curve: as measured, else by how it fits ordinary speech, else by its length.

        Takes two to four seconds of a PC for sixty that were not measured, the first time.
        """
        wanted = list(zip(texts, phrases, strict=True))
        unknown = [both for both in wanted if both[0] not in self.manifest.curves and both not in self._curves]
        if unknown and self._background:
            widths = [self.manifest.curve(text, len(units))[1] for text, units in unknown]
            walked = paths(tuple(units for _, units in unknown), self.manifest.units, self.manifest.tones)
            found = centres(self._background, walked, len(self.manifest.units), float(np.median(widths)))
            self._curves.update(zip(unknown, zip(map(float, found), widths, strict=True), strict=True))
        return np.array([self._curves.get(both) or self.manifest.curve(both[0], len(both[1])) for both in wanted], np.float32).reshape(-1, 2)


class PhraseStream:
    """How well each phrase fits, step by step, in one stream of sound from fresh state."""

    def __init__(self, model: PhraseModel, texts: Sequence[str], phrases: Sequence[Units], step_frames: int) -> None:
        """texts: as listed; phrases: their syllables. step_frames: of a step, which may be a part of what a run of the network takes."""
        self._model, self._step_frames = model, step_frames
        self._paths = paths(tuple(phrases), model.manifest.units, model.manifest.tones)
        self._curves = model.curves(texts, phrases)
        self._state, self._totals = model.start(), start(self._paths)
        frames_per_s = RATE_HZ / model.manifest.features.hop
        self._needed = np.ceil((BEFORE_S + SYLLABLE_S * self._paths.length) * frames_per_s / model.manifest.step_frames).astype(int)  # runs
        self._waiting = self._past = np.zeros((0, model.manifest.features.bands), np.float32)  # frames of the run to come, and of those before it
        self._last = np.zeros((1, len(texts)), np.float32)

    def steps(self, frames: Array) -> Array:
        """Whole steps of frames (steps * step_frames, bands) in dB -> scores (steps, phrases) in 0..1.

        Each is the highest within the last run that was complete by the end of the step; 0 before the first.
        """
        run_frames = self._model.manifest.step_frames
        ends = len(self._waiting) + self._step_frames * np.arange(1, len(frames) // self._step_frames + 1)
        frames = np.concatenate([self._waiting, frames])
        runs = len(frames) // run_frames
        found = self._last
        if runs:
            posteriors, self._state = self._model.run(frames[: runs * run_frames], self._state)
            self._totals, fits = walk(self._totals, costs(posteriors, self._model.manifest.tones), self._paths)
            near = closeness(fits.reshape(runs, -1, len(self._curves)).max(axis=1))
            found = np.concatenate([found, scores(self._heard_again(near, frames[: runs * run_frames]), self._curves)])
        self._waiting, self._last = frames[runs * run_frames :], found[-1:]
        return found[ends // run_frames]

    def _heard_again(self, near: Array, frames: Array) -> Array:
        """Closeness (runs, phrases) and frames of some runs -> the mean of all looks where a phrase nearly fits, else as it is."""
        looks, run_frames = self._model.manifest.looks, self._model.manifest.step_frames
        if not looks:
            return near
        past, heard = np.concatenate([self._past, frames]), near.copy()
        nearly = logits(near, self._curves) >= NEARLY
        for run in np.flatnonzero(nearly.any(axis=1)):
            columns, end = np.flatnonzero(nearly[run]), len(self._past) + (run + 1) * run_frames
            count = int(min(self._needed[columns].max() * run_frames, end))
            also = [self._fit(heard_as(past[:end], look, count), columns) for look in looks]
            heard[run, columns] = np.mean([near[run, columns], *also], axis=0)
        self._past = past[-2 * int(self._needed.max(initial=1)) * run_frames :]  # no pace is as much as twice
        return heard

    def _fit(self, frames: Array, columns: NDArray[np.intp]) -> Array:
        """Frames (whole runs, bands) from fresh state -> how close some phrases (columns,) come in the last run."""
        manifest, walked = self._model.manifest, part(self._paths, columns)
        posteriors = self._model.run(frames, self._model.start())[0]
        fits = walk(start(walked), costs(posteriors, manifest.tones), walked)[1]
        return closeness(fits[-len(posteriors) * manifest.step_frames // len(frames) :].max(axis=0))
