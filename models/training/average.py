"""The mean of trainings that began at the same detector, and of that detector if it is named: one network, no larger.

    python -m models.training.average RUN... [detector.onnx] --pool POOL --out RUN

Weights are averaged (model soup, Wortsman et al. 2022), and the statistics of normalisation are taken anew from scenes.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from models.training.begin import begun
from models.training.mix import OUTPUTS, Mixer
from models.training.networks import Detector
from models.training.phrases.network import Syllables
from models.training.render import load_pool
from models.training.train import load_network, saved_average

Network = TypeVar("Network", Detector, Syllables)

BATCHES, BATCH = 60, 16
"""Scenes from which the statistics of normalisation are taken."""


def averaged(networks: Sequence[Detector]) -> Detector:
    """A network whose weights are the mean of those of networks of one shape. Its statistics of normalisation are means as well, and not yet right."""
    mean = Detector(**networks[0].config)  # type: ignore[arg-type]
    states = [n.state_dict() for n in networks]
    mean.load_state_dict({name: torch.stack([s[name].double() for s in states]).mean(0).to(value.dtype) for name, value in states[0].items()})
    return mean


@torch.no_grad()
def normalised(network: Network, batches: Sequence[Tensor]) -> Network:
    """The network with its normalisation's statistics taken from batches of frames (batch, T, bands), in evaluation mode."""
    network.eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the mean over all batches
            module.train()
    for frames in batches:
        network(frames, network.start(len(frames)))
    return network.eval()


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="folders of trainings, the first of which is described in the result; detectors that were exported")
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    abouts = [json.loads((run / "network.json").read_text()) for run in args.runs if run.is_dir()]
    if not abouts:
        parser.error("name the folder of a training: what an exported detector leaves out of its description is taken from there")
    outputs = abouts[0]["config"]["outputs"]
    mixer = Mixer(*load_pool(args.pool))
    rng = np.random.default_rng(args.seed)
    batches = [torch.from_numpy(np.stack([mixer.scene(rng).frames for _ in range(BATCH)])) for _ in range(BATCHES)]
    parts = [load_network(run) if run.is_dir() else begun(run, outputs, len(OUTPUTS), torch.cat(batches[:8])) for run in args.runs]
    network = normalised(averaged(parts), batches)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"average": saved_average(network)}, args.out / "checkpoint.pt")
    about = {**abouts[0], "data": sorted(set().union(*(a["data"] for a in abouts))), "step": sum(a["step"] for a in abouts)}
    (args.out / "network.json").write_text(json.dumps(about, indent=1))


if __name__ == "__main__":
    main()
