"""Two trainings heard together: a network that remembers, and one of depthwise convolutions that looks at two seconds (`train --memory window --depthwise`).

    python -m models.training.pair RUN WINDOW_RUN --out RUN

The result is the folder of a training that can be judged and exported, and not trained further.
"""

import argparse
import json
from pathlib import Path

import torch

from models.training.networks import Pair
from models.training.train import load_network, saved_average

SHARE = 0.3
"""Of the second network in the mean of the log-odds: as far as nothing is lost where the first one is at home (models/README.md)."""


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs=2, help="folders of trainings")
    parser.add_argument("--share", type=float, default=SHARE, help="of the second (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    abouts, networks = [json.loads((run / "network.json").read_text()) for run in args.runs], [load_network(run) for run in args.runs]
    pair = Pair([n.config for n in networks], args.share)
    pair.first.load_state_dict(networks[0].state_dict())
    pair.second.load_state_dict(networks[1].state_dict())
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"average": saved_average(pair)}, args.out / "checkpoint.pt")
    about = {**abouts[0], "config": pair.config, "data": sorted(set().union(*(a["data"] for a in abouts))), "step": sum(a["step"] for a in abouts)}
    (args.out / "network.json").write_text(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
