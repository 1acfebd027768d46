"""Trains a detector on scenes mixed from a pool; writes checkpoints and goes on from them.

    python -m models.training.train --pool POOL --out RUN --steps 3000 [--without emogator ...]
"""

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from models.training.begin import begun
from models.training.mix import OUTPUTS, Mixer, Scene
from models.training.networks import ODDS_PER_DB, Detector, Pair, made
from models.training.render import REMADE, Entry, load_pool

Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
MAIN_WEIGHT, KIND_WEIGHT, BAG_WEIGHT, TAG_WEIGHT = 1.0, 0.4, 1.0, 0.5
EMA = 0.98
"""Of the weights, a step. A longer one lags behind: over 2,000 steps 0.998 left the statistics of normalisation so far from the weights that a network of
depthwise convolutions was worthless, and cost others up to 0.02 of average precision."""
FAST_BFLOAT16 = torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001 - there is no public name; elsewhere these are several times slower


class Scenes(IterableDataset[Batch]):
    """Endless batches; the seed, the worker and the number of the batch fix what is in them."""

    def __init__(self, mixer: Mixer, batch: int, seed: int, start: int, tags: np.ndarray | None) -> None:
        self._mixer, self._batch, self._seed, self._start, self._tags = mixer, batch, seed, start, tags

    def __iter__(self) -> Iterator[Batch]:
        info = torch.utils.data.get_worker_info()
        step, stride = (self._start + info.id, info.num_workers) if info else (self._start, 1)
        while True:
            rng = np.random.default_rng([self._seed, step])
            scenes = [self._mixer.scene(rng) for _ in range(self._batch)]
            yield self._tensors(scenes)
            step += stride

    def _tensors(self, scenes: list[Scene]) -> Batch:
        entries = np.array([s.entry for s in scenes])
        tags = np.full((len(scenes), 0), -1, np.float32)
        if self._tags is not None:
            tags = np.where(entries[:, None] >= 0, self._tags[entries], -1).astype(np.float32)
        fields = [np.stack([getattr(s, n) for s in scenes]) for n in ("frames", "target", "bag", "reach")]
        return tuple(torch.from_numpy(f) for f in (*fields, tags))  # type: ignore[return-value]


def masked_bce(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy over the targets that are asked (not -1)."""
    asked = target >= 0
    loss = functional.binary_cross_entropy_with_logits(logits, target.clamp(min=0), reduction="none")
    return (loss * asked).sum() / asked.sum().clamp(min=1)


def losses(logits: Tensor, batch: Batch) -> Tensor:
    """Frames (labels, kinds), the highest frame of each scene (what raises an alert or a false one), and the teacher's tags."""
    _, target, bag, reach, tags = batch
    outputs = logits[..., : len(OUTPUTS)]
    highest = outputs[..., :2].masked_fill(~reach, -20).amax(1)
    total = MAIN_WEIGHT * masked_bce(outputs[..., :2], target[..., :2]) + KIND_WEIGHT * masked_bce(outputs[..., 2:], target[..., 2:])
    total = total + BAG_WEIGHT * masked_bce(highest, bag)
    if tags.shape[1]:
        total = total + TAG_WEIGHT * masked_bce(logits[..., len(OUTPUTS) :].amax(1), tags)
    return total


@torch.no_grad()
def taught(teachers: Sequence[Detector | Pair], frames: Tensor) -> Tensor:
    """What networks that hear together think of frames (batch, T, bands), by the mean of their log-odds: (batch, T / 4, 2) of shouting and crying, 0..1."""
    return torch.sigmoid(torch.stack([t(frames, t.start(len(frames)))[0][..., :2] for t in teachers]).mean(0))


def lesson(logits: Tensor, wanted: Tensor, labels: Sequence[str]) -> Tensor:
    """Binary cross-entropy of these labels (batch, T / 4, outputs) to what teachers think of them (batch, T / 4, 2); the other outputs are free."""
    columns = [OUTPUTS.index(label) for label in labels]
    return masked_bce(logits[..., columns], wanted[..., columns])


def teacher_tags(path: Path, entries: Sequence[Entry]) -> np.ndarray:
    """(entries, classes) what the teacher heard in the clip of each entry, -1 where it was not asked or the clip was made into something else."""
    table = np.load(path)
    rows = {k: i for i, k in enumerate(table["keys"])}
    values = table["values"].astype(np.float32)
    unknown = np.full(values.shape[1], -1, np.float32)
    kinds: dict[str, set[str]] = {}
    for e in entries:
        kinds.setdefault(e.key, set()).add(e.kind)
    heard = [e.key in rows and not (e.kind in REMADE and len(kinds[e.key]) > 1) for e in entries]
    return np.stack([values[rows[e.key]] if known else unknown for e, known in zip(entries, heard, strict=True)])


def mistaken_scores(path: Path) -> dict[str, float]:
    """What `mine` wrote: sort of sound -> score."""
    table = np.load(path)
    return dict(zip(table["sorts"].tolist(), table["scores"].tolist(), strict=True))


def keep_convolutions(network: Detector) -> None:
    """Leave the convolutions, their normalisation and the squeeze as they are: what they have learnt to tell apart of strangers is not forgotten."""
    network.convs.eval()
    for part in (network.convs, network.squeeze):
        part.requires_grad_(requires_grad=False)


def at_first(args: argparse.Namespace, mixer: Mixer, outputs: int) -> Detector:
    """The network of which a training begins, in training mode."""
    if args.begin:
        rng = np.random.default_rng(args.seed)
        frames = torch.from_numpy(np.stack([mixer.scene(rng).frames for _ in range(args.batch)]))
        network = begun(args.begin, outputs, len(OUTPUTS), frames)
    else:
        network = Detector(outputs, widths=args.widths, width=args.width, memory=args.memory, depthwise=args.depthwise)
    network = network.to(memory_format=torch.channels_last)
    if args.keep_convolutions:
        keep_convolutions(network)
    return network


def train(args: argparse.Namespace) -> None:
    """Train up to `args.steps`, from the last checkpoint in `args.out` where there is one."""
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    args.out.mkdir(parents=True, exist_ok=True)
    shards, entries = load_pool(args.pool)
    tags = teacher_tags(args.tags, entries) if args.tags else None
    mixer = Mixer(shards, entries, without=args.without, mistaken=mistaken_scores(args.mistaken) if args.mistaken else None)
    torch.manual_seed(args.seed)
    outputs = len(OUTPUTS) + (0 if tags is None else tags.shape[1])
    network = at_first(args, mixer, outputs)
    teachers = [load_network(run, level=False) for run in args.taught_by]
    average = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(EMA), use_buffers=True)
    learnt = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=args.rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, args.rate, total_steps=args.steps, pct_start=0.1, anneal_strategy="cos", final_div_factor=100)
    path, step = args.out / "checkpoint.pt", 0
    if path.exists():
        saved = torch.load(path, weights_only=True)
        step = saved["step"]
        for part, name in ((network, "network"), (average, "average"), (optimiser, "optimiser"), (schedule, "schedule")):
            part.load_state_dict(saved[name])
    loader = iter(DataLoader(Scenes(mixer, args.batch, args.seed, step, tags), batch_size=None, num_workers=args.workers))
    log = (args.out / "log.csv").open("a", newline="")
    writer, began, losses_seen = csv.writer(log), time.monotonic(), []
    last = min(args.until or args.steps, args.steps)
    while step < last:
        batch = next(loader)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=FAST_BFLOAT16 and not args.depthwise):  # a third faster, the same loss; depthwise half as fast
            logits, _ = network(batch[0], network.start(len(batch[0])))
        loss = losses(logits.float(), batch)
        if teachers:
            loss = loss + args.taught_weight * lesson(logits.float(), taught(teachers, batch[0]), args.taught)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        schedule.step()
        average.update_parameters(network)
        losses_seen.append(loss.item())
        step += 1
        if step % 50 == 0 or step == last:
            mean = float(np.mean(losses_seen))
            losses_seen.clear()
            writer.writerow([step, round(mean, 5), f"{schedule.get_last_lr()[0]:.2e}", round(time.monotonic() - began, 1)])
            log.flush()
            print(f"step {step}/{args.steps} loss {mean:.4f} {time.monotonic() - began:.0f} s", flush=True)
        if step % 250 == 0 or step == last:
            parts = {"network": network, "average": average, "optimiser": optimiser, "schedule": schedule}
            state = {"step": step, **{name: part.state_dict() for name, part in parts.items()}}
            torch.save(state, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
            data = sorted({e.corpus for e in entries} - set(args.without))
            settings = {"config": network.config, "data": data, "outputs": OUTPUTS, "args": {k: str(v) for k, v in vars(args).items()}, "step": step}
            (args.out / "network.json").write_text(json.dumps(settings, indent=1))


def saved_average(network: torch.nn.Module) -> dict[str, Tensor]:
    """The network as the average that a checkpoint holds."""
    return dict(torch.optim.swa_utils.AveragedModel(network, use_buffers=True).state_dict())


def load_network(run: Path, *, level: bool = True) -> Detector | Pair:
    """The averaged network of a run, in evaluation mode, and with what the level is worth if wanted."""
    network = made(json.loads((run / "network.json").read_text())["config"])
    average = torch.optim.swa_utils.AveragedModel(network, use_buffers=True)
    average.load_state_dict(torch.load(run / "checkpoint.pt", weights_only=True)["average"])
    network.load_state_dict(average.module.state_dict())
    if level:
        network.level.odds_per_db.copy_(torch.tensor(ODDS_PER_DB))
    return network.eval()


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--until", type=int, help="end at this step, to go on later (the learning rate goes by --steps)")
    parser.add_argument("--begin", type=Path, metavar="ONNX", help="a detector of an earlier training to go on from; its sizes count then (try --rate 1e-3)")
    parser.add_argument("--keep-convolutions", action="store_true", help="learn the memory and the outputs only; with --begin")
    parser.add_argument("--mistaken", type=Path, help="sounds that an earlier state of the network took for alarming, from `mine`")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--without", nargs="*", default=[], help="corpora left out")
    parser.add_argument("--tags", type=Path, help="teacher's tags of clips (npz of keys and values)")
    parser.add_argument("--taught-by", type=Path, nargs="*", default=[], metavar="RUN", help="trainings whose networks, heard together, are a further target")
    parser.add_argument("--taught", nargs="+", choices=OUTPUTS[:2], default=OUTPUTS[:2], help="labels they teach, the others are learnt by scenes alone")
    parser.add_argument("--taught-weight", type=float, default=2.0, help="of that target; the labels have 1 (default: %(default)s)")
    parser.add_argument("--widths", type=int, nargs="+", default=[16, 32, 48, 64, 96])
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--memory", choices=("gru", "tcn", "window"), default="gru")
    parser.add_argument("--depthwise", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    if args.keep_convolutions and not args.begin:
        parser.error("--keep-convolutions needs a detector whose convolutions are kept: name it with --begin")
    train(args)


if __name__ == "__main__":
    main()


