"""How well phrases were heard when they were measured: `phrases-evidence.toml` beside the models.

    scale = "…"  # of the phrase model that was measured (`PhraseManifest.scale_sha256`); for another one these figures say nothing
    source = "…"  # from what sound

    [[phrases]]
    text = "救命"
    threshold = 0.5
    recall = 0.93
    recall_n = 120  # times it was said
    false_alarms_per_h = 0.02
    hours = 310.0  # of sound in which it was not said
"""

import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from edge.calibrate.bounds import poisson_limits, wilson
from edge.config.phrases import Phrase
from edge.config.profiles import Sha256
from edge.config.schema import PhraseText, Section
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

FILE = "phrases-evidence.toml"

_Source = Annotated[str, Field(max_length=400)]


class EvidenceBroken(EdgeError):
    """The file of the measured phrases cannot be used."""


class _Row(Section):
    text: PhraseText
    threshold: float = Field(gt=0.0, lt=1.0)
    recall: float = Field(ge=0.0, le=1.0)
    recall_n: int = Field(ge=1)
    false_alarms_per_h: float = Field(ge=0.0)
    hours: float = Field(gt=0.0)
    source: _Source = ""


class _File(Section):
    scale: Sha256
    source: _Source = ""
    phrases: tuple[_Row, ...] = Field(strict=False)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a phrase came to at a threshold."""

    threshold: float
    recall: float
    recall_limits: tuple[float, float]  # Wilson's interval, 95 %
    recall_n: int
    false_alarms_per_h: float
    false_limits: tuple[float, float] | None  # exact Poisson limits, 95 %; None without scipy
    hours: float
    source: str


@dataclass(frozen=True, slots=True)
class MeasuredPhrases:
    """All that was measured; empty: nothing, or with another model."""

    rows: tuple[tuple[str, Measured], ...] = ()  # hanzi of a phrase

    def of(self, phrase: Phrase) -> Measured | None:
        """What is known of a phrase, at the threshold nearest to its own."""
        found = [measured for text, measured in self.rows if text == phrase.spoken]
        return min(found, key=lambda measured: abs(measured.threshold - phrase.threshold), default=None)


def read(folder: Path, scale: str) -> MeasuredPhrases:
    """What was measured at this scale, nothing where there is no such file. scale: of the model in use. Raises EvidenceBroken."""
    path = folder / FILE
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return MeasuredPhrases()
    except (OSError, ValueError) as error:
        reason = reason_of(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise EvidenceBroken(N_("what was measured of the phrases cannot be used: {path}: {reason}"), path=path, reason=reason) from error
    if file.scale != scale:
        return MeasuredPhrases()
    return MeasuredPhrases(tuple((Phrase(row.text, "").spoken, _measured(row, file.source)) for row in file.phrases))


def _measured(row: _Row, source: str) -> Measured:
    limits = None
    if find_spec("scipy") is not None:
        low, high = poisson_limits(round(row.false_alarms_per_h * row.hours))
        limits = low / row.hours, high / row.hours
    found = wilson(round(row.recall * row.recall_n), row.recall_n)
    return Measured(row.threshold, row.recall, found, row.recall_n, row.false_alarms_per_h, limits, row.hours, row.source or source)
