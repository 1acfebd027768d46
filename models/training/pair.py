"""Two trainings heard together: a network that remembers, and one of depthwise convolutions that looks at two seconds (`train --memory window --depthwise`).

    python -m models.training.pair RUN WINDOW_RUN --out RUN        or detector.onnx, beside its manifest, in place of either: its first, its second

The result is the folder of a training that can be judged and exported, and not trained further.
"""

import argparse
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from models.training.begin import begun, begun_second
from models.training.mix import OUTPUTS
from models.training.networks import Detector, Pair
from models.training.render import SETTINGS
from models.training.train import load_network, saved_average

SHARE = 0.3
"""Of the second network in the mean of the log-odds: as far as nothing is lost where the first one is at home (models/README.md)."""


def first_of(path: Path, frames: Tensor) -> Detector:
    """The first network of an exported detector, without what a teacher's tags were learnt by."""
    return begun(path, len(OUTPUTS), len(OUTPUTS), frames)


def part_of(path: Path, part: Callable[[Path, Tensor], Detector]) -> tuple[dict[str, Any], Detector | Pair]:
    """What is said of a training, and its network; of an exported detector the one that `part` takes from it."""
    if path.is_dir():
        return json.loads((path / "network.json").read_text()), load_network(path)
    frames = torch.randn(8, 200, SETTINGS.bands, generator=torch.Generator().manual_seed(0)) * 10 - 60  # what it gives does not depend on them
    data = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))["data"]
    return {"data": data, "outputs": OUTPUTS, "args": {}, "step": 0}, part(path, frames).eval()


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs=2, help="folders of trainings, or exported detectors")
    parser.add_argument("--share", type=float, default=SHARE, help="of the second (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    try:
        (about, first), (other, second) = part_of(args.runs[0], first_of), part_of(args.runs[1], begun_second)
    except (OSError, ValueError) as wrong:
        parser.error(str(wrong))
    pair = Pair([first.config, second.config], args.share)
    pair.first.load_state_dict(first.state_dict())
    pair.second.load_state_dict(second.state_dict())
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"average": saved_average(pair)}, args.out / "checkpoint.pt")
    about = {**about, "config": pair.config, "data": sorted({*about["data"], *other["data"]}), "step": about["step"] + other["step"]}
    (args.out / "network.json").write_text(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
