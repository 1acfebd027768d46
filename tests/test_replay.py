"""Recordings through the chain, over the cores and in order."""

import contextlib
import multiprocessing
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.capture.recording import Recording
from edge.decide.types import Rule
from edge.detect.detector import Detector, Scores
from edge.replay import Failed, Models, Played, Settings, WorkerDied, play, play_all
from edge.shipped import models_folder

ALWAYS = Rule(threshold=0.0, release=0.0, agree=1, of=1, shortest_s=0.0, hold_s=1.0)
NEVER = Rule(threshold=1.0, release=1.0, agree=1, of=1, shortest_s=0.0, hold_s=1.0)


class ScriptedDetector:
    """Scores shouting by the sound's own value: what stands in the recording is what the model hears."""

    manifest = SimpleNamespace(labels=("shouting",))

    def stream(self, _sensitivity_dbfs: float) -> "ScriptedDetector":
        """Fresh state."""
        self._rest, self._time_s = np.zeros(0, np.float32), 0.0
        return self

    def feed(self, samples: NDArray[np.float32]) -> list[Scores]:
        """A step each 0.2 s."""
        self._rest = np.concatenate([self._rest, samples])
        found = []
        while len(self._rest) >= 3200:
            self._time_s += 0.2
            found.append(Scores(self._time_s, 60.0, {"shouting": float(np.clip(self._rest[:3200].mean(), 0, 1))}, np.zeros((20, 64), np.float32)))
            self._rest = self._rest[3200:]
        return found


SCRIPTED = Models(cast(Detector, ScriptedDetector()), None)


def recording(path: Path, *levels: tuple[float, float]) -> Recording:
    """A 16 kHz recording of constant values, each given as (seconds, value)."""
    soundfile.write(path, np.concatenate([np.full(int(s * 16_000), v, np.float32) for s, v in levels]), 16_000, subtype="FLOAT")
    return Recording(path.name, path)


def settings(rule: Rule, *, keep_steps: bool = False) -> Settings:
    """One rule for shouting, the shipped model."""
    return Settings(models_folder(), {"shouting": rule}, -26.0, keep_steps=keep_steps)


def test_a_recording_gives_its_alerts_and_its_scores(tmp_path: Path) -> None:
    """Onset, decision and end come out at the recording's own times, across the blocks it is read in, and each step can be kept."""
    rule = Rule(threshold=0.5, release=0.3, agree=2, of=3, shortest_s=0.4, hold_s=1.0)
    file = recording(tmp_path / "a.wav", (4.0, 0.1), (3.0, 0.9), (4.0, 0.1), (2.0, 0.9))
    told: list[float] = []
    played = play(file, SCRIPTED, settings(rule, keep_steps=True), told.append)
    times = [(a.onset_s, a.raised_s, a.end_s) for a in played.alerts]
    assert times == [pytest.approx((4.0, 4.4, 7.0)), pytest.approx((11.0, 11.4, 13.0))]
    assert played.steps.shape == (65, 3)
    assert played.steps[20:22].tolist() == [pytest.approx([4.2, 60.0, 0.9]), pytest.approx([4.4, 60.0, 0.9])]
    assert (played.duration_s, sum(told)) == (13.0, 13.0)


def test_what_is_open_at_the_end_is_an_alert(tmp_path: Path) -> None:
    """A recording that ends in the middle of an incident has not lost it."""
    played = play(recording(tmp_path / "a.wav", (2.0, 0.9)), SCRIPTED, settings(ALWAYS), lambda _: None)
    assert [(a.onset_s, a.end_s) for a in played.alerts] == [pytest.approx((0.0, 2.0))]
    assert len(played.steps) == 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order_and_a_bad_file_does_not_stop_the_others(tmp_path: Path, jobs: int) -> None:
    """Each recording starts from fresh state, whoever plays it, and one that cannot be read keeps its sentence."""
    files = [recording(tmp_path / f"{i}.wav", (1.0 + i % 3, 0.001 * i)) for i in range(7)]
    (tmp_path / "bad{0}.wav").write_text("no sound")
    files.insert(3, Recording("bad{0}.wav", tmp_path / "bad{0}.wav"))
    results = list(play_all(files, settings(ALWAYS, keep_steps=True), jobs, lambda _: None))
    assert [r.name for r in results] == [f.name for f in files]
    failed = results[3]
    assert isinstance(failed, Failed)
    assert "bad{0}.wav" in failed.sentence.format(**failed.facts)
    for result, file in zip(results, files, strict=True):
        if isinstance(result, Played):
            alone = next(play_all([file], settings(ALWAYS, keep_steps=True), 1, lambda _: None))
            assert isinstance(alone, Played)
            assert alone.alerts == result.alerts
            np.testing.assert_array_equal(alone.steps, result.steps)


def test_a_killed_worker_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    """When the system kills a worker, nothing hangs and nobody is told that all went well."""
    files = [recording(tmp_path / f"{i}.wav", (300.0, 0.01)) for i in range(4)]

    def kill(_done_s: float) -> None:
        for child in multiprocessing.active_children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(cast(int, child.pid), signal.SIGKILL)

    with pytest.raises(WorkerDied, match="killed"):
        list(play_all(files, settings(NEVER), 2, kill))
    assert multiprocessing.active_children() == []


def test_no_worker_outlives_a_reader_that_left(tmp_path: Path) -> None:
    """Whoever stops listening (Ctrl-C, a closed pipe) leaves no process behind."""
    files = [recording(tmp_path / f"{i}.wav", (60.0, 0.01)) for i in range(6)]
    results = play_all(files, settings(NEVER), 2, lambda _: None)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []
