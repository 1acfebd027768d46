r"""What it costs where a phrase alone raises nothing in full (`alone`, docs/phrases.md): what still does, by the level that counts as loudness.

    python -m models.training.phrases.alone --models models --scenes DEV --each 5

What the networks hear in the scenes is kept beside them, by `evidence` and here alike.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge.config.phrases import GROUPS, Phrase
from edge.decide.evidence import EvidenceSettings
from models.training.phrases.evidence import Files, Heard, Row, of_scenes, weighed

LEVELS_DBA = (65.0, 70.0, 75.0, 80.0)
SECOND_S = 3.0


@dataclass(frozen=True, slots=True)
class Raised:
    """Scenes in which an alert is raised in full."""

    heard: Mapping[str, int]  # by group: that it is said in
    false: int  # a group that is not said, once a scene


def raised(truth: Sequence[Row], files: Files, thresholds: Mapping[str, float]) -> Raised:
    """Counted from when the phrase begins; a scene has one at most. thresholds: of each group."""
    heard, false = dict.fromkeys(GROUPS, 0), 0
    for row in truth:
        times, scores = files[row["file"]]
        for group in GROUPS:
            over = scores[group] >= thresholds[group]
            if row["label"] == group:
                heard[group] += bool(over[times >= float(row["start"])].any())
            else:
                false += bool(over.any())
    return Raised(heard, false)


def table(truth: Sequence[Row], heard: Heard, phrases: Sequence[Phrase], thresholds: Mapping[str, float]) -> list[str]:
    """Lines of Markdown: without `alone`, then by level. heard: of these scenes, in this order."""
    said = {group: sum(row["label"] == group for row in truth) for group in GROUPS}
    lines = [f"| `second_dba` | help, said {said['help']} times | insult, said {said['insult']} times | false alarms |", "|---|---|---|---|"]
    for level_dba in (None, *LEVELS_DBA):
        of = phrases if level_dba is None else [replace(p, alone="nothing", second_dba=level_dba, second_s=SECOND_S) for p in phrases]
        found = raised(truth, weighed(heard, of, thresholds, EvidenceSettings()), thresholds)
        name = "without `alone`" if level_dba is None else f"{level_dba:.0f}"
        lines.append(f"| {name} | {found.heard['help']} | {found.heard['insult']} | {found.false} |")
    return lines


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with both models and their manifests")
    parser.add_argument("--scenes", type=Path, required=True, help="folder with truth.csv")
    parser.add_argument("--each", type=int, default=1, metavar="N", help="take each N-th scene")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    truth, phrases, heard, thresholds = of_scenes(args.scenes, args.models, args.jobs)
    one_in = slice(None, None, args.each)
    some = Heard(heard.files[one_in], heard.times, heard.level_dba[one_in], heard.shouting[one_in], heard.scores[one_in])
    print("\n".join(table(truth[one_in], some, phrases, thresholds)))


if __name__ == "__main__":
    main()
