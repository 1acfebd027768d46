"""Nonsense for everything that takes something from outside: nothing but the expected errors may come of it.

Each function takes one case. The tests run some hundred of each, `make fuzz` as many as one wants.
"""

import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pypinyin  # noqa: F401 - loaded before memory is measured: its dictionaries are no leak
import soundfile
from hypothesis import strategies as st

from edge.capture import RATE_HZ
from edge.capture.covered import FILE as NORMAL_FILE
from edge.capture.covered import KEPT_HOURS, LEARN_HOURS, Covering
from edge.capture.frames import FAILURE, SOUND, BadFrame, Frame, FrameReader
from edge.capture.recording import duration_s, read_blocks
from edge.config import profiles
from edge.config.load import load
from edge.config.phrases import MOST_PHRASES, list_in_use
from edge.config.schema import PhraseSettings
from edge.decide.rules import rules_for
from edge.detect.manifest import ModelError, read_manifest
from edge.detect.units import units_of
from edge.errors import EdgeError
from edge.evidence.container import Malformed, join
from edge.evidence.sealing import MAGIC, NotOpened, Seal, public_of, unseal
from edge.features.logmel import LogMelStream
from edge.link import messages
from edge.link.commands import Gatekeeper, Mute, Refused, parse
from edge.link.credentials import BadCredentials, read_credentials
from edge.link.messages import Stamp
from edge.panel.pipe import LONGEST, Lines
from edge.panel.usb import CODES, Keys, decoded
from edge.shipped import calibration_folder, models_folder
from tests.alerts.make import at
from tests.asyncapi import problems
from tests.capture.sounds import noise
from tests.command import ROOT


@cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="fuzz-")


def _file(name: str, data: bytes) -> Path:
    file = Path(_folder().name) / name
    file.write_bytes(data)
    file.chmod(0o600)
    return file


# --- mutations

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def _json(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Something that was right once: bytes changed, cut out, put in, doubled, its end lost."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 6))):
        where = draw(st.integers(0, max(len(data) - 1, 0))) if draw(st.booleans()) else draw(st.integers(0, min(64, max(len(data) - 1, 0))))
        match draw(st.sampled_from(["change", "cut", "put", "double", "end"])):
            case "change" if data:
                data[where] = draw(st.integers(0, 255))
            case "cut":
                del data[where : where + draw(st.integers(1, 40))]
            case "put":
                data[where:where] = draw(st.binary(max_size=12))
            case "double":
                data[where:where] = data[where : where + draw(st.integers(1, 200))]
            case "end":
                del data[where:]
    return bytes(data)


# --- commands

COMMAND = {"id": "c1", "by": "李老师", "issued_at": "2026-11-23T08:00:00Z", "expires_s": 60}
VERBS: list[dict[str, Any]] = [
    {"verb": "acknowledge", "alert": "x"}, {"verb": "close", "alert": "x", "verdict": "real"}, {"verb": "mute", "label": "shouting", "seconds": 60},
    {"verb": "unmute", "label": "crying"}, {"verb": "drill"}, {"verb": "ping"}, {"verb": "identify"}, {"verb": "reload"},
]  # fmt: skip
FIELDS = st.sampled_from(["id", "by", "issued_at", "expires_s", "verb", "alert", "verdict", "label", "seconds", "schema", "at", "boot", "more"])


@st.composite
def nearly_commands(draw: st.DrawFn) -> bytes:
    """A command with some fields replaced by anything."""
    command = {**COMMAND, **draw(st.sampled_from(VERBS)), **draw(st.dictionaries(FIELDS, JSON, max_size=2))}
    for field in draw(st.lists(FIELDS, max_size=2)):
        command.pop(field, None)
    return _json(command)


PAYLOADS = st.one_of(nearly_commands(), damaged(nearly_commands()), st.binary(max_size=5000), JSON.map(_json))


def command(payload: bytes) -> None:
    """It is carried out or refused, and the reply is as documented; no mute is longer than two hours."""
    found = parse(payload)
    refusal = found.refusal if isinstance(found, Refused) else Gatekeeper().admit(found, at(0))
    assert not isinstance(found, Mute) or 0 < found.seconds <= 7200
    if found.id is not None:
        assert problems("reply", messages.reply(Stamp(None, "0" * 16), found.id, refusal)) == []


# --- files that people write

PROFILES = [file.read_bytes() for file in sorted(calibration_folder().glob("*.toml"))]
MANIFEST = (models_folder() / "detector.toml").read_bytes() if (models_folder() / "detector.toml").exists() else b""
README_CONFIG = (ROOT / "README.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0].encode()
TOML_KEYS = st.sampled_from(
    [
        *("terminal", "site", "name", "microphone", "rate_hz", "block_s", "broker", "host", "port", "tls", "labels", "shouting", "threshold", "release"),
        *("agree", "of", "periods", "start", "end", "days", "holidays", "storm", "alerts", "say_again_s", "paths", "features", "rules", "window", "hop"),
        *("low_hz", "x", '"a b"'),
    ]
)
TOML_VALUES = st.recursive(
    st.one_of(
        st.integers(), st.floats().map(lambda number: str(number).replace("e", "E")), st.sampled_from(["true", '"x"', '"08:00"', "2026-09-01", '""', "1e400"]),
        st.text(max_size=8).map(json.dumps),
    ).map(str),
    lambda inner: st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]"),
    max_leaves=4,
)  # fmt: skip


@st.composite
def made_up_toml(draw: st.DrawFn) -> bytes:
    """Keys that exist, with any values."""
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        path = ".".join(draw(st.lists(TOML_KEYS, min_size=1, max_size=3)))
        lines.append(draw(st.sampled_from([f"[{path}]", f"[[{path}]]", f"{path} = {draw(TOML_VALUES)}"])))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


CONFIGS = st.one_of(made_up_toml(), damaged(st.sampled_from([*PROFILES, README_CONFIG])), st.binary(max_size=400))


@st.composite
def nearly_manifests(draw: st.DrawFn) -> bytes:
    """The shipped one with some numbers replaced by others."""
    lines = MANIFEST.decode().splitlines()
    numbered = [place for place, line in enumerate(lines) if re.search(r"= -?[\d.e-]+$", line)]
    for place in draw(st.lists(st.sampled_from(numbered), max_size=3)):
        number = draw(st.one_of(st.integers(0, 10), st.integers(0, 10_000), st.floats(0, 1, width=16), st.floats(0, 8000, width=16)))
        lines[place] = f"{lines[place].split('=')[0]}= {number}"
    return "\n".join(lines).encode()


MANIFESTS = st.one_of(nearly_manifests(), nearly_manifests(), damaged(st.just(MANIFEST)), made_up_toml().map(lambda more: MANIFEST + b"\n" + more))


def config(data: bytes) -> None:
    """A configuration, or sentences."""
    with suppress(EdgeError):
        load(_file("config.toml", data))


LIST = (models_folder() / "phrases.toml").read_bytes()
PHRASES = st.text(st.sampled_from("救命打死你放学。 ,aB3\u3007\U00020bb7"), max_size=6).map(lambda text: json.dumps(text, ensure_ascii=False))
PHRASE_KEYS = st.sampled_from(["on", "threshold", "severity", "min_dba", "only_shouted", "alone", "x"])


@st.composite
def made_up_lists(draw: st.DrawFn) -> bytes:
    """Groups that exist, with phrases that nearly do."""
    tables = st.dictionaries(PHRASE_KEYS, TOML_VALUES, max_size=2).map(lambda keys: "".join(f", {key} = {value}" for key, value in keys.items()))
    entries = st.one_of(PHRASES, PHRASES, st.builds(lambda text, more: f"{{text = {text}{more}}}", PHRASES, tables), TOML_VALUES)
    lines = draw(st.lists(st.sampled_from(['mergers = ["n/l"]', "heteronyms = true", "thresholds = [0.5]", "x = 1"]), max_size=2))
    for group in draw(st.lists(st.sampled_from(["help", "insult", "x"]), max_size=2)):
        lines += [f"[{group}]", f"phrases = [{', '.join(draw(st.lists(entries, max_size=5)))}]"]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


LISTS = st.one_of(made_up_lists(), made_up_lists(), damaged(st.just(LIST)), st.binary(max_size=400))


def phrases(data: bytes) -> None:
    """A list of phrases that can all be heard, or sentences."""
    with suppress(EdgeError):
        listed = list_in_use(PhraseSettings(), models_folder(), _file("phrases.toml", data))
        assert 1 <= len(listed.phrases) <= MOST_PHRASES
        units = units_of([phrase.text for phrase in listed.phrases], listed.mergers, heteronyms=listed.heteronyms)
        assert all(len(units[phrase.text]) == len(phrase.spoken) for phrase in listed.phrases)


def profile(data: bytes) -> None:
    """A calibration profile, or a sentence."""
    with suppress(EdgeError):
        profiles.read(_file("profile.toml", data))


def credentials(data: bytes) -> None:
    """User and password, or a sentence."""
    with suppress(BadCredentials):
        read_credentials(_file("credentials", data), {})


def manifest(data: bytes) -> None:
    """A manifest by which sound can be analysed and rules be met, or a sentence."""
    with suppress(ModelError):
        read = read_manifest(_file("detector.toml", data))
        frames = LogMelStream(read.features).feed(noise(0.3, 0.1))
        assert np.isfinite(frames).all()
        for rule in rules_for(read.rules, {}, (), "", {}).values():
            assert rule.release <= rule.threshold
            assert rule.agree <= rule.of


# --- sound

FORMATS = ["WAV PCM_16", "WAV FLOAT", "WAV PCM_U8", "WAV ULAW", "FLAC PCM_16", "OGG VORBIS", "OGG OPUS", "MP3 MPEG_LAYER_III"]
LONGEST_BLOCKS = 50


@cache
def _recording(how: str, rate_hz: int, channels: int) -> bytes:
    kind, subtype = how.split()
    buffer = io.BytesIO()
    soundfile.write(buffer, np.stack([noise(0.2, 0.1, rate_hz)] * channels, axis=1), rate_hz, format=kind, subtype=subtype)
    return buffer.getvalue()


RECORDINGS = damaged(st.builds(_recording, st.sampled_from(FORMATS), st.sampled_from([8000, 48_000]), st.integers(1, 2)))


def recording(data: bytes) -> None:
    """Blocks of finite samples in -1..1, or a sentence; whatever the name says it is."""
    for suffix in (".wav", ".mp3"):
        file = _file(f"recording{suffix}", data)
        with suppress(EdgeError):
            duration_s(file)
        with suppress(EdgeError):
            for block in islice(read_blocks(file, 0.5), LONGEST_BLOCKS):
                assert 0 < len(block) <= 0.5 * RATE_HZ
                assert np.abs(block).max() <= 1.0


FRAMES = damaged(
    st.one_of(
        st.builds(lambda size, channels: Frame(SOUND, bytes(4 * channels * size), channels, 48_000).packed(), st.integers(1, 300), st.integers(1, 3)),
        JSON.map(lambda told: Frame(FAILURE, _json(told)).packed()),
        st.dictionaries(st.sampled_from(["reason", "facts"]), JSON | st.sampled_from(["busy", "missing", "failed"])).map(
            lambda told: Frame(FAILURE, _json(told)).packed()
        ),
    )
)


def frames(data: bytes) -> None:
    """What comes over the capture child's pipe: frames, or BadFrame, which ends the child."""
    reader = FrameReader()
    with suppress(BadFrame):
        for start in range(0, len(data), 100):
            for frame in reader.feed(data[start : start + 100]):
                if frame.kind == FAILURE:
                    assert str(frame.failure())


WORDS = damaged(st.lists(st.sampled_from([b"press\n", b"release\r\n", b"\n", b"x" * 200]), max_size=8).map(b"".join))


def key_pipe(data: bytes) -> None:
    """What anybody writes into the key's pipe: presses and releases, the rest counted; nothing is kept but the begin of a line."""
    lines, words = Lines(), 0
    for start in range(0, len(data), 7):
        words += len(lines.feed(data[start : start + 7]))
        assert len(lines._rest) <= LONGEST
    assert words + lines.garbage <= data.count(b"\n")


def usb_key(data: bytes) -> None:
    """What a device calls its events: keys that are down, or not."""
    keys = Keys(0)
    for event in decoded(data):
        if keys.take(event):
            keys.know(data[: CODES // 8])
    assert keys.down in (True, False)


# --- what lies in the state folder, or is copied from one

NORMAL = json.dumps({"format": 1, "device": "", "tilts_db": [-12.5] * LEARN_HOURS, "dull": 1}).encode()
NORMALS = st.one_of(damaged(st.just(NORMAL)), JSON.map(lambda more: json.dumps({**json.loads(NORMAL), "tilts_db": more}).encode()), JSON.map(_json))
HEADER = {"format": 1, "alert": "x", "label": "shouting", "place": "x", "terminal": "a/b", "onset_at": None, "before_s": 1.0, "seconds": 2.0}
CLEAR = st.one_of(
    damaged(st.just(_json(HEADER) + b"\nfLaC")),
    st.dictionaries(st.sampled_from(sorted(HEADER)), JSON, max_size=3).map(lambda more: _json({**HEADER, **more}) + b"\nfLaC"),
    st.binary(max_size=200),
)


def normal(data: bytes) -> None:
    """What the microphone usually hears, with which it can go on; or nothing is known."""
    _file(NORMAL_FILE, data)
    hours = Covering(Path(_folder().name), "").normal
    for tilt_db in (-30.0, -12.0, None):
        hours = hours.advance(tilt_db)
    assert len(hours.tilts_db) <= KEPT_HOURS


@cache
def _sealing() -> tuple[bytes, Seal]:
    private = bytes(range(32))
    return private, Seal(public_of(private))


def evidence(data: bytes) -> None:
    """Sealed nonsense, and nonsense that is not sealed: a header and a FLAC, or a sentence."""
    private, seal = _sealing()
    for sealed in (seal(data), data, MAGIC + data):
        with suppress(NotOpened, Malformed):
            about, _ = join(unseal(sealed, private, Path("x")))
            assert "s of sound" in f"{about.seconds:.1f} s of sound, {about.before_s:.1f} s of {about.label + about.place}"


@dataclass(frozen=True, slots=True)
class Target:
    """What is fed with what."""

    feed: Callable[[bytes], None]
    with_: st.SearchStrategy[bytes]


TARGETS: Mapping[str, Target] = {
    "commands": Target(command, PAYLOADS),
    "configuration": Target(config, CONFIGS),
    "profile": Target(profile, CONFIGS),
    "phrases": Target(phrases, LISTS),
    "credentials": Target(credentials, st.binary(max_size=200)),
    "manifest": Target(manifest, MANIFESTS),
    "recordings": Target(recording, RECORDINGS),
    "capture child": Target(frames, FRAMES),
    "key pipe": Target(key_pipe, WORDS),
    "usb key": Target(usb_key, st.binary(max_size=400)),
    "normal": Target(normal, NORMALS),
    "evidence": Target(evidence, CLEAR),
}
