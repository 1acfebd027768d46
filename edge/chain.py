"""From sound to decision steps: the one way that replay and the terminal share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.config.phrases import Phrase, PhraseList
from edge.config.schema import LabelSettings
from edge.decide.evidence import Evidence, EvidenceSettings, Hit, Moment, weigh
from edge.decide.types import Step
from edge.detect.detector import Detector, Scores
from edge.detect.level_only import LevelOnly
from edge.detect.manifest import ModelError, RuleDefaults
from edge.detect.phrases import PHRASE_MANIFEST, PhraseManifest, PhraseModel, PhraseStream, read_phrase_manifest
from edge.detect.units import Units, lacking, units_apart
from edge.words import N_

Tell: TypeAlias = Callable[[NDArray[np.float32]], None]
"""Takes (steps, phrases) scores of the steps that are complete, in the order of `Wanted`, before evidence adds up."""

WORTH_A_LOOK = 0.02
"""Score from which a phrase may speak for another."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The phrases that are on, at least one, with their syllables."""

    phrases: tuple[Phrase, ...]
    units: tuple[Units, ...]


def wanted(listed: PhraseList, labels: Mapping[str, LabelSettings]) -> Wanted | None:
    """What of a list is on, in groups that the configuration leaves on; None: nothing is. Raises EdgeError."""
    phrases = tuple(p for p in listed.heard if p.group not in labels or labels[p.group].on)
    if not phrases:
        return None
    units = units_apart([p.text for p in phrases], listed.mergers, heteronyms=listed.heteronyms, toned=True)
    return Wanted(phrases, tuple(units[p.text] for p in phrases))


@dataclass(frozen=True, slots=True)
class Listening:
    """The phrases that are listened for, and the model that hears them."""

    model: PhraseModel
    wanted: Wanted
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)

    @classmethod
    def load(cls, folder: Path, wanted: Wanted | None, *, at_once: bool = False) -> "Listening | None":
        """With the phrase model of a models folder; none is loaded where nothing is wanted. at_once: as for the detector. Raises ModelError."""
        if wanted is None:
            return None
        model = PhraseModel.load(folder, at_once=at_once)
        if lacks := lacking(dict(zip((p.text for p in wanted.phrases), wanted.units, strict=True)), model.manifest.units):
            sentence = N_("{phrase} cannot be listened for: the model does not know its syllable {syllables}. Take it out of the list or set on = false")
            raise ModelError(sentence, phrase=lacks[0].phrase, syllables=", ".join(lacks[0].syllables))
        return cls(model, wanted)

    @property
    def rules(self) -> Mapping[str, RuleDefaults]:
        """Of each group that is listened for."""
        return _rules(self.model.manifest, self.wanted)


def phrase_rules(folder: Path, wanted: Wanted | None) -> Mapping[str, RuleDefaults]:
    """The model's rules of the groups that are wanted, without loading it. folder: of the models. Raises ModelError."""
    return _rules(read_phrase_manifest(folder / PHRASE_MANIFEST), wanted) if wanted else {}


def _rules(manifest: PhraseManifest, wanted: Wanted) -> dict[str, RuleDefaults]:
    return {group: rule for group, rule in manifest.rules.items() if any(p.group == group for p in wanted.phrases)}


def labels_of(detector: Detector, listening: Listening | None) -> tuple[str, ...]:
    """All labels that have scores, those of sounds first."""
    return (*detector.manifest.labels, *(listening.rules if listening else ()))


class Chain:
    """The models' scores of one stream of sound, from fresh state."""

    def __init__(self, detector: Detector | LevelOnly, sensitivity_dbfs: float, listening: Listening | None = None, tell: Tell | None = None) -> None:
        """sensitivity_dbfs: what the microphone gives at 94 dB SPL. tell: is told how well each phrase fits.

        Raises ModelError where the two models do not hear the same frames.
        """
        self._detector, self._stream, self._tell = detector, detector.stream(sensitivity_dbfs), tell
        self.listen(listening)

    def listen(self, listening: Listening | None) -> None:
        """Listen for these phrases from now on, from fresh state. May be called from another thread than `feed`. Raises as the constructor."""
        self._phrases = _Phrases(self._detector, listening, self._tell) if listening and isinstance(self._detector, Detector) else None

    def feed(self, samples: NDArray[np.float32]) -> list[Step]:
        """(n,) more samples, 16 kHz mono in -1..1 -> the steps that are complete by now. Pieces may have any length."""
        phrases, heard = self._phrases, self._stream.feed(samples)
        if phrases and heard:
            return phrases.steps(heard)
        return [Step(s.time_s, s.level_dba, s.values) for s in heard]


def hits(scores: Sequence[float], members: Mapping[str, Sequence[int]]) -> list[Hit]:
    """What of a step's scores, one a phrase, evidence looks at: all that are worth it, and the best of each group. members: of each group."""
    worth = {i for i, score in enumerate(scores) if score >= WORTH_A_LOOK} | {max(rows, key=scores.__getitem__) for rows in members.values()}
    return [Hit(i, scores[i]) for i in sorted(worth)]


class _Phrases:
    """Adds to each step of sound what of the list was said in it."""

    def __init__(self, detector: Detector, listening: Listening, tell: Tell | None) -> None:
        ours, theirs = listening.model.manifest, detector.manifest
        if (ours.features, ours.sensitivity_dbfs) != (theirs.features, theirs.sensitivity_dbfs):
            raise ModelError(N_("the models {one} and {other} do not hear the same frames; install the models again"), one=theirs.name, other=ours.name)
        self._phrases, self._settings = listening.wanted.phrases, listening.evidence
        self._stream = PhraseStream(listening.model, [p.text for p in self._phrases], listening.wanted.units, theirs.step_frames)
        self._thresholds = {group: rule.threshold for group, rule in listening.rules.items()}
        self._members = {group: [i for i, p in enumerate(self._phrases) if p.group == group] for group in self._thresholds}
        self._evidence, self._tell = Evidence(), tell

    def steps(self, heard: Sequence[Scores]) -> list[Step]:
        scores = self._stream.steps(np.concatenate([h.frames for h in heard]))
        if self._tell:
            self._tell(scores)
        return [self._step(*both) for both in zip(heard, scores.tolist(), strict=True)]

    def _step(self, heard: Scores, scores: Sequence[float]) -> Step:
        moment = Moment(heard.time_s, heard.level_dba, heard.values.get("shouting", 0.0), hits(scores, self._members))
        self._evidence, weighed = weigh(self._evidence, moment, self._phrases, self._thresholds, self._settings)
        best = max(range(len(scores)), key=scores.__getitem__)
        said = {group: self._phrases[w.phrase].text for group, w in weighed.items() if w.phrase is not None}
        values = {**heard.values, **{group: w.score for group, w in weighed.items()}}
        lowered = frozenset(group for group, w in weighed.items() if w.lowered)
        return Step(heard.time_s, heard.level_dba, values, said, lowered, self._phrases[best].text, scores[best])
