"""What calibration found on this terminal: `profile.toml` in the state folder, and the last ten of them in `profiles/`.

Values are looked for in the configuration first (somebody wrote them there on purpose), then here (they were measured), then in the model.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from edge.config.files import write_atomically
from edge.config.names import MACHINE_ID, NoMachineId, own_terminal_name
from edge.config.schema import Config, Label, PhraseText, Score, Section
from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_

FILE = "profile.toml"
FOLDER = "profiles"
KEPT = 10

_HEAD = "# What calibration found on this terminal. Written by `xiaoan calibrate`; do not edit: a value of your own belongs into the configuration.\n"

_OTHER_MODEL = N_(
    "the profile's thresholds were made for another model ({theirs}…; installed is {ours}…), so the model's own hold; "
    "find new ones: xiaoan calibrate site --replace"
)
_OTHER_PHRASE_MODEL = N_(
    "the profile's thresholds of phrases were made for another phrase model ({theirs}…; installed is {ours}…), so the shipped ones hold; "
    "find new ones: xiaoan calibrate phrases --replace"
)

Line = Annotated[str, Field(max_length=400, pattern=r"^[^\x00-\x1f\x7f]*$")]
PeriodName = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Origin(Section):
    """Where a result comes from."""

    by: Line  # who
    at: Line  # when, ISO 8601 UTC; empty: the clock was not synchronised
    how: Line
    heard_s: float = Field(ge=0.0)  # from how much sound
    model: Sha256  # that was installed


class MeasuredLevel(Origin):
    """The microphone's sensitivity."""

    sensitivity_dbfs: float = Field(ge=-80.0, le=0.0)
    uncertainty_db: float = Field(ge=0.0, le=40.0)  # expanded, k = 2
    gains_percent: Mapping[Line, Annotated[int, Field(ge=0, le=1000)]] | None = None  # of the mixer's controls then, by name; None: nobody could tell


class MeasuredThresholds(Origin):
    """Thresholds by period and label; they go with their `model`."""

    sensitivity_dbfs: float = Field(ge=-80.0, le=0.0)  # with which they were found: scores depend on it
    periods: Mapping[PeriodName, Mapping[Label, Score]]
    l10_dba: float | None = Field(default=None, ge=0.0, le=200.0)  # how loud the place was then; None: found from recordings
    l50_dba: float | None = Field(default=None, ge=0.0, le=200.0)
    target_per_day: float | None = Field(default=None, gt=0.0, le=1e6)  # false alarms a day that they were found for; None: found from recordings


class PhraseThresholds(Origin):
    """Thresholds of single phrases, by their hanzi; `model` is the phrase model, and they go with it."""

    sensitivity_dbfs: float = Field(ge=-80.0, le=0.0)  # with which they were found
    thresholds: Mapping[PhraseText, Annotated[float, Field(ge=0.001, le=0.999)]]


class Profile(Section):
    """All of the file."""

    format: Literal[1] = 1
    machine: Line  # the terminal's name by its machine-id; empty: it had none
    device: Line  # the microphone as configured; empty: the system's default
    level: MeasuredLevel | None = None
    thresholds: MeasuredThresholds | None = None
    phrases: PhraseThresholds | None = None


class ProfileBroken(EdgeError):
    """A profile cannot be read."""


class ProfileForeign(EdgeError):
    """A profile was made on another terminal, with another microphone, or for another model."""


class NoSuchProfile(EdgeError):
    """No profile of that number is kept."""


@dataclass(frozen=True, slots=True)
class Here:
    """What a profile must have been made with to be of use."""

    machine: str
    device: str
    model: str  # sha256
    phrase_model: str = ""  # sha256 of its scale; empty: there is none, or nobody asks


@dataclass(frozen=True, slots=True)
class Kept:
    """One of the last ten."""

    number: int  # rises with every profile written
    file: Path
    profile: Profile | ProfileBroken


@dataclass(frozen=True, slots=True)
class Calibration:
    """What of the profile is in use."""

    sensitivity_dbfs: float
    thresholds: Mapping[str, Mapping[str, float]]  # by period and label
    measured: MeasuredLevel | None  # where the sensitivity comes from; None: the configuration, or nobody measured it
    problem: EdgeError | None  # why the profile, or a part of it, is not used; the fault profile_stale
    sha256: str  # of the configuration and the profile together
    phrases: Mapping[str, float] = field(default_factory=dict)  # thresholds by hanzi


def here(config: Config, model: str, phrase_model: str = "", machine_id: Path = MACHINE_ID) -> Here:
    """What it is here. model: sha256; phrase_model: sha256 of its scale."""
    try:
        machine = own_terminal_name("", machine_id)
    except NoMachineId:
        machine = ""
    return Here(machine, config.microphone.device, model, phrase_model)


def read(file: Path) -> Profile | None:
    """The profile in `file`, None where there is none. Raises ProfileBroken."""
    try:
        return Profile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = reason_of(error)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        reason = str(error)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    raise ProfileBroken(
        N_(
            "profile {file} cannot be used: {reason}. "
            "Bring back an earlier one (xiaoan calibrate history) or begin a new one: xiaoan calibrate level --replace"
        ),
        file=file,
        reason=reason,
    )


def foreign_device(profile: Profile, here: Here) -> ProfileForeign | None:
    """Why nothing of the profile holds here, None where it does."""
    if profile.machine and here.machine and profile.machine != here.machine:
        return ProfileForeign(
            N_("the profile was made on another terminal ({theirs}; this one is {ours}); begin a new one: xiaoan calibrate level --replace"),
            theirs=profile.machine,
            ours=here.machine,
        )
    if profile.device != here.device:
        return ProfileForeign(
            N_("the profile was made with the microphone {theirs}, the configuration names {ours}; begin a new one: xiaoan calibrate level --replace"),
            theirs=profile.device or "default",
            ours=here.device or "default",
        )
    return None


def foreign_models(profile: Profile, here: Here) -> dict[str, ProfileForeign]:
    """By part of the profile, why it does not go with the model that is installed; those that do are not in it."""
    found = {}
    for part, made_for, ours, sentence in (
        ("thresholds", profile.thresholds, here.model, _OTHER_MODEL),
        ("phrases", profile.phrases, here.phrase_model, _OTHER_PHRASE_MODEL),
    ):
        if made_for and ours and made_for.model != ours:
            found[part] = ProfileForeign(sentence, theirs=made_for.model[:8], ours=ours[:8])
    return found


def refuse_foreign(profile: Profile, here: Here) -> None:
    """Raise ProfileForeign where calibration must not build on this profile."""
    for found in (foreign_device(profile, here), *foreign_models(profile, here).values()):
        if found:
            raise found


def to_build_on(state: Path, here: Here, *, replace: bool) -> Profile:
    """The profile that a calibration adds its result to, a new one where there is none.

    replace: what does not hold here is left out; otherwise it is refused. Raises ProfileForeign, ProfileBroken.
    """
    new = Profile(machine=here.machine, device=here.device)
    try:
        profile = read(state / FILE) or new
    except ProfileBroken:
        if replace:
            return new
        raise
    if not replace:
        refuse_foreign(profile, here)
    if foreign_device(profile, here):
        return new
    return profile.model_copy(update=dict.fromkeys(foreign_models(profile, here)))


def in_use(config: Config, state: Path, here: Here) -> Calibration:
    """What holds on this terminal. Never raises for a bad profile: a terminal must listen."""
    profile: Profile | None = None
    problem: EdgeError | None = None
    try:
        profile = read(state / FILE)
    except ProfileBroken as error:
        problem = error
    if profile:
        problem = foreign_device(profile, here)
    usable = None if problem else profile
    if usable:
        stale = foreign_models(usable, here)
        problem = next(iter(stale.values()), None)
        usable = usable.model_copy(update=dict.fromkeys(stale))
    level = usable.level if usable else None
    thresholds = usable.thresholds if usable else None
    phrases = usable.phrases if usable else None
    configured = "sensitivity_dbfs" in config.microphone.model_fields_set
    unused = {part for part, value in (("thresholds", thresholds), ("phrases", phrases)) if value is None}
    known = config.model_dump_json() + (usable.model_dump_json(exclude=unused) if usable else "")
    return Calibration(
        sensitivity_dbfs=config.microphone.sensitivity_dbfs if configured or not level else level.sensitivity_dbfs,
        thresholds=thresholds.periods if thresholds else {},
        measured=None if configured else level,
        problem=problem,
        sha256=hashlib.sha256(known.encode()).hexdigest(),
        phrases=phrases.thresholds if phrases else {},
    )


def save(state: Path, profile: Profile) -> int:
    """Make it the terminal's profile and keep it among the last ten. Returns its number. Raises OSError."""
    before = [number for number, _ in _files(state)]
    number = max(before, default=0) + 1
    text = as_toml(profile)
    write_atomically(state / FOLDER / f"{number:04d}.toml", text)
    write_atomically(state / FILE, text)
    for old, file in _files(state):
        if old <= number - KEPT:
            file.unlink(missing_ok=True)
    return number


def history(state: Path) -> list[Kept]:
    """The last ten, the newest first."""
    found = []
    for number, file in sorted(_files(state), reverse=True):
        try:
            profile = read(file)
        except ProfileBroken as error:
            found.append(Kept(number, file, error))
        else:
            found += [Kept(number, file, profile)] if profile else []
    return found


def kept(state: Path, number: int) -> Profile:
    """One of the last ten. Raises NoSuchProfile, ProfileBroken."""
    for one in history(state):
        if one.number == number:
            if isinstance(one.profile, ProfileBroken):
                raise one.profile
            return one.profile
    numbers = ", ".join(str(one.number) for one in history(state)) or "-"
    raise NoSuchProfile(N_("there is no profile {number}; kept are: {numbers}"), number=number, numbers=numbers)


def as_toml(profile: Profile) -> str:
    """The file's text. Strings, numbers and booleans of JSON are the same in TOML."""
    return _HEAD + "".join(_table(profile.model_dump(mode="json", exclude_none=True), ()))


def _table(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    if path:
        yield f"\n[{'.'.join(path)}]\n"
    yield from (f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if not isinstance(value, dict))
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _table(value, (*path, key))


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _files(state: Path) -> list[tuple[int, Path]]:
    return [(int(file.stem), file) for file in (state / FOLDER).glob("*.toml") if re.fullmatch(r"[0-9]{1,9}", file.stem)]
