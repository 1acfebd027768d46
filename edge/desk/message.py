"""What terminals say, as the desk reads it. Pure. Whatever does not fit docs/asyncapi.yaml is no message; unknown fields are let be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError

LARGEST_BYTES = 65_536
_TEXT = 200  # characters of a name or a phrase that are looked at

State = Literal["raised", "ongoing", "ended", "acknowledged", "closed"]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Id = Annotated[str, Field(min_length=1, max_length=64)]
_UTC: TypeAdapter[AwareDatetime] = TypeAdapter(AwareDatetime)


def _milliseconds(value: object) -> int | None:
    return None if value is None else round(_UTC.validate_python(value).timestamp() * 1000)


Utc = Annotated[int | None, PlainValidator(_milliseconds)]
"""On the wire ISO 8601 or null, here milliseconds since 1970 or None."""


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    schema_: Literal[1] = Field(alias="schema")
    at: Utc = None
    boot: str = Field(max_length=64)


class Muted(BaseModel):
    """A label that raises nothing for now."""

    label: Word
    left_s: float = Field(ge=0, le=7200)


class Status(_Said):
    """The terminal is there, or is gone."""

    status: Literal["online", "offline"]
    version: str = Field(max_length=_TEXT)
    place: str = Field(max_length=_TEXT)
    labels: tuple[Word, ...] = Field(max_length=20)
    mutes: tuple[Muted, ...] = Field(max_length=20)


class Point(BaseModel):
    """One of the 40 around the onset."""

    offset_s: float
    score: float = Field(ge=0, le=1)
    level_dba: float | None


class Alert(_Said):
    """One saying of an alert."""

    id: Id
    seq: int = Field(ge=1)
    place: str = Field(max_length=_TEXT)
    label: Word
    state: State
    score: float = Field(ge=0, le=1)
    level_dba: float | None
    phrase: str | None = Field(max_length=_TEXT)
    onset_at: Utc
    raised_at: Utc
    repeat: int = Field(ge=0)
    count: int = Field(ge=1)
    drill: bool
    verdict: Literal["real", "false", "prank", "drill", "none"] | None
    by: str | None = Field(max_length=_TEXT)
    trace: tuple[Point, ...] = Field(max_length=40)
    model: str = Field(max_length=64)
    profile: str = Field(max_length=64)
    lowered: bool = False


class Listed(BaseModel):
    """An alert in `open`."""

    id: Id
    seq: int = Field(ge=1)
    label: Word
    state: State


class Open(_Said):
    """All alerts that are not closed."""

    alerts: tuple[Listed, ...] = Field(max_length=1000)


class Health(_Said):
    """How the terminal is."""

    faults: tuple[Word, ...] = Field(max_length=40)
    l10_dba: float | None
    l50_dba: float | None
    l90_dba: float | None
    heard_s: float = Field(ge=0)
    waiting: int = Field(ge=0)
    temperature_c: float | None = None


class Reply(_Said):
    """To a command."""

    command: Id
    ok: bool
    reason: str | None = Field(max_length=_TEXT)


Body = Status | Alert | Open | Health | Reply
_KINDS: Mapping[str, type[Body]] = {"status": Status, "alert": Alert, "open": Open, "health": Health, "reply": Reply}
SUBSCRIBED = tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a terminal said."""

    terminal: str
    body: Body
    retained: bool  # said at any time before the desk came


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An empty retained message: the terminal has been taken back."""

    terminal: str
    kind: str


def parse(topic: str, payload: bytes, *, retained: bool) -> Message | Withdrawn | None:
    """The message, or None where it is none. topic: `xiaoan/v1/{site}/{terminal}/{kind}`."""
    parts = topic.split("/")
    if len(parts) != 5 or parts[4] not in _KINDS or len(payload) > LARGEST_BYTES or not 1 <= len(parts[3]) <= 64:
        return None
    if not payload:
        return Withdrawn(parts[3], parts[4])
    try:
        return Message(parts[3], _KINDS[parts[4]].model_validate_json(payload), retained)
    except (ValidationError, RecursionError):
        return None
