"""Writes `phrases-model.toml` from a run and its curves.

    python -m models.training.phrases.manifest RUN --curves curves.json --out models --date 2026-11-25 --training "python -m models.training.phrases ..."
"""

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from edge.detect.phrases import BACKGROUND
from models.training.export import STEP_FRAMES
from models.training.render import SETTINGS

RUN_STEPS = 2
"""Steps of the detector that the network takes in one run: a quarter cheaper, its weights are read half as often, and 0.1 s later on average."""
LOOKS = ((0.95, 1.0), (1.0, 1.08))
"""(tract, pace) of `edge.detect.looks`: a shorter vocal tract, and faster."""
RULES = {"insult": {"threshold": 0.5, "release": 0.25, "agree": 1, "of": 1, "shortest_s": 0.0, "hold_s": 8.0},
         "help": {"threshold": 0.5, "release": 0.25, "agree": 1, "of": 1, "shortest_s": 0.0, "hold_s": 8.0}}  # fmt: skip
"""A phrase is over within a step or two, so that one step decides; the curves say how rare a score of 0.5 is on other speech."""


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--curves", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models"), help=f"where phrases.onnx and {BACKGROUND} lie already")
    parser.add_argument("--date", required=True)
    parser.add_argument("--training", required=True, help="the command that made the run")
    args = parser.parse_args()
    network, curves = json.loads((args.run / "network.json").read_text()), json.loads(args.curves.read_text(encoding="utf-8"))
    data = sorted({"tts" if name.startswith("speech") and name != "speechocean" else name for name in network["data"]})
    head = {"name": "phrases", "date": args.date, "licence": "Apache-2.0 (weights); data in models/phrases.md", "data": data, "training": args.training,
            "sha256": hashlib.sha256((args.out / "phrases.onnx").read_bytes()).hexdigest(), "step_frames": RUN_STEPS * STEP_FRAMES, "sensitivity_dbfs": -26.0,
            "background_sha256": hashlib.sha256((args.out / BACKGROUND).read_bytes()).hexdigest(),
            "units": network["units"], "tones": network["config"]["tones"], "looks": LOOKS, "curve_by_length": curves["curve_by_length"]}  # fmt: skip
    lines = [f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in head.items()]
    lines += ["", "[features]", *(f"{k} = {v}" for k, v in asdict(SETTINGS).items())]
    for label, rule in RULES.items():
        lines += ["", f"[rules.{label}]", *(f"{k} = {v}" for k, v in rule.items())]
    lines += ["", "# At which closeness of fit a phrase's score is 0.5, and by how much more it is one logit higher.", "[curves]"]
    lines += [f'"{phrase}" = {json.dumps(curve)}' for phrase, curve in curves["curves"].items()]
    (args.out / "phrases-model.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
