"""Trains the phrase network on scenes of speech: the teacher's posteriors frame by frame, and the known texts by CTC. Goes on from its checkpoint.

    python -m models.training.phrases.train --store STORE --beds POOL --corpus ../shared/corpus --out RUN --steps 3000
"""

import argparse
import copy
import csv
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from models.training.phrases.begin import begun, grown
from models.training.phrases.data import read_store
from models.training.phrases.mix import STEPS, Mixer, rooms
from models.training.phrases.network import Syllables
from models.training.render import load_pool

Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
TONES = 5
MEASURED_AND_MADE = 150  # simulated rooms beside the measured ones
EMA = 0.998
SHOWN = ("frames", "best", "shares", "tones", "held")  # of a scene, of one size in all


class Scenes(IterableDataset[Batch]):
    """Endless batches; the seed and the number of the batch fix what is in them."""

    def __init__(self, mixer: Mixer, batch: int, seed: int, start: int, delay: int, before: Callable[[Tensor], Tensor] | None = None) -> None:
        """before: what the network that training is held to makes of frames; worked out here, as a process of its own draws the batches."""
        self._mixer, self._batch, self._seed, self._start, self._delay, self._before = mixer, batch, seed, start, delay, before

    def __iter__(self) -> Iterator[Batch]:
        info = torch.utils.data.get_worker_info()
        step, stride = (self._start + info.id, info.num_workers) if info else (self._start, 1)
        torch.set_num_threads(1)
        while True:
            rng = np.random.default_rng([self._seed, step])
            scenes = [self._mixer.scene(rng, self._delay) for _ in range(self._batch)]
            frames, best, shares, tones, held = (torch.from_numpy(np.stack([getattr(s, n) for s in scenes])) for n in SHOWN)
            lengths = torch.tensor([len(s.units) for s in scenes])
            units = torch.tensor([u for s in scenes for u in s.units], dtype=torch.int64)
            yield frames, best, shares, tones, units, lengths, held, self._before(frames) if self._before else torch.empty(0)
            step += stride


def losses(logits: Tensor, batch: Batch, taught: float, said: float, toned: float) -> tuple[Tensor, Tensor]:
    """Cross-entropy against the teacher's best units, a frame; CTC of the texts, a unit; cross-entropy of tones where they are known. Each by its weight."""
    _, best, shares, tones, units, lengths, *_ = batch
    logp = functional.log_softmax(logits[..., :-TONES], -1)
    tone = functional.cross_entropy(logits[..., -TONES:][tones > 0], tones[tones > 0] - 1) if (tones > 0).any() else logits.new_zeros(())
    shares = shares / shares.sum(-1, keepdim=True)
    weight = 1 + 2 * (best[..., 0] != 0)  # a syllable's spike is a frame or two of its six
    frame = (-(shares * logp.gather(-1, best)).sum(-1) * weight).sum() / weight.sum()
    known = lengths > 0
    if said and known.any():
        steps = torch.full((int(known.sum()),), STEPS)
        ctc = functional.ctc_loss(logp[known].transpose(0, 1), units, steps, lengths[known], zero_infinity=True, reduction="sum")
        ctc = ctc / lengths.sum()
    else:
        ctc = frame.new_zeros(())
    return taught * frame + said * ctc + toned * tone, torch.stack([frame.detach(), ctc.detach(), tone.detach()])


def unlike(logits: Tensor, before: Tensor, held: Tensor) -> Tensor:
    """Kullback-Leibler divergence of the units from what the network that training began at makes of the same scenes, weighted by held (batch, steps)."""
    now, then = (functional.log_softmax(part[..., :-TONES], -1) for part in (logits, before))
    weight = held * (1 + 2 * (then.argmax(-1) != 0))
    return (functional.kl_div(now, then, reduction="none", log_target=True).sum(-1) * weight).sum() / weight.sum().clamp(min=1)


def logits_of(network: Syllables, frames: Tensor, *, bf16: bool) -> Tensor:
    """Of frames (batch, T, bands), each from silence, in 32 bits. bf16: products in 16 bits."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        return network(frames, network.start(len(frames)))[0].float()


def logits_of_all(networks: Sequence[Syllables], frames: Tensor, *, bf16: bool) -> Tensor:
    """The mean of the log-posteriors of several networks, which hears a little better than each."""
    return torch.stack([network.posteriors(logits_of(network, frames, bf16=bf16)) for network in networks]).mean(0)


def warm_average(average: Tensor, now: Tensor, count: Tensor) -> Tensor:
    """Exponential moving average over EMA steps in the end, over fewer as long as there are few: the first ones are worth nothing."""
    keep = min(EMA, (1 + float(count)) / (10 + float(count)))
    return average * keep + now * (1 - keep) if now.is_floating_point() else now


def kept_network(path: Path, args: argparse.Namespace, mixer: Mixer, units: int) -> Syllables:
    """The network of a phrase model of an earlier training."""
    rng = np.random.default_rng(args.seed)
    return begun(path, units, TONES, torch.from_numpy(np.stack([mixer.scene(rng).frames for _ in range(args.batch)])), args.ahead)


def first_network(args: argparse.Namespace, mixer: Mixer, units: int) -> Syllables:
    """What training begins at: the model of `--begin`, or a new one."""
    if args.begin:
        return kept_network(args.begin, args, mixer, units)
    return Syllables(units, widths=args.widths, width=args.width, inner=args.inner, blocks=args.blocks, memory=args.memory, tones=TONES, ahead=args.ahead)


def held_to(args: argparse.Namespace, mixer: Mixer, network: Syllables) -> Callable[[Tensor], Tensor]:
    """What a training is held to makes of frames: the models of `--like`, or the network that it begins at."""
    kept = [kept_network(path, args, mixer, network.config["units"]) for path in args.like] or [copy.deepcopy(network)]
    return partial(logits_of_all, [each.eval().requires_grad_(requires_grad=False) for each in kept], bf16=args.bf16)


def train(args: argparse.Namespace) -> None:
    """Train up to `args.steps`, from the last checkpoint in `args.out` where there is one."""
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    store = read_store(args.store)
    heard_in = rooms(args.corpus, MEASURED_AND_MADE, np.random.default_rng(args.seed))
    mixer = Mixer(store, load_pool(args.beds), heard_in, tracts=args.tracts, paces=args.paces)
    units = json.loads((args.store / "units.json").read_text(encoding="utf-8"))
    torch.manual_seed(args.seed)
    network = first_network(args, mixer, len(units))
    before = held_to(args, mixer, network) if args.like_before else None
    if args.grow:
        network = grown(network, args.widths, args.width, args.inner, args.blocks, args.memory)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # its convolutions take half the time
    print(f"{sum(p.numel() for p in network.parameters())} parameters, {len(store.clips)} clips", flush=True)
    average = torch.optim.swa_utils.AveragedModel(network, avg_fn=warm_average, use_buffers=True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=0.01)
    path, step = args.out / "checkpoint.pt", 0
    if path.exists():
        saved = torch.load(path, weights_only=True)
        step = saved["step"]
        for part, name in ((network, "network"), (average, "average"), (optimiser, "optimiser")):
            part.load_state_dict(saved[name])

    def rate(at: int) -> float:
        """Rises over 150 steps, stays, and falls to a hundredth over the last two fifths: more steps can be asked for while it stays."""
        return args.rate * min(1.0, (at + 1) / 150, max(0.01, (args.steps - at) / (0.4 * args.steps)))

    loader = iter(DataLoader(Scenes(mixer, args.batch, args.seed, step, network.delay, before), batch_size=None, num_workers=args.workers))
    log = (args.out / "log.csv").open("a", newline="")
    writer, began, seen = csv.writer(log), time.monotonic(), []
    network.train()
    while step < args.steps:
        batch = next(loader)
        for group in optimiser.param_groups:
            group["lr"] = rate(step)
        logits = logits_of(network, batch[0], bf16=args.bf16)
        loss, parts = losses(logits, batch, args.taught, args.said if step > args.quiet or args.begin else 0.0, args.toned)
        if args.like_before:
            loss = loss + args.like_before * unlike(logits, batch[7], batch[6])
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        average.update_parameters(network)
        seen.append(parts)
        step += 1
        if step % 25 == 0 or step == args.steps:
            frame, ctc, tone = torch.stack(seen).mean(0).tolist()
            seen.clear()
            writer.writerow([step, round(frame, 4), round(ctc, 4), round(tone, 4), f"{rate(step):.2e}", round(time.monotonic() - began, 1)])
            log.flush()
            print(f"step {step}/{args.steps} frame {frame:.3f} ctc {ctc:.3f} tone {tone:.3f} {time.monotonic() - began:.0f} s", flush=True)
        if step % 100 == 0 or step == args.steps:
            state = {"step": step, "network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
            torch.save(state, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
            data = sorted({c.corpus for _, c in store.clips})
            settings = {"config": network.config, "units": units, "data": data, "args": {k: str(v) for k, v in vars(args).items()}, "step": step}
            (args.out / "network.json").write_text(json.dumps(settings, indent=1))


def load_network(run: Path) -> Syllables:
    """The averaged network of a run, in evaluation mode."""
    network = Syllables(**json.loads((run / "network.json").read_text())["config"])
    average = torch.optim.swa_utils.AveragedModel(network, use_buffers=True)
    average.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["average"])
    network.load_state_dict(average.module.state_dict())
    return network.eval()


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--store", "--beds", "--corpus", "--out"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--taught", type=float, default=1.0, help="weight of the teacher's posteriors")
    parser.add_argument("--said", type=float, default=0.3, help="weight of the texts")
    parser.add_argument("--toned", type=float, default=0.3, help="weight of the tones")
    parser.add_argument("--begin", type=Path, metavar="ONNX", help="a phrase model of an earlier training to go on from, with its sizes (try --rate 5e-4)")
    parser.add_argument("--like-before", type=float, default=0.0, metavar="WEIGHT", help="of hearing real people as the model of --begin does")
    parser.add_argument("--like", type=Path, nargs="+", default=[], metavar="ONNX", help="as the mean of these models hears them, not as that of --begin")
    parser.add_argument("--grow", action="store_true", help="begin at a network of the sizes below that hears what the model of --begin does")
    parser.add_argument("--bf16", action="store_true", help="products in 16 bits: two thirds of the time on a processor that has them")
    parser.add_argument("--tracts", type=float, default=0.0, metavar="SPREAD", help="half of the voices get a longer or shorter vocal tract (try 0.07)")
    parser.add_argument("--paces", type=float, default=0.0, metavar="SPREAD", help="half of what is said is said faster or slower (try 0.25)")
    parser.add_argument("--quiet", type=int, default=300, help="steps before the texts count")
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 48, 64])
    parser.add_argument("--width", type=int, default=224)
    parser.add_argument("--inner", type=int, default=448)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--memory", type=int, default=224)
    parser.add_argument("--ahead", type=int, default=0, help="taps of each block on what follows, where the model of --begin has fewer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    if (args.like_before or args.grow) and not args.begin:
        parser.error("--like-before and --grow need --begin, the model that training goes on from")
    if args.like and not args.like_before:
        parser.error("--like needs --like-before, how much that counts")
    train(args)


if __name__ == "__main__":
    main()
