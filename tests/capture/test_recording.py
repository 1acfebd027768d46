"""Recordings of every kind, whole and broken."""

import io
import logging
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from edge import features
from edge.capture import RATE_HZ
from edge.capture.errors import EmptyFile, NoRecordings, NoSamples, NotSound, RecordingMissing, RecordingUnreadable
from edge.capture.recording import Recording, duration_s, find, read_blocks
from tests.capture.sounds import Array, frequency_hz, noise, rms, tone

KINDS = [
    ("WAV", "PCM_16", 16_000, 1),
    ("WAV", "PCM_U8", 8_000, 1),
    ("WAV", "PCM_24", 96_000, 2),
    ("WAV", "FLOAT", 44_100, 7),
    ("WAV", "DOUBLE", 11_025, 1),
    ("FLAC", "PCM_16", 48_000, 7),
    ("OGG", "OPUS", 48_000, 2),
    ("OGG", "VORBIS", 22_050, 1),
    ("MP3", "MPEG_LAYER_III", 44_100, 2),
]


def whole(path: Path, block_s: float = 1.0) -> Array:
    """All blocks of a recording."""
    return np.concatenate(list(read_blocks(path, block_s)))


@pytest.mark.parametrize(("kind", "subtype", "rate_hz", "channels"), KINDS)
def test_every_kind_gives_the_sound_that_was_recorded(tmp_path: Path, kind: str, subtype: str, rate_hz: int, channels: int) -> None:
    """Frequency, level and length survive any format, rate and channel count."""
    path = tmp_path / "a.sound"
    soundfile.write(path, np.repeat(tone(440.0, 2.5, 0.5, rate_hz)[:, None], channels, axis=1), rate_hz, format=kind, subtype=subtype)
    sound = whole(path)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(2.5 * RATE_HZ, abs=0.05 * RATE_HZ)
    assert duration_s(path) == pytest.approx(2.5, abs=0.05)
    assert frequency_hz(sound) == pytest.approx(440.0, abs=1.0)
    assert rms(sound[4000:-4000]) == pytest.approx(0.5 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("block_s", [0.1, 0.333, 1.0, 60.0])
def test_blocks_of_any_length_join_to_what_one_resampling_of_the_whole_gives(tmp_path: Path, block_s: float) -> None:
    """Reading as a stream changes nothing: every block but the last is full, and together they are the resampled file."""
    sound = noise(3.3, 0.1, 44_100)
    soundfile.write(tmp_path / "a.wav", sound, 44_100, subtype="FLOAT")
    blocks = list(read_blocks(tmp_path / "a.wav", block_s))
    assert {len(block) for block in blocks[:-1]} <= {round(block_s * RATE_HZ)}
    assert 0 < len(blocks[-1]) <= round(block_s * RATE_HZ)
    np.testing.assert_allclose(np.concatenate(blocks), soxr.resample(sound, 44_100, RATE_HZ), atol=1e-5)


@pytest.mark.parametrize("kind", ["MP3", "OGG", "FLAC"])
def test_reading_in_pieces_hears_what_decoding_at_once_hears(tmp_path: Path, kind: str) -> None:
    """A tone in an MP3 must not get clicks where one piece ends and the next begins."""
    path = tmp_path / "a.sound"
    soundfile.write(path, tone(440.0, 2.5, 0.5, 48_000), 48_000, format=kind)
    at_once, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(whole(path, 0.1), soxr.resample(at_once, 48_000, RATE_HZ), atol=1e-5)


def test_the_rate_is_the_one_that_features_expect() -> None:
    """The two rooms do not import each other, so this holds them together."""
    assert RATE_HZ == features.RATE_HZ


def test_channels_are_averaged(tmp_path: Path) -> None:
    """One loud channel of four is heard at a quarter."""
    channels = np.zeros((RATE_HZ, 4), np.float32)
    channels[:, 2] = tone(amplitude=0.8)
    soundfile.write(tmp_path / "a.wav", channels, RATE_HZ, subtype="FLOAT")
    np.testing.assert_allclose(whole(tmp_path / "a.wav"), tone(amplitude=0.2), atol=1e-6)


def test_a_long_recording_is_not_held_in_memory(tmp_path: Path) -> None:
    """Ten minutes of stereo (230 MB as float32 at 48 kHz) are read within a few MB."""
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 48_000, 2, subtype="PCM_16") as file:
        for second in range(600):
            file.write(np.repeat(noise(1.0, 0.1, 48_000, second % 3)[:, None], 2, axis=1))
    tracemalloc.start()
    seconds = sum(1 for _ in read_blocks(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds == 600
    assert peak < 4_000_000


def test_what_is_not_a_number_does_not_get_further(tmp_path: Path) -> None:
    """NaN, infinity and values past full scale in a float recording become numbers in -1..1."""
    sound = tone()
    sound[100:103] = np.nan, np.inf, -np.inf
    sound[200] = 7.0
    soundfile.write(tmp_path / "a.wav", sound, RATE_HZ, subtype="FLOAT")
    heard = whole(tmp_path / "a.wav")
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() == 1.0


@pytest.mark.parametrize(("kind", "heard_s"), [("WAV", 3.0), ("FLAC", 3.0), ("MP3", 3.0), ("OGG", 2.0)])
def test_a_file_cut_short_is_read_up_to_the_cut_and_said_so(tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, heard_s: float) -> None:
    """A copy that broke off at 60 % of six seconds still gives its first seconds."""
    whole_file = io.BytesIO()
    soundfile.write(whole_file, noise(6.0, 0.1, 48_000), 48_000, format=kind)
    path = tmp_path / "cut"
    path.write_bytes(whole_file.getvalue()[: len(whole_file.getvalue()) * 6 // 10])
    assert heard_s < len(whole(path)) / RATE_HZ < 4.0
    if kind != "OGG":  # Ogg carries its length at the end only: nothing is known to be missing
        assert "recording.truncated" in caplog.text
        assert "promised_s=6.0" in caplog.text


def test_a_flac_damaged_in_the_middle_is_read_up_to_the_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A bad sector costs what lies behind it, not the recording."""
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(6.0, 0.1, 48_000), 48_000)
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 500] = bytes(500)
    path.write_bytes(content)
    assert len(whole(path)) / RATE_HZ > 2.5
    assert "recording.truncated" in caplog.text


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_header_that_never_knew_the_length_is_no_broken_promise(tmp_path: Path, caplog: pytest.LogCaptureFixture, size: int) -> None:
    """Recorders into a pipe write the largest size there is: read to the end, nothing to complain of."""
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), RATE_HZ)
    content = bytearray(path.read_bytes())
    content[40:44] = size.to_bytes(4, "little")
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert len(whole(path)) == RATE_HZ
    assert not caplog.records


def test_a_flac_that_never_knew_its_length_is_read_to_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Encoders into a pipe leave the length at 0, which means unknown."""
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(seconds=2.0), RATE_HZ)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0  # STREAMINFO's last 36 bits before the checksum
    content[22:26] = bytes(4)
    path.write_bytes(content)
    assert len(whole(path)) == 2 * RATE_HZ
    assert duration_s(path) == 2.0
    assert not caplog.records


@pytest.mark.parametrize("rate_hz", [1, 100, 2_000_000_000])
def test_a_rate_that_cannot_be_is_damage(tmp_path: Path, rate_hz: int) -> None:
    """Sixteen thousand samples for each one of a file at "1 Hz" would fill the memory."""
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(), RATE_HZ)
    content = bytearray(path.read_bytes())
    content[24:28] = rate_hz.to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(NotSound, match=f"{rate_hz} Hz"):
        whole(path)


def test_a_whole_file_says_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No warning for recordings in order."""
    for kind in ("wav", "flac", "mp3", "ogg"):
        soundfile.write(tmp_path / f"a.{kind}", tone(seconds=2.0, rate_hz=48_000), 48_000)
        whole(tmp_path / f"a.{kind}")
    assert not caplog.records


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("empty.wav", b"", EmptyFile, "0 bytes"),
        ("text.wav", b"this is not sound\n" * 50, NotSound, "not a sound file"),
        ("bytes.raw", b"1234", NotSound, "not a sound file"),
        ("header.flac", b"fLaC\x00\x00\x00\x22" + bytes(10), NotSound, "not a sound file"),
    ],
)
def test_what_is_no_sound_is_named_in_a_sentence(tmp_path: Path, name: str, content: bytes, error: type[Exception], words: str) -> None:
    """Empty files, text and half headers are errors with the file's name, not tracebacks of a library."""
    (tmp_path / name).write_bytes(content)
    for call in (duration_s, whole):
        with pytest.raises(error, match=words) as raised:
            call(tmp_path / name)
        assert name in str(raised.value)


def test_zero_seconds_are_an_error(tmp_path: Path) -> None:
    """A header without a sample, or with one of 96 kHz, is not a silent recording."""
    for samples, rate_hz in ((0, RATE_HZ), (1, 96_000)):
        soundfile.write(tmp_path / "a.wav", np.zeros(samples, np.float32), rate_hz)
        with pytest.raises(NoSamples, match="zero seconds"):
            whole(tmp_path / "a.wav")


def test_a_name_that_leads_to_no_file_is_an_error(tmp_path: Path) -> None:
    """Neither a missing file nor a folder can be decoded."""
    with pytest.raises(RecordingMissing, match="no such file"):
        whole(tmp_path / "none.wav")
    with pytest.raises(RecordingUnreadable, match="not a file"):
        whole(tmp_path)


def test_files_keep_the_name_given_and_folders_are_searched_to_the_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are what the user wrote, or relative to the folder; the order is that of the names; hidden files are not sound."""
    monkeypatch.chdir(tmp_path)
    for name in ("one.wav", "set/b.FLAC", "set/a/z.opus", "set/a/c.mp3", "set/notes.txt", "set/._b.wav", "set/.trash/d.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    assert find(["./one.wav", "set"]) == [
        Recording("./one.wav", Path("one.wav")),
        Recording("a/c.mp3", Path("set/a/c.mp3")),
        Recording("a/z.opus", Path("set/a/z.opus")),
        Recording("b.FLAC", Path("set/b.FLAC")),
    ]


def test_nothing_found_is_an_error(tmp_path: Path) -> None:
    """A folder without sound and a missing name are said at once, before anything is decoded."""
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(NoRecordings, match="no sound in this folder"):
        find([tmp_path])
    with pytest.raises(RecordingMissing, match="nowhere"):
        find([tmp_path / "nowhere"])
