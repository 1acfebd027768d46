"""Commands from the desk: parsed strictly, refused with a reason. Pure but for the memory of ids that `Gatekeeper` holds."""

import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Discriminator, Field, TypeAdapter, ValidationError

from edge.alerts.alert import Verdict
from edge.health.clock import Moment

LARGEST_BYTES = 4096
REMEMBERED = 1024  # ids of commands; older ones are out of date by `expires_s`

Label = Literal["shouting", "crying", "insult", "help", "button"]


class Reason(StrEnum):
    """Why a command was refused."""

    MALFORMED = "malformed"  # `field` says which field
    EXPIRED = "expired"  # later than issued_at + expires_s
    NOT_YET = "not_yet"  # issued_at is further ahead than expires_s: one of the two clocks is wrong
    REPLAYED = "replayed"  # a command of this id was taken before
    UNKNOWN_ALERT = "unknown_alert"  # no open alert has this id
    NOT_AVAILABLE = "not_available"  # this terminal cannot do it
    UNUSABLE = "unusable"  # what is to be taken has a mistake; the terminal keeps what it has, its journal says why


@dataclass(frozen=True, slots=True)
class Refusal:
    """What goes into the reply."""

    reason: Reason
    field: str | None = None


class _Command(BaseModel):
    """What every command has. `schema`, `at` and `boot` are allowed as in every message, and mean nothing here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal[1] = Field(default=1, alias="schema")
    at: str | None = None
    boot: str | None = None
    id: str = Field(min_length=1, max_length=64)
    by: str = Field(min_length=1, max_length=80)
    issued_at: AwareDatetime
    expires_s: float = Field(gt=0, le=86_400, allow_inf_nan=False)


class Acknowledge(_Command):
    """Somebody takes care of an alert."""

    verb: Literal["acknowledge"]
    alert: str = Field(max_length=64)


class Close(_Command):
    """The desk is done with an alert."""

    verb: Literal["close"]
    alert: str = Field(max_length=64)
    verdict: Verdict = Verdict.NONE


class Mute(_Command):
    """Raise nothing for a label."""

    verb: Literal["mute"]
    label: Label
    seconds: float = Field(gt=0, le=7200, allow_inf_nan=False)


class Unmute(_Command):
    """Raise alerts for a label again."""

    verb: Literal["unmute"]
    label: Label


class Drill(_Command):
    """Raise an alert without a sound, marked as a drill."""

    verb: Literal["drill"]
    label: Label = "help"


class Ping(_Command):
    """Answer."""

    verb: Literal["ping"]


class Identify(_Command):
    """Show which terminal it is."""

    verb: Literal["identify"]


class Reload(_Command):
    """Read the configuration again."""

    verb: Literal["reload"]


Command = Acknowledge | Close | Mute | Unmute | Drill | Ping | Identify | Reload

_COMMAND: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Discriminator("verb")])


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that is not carried out; id None: it has none that a reply could name."""

    id: str | None
    refusal: Refusal


def parse(payload: bytes) -> Command | Refused:
    """The command in `payload`, if every field is as docs/asyncapi.yaml has it."""
    if len(payload) > LARGEST_BYTES:
        return Refused(None, Refusal(Reason.MALFORMED))
    try:
        return _COMMAND.validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        # A tagged union puts the verb in front of the field, and says "union_tag_…" where the verb itself is wrong.
        field = "verb" if first["type"].startswith("union_tag") else str(first["loc"][-1]) if first["loc"] else None
        return Refused(_id(payload), Refusal(Reason.MALFORMED, field))


class Gatekeeper:
    """Lets each command in once, and only in its time."""

    def __init__(self, carried_out: Callable[[str], bool] = lambda _: False) -> None:
        """carried_out: whether a command of this id was, before this start."""
        self._carried_out = carried_out
        self._known: OrderedDict[str, None] = OrderedDict()

    def admit(self, command: Command, now: Moment) -> Refusal | None:
        """None: carry it out.

        While our clock is not synchronised a command's age is not known and it is let in: a terminal without a time server
        must be acknowledgeable.
        """
        if command.id in self._known or self._carried_out(command.id):
            return Refusal(Reason.REPLAYED)
        self._known[command.id] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        if now.known_ms is None:
            return None
        age_s = now.known_ms / 1000 - command.issued_at.timestamp()
        if age_s > command.expires_s:
            return Refusal(Reason.EXPIRED)
        return Refusal(Reason.NOT_YET) if age_s < -command.expires_s else None


def _id(payload: bytes) -> str | None:
    try:
        id_ = json.loads(payload)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return id_ if isinstance(id_, str) and 1 <= len(id_) <= 64 else None
