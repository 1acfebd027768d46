"""What a model says of itself: the TOML beside the ONNX file, checked before the model is used."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.errors import EdgeError
from edge.features import RATE_HZ
from edge.features.logmel import LogMelSettings
from edge.reasons import reason_of
from edge.words import N_


class ModelError(EdgeError):
    """A model or its manifest cannot be used."""


@dataclass(frozen=True, slots=True)
class RuleDefaults:
    """How the scores of one label become an alert, as the model's makers chose it; the configuration may differ."""

    threshold: float  # 0..1, score that opens
    release: float  # 0..1, score below which it closes (hysteresis), at most the threshold
    agree: int  # steps, of the last `of`, that must reach the threshold
    of: int
    shortest_s: float  # the score must have been there for so long
    hold_s: float  # and gone for so long to close


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureFields(_Strict):
    """`[features]` of any model's manifest."""

    window: int = Field(ge=64, le=4096)
    hop: int = Field(ge=16, le=4096)
    bands: int = Field(ge=8, le=256)
    low_hz: float = Field(ge=0, le=8000)
    high_hz: float = Field(ge=100, le=8000)
    floor: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.hop > self.window:
            raise ValueError("hop must not be above window")
        if self.low_hz >= self.high_hz:
            raise ValueError("low_hz must be below high_hz")
        return self


class RuleFields(_Strict):
    """`[rules.LABEL]` of any model's manifest."""

    threshold: float = Field(gt=0, lt=1)
    release: float = Field(ge=0, lt=1)
    agree: int = Field(ge=1, le=100)
    of: int = Field(ge=1, le=100)
    shortest_s: float = Field(ge=0, le=60)
    hold_s: float = Field(ge=0, le=600)

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.release > self.threshold:
            raise ValueError("release must not be above threshold")
        if self.agree > self.of:
            raise ValueError("agree must not be above of")
        return self


class ManifestFields(_Strict):
    """What any model's manifest has."""

    name: str
    date: str
    licence: str
    data: list[str]
    training: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    step_frames: int = Field(ge=1, le=100)
    sensitivity_dbfs: float = Field(ge=-80, le=0)
    features: FeatureFields
    rules: dict[str, RuleFields]


class _File(ManifestFields):
    labels: list[str] = Field(min_length=1)


_Fields = TypeVar("_Fields", bound=ManifestFields)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that has been read and checked."""

    name: str
    sha256: str  # of the ONNX file
    labels: tuple[str, ...]  # in the order of the model's scores
    step_frames: int  # log-mel frames a run of the model takes
    sensitivity_dbfs: float  # of the microphone that the model expects, at 94 dB SPL
    features: LogMelSettings
    rules: Mapping[str, RuleDefaults]
    licence: str
    date: str

    @property
    def step_s(self) -> float:
        """Time between two scores."""
        return self.step_frames * self.features.hop / RATE_HZ


def manifest_fields(path: Path, form: type[_Fields]) -> _Fields:
    """The TOML at `path` in that form. Raises ModelError where it cannot be read, is none, or is wrong in form."""
    try:
        return form.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as e:
        raise ModelError(N_("model manifest {path} cannot be read ({reason}); install the models again"), path=path, reason=reason_of(e)) from None
    except UnicodeDecodeError:
        raise ModelError(N_("model manifest {path} is not UTF-8 text; install the models again"), path=path) from None
    except tomllib.TOMLDecodeError as e:
        raise ModelError(N_("model manifest {path} is not valid TOML: {reason}"), path=path, reason=e) from None
    except ValidationError as e:
        first = e.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelError(N_("model manifest {path}: {key}: {reason}"), path=path, key=where, reason=first["msg"]) from None


def read_manifest(path: Path, needed: tuple[str, ...] = ()) -> Manifest:
    """The manifest at `path`. Raises ModelError where it is missing, wrong in form, without a rule for a label, or lacks a needed label."""
    file = manifest_fields(path, _File)
    missing = [label for label in needed if label not in file.labels]
    if missing:
        raise ModelError(N_("model {path} does not know the label {label}; it has: {labels}"), path=path, label=missing[0], labels=", ".join(file.labels))
    for label in file.labels:
        if label not in file.rules:
            raise ModelError(N_("model manifest {path} has no rule for its label {label}"), path=path, label=label)
    rules = {label: RuleDefaults(**rule.model_dump()) for label, rule in file.rules.items()}
    return Manifest(file.name, file.sha256, tuple(file.labels), file.step_frames, file.sensitivity_dbfs,
                    LogMelSettings(**file.features.model_dump()), rules, file.licence, file.date)  # fmt: skip


def checked_model(path: Path, sha256: str) -> bytes:
    """The bytes of an ONNX file. Raises ModelError where it is missing or not the file its manifest names."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise ModelError(N_("model {path} cannot be read ({reason}); install the models again"), path=path, reason=reason_of(e)) from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise ModelError(N_("model {path} is not the file that its manifest names (sha256 differs); install the models again"), path=path)
    return data
