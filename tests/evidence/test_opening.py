"""Keys, sealed files, and what opening them leaves behind."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.evidence.container import About, Malformed, join, pack, to_int16, unpack
from edge.evidence.opening import NotLogged, Opener, log_of, opened
from edge.evidence.sealing import MAGIC, BadKey, NotOpened, Seal, as_text, from_text, key_name, make_key, read_key, unseal
from tests.audio_search import found, windows
from tests.capture.sounds import noise
from tests.command import ROOT, xiaoan
from tests.evidence.make import ID, sealed_file

SOUND = noise(2.0, 0.1)
OPENER = Opener("李老师", "家长投诉", "2026-11-24T01:00:00Z")


def test_what_is_sealed_comes_back_and_shows_nothing_on_the_way(tmp_path: Path) -> None:
    """To the sample, 16 bits; in the sealed file there is neither sound nor place."""
    file, key = sealed_file(tmp_path, SOUND)
    about, flac = opened(file, key, OPENER)
    sound, rate_hz = soundfile.read(io.BytesIO(flac), dtype="float32")
    assert (about.alert, about.place, rate_hz) == (ID, "二楼东侧洗手间", 16_000)
    assert np.abs(sound - SOUND.clip(-1, 1)).max() < 2 / 32767
    assert found(file.read_bytes(), [windows(SOUND, 16_000)]) == ""
    assert b"shouting" not in file.read_bytes()


def test_opening_is_in_the_log_before_anything_is_given_out(tmp_path: Path) -> None:
    """A line for each; where the log cannot be written nothing is opened."""
    file, key = sealed_file(tmp_path, SOUND)
    opened(file, key, OPENER)
    opened(file, key, OPENER)
    lines = [json.loads(line) for line in log_of(key).read_text(encoding="utf-8").splitlines()]
    assert [(line["who"], line["why"], line["alert"], line["file"]) for line in lines] == [("李老师", "家长投诉", ID, file.name)] * 2
    assert log_of(key).stat().st_mode & 0o777 == 0o600
    log_of(key).unlink()
    log_of(key).mkdir()
    with pytest.raises(NotLogged, match="Nothing is opened without this log"):
        opened(file, key, OPENER)


def test_what_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    """Another key, a file that was changed, one that is none, a key that others can read, a key that is none."""
    file, key = sealed_file(tmp_path, SOUND)
    other = tmp_path / "other.key"
    name = key_name(make_key(other))
    with pytest.raises(NotOpened, match=f"is sealed to the key [0-9a-f]{{16}}, this one is {name}"):
        opened(file, other, OPENER)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(NotOpened, match="was changed"):
        opened(file, key, OPENER)
    for nonsense in (b"", MAGIC, b"RIFF" + bytes(100)):
        file.write_bytes(nonsense)
        with pytest.raises(NotOpened, match="is no sealed evidence"):
            opened(file, key, OPENER)
    assert not log_of(key).exists()
    key.chmod(0o640)
    with pytest.raises(BadKey, match="chmod 600"):
        read_key(key)
    key.chmod(0o600)
    for nonsense in (b"", b"x", b"\xff", as_text(bytes(31)).encode()):
        key.write_bytes(nonsense)
        with pytest.raises(BadKey, match="holds no private key"):
            read_key(key)


def part(first_s: float, last_s: float, number: str = ID, told_s: float | None = None) -> bytes:
    """That piece of SOUND, its onset half a second after the beginning. told_s: seconds by the header."""
    sound = to_int16(SOUND[round(first_s * 16_000) : round(last_s * 16_000)])
    return pack(About(number, "shouting", "二楼东侧洗手间", "no-4/t1", None, 0.5 - first_s, (last_s - first_s) if told_s is None else told_s), sound)


def test_a_file_grows_by_parts_and_its_end_may_be_cut_off(tmp_path: Path) -> None:
    """Wherever a kill comes: what was whole before it is opened, to the sample, as one sound."""
    key = tmp_path / "desk.key"
    seal = Seal(make_key(key))
    begin, more = seal(part(0.0, 0.7)), seal.part(part(0.7, 1.2))
    for cut, seconds in ((0, 0.7), (1, 0.7), (4, 0.7), (len(more) - 1, 0.7), (len(more), 1.2)):
        about, flac = join(unseal(begin + more[:cut], read_key(key), key))
        sound = soundfile.read(io.BytesIO(flac), dtype="int16")[0]
        assert (about.before_s, about.seconds, len(sound)) == (0.5, seconds, round(seconds * 16_000)), cut
        assert (sound == to_int16(SOUND[: len(sound)])).all()
    with pytest.raises(NotOpened, match="damaged"):
        unseal(begin[:-1], read_key(key), key)


def test_parts_that_do_not_belong_together_are_malformed() -> None:
    """A gap, the wrong order, another alert's, longer than its header says or shorter, longer than any evidence, another kind of sound."""
    for parts in (
        (part(0.0, 0.7), part(0.8, 1.2)),
        (part(0.7, 1.2), part(0.0, 0.7)),
        (part(0.0, 0.7), part(0.7, 1.2, "another")),
        (part(0.0, 0.7, told_s=0.6),),
        (part(0.0, 0.7, told_s=100.0), part(100.0, 100.5, told_s=100.0)),
        (part(0.0, 0.7, told_s=float("nan")),),
        (part(0.0, 0.7).replace(b"fLaC", b"OggS"),),
        (part(0.0, 0.7)[:-100],),
    ):
        with pytest.raises(Malformed):
            join(parts)


def test_sealed_but_not_ours_is_malformed() -> None:
    """Whoever has the public key can seal anything."""
    for clear in (b"", b"{}\n", b"[]\n", b'{"format": 2}\n', b'{"format": 1, "alert": "x"}\nfLaC', b"\xff\xfe"):
        with pytest.raises(Malformed):
            unpack(clear)


def test_the_commands_make_a_key_list_and_open(tmp_path: Path) -> None:
    """As a person at the desk does it; nothing that is there is overwritten."""
    key, out = tmp_path / "new.key", tmp_path / "out.flac"
    made = xiaoan("evidence", "keygen", key)
    assert made.returncode == 0, made.stderr
    assert key.stat().st_mode & 0o777 == 0o600
    public = made.stdout.split('public_key = "')[1].split('"')[0]
    again = xiaoan("evidence", "keygen", key)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    folder = tmp_path / "copied"
    folder.mkdir()
    file, _ = sealed_file(folder, SOUND)
    file.write_bytes(Seal(from_text(public))(b"x"))
    listed = xiaoan("evidence", "list", folder, "--json")
    (one,) = [json.loads(line) for line in listed.stdout.splitlines()]
    assert (one["alert"], one["at"], one["key"]) == (ID, "2026-11-23T08:00:00Z", key_name(from_text(public)))
    assert xiaoan("evidence", "open", file, "--key", key, "--out", out).returncode == 2
    assert xiaoan("evidence", "open", file, "--key", key, "--out", out, "--who", " ", "--why", "x").returncode == 2
    file.unlink()
    (folder / "desk.key").unlink()
    file, desk = sealed_file(folder, SOUND)
    assert xiaoan("evidence", "open", file, "--key", desk, "--out", out, "--who", "李老师", "--why", "家长投诉").returncode == 0
    assert (len(soundfile.read(out)[0]), out.stat().st_mode & 0o777) == (len(SOUND), 0o600)
    refused = xiaoan("evidence", "open", file, "--key", desk, "--out", out, "--who", "李老师", "--why", "家长投诉")
    assert refused.returncode == 2
    assert "is there already" in refused.stderr
    assert len(log_of(desk).read_text().splitlines()) == 1


def test_without_the_library_it_is_said_where_it_is_wanted(tmp_path: Path) -> None:
    """A terminal that keeps no evidence does without; one that should and cannot refuses to start."""
    program = "import sys; sys.modules['nacl'] = None; from edge.commands.main import main; sys.exit(main(sys.argv[1:]))"
    config = tmp_path / "config.toml"
    where = f'[broker]\nhost = "127.0.0.1"\n[paths]\nstate = "{tmp_path}"\n'
    config.write_text(f'{where}[evidence]\non = true\npublic_key = "{as_text(bytes(32))}"\n')
    done = subprocess.run([sys.executable, "-c", program, "--config", config, "run"], cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if line.startswith("xiaoan: ")]
    assert (done.returncode, len(said), "Traceback" in done.stderr) == (2, 1, False)
    assert "pip install 'xiaoan-edge[evidence]'" in said[0]
