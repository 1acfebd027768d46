"""The keeper with real threads, keys and files."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.evidence.container import join, to_int16
from edge.evidence.keeper import SIDE_S, SLACK_S, Keeper, Ring
from edge.evidence.sealing import Seal, make_key, read_key, unseal
from edge.evidence.shelf import FOLDER, Shelf
from edge.health.clock import Moment
from edge.health.faults import Fault
from tests.alerts.make import START_MS, alert
from tests.broker import wait_for
from tests.capture.sounds import Array, noise

RATE_HZ = 16_000
SOUND = noise(40.0, 0.05)


class Wall:
    """A terminal's keeper, and a clock that stands still until it is told otherwise."""

    def __init__(self, folder: Path, before_s: float = 2.0, after_s: float = 3.0, quota_bytes: int = 10_000_000) -> None:
        self.now_s = 0.0
        self.folder = folder / "state"
        self._key = folder / "desk.key"
        seal = Seal(make_key(self._key))
        self.keeper = Keeper(seal, Shelf(self.folder, quota_bytes, 14), "no-4/t1", before_s, after_s, self._clock)

    def _clock(self) -> Moment:
        return Moment(self.now_s, START_MS, synchronised=True)

    def hear(self, sound: Array) -> None:
        """In blocks, as a microphone gives it."""
        for at in range(0, len(sound), 1600):
            self.keeper.hear(sound[at : at + 1600])

    def sounds(self) -> list[Array]:
        """What is sealed, opened; the oldest first."""
        private = read_key(self._key)
        files = sorted((self.folder / FOLDER).glob("*.sealed")) if self.folder.exists() else []
        return [soundfile.read(io.BytesIO(join(unseal(file.read_bytes(), private, file))[1]), dtype="float32")[0] for file in files]


def seconds(sound: Array) -> float:
    """Its length."""
    return len(sound) / RATE_HZ


def same(sound: Array, begin_s: float, end_s: float) -> bool:
    """Whether it is that part of SOUND, to a step of 16 bits."""
    part = SOUND[round(begin_s * RATE_HZ) : round(end_s * RATE_HZ)].clip(-1, 1)
    return len(sound) == len(part) and bool(np.abs(sound - part).max() < 2 / 32767)


def test_the_ring_holds_the_last_samples_by_their_number() -> None:
    """Over its end too; what has left, and what has not come, is not given."""
    ring = Ring(10 / RATE_HZ)
    for at in range(0, 28, 4):
        ring.add(np.arange(at, at + 4, dtype=np.int16))
    for first, last, wanted in ((20, 26, range(20, 26)), (0, 100, range(18, 28)), (27, 27, range(0)), (30, 40, range(0)), (5, 9, range(0))):
        assert ring.cut(first, last)[1].tolist() == list(wanted), (first, last)
    assert Ring(1.0).cut(-100, 100)[1].tolist() == []


def test_seconds_before_and_after_the_onset_are_sealed(tmp_path: Path) -> None:
    """What was before lies there at once; what comes after it is added as it is heard, and nothing that comes later."""
    wall = Wall(tmp_path)
    wall.hear(SOUND[: 11 * RATE_HZ])
    wall.keeper.want(alert(1), 9.5, 10.0)
    wait_for(lambda: [seconds(sound) for sound in wall.sounds()] == [3.5], "what was before the alert")
    assert same(wall.sounds()[0], 7.5, 11.0)
    wall.hear(SOUND[11 * RATE_HZ : 12 * RATE_HZ])
    wait_for(lambda: [seconds(sound) for sound in wall.sounds()] == [4.5], "the first second after it")
    wall.hear(SOUND[12 * RATE_HZ : 20 * RATE_HZ])
    wait_for(lambda: [seconds(sound) for sound in wall.sounds()] == [5.5], "the whole")
    assert same(wall.sounds()[0], 7.5, 13.0)
    wall.keeper.stop(10.0)
    assert wall.keeper.faults() == frozenset()


def test_nothing_is_sealed_further_back_than_thirty_seconds(tmp_path: Path) -> None:
    """A sound that was no alert for a long time."""
    wall = Wall(tmp_path)
    wall.hear(SOUND)
    wall.keeper.want(alert(1), 1.0, 35.0)
    wait_for(lambda: [seconds(sound) for sound in wall.sounds()] == [33.0], "the sealed file")
    assert same(wall.sounds()[0], 5.0, 38.0)
    wall.keeper.stop(10.0)


def test_an_end_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    """The microphone is pulled out; a terminal that ends seals what it has."""
    wall = Wall(tmp_path)
    wall.hear(SOUND[: 11 * RATE_HZ])
    wall.keeper.want(alert(1), 9.5, 10.0)
    wait_for(lambda: len(wall.sounds()) == 1, "the first part")
    wall.now_s = 100.0
    wall.hear(SOUND[11 * RATE_HZ : 12 * RATE_HZ])
    wall.keeper.want(alert(2), 11.5, 11.9)
    wall.keeper.stop(10.0)
    assert [seconds(sound) for sound in wall.sounds()][1] == 2.5


def test_a_file_that_has_left_does_not_come_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Quota and age took it while it grew: its beginning would be missing. That is no fault of the disk."""
    wall = Wall(tmp_path)
    wall.hear(SOUND[: 11 * RATE_HZ])
    wall.keeper.want(alert(1), 9.5, 10.0)
    wait_for(lambda: len(wall.sounds()) == 1, "the first part")
    next((wall.folder / FOLDER).glob("*.sealed")).unlink()
    wall.hear(SOUND[11 * RATE_HZ : 20 * RATE_HZ])
    wait_for(lambda: "evidence.cut" in caplog.text, "that it is known")
    wall.keeper.stop(10.0)
    assert (wall.sounds(), wall.keeper.faults()) == ([], frozenset())


def test_memory_is_bounded_however_many_alerts_there_are(tmp_path: Path) -> None:
    """The ring never grows; those that would have to wait too long have no evidence, and nobody waits for it."""
    wall = Wall(tmp_path, before_s=30.0, after_s=30.0)
    assert wall.keeper._ring._samples.nbytes == 2 * RATE_HZ * (SIDE_S + 30 + SLACK_S)
    wall.hear(SOUND)
    for number in range(200):
        wall.keeper.want(alert(number), 30.0, 30.5)
    assert wall.keeper._wishes.qsize() <= 16
    wall.keeper.stop(30.0)


def test_a_disk_that_refuses_is_a_fault_until_it_takes_something(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once; alerts know nothing of it."""
    (tmp_path / "state").write_text("in the way")
    wall = Wall(tmp_path)
    wall.hear(SOUND[: 20 * RATE_HZ])
    for number in (1, 2):
        wall.keeper.want(alert(number), 9.5, 10.0)
    wait_for(lambda: wall.keeper.faults() == {Fault.STORAGE}, "the fault")
    wall.now_s = 1.0
    wall.folder.unlink()
    wall.keeper.want(alert(3), 9.5, 10.0)
    wait_for(lambda: wall.keeper.faults() == frozenset(), "its end")
    wall.keeper.stop(10.0)
    assert [record.levelname for record in caplog.records if "refused" in record.message].count("WARNING") >= 1


def test_too_little_quota_is_refused_and_nothing_breaks(tmp_path: Path) -> None:
    """A file larger than all that may be kept."""
    wall = Wall(tmp_path, quota_bytes=1000)
    wall.hear(SOUND[: 20 * RATE_HZ])
    wall.keeper.want(alert(1), 9.5, 10.0)
    wait_for(lambda: Fault.STORAGE in wall.keeper.faults(), "the fault")
    wall.keeper.stop(10.0)
    assert wall.sounds() == []


def test_sound_is_kept_in_sixteen_bits() -> None:
    """Half the memory; full scale does not turn over."""
    assert to_int16(np.array([-2.0, -1.0, 0.0, 1.0, 2.0], np.float32)).tolist() == [-32767, -32767, 0, 32767, 32767]
