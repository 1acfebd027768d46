"""What a detector makes of a folder of scenes: its scores at each step, kept beside the scenes, and the incidents that its rules make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.capture.recording import find
from edge.decide.gate import Gates, advance, finish
from edge.decide.types import Closed, Rule, Step
from edge.replay import Failed, Settings, play_all

SEVEN = ("cough", "laugh", "sing", "slam", "bell", "whistle", "horn")
"""Kinds of which at most SEVEN_SHARE of the scenes each may raise anything."""
SEVEN_SHARE = 0.02

Scores = Mapping[str, tuple[NDArray[np.float64], Mapping[str, NDArray[np.float64]]]]
"""File -> (times, label -> score at each), as the bench reads them."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A folder of scenes of one length, heard once."""

    files: tuple[str, ...]
    labels: tuple[str, ...]
    steps: NDArray[np.float32]  # (files, steps, 2 + labels): time_s, level_dba, a score a label

    def scores(self) -> Scores:
        """Of each label; and of "level": 30 to 120 dBA as 0 to 1."""
        steps = self.steps.astype(np.float64)
        level = np.clip((steps[:, :, 1] - 30) / 90, 0, 1)
        return {
            file: (steps[i, :, 0], {"level": level[i], **{label: steps[i, :, 2 + k] for k, label in enumerate(self.labels)}})
            for i, file in enumerate(self.files)
        }

    def incidents(self, rules: Mapping[str, Rule]) -> dict[str, list[Closed]]:
        """File -> what the terminal would raise in it."""
        return {file: self._of(i, rules) for i, file in enumerate(self.files)}

    def _of(self, index: int, rules: Mapping[str, Rule]) -> list[Closed]:
        gates, found = Gates(), list[Closed]()
        for time_s, level_dba, *scores in self.steps[index].astype(np.float64).tolist():
            gates, decisions = advance(gates, Step(time_s, level_dba, dict(zip(self.labels, scores, strict=True))), rules)
            found += [d for d in decisions if isinstance(d, Closed)]
        return [*found, *finish(gates)]


def hear(scenes: Path, models: Path, sha256: str, sensitivity_dbfs: float, jobs: int) -> Heard:
    """The detector in `models`, whose hash is given, on the scenes; from the file that is kept beside them where it was heard before."""
    kept = scenes / f"heard-{sha256[:12]}{sensitivity_dbfs:+.0f}.npz"
    if not kept.exists():
        files, labels, steps = [], tuple[str, ...](), list[NDArray[np.float64]]()
        for result in play_all(find([scenes]), Settings(models, {}, sensitivity_dbfs, keep_steps=True), jobs, lambda _: None):
            if isinstance(result, Failed):
                raise SystemExit(result.sentence.format(**result.facts))
            files.append(result.name)
            labels = result.labels
            steps.append(result.steps)
        shortest = min(map(len, steps))
        np.savez(kept, files=np.array(files), labels=np.array(labels), steps=np.stack([s[:shortest] for s in steps]).astype(np.float32))
    with np.load(kept) as saved:
        return Heard(tuple(map(str, saved["files"])), tuple(map(str, saved["labels"])), saved["steps"])


def agreed(scores: NDArray[np.floating], agree: int, of: int) -> NDArray[np.floating]:
    """(steps,) the threshold up to which a rule of `agree` of the last `of` steps would hold at each step."""
    padded = np.concatenate([np.zeros(of - 1), scores])
    windows = np.lib.stride_tricks.sliding_window_view(padded, of)
    return np.sort(windows, axis=1)[:, of - agree]


def of_seven(truth: Sequence[Mapping[str, str]], scores: Scores, name: str) -> dict[str, NDArray[np.float64]]:
    """Kind -> the highest score of this name in each of its scenes; of the SEVEN that have any."""
    highest = {kind: np.array([scores[row["file"]][1][name].max() for row in truth if row["kind"] == kind]) for kind in SEVEN}
    return {kind: found for kind, found in highest.items() if len(found)}


def of_label(found: Sequence[Closed], label: str) -> list[Closed]:
    """Those of a label."""
    return [incident for incident in found if incident.label == label]
