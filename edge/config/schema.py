"""Every key of the configuration file: its default, its bounds, its unit and one sentence about it.

The sentences are marked for the catalogue; `xiaoan config schema` prints them with the bounds, and that is the reference.
Types are strict: a number in quotes is a mistake, not a number.
"""

from collections.abc import Mapping
from datetime import date
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from edge.config.hanzi import NotSpoken, spoken
from edge.words import N_

LABELS = ("shouting", "crying", "insult", "help", "button")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Score = Annotated[float, Field(ge=0.0, le=1.0)]
FilePath = Annotated[
    str,
    Field(max_length=4096, pattern=r"^(/.*)?$", json_schema_extra={"allowed": N_("a whole path in quotes, beginning with /")}),
]
HostName = Annotated[
    str,
    Field(max_length=253, pattern=r"^[A-Za-z0-9._:-]*$", json_schema_extra={"allowed": N_("a host name or address alone, without mqtt:// and without port")}),
]


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError as error:
        raise PydanticCustomError("rule", N_("an address or a network, as 10.0.0.5 or 10.0.0.0/24")) from error
    return text


Network = Annotated[str, Field(max_length=50), AfterValidator(_network)]
GpioName = Annotated[
    str,
    Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$", json_schema_extra={"allowed": N_("a name or a number in quotes, at most 64 characters")}),
]


def _known_label(label: str) -> str:
    if label not in LABELS:
        raise PydanticCustomError("label", "not a label", {"labels": ", ".join(LABELS)})
    return label


def _can_be_said(text: str) -> str:
    if isinstance(found := spoken(text), NotSpoken):
        raise PydanticCustomError("phrase", "not a phrase", {"sentence": found.sentence, "found": found.found})
    return text


def _text_as_entry(entry: object) -> object:
    return {"text": entry} if isinstance(entry, str) else entry


def _one_day_as_range(holiday: object) -> object:
    return {"from": holiday, "to": holiday} if isinstance(holiday, date) else holiday


Label = Annotated[str, AfterValidator(_known_label), WithJsonSchema({"type": "string", "enum": list(LABELS)})]
Alone = Literal["raise", "lower", "nothing"]
SECOND_DBA, SECOND_S, LONGEST_SECOND_S = 70.0, 3.0, 4.0
Merger = Literal["zh/z", "ch/c", "sh/s", "n/l", "f/h", "an/ang", "en/eng", "in/ing"]
PhraseText = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_can_be_said)]
TopicWord = Annotated[
    str,
    Field(max_length=64, pattern=r"^[a-z0-9-]*$", json_schema_extra={"allowed": N_("lower-case letters, digits and -, at most 64")}),
]
ClockTime = Annotated[
    str,
    Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", json_schema_extra={"allowed": N_("a time from 00:00 to 23:59, as HH:MM in quotes")}),
]


class Section(BaseModel):
    """What all tables share: frozen, strict, unknown keys refused, sentences as descriptions."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True, populate_by_name=True, hide_input_in_errors=True
    )


class TerminalSettings(Section):
    """`[terminal]`."""

    site: Annotated[TopicWord, Field(min_length=1)] = Field(default="school", description=N_("The school's name in MQTT topics."))
    name: TopicWord = Field(default="", description=N_("The terminal's name in MQTT topics; empty: one derived from the machine-id."))
    place: str = Field(
        default="",
        max_length=120,
        description=N_("Where the terminal hangs, in words that whoever runs there understands; said in every alert."),
    )
    language: Literal["", "en", "zh"] = Field(default="", description=N_("Language of the commands: en or zh; empty: by the locale."))


class MicrophoneSettings(Section):
    """`[microphone]`."""

    device: str = Field(default="", max_length=200, description=N_("The microphone's name as `xiaoan devices` shows it; empty: the system's default."))
    rate_hz: int = Field(
        default=0,
        ge=0,
        le=192_000,
        description=N_("Sampling rate at which the microphone is opened, in Hz; 0: chosen from what it supports."),
    )
    channels: int = Field(default=0, ge=0, le=32, description=N_("Channels to open, averaged to one; 0: chosen from what it supports."))
    sensitivity_dbfs: float = Field(
        default=-26.0, ge=-80.0, le=0.0, description=N_("What the microphone gives at 94 dB SPL, in dBFS; every level in dBA rests on it.")
    )
    block_s: float = Field(default=0.1, ge=0.02, le=1.0, description=N_("Seconds of sound handed over at a time."))


class TlsSettings(Section):
    """`[broker.tls]`."""

    on: bool = Field(default=False, description=N_("Encrypt the connection; a `ca` switches it on as well."))
    ca: FilePath = Field(
        default="",
        description=N_("File with the certificate authority that signed the broker's certificate; empty: the system's authorities."),
    )
    certificate: FilePath = Field(default="", description=N_("File with the terminal's own certificate, where the broker asks for one; needs `key`."))
    key: FilePath = Field(default="", description=N_("File with the key of `certificate`."))

    @property
    def used(self) -> bool:
        """Whether the connection is encrypted."""
        return self.on or bool(self.ca)

    @model_validator(mode="after")
    def _certificate_with_key(self) -> Self:
        if bool(self.certificate) != bool(self.key):
            raise PydanticCustomError("rule", N_("`certificate` and `key` go together: set both or none"))
        if self.certificate and not self.used:
            raise PydanticCustomError("rule", N_("`certificate` is set but TLS is off: set `on = true` or `ca`"))
        return self


class BrokerSettings(Section):
    """`[broker]`."""

    host: HostName = Field(default="", description=N_("Name or address of the MQTT broker; empty: none, and `xiaoan run` refuses to start."))
    port: int = Field(default=0, ge=0, le=65_535, description=N_("Port of the broker; 0: 8883 with TLS, 1883 without."))
    credentials: FilePath = Field(
        default="", description=N_("File with user name and password, one a line, that only the service can read; empty: no login. It is never printed.")
    )
    keepalive_s: int = Field(
        default=30,
        ge=5,
        le=600,
        description=N_("Longest silence on the connection, in seconds; the broker calls the terminal offline after one and a half times that."),
    )
    tls: TlsSettings = Field(default=TlsSettings(), description=N_("How the connection to the broker is encrypted."))

    @property
    def port_used(self) -> int:
        """The port that is connected to."""
        return self.port or (8883 if self.tls.used else 1883)


class HomeAssistantSettings(Section):
    """`[home_assistant]`."""

    on: bool = Field(default=False, description=N_("Whether Home Assistant is told of the terminal by MQTT, so that it makes a device of it."))
    prefix: Annotated[
        str, Field(max_length=64, pattern=r"^[A-Za-z0-9_-]+$", json_schema_extra={"allowed": N_("letters, digits, _ and -, at most 64")})
    ] = Field(
        default="homeassistant", description=N_("Prefix of the topics by which Home Assistant discovers devices.")
    )


class LabelSettings(Section):
    """`[labels.shouting]` and the like. None means: as the model's manifest has it."""

    on: bool = Field(default=True, description=N_("Whether this label may raise alerts."))
    threshold: Score | None = Field(default=None, description=N_("Score from 0 to 1 that opens an incident; absent: the model's."))
    release: Score | None = Field(default=None, description=N_("Score below which an incident may end, lower than `threshold`; absent: the model's."))
    agree: Annotated[int, Field(ge=1, le=50)] | None = Field(
        default=None,
        description=N_("How many of the last `of` steps must reach the threshold; absent: the model's."),
    )
    of: Annotated[int, Field(ge=1, le=50)] | None = Field(default=None, description=N_("Over how many steps `agree` is counted; absent: the model's."))
    shortest_s: Annotated[float, Field(ge=0.0, le=30.0)] | None = Field(
        default=None, description=N_("Seconds an incident must last before it is raised; absent: the model's.")
    )
    hold_s: Annotated[float, Field(ge=0.0, le=600.0)] | None = Field(
        default=None, description=N_("Seconds of quiet after which an incident has ended, so that one incident is one alert; absent: the model's.")
    )
    min_dba: Annotated[float, Field(ge=0.0, le=140.0)] | None = Field(
        default=None,
        description=N_("Level in dBA that must be reached as well; absent: any level."),
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.threshold is not None and self.release is not None and self.release > self.threshold:
            raise PydanticCustomError("rule", N_("`release` must not be above `threshold`"))
        if self.agree is not None and self.of is not None and self.agree > self.of:
            raise PydanticCustomError("rule", N_("`agree` must not be above `of`"))
        return self


class PhraseEntry(Section):
    """A phrase of a list. None means: as the shipped list has it, else the default."""

    text: PhraseText = Field(description=N_("The phrase in hanzi; stops and spaces do not count."))
    on: bool | None = Field(default=None, description=N_("Whether it is listened for; absent: as the shipped list has it, else true."))
    threshold: Annotated[float, Field(ge=0.001, le=0.999)] | None = Field(
        default=None, description=N_("Score from 0 to 1 that the phrase must reach; absent: as the shipped list has it, else by its length.")
    )
    severity: Annotated[int, Field(ge=1, le=3)] | None = Field(
        default=None, description=N_("How grave it is, from 1 to 3; of phrases heard alike the gravest is named. Absent: as the shipped list has it, else 2.")
    )
    min_dba: Annotated[float, Field(ge=0.0, le=140.0)] | None = Field(
        default=None, description=N_("Level in dBA that must be reached while it is said; absent: as the shipped list has it, else any level.")
    )
    only_shouted: bool | None = Field(
        default=None, description=N_("Whether it counts only when it is shouted; absent: as the shipped list has it, else false.")
    )


    alone: Alone | None = Field(
        default=None,
        description=N_("What it does without loudness or shouting near it: raise, lower (one step lower) or nothing; absent: as its group's `alone`."),
    )


Entry = Annotated[PhraseEntry, BeforeValidator(_text_as_entry, json_schema_input_type=PhraseText | PhraseEntry)]


class GroupChanges(Section):
    """`[phrases.help]` and `[phrases.insult]`."""

    add: tuple[Entry, ...] = Field(
        default=(),
        max_length=500,
        strict=False,
        description=N_("Phrases to listen for besides; one that is in the list already gets the settings given here."),
    )
    remove: tuple[PhraseText, ...] = Field(default=(), max_length=500, strict=False, description=N_("Phrases of the list not to listen for."))
    alone: Alone = Field(
        default="raise",
        description=N_("What its phrases do without loudness or shouting near them: raise, lower (one step lower) or nothing; for places with many pranks."),
    )


class PhraseSettings(Section):
    """`[phrases]`."""

    file: FilePath = Field(default="", description=N_("File with the whole list, in place of the shipped one; empty: the shipped one."))
    mergers: tuple[Merger, ...] | None = Field(
        default=None, max_length=8, strict=False, description=N_("Sounds that are one sound in the local speech; absent: as the list has it.")
    )
    heteronyms: bool | None = Field(
        default=None, description=N_("Whether a character may be read in its other ways as well; absent: as the list has it.")
    )
    second_dba: float = Field(
        default=SECOND_DBA, ge=0.0, le=140.0, description=N_("Level in dBA that is the loudness which `alone` asks for; so is a clear score of shouting.")
    )
    second_s: float = Field(
        default=SECOND_S, ge=0.0, le=LONGEST_SECOND_S, description=N_("Seconds before and after a phrase within which loudness or shouting belongs to it.")
    )
    help: GroupChanges = Field(default=GroupChanges(), description=N_("Changes to the calls for help."))
    insult: GroupChanges = Field(default=GroupChanges(), description=N_("Changes to abuse, threats and extortion."))


class Period(Section):
    """`[[periods]]`: a stretch of the day with thresholds of its own."""

    name: str = Field(
        min_length=1,
        max_length=40,
        pattern=r"^[a-z0-9_]+$",
        json_schema_extra={"allowed": N_("lower-case letters, digits and _, at most 40")},
        description=N_("Name of the period: before_school, class, break, noon, after_school, night, or one of your own; several stretches may share it."),
    )
    days: tuple[Day, ...] = Field(
        default=DAYS,
        min_length=1,
        max_length=7,
        strict=False,
        description=N_("Days of the week on which the period begins: mon tue wed thu fri sat sun."),
    )
    start: ClockTime = Field(description=N_("Local time at which the period begins, as HH:MM."))
    end: ClockTime = Field(description=N_("Local time at which it is over, as HH:MM; earlier than `start`: on the next day."))
    thresholds: Mapping[Label, Score] = Field(default={}, description=N_("Thresholds by label that hold in this period; absent: those of the label."))

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise PydanticCustomError("rule", N_("`start` and `end` must differ"))
        return self


class Holiday(Section):
    """One entry of `holidays`: a date, or a range with both ends inside."""

    first: date = Field(alias="from", description=N_("First day."))
    last: date = Field(alias="to", description=N_("Last day."))

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.last < self.first:
            raise PydanticCustomError("rule", N_("`to` must not be before `from`"))
        return self


class StormSettings(Section):
    """`[storm]`."""

    alerts: int = Field(
        default=6,
        ge=1,
        le=1000,
        description=N_("Alerts of one label within `window_s` after which further ones become one alert with a count."),
    )
    window_s: float = Field(default=600.0, ge=10.0, le=86_400.0, description=N_("Seconds over which `alerts` are counted."))


class AlertSettings(Section):
    """`[alerts]`."""

    close_after_h: float = Field(default=24.0, ge=0.1, le=720.0, description=N_("Hours after which an alert that nobody closed is closed by the terminal."))
    say_again_s: tuple[Annotated[float, Field(ge=1.0, le=3600.0)], ...] = Field(
        default=(15.0, 30.0, 60.0),
        min_length=1,
        max_length=20,
        strict=False,
        description=N_("Seconds after the raising at which an alert that nobody acknowledged is said again, rising; after the last one, each minute."),
    )
    outbox_rows: int = Field(default=20_000, ge=100, le=1_000_000, description=N_("Messages that the outbox keeps at most."))

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if list(self.say_again_s) != sorted(set(self.say_again_s)):
            raise PydanticCustomError("rule", N_("`say_again_s` must rise from one to the next"))
        return self


class EvidenceSettings(Section):
    """`[evidence]`."""

    on: bool = Field(
        default=False, description=N_("Whether seconds of sound around each alert are kept on the terminal, sealed so that the terminal cannot open them.")
    )
    public_key: Annotated[
        str, Field(pattern=r"^([A-Za-z0-9+/]{43}=)?$", json_schema_extra={"allowed": N_("a public key as `xiaoan evidence keygen` prints it")})
    ] = Field(default="", description=N_("The desk's public key, as `xiaoan evidence keygen` prints it; the private one must never be on a terminal."))
    before_s: float = Field(default=10.0, ge=0.0, le=30.0, description=N_("Seconds of sound before an alert's onset that are sealed."))
    after_s: float = Field(default=10.0, ge=0.0, le=30.0, description=N_("Seconds of sound after the decision that are sealed."))
    keep_days: float = Field(default=14.0, ge=0.01, le=365.0, description=N_("Days after which a sealed file is deleted."))
    quota_mb: int = Field(default=200, ge=1, le=100_000, description=N_("Megabytes that sealed files may take; the oldest leave first."))

    @model_validator(mode="after")
    def _with_key(self) -> Self:
        if self.on and not self.public_key:
            raise PydanticCustomError("rule", N_("`on` needs a `public_key`; make one at the desk with: xiaoan evidence keygen FILE"))
        return self


class LoudspeakerSettings(Section):
    """`[loudspeaker]`."""

    device: str = Field(
        default="",
        max_length=200,
        description=N_("The loudspeaker's name for the daily self-test, or a part of it; default: the system's; empty: no self-test."),
    )
    at: ClockTime = Field(default="06:50", description=N_("Local time of the daily self-test, as HH:MM."))
    level_dbfs: float = Field(default=-20.0, ge=-60.0, le=-3.0, description=N_("How loud the chirp of the self-test is, in dBFS."))


class KeySettings(Section):
    """`[key]`."""

    driver: Literal["", "gpio", "usb", "pipe"] = Field(
        default="", description=N_("How the key is connected: gpio, usb, or pipe for other hardware; empty: there is no key.")
    )
    chip: GpioName = Field(default="", description=N_("With gpio: the chip's name or label as `gpioinfo` shows it; empty: the first that has the line."))
    line: GpioName = Field(default="", description=N_("With gpio: the line's name, as GPIO17, or its number on the chip."))
    active: Literal["low", "high"] = Field(
        default="low", description=N_("With gpio: the level of a pressed key; low for one that connects the line to ground.")
    )
    pull: Literal["up", "down", "none"] = Field(default="up", description=N_("With gpio: the resistor inside the computer; none where there is one outside."))
    device: FilePath = Field(default="", description=N_("With usb: the key's file, best the one below /dev/input/by-id that ends in -event-kbd."))
    code: int = Field(default=0, ge=0, le=767, description=N_("With usb: the code of the one key that counts, as `evtest` shows it; 0: any key of the device."))
    pipe: FilePath = Field(default="", description=N_("With pipe: a named pipe that is read for the lines press and release; it is made where it is missing."))
    debounce_s: float = Field(default=0.03, ge=0.0, le=1.0, description=N_("Seconds that a contact must rest before its change counts; a pipe has no contact."))
    hold_s: float = Field(default=0.0, ge=0.0, le=10.0, description=N_("Seconds that the key must be held down; 0: a touch is enough."))
    again_s: float = Field(default=3.0, ge=0.0, le=60.0, description=N_("Seconds after letting go within which another press belongs to the same alert."))
    stuck_s: float = Field(default=60.0, ge=5.0, le=3600.0, description=N_("Seconds down after which the key is taken to be stuck, which is a fault."))

    @model_validator(mode="after")
    def _has_what_its_driver_needs(self) -> Self:
        if self.driver == "gpio" and not self.line:
            raise PydanticCustomError("rule", N_("`driver` is gpio, which needs a `line`"))
        if self.driver == "usb" and not self.device:
            raise PydanticCustomError("rule", N_("`driver` is usb, which needs a `device`"))
        if self.driver == "pipe" and not self.pipe:
            raise PydanticCustomError("rule", N_("`driver` is pipe, which needs a `pipe`"))
        return self


class OutputSettings(Section):
    """What switches a lamp or a sounder."""

    driver: Literal["", "gpio", "relay", "pipe"] = Field(
        default="", description=N_("How it is switched: gpio, relay (by USB), or pipe for other hardware; empty: there is none.")
    )
    chip: GpioName = Field(default="", description=N_("With gpio: the chip's name or label as `gpioinfo` shows it; empty: the first that has the line."))
    line: GpioName = Field(default="", description=N_("With gpio: the line's name, as GPIO17, or its number on the chip."))
    active: Literal["low", "high"] = Field(default="high", description=N_("With gpio: the level at which it is on."))
    port: FilePath = Field(default="", description=N_("With relay: the serial port of the board, best the one below /dev/serial/by-id."))
    channel: int = Field(default=1, ge=1, le=16, description=N_("With relay: which relay of the board, from 1."))
    pipe: FilePath = Field(default="", description=N_("With pipe: a named pipe that is told a word at each change; it is made where it is missing."))

    @model_validator(mode="after")
    def _has_what_its_driver_needs(self) -> Self:
        if self.driver == "gpio" and not self.line:
            raise PydanticCustomError("rule", N_("`driver` is gpio, which needs a `line`"))
        if self.driver == "relay" and not self.port:
            raise PydanticCustomError("rule", N_("`driver` is relay, which needs a `port`"))
        if self.driver == "pipe" and not self.pipe:
            raise PydanticCustomError("rule", N_("`driver` is pipe, which needs a `pipe`"))
        return self


class LampSettings(OutputSettings):
    """`[lamp]`."""

    armed: Literal["", "flash", "on", "off"] = Field(
        default="", description=N_("What says that all is well: flash each five seconds, on, off; empty: flash, but off with a relay, which would wear.")
    )


class SounderSettings(OutputSettings):
    """`[sounder]`."""

    sentence: FilePath = Field(
        default="", description=N_("Recording of a sentence that is played once the broker has an alert, at most 15 s long; empty: nothing is said.")
    )
    loudspeaker: str = Field(
        default="default", max_length=200, description=N_("The loudspeaker's name for `sentence`, or a part of it; default: the system's.")
    )
    labels: tuple[Label, ...] = Field(
        default=LABELS, max_length=len(LABELS), strict=False, description=N_("Labels of the alerts at which `sentence` is played.")
    )


class PathSettings(Section):
    """`[paths]`."""

    state: FilePath = Field(
        default="", description=N_("Folder of the outbox and profiles; empty: /var/lib/xiaoan where it can be written to, else xiaoan below $XDG_STATE_HOME.")
    )
    models: FilePath = Field(default="", description=N_("Folder of the models; empty: the ones shipped."))


class RosterEntry(Section):
    """`[[desk.roster]]`: who is told when nobody at the desk acknowledges."""

    days: tuple[Day, ...] = Field(
        default=DAYS, min_length=1, max_length=7, strict=False, description=N_("Days of the week on which it holds: mon tue wed thu fri sat sun.")
    )
    start: ClockTime = Field(default="00:00", description=N_("Local time from which it holds, as HH:MM."))
    end: ClockTime = Field(default="00:00", description=N_("Local time until which it holds, as HH:MM; as `start`: all day; earlier: into the next day."))
    periods: tuple[Annotated[str, Field(max_length=40)], ...] = Field(
        default=(), max_length=50, strict=False, description=N_("Periods of the day in which it holds; empty: all.")
    )
    tell: tuple[Annotated[str, Field(max_length=80)], ...] = Field(
        min_length=1, max_length=50, strict=False, description=N_("Names of those to tell, as they stand in the file of `tell_file`.")
    )


class DeskSettings(Section):
    """`[desk]`, of the machine that serves the duty room's page; a terminal needs none of it."""

    listen: HostName = Field(default="127.0.0.1", description=N_("Address on which the page is served; 0.0.0.0: on all, which needs TLS or a proxy."))
    port: int = Field(default=8780, ge=1, le=65_535, description=N_("Port of the page."))
    certificate: FilePath = Field(default="", description=N_("File with the page's certificate; needs `key`."))
    key: FilePath = Field(default="", description=N_("File with the key of the page's `certificate`."))
    proxy: bool = Field(default=False, description=N_("A proxy does TLS and names the caller's address; whoever does not come from it is refused."))
    proxies: tuple[Network, ...] = Field(
        default=("127.0.0.1", "::1"),
        min_length=1,
        max_length=20,
        strict=False,
        description=N_("With `proxy`: its addresses or networks; nobody else's word about a caller is believed."),
    )
    database: str = Field(
        default="",
        max_length=500,
        description=N_("Address of the database as SQLAlchemy has it, with postgresql+psycopg://; empty: desk.sqlite3 in the state folder."),
    )
    keep_days: int = Field(default=1095, ge=30, le=36_500, description=N_("Days after which alerts that are closed, and the log of who did what, are deleted."))
    terminals: tuple[TopicWord, ...] = Field(
        default=(), max_length=1000, strict=False, description=N_("Names of the terminals that there must be; one that never came is then shown as missing.")
    )
    tell_after_s: float = Field(default=20.0, ge=5.0, le=3600.0, description=N_("Seconds without acknowledgement after which the roster is told."))
    tell_file: FilePath = Field(
        default="", description=N_("File with a name and an Apprise address on each line, that only the service can read; its addresses are never printed.")
    )
    roster: tuple[RosterEntry, ...] = Field(default=(), max_length=200, strict=False, description=N_("Who is told when nobody acknowledges."))
    plans: Mapping[str, FilePath] = Field(default={}, max_length=50, description=N_("Floor plans, name = picture file (PNG or JPEG)."))

    @property
    def tls(self) -> bool:
        """Whether the page itself speaks TLS."""
        return bool(self.certificate)

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if bool(self.certificate) != bool(self.key):
            raise PydanticCustomError("rule", N_("`certificate` and `key` go together: set both or none"))
        if self.listen not in ("127.0.0.1", "::1", "localhost") and not self.certificate and not self.proxy:
            raise PydanticCustomError("rule", N_("passwords would cross the network in the clear: set `certificate` and `key`, or `proxy`"))
        if self.roster and not self.tell_file:
            raise PydanticCustomError("rule", N_("`roster` needs `tell_file`"))
        return self


def _all_labels(given: Mapping[str, LabelSettings]) -> Mapping[str, LabelSettings]:
    return {label: given.get(label, LabelSettings()) for label in LABELS}


class Config(Section):
    """The whole file. `Config()` alone is a working configuration."""

    terminal: TerminalSettings = Field(default=TerminalSettings(), description=N_("Which terminal this is and where it hangs."))
    microphone: MicrophoneSettings = Field(default=MicrophoneSettings(), description=N_("The microphone and its calibration."))
    broker: BrokerSettings = Field(default=BrokerSettings(), description=N_("The MQTT broker that alerts are sent to."))
    home_assistant: HomeAssistantSettings = Field(
        default=HomeAssistantSettings(), description=N_("Home Assistant, which may show the terminal as a device.")
    )
    labels: Annotated[Mapping[Label, LabelSettings], AfterValidator(_all_labels)] = Field(
        default={}, description=N_("What is listened for, and how sure the terminal must be: shouting, crying, insult, help, button.")
    )
    phrases: PhraseSettings = Field(default=PhraseSettings(), description=N_("The school's own phrases, beside the shipped list or in its place."))
    periods: tuple[Period, ...] = Field(
        default=(),
        max_length=200,
        strict=False,
        description=N_("Stretches of the day with thresholds of their own; the first that fits holds."),
    )
    holidays: tuple[Annotated[Holiday, BeforeValidator(_one_day_as_range, json_schema_input_type=date | Holiday)], ...] = Field(
        default=(), max_length=400, strict=False, description=N_("Days without school, as dates or as {from, to}; the period is then holiday.")
    )
    storm: StormSettings = Field(default=StormSettings(), description=N_("When many alerts become one."))
    alerts: AlertSettings = Field(default=AlertSettings(), description=N_("How long alerts live and how often they are said."))
    evidence: EvidenceSettings = Field(default=EvidenceSettings(), description=N_("Sealed sound around alerts, by a school's own choice."))
    loudspeaker: LoudspeakerSettings = Field(default=LoudspeakerSettings(), description=N_("A loudspeaker by which the terminal hears itself once a day."))
    key: KeySettings = Field(default=KeySettings(), description=N_("The key on the wall, which raises an alert with the label button."))
    lamp: LampSettings = Field(default=LampSettings(), description=N_("The lamp on the wall: all is well, alert raised, somebody is coming, fault."))
    sounder: SounderSettings = Field(default=SounderSettings(), description=N_("What beeps, and what is said on the spot by a school's own choice."))
    paths: PathSettings = Field(default=PathSettings(), description=N_("Where files lie."))
    desk: DeskSettings = Field(default=DeskSettings(), description=N_("The duty room's page, `xiaoan desk`."))

    @model_validator(mode="after")
    def _roster_has_its_periods(self) -> Self:
        known = {"default", "holiday", *(period.name for period in self.periods)}
        unknown = PydanticCustomError("rule", N_("names a period that is in no [[periods]]; nobody would be told in it"))
        wrong = [
            InitErrorDetails(type=unknown, loc=("desk", "roster", number, "periods"), input=entry.periods)
            for number, entry in enumerate(self.desk.roster) if not known.issuperset(entry.periods)
        ]  # fmt: skip
        if wrong:
            raise ValidationError.from_exception_data("Config", wrong)
        return self
