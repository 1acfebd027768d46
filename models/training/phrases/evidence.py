r"""What evidence that adds up is worth: figures with and without it on scenes of the bench, and its bonuses fitted, one after the other.

    python -m models.training.phrases.evidence --models models --scenes DEV --bench bench.py
    python -m models.training.phrases.evidence --models models --scenes TRAIN --bench bench.py --fit

Takes any model. What the networks hear in the scenes is kept beside them (`heard-….npz`, named by both models and the list), so that a rule can be tried in
seconds. Bonuses are fitted on scenes of the training part; those that figures are reported of are for the report alone.

The yardstick of the fit is the recall of both groups, averaged over RATES false alarms an hour. A constant is changed only where that is worth more than NOISE
standard deviations of the same difference over scenes that are drawn anew with repetition: less is chance.
"""

import argparse
import csv
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.chain import hits
from edge.config.phrases import GROUPS, Phrase, list_in_use
from edge.config.schema import PhraseSettings
from edge.decide.evidence import Evidence, EvidenceSettings, Moment, weigh
from edge.detect.detector import Detector
from edge.detect.phrases import PHRASE_MANIFEST, PhraseModel, PhraseStream, read_phrase_manifest
from edge.detect.units import Units, units_of
from models.training.bench import bench_module

Array = NDArray[np.float32]
Row = Mapping[str, str]
Files = dict[str, tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]]  # times and scores by label of each file, as the bench has them
WeighWith = Callable[[EvidenceSettings], Files]

RATES = (1.0, 2.0, 5.0, 10.0)
NOISE = 2.0
DRAWS = 200
SHARD = 100  # scenes that a process hears before it loads the models anew
WITHOUT = EvidenceSettings(raised_bonus=0.0, again_bonus=0.0, other_bonus=0.0, most_bonus=0.0, logits_per_db=0.0)
TRIED: Mapping[str, tuple[float, ...]] = {
    "raised_bonus": (0.0, 0.4, 0.8, 1.2, 1.6, 2.4),
    "again_bonus": (0.0, 0.5, 1.0, 1.5, 2.0, 3.0),
    "other_bonus": (0.0, 0.4, 0.8, 1.2, 1.6, 2.4),
    "logits_per_db": (0.0, 0.1, 0.2, 0.3),
    "most_db": (6.0, 9.0, 12.0),
    "most_bonus": (0.9, 1.8, 2.4, 3.0, 3.6),
    "weak": (-3.0, -2.0, -1.0),
    "window_s": (2.0, 4.0, 6.0),
}
"""What the search tries of each constant, the others as they are."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the networks made of some scenes of one length."""

    files: tuple[str, ...]
    times: Array  # (steps,) s
    level_dba: Array  # (scenes, steps)
    shouting: Array  # (scenes, steps)
    scores: Array  # (scenes, steps, phrases), before evidence adds up


def hear(scenes: Path, files: Sequence[str], models: Path, texts: Sequence[str], units: Sequence[Units]) -> Heard:
    """The scenes, each from fresh state."""
    detector, model = Detector.load(models, at_once=True), PhraseModel.load(models, at_once=True)
    rows = []
    for file in files:
        steps = detector.stream(model.manifest.sensitivity_dbfs).feed(soundfile.read(scenes / file, dtype="float32")[0])
        scores = PhraseStream(model, texts, units, detector.manifest.step_frames).steps(np.concatenate([step.frames for step in steps]))
        rows.append(([s.time_s for s in steps], [s.level_dba for s in steps], [s.values["shouting"] for s in steps], scores))
    times, *columns = (np.array(column, np.float32) for column in zip(*rows, strict=True))
    return Heard(tuple(files), times[0], *columns)


def kept(scenes: Path, files: Sequence[str], models: Path, phrases: Sequence[Phrase], units: Sequence[Units], jobs: int) -> Heard:
    """The same from the disk where it was heard before, else heard and written there."""
    known = b"".join((models / name).read_bytes() for name in ("detector.toml", PHRASE_MANIFEST))  # they have the hashes of all that belongs to them
    about = repr(([p.text for p in phrases], [[sorted(place) for place in u] for u in units], list(files))).encode()
    path = scenes / f"heard-{hashlib.sha256(known + about).hexdigest()[:16]}.npz"
    if not path.exists():
        parts = [files[at : at + SHARD] for at in range(0, len(files), SHARD)]
        with ProcessPoolExecutor(jobs) as pool:
            texts = [p.text for p in phrases]
            heard = list(pool.map(hear, [scenes] * len(parts), parts, [models] * len(parts), [texts] * len(parts), [list(units)] * len(parts)))
        levels, shouting, scores = (np.concatenate(columns) for columns in zip(*((h.level_dba, h.shouting, h.scores) for h in heard), strict=True))
        unfinished = path.with_suffix(".unfinished.npz")
        np.savez_compressed(unfinished, times=heard[0].times, level_dba=levels, shouting=shouting, scores=scores)
        unfinished.rename(path)
    table = np.load(path)
    return Heard(tuple(files), *(table[name] for name in ("times", "level_dba", "shouting", "scores")))


def of_scenes(
    scenes: Path, models: Path, jobs: int, phrases: Path | None = None, first: int | None = None
) -> tuple[Sequence[Row], Sequence[Phrase], Heard, Mapping[str, float]]:
    """Truth, phrases, what is heard of them, and each group's threshold, for a folder of scenes; the first so many of them. phrases: a list of one's own."""
    with (scenes / "truth.csv").open(newline="", encoding="utf-8") as file:
        truth = list(csv.DictReader(file))[:first]
    listed = list_in_use(PhraseSettings(), models, phrases)
    units = units_of([p.text for p in listed.heard], listed.mergers, heteronyms=listed.heteronyms, toned=True)
    heard = kept(scenes, [row["file"] for row in truth], models, listed.heard, [units[p.text] for p in listed.heard], jobs)
    rules = read_phrase_manifest(models / PHRASE_MANIFEST).rules
    return truth, listed.heard, heard, {group: rules[group].threshold for group in GROUPS}


def weighed(heard: Heard, phrases: Sequence[Phrase], thresholds: Mapping[str, float], settings: EvidenceSettings) -> Files:
    """Scores of each group as the terminal has them, by these settings. thresholds: of each group."""
    rows_of = {group: [i for i, p in enumerate(phrases) if p.group == group] for group in GROUPS}
    members = {group: rows for group, rows in rows_of.items() if rows}
    found: Files = {}
    for file, levels, shouting, scores in zip(heard.files, heard.level_dba, heard.shouting, heard.scores, strict=True):
        evidence, rows = Evidence(), []
        for time_s, level_dba, shout, said in zip(heard.times.tolist(), levels.tolist(), shouting.tolist(), scores.tolist(), strict=True):
            evidence, groups = weigh(evidence, Moment(time_s, level_dba, shout, hits(said, members)), phrases, thresholds, settings)
            rows.append([groups[group].score for group in GROUPS])
        by_group = np.array(rows, float)
        found[file] = heard.times.astype(float), {group: by_group[:, i] for i, group in enumerate(GROUPS)}
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """One group: its events and false alarms, each with the scene that it is in."""

    events: NDArray[np.float64]
    event_scene: NDArray[np.intp]
    alarms: NDArray[np.float64]
    alarm_scene: NDArray[np.intp]
    hours: float

    def recall(self, weight: NDArray[np.float64]) -> float:
        """Mean over RATES. weight: of each scene."""
        order = np.argsort(-self.alarms)
        alarms, counted = self.alarms[order], np.cumsum(weight[self.alarm_scene[order]])
        of = weight[self.event_scene]
        if not of.sum():
            return 0.0
        found = []
        for rate in RATES:
            over = int(np.searchsorted(counted, rate * self.hours, side="right"))  # the first alarm that is one too many
            found.append(float(of[self.events > (alarms[over] if over < len(alarms) else -1.0)].sum() / of.sum()))
        return float(np.mean(found))


def outcomes(truth: Sequence[Row], files: Files, bench: ModuleType) -> list[Outcome]:
    """Each group that is said in the scenes."""
    scene = {row["file"]: i for i, row in enumerate(truth)}
    made = []
    for group in GROUPS:
        events, alarms, hours = bench.evaluate(truth, files, group)
        if events:
            columns = [(np.array([score for score, _ in rows], float), np.array([scene[row["file"]] for _, row in rows], np.intp)) for rows in (events, alarms)]
            made.append(Outcome(*columns[0], *columns[1], hours))
    return made


@dataclass(frozen=True, slots=True)
class Gain:
    """What one setting has over another in the fit's yardstick, and by how much chance would move that."""

    value: float
    deviation: float

    @property
    def real(self) -> bool:
        """More than noise."""
        return self.value > NOISE * self.deviation


def gain(before: Sequence[Outcome], after: Sequence[Outcome], scenes: int, seed: int = 1) -> Gain:
    """Of the same scenes, drawn anew DRAWS times, for both alike."""

    def yardstick(found: Sequence[Outcome], weight: NDArray[np.float64]) -> float:
        return float(np.mean([outcome.recall(weight) for outcome in found]))

    rng, once = np.random.default_rng(seed), np.ones(scenes)
    drawn = [np.bincount(rng.integers(scenes, size=scenes), minlength=scenes).astype(float) for _ in range(DRAWS)]
    return Gain(yardstick(after, once) - yardstick(before, once), float(np.std([yardstick(after, w) - yardstick(before, w) for w in drawn])))


@dataclass(frozen=True, slots=True)
class Try:
    """One value of one constant."""

    name: str
    value: float
    gain: Gain  # over the settings that it was tried on
    taken: bool


def fit(truth: Sequence[Row], bench: ModuleType, weigh_with: WeighWith, begin: EvidenceSettings) -> Iterator[Try | EvidenceSettings]:
    """Each constant in turn: its best value is taken where it is better by more than noise. Ends with the settings that are left."""
    settings = begin
    best = outcomes(truth, weigh_with(settings), bench)
    for name, values in TRIED.items():
        tried = []
        for value in values:
            if value != getattr(settings, name):
                after = outcomes(truth, weigh_with(replace(settings, **{name: value})), bench)
                tried.append((gain(best, after, len(truth)), value, after))
        better, value, after = max(tried, key=lambda one: one[0].value)
        yield from (Try(name, v, g, taken=v == value and better.real) for g, v, _ in tried)
        if better.real:
            settings, best = replace(settings, **{name: value}), after
    yield settings


def figures(truth: Sequence[Row], files: Files, bench: ModuleType) -> Iterator[tuple[str, Mapping[str, float], float]]:
    """Each group's figures by the bench, and the share of near misses that are raised at 1 false alarm an hour."""
    for group in GROUPS:
        events, alarms, hours = bench.evaluate(truth, files, group)
        if events:
            summary = bench.summary(events, alarms, hours)
            near = [files[row["file"]][1][group].max() > summary["threshold@1/h"] for row in truth if row["kind"] == "near_miss"]
            yield group, summary, float(np.mean(near)) if near else float("nan")


def table(truth: Sequence[Row], rows: Mapping[str, Files], bench: ModuleType) -> list[str]:
    """Lines of Markdown, a row for each settings and group."""
    lines = ["| | group | average precision | recall at 1 false alarm an hour | at 10 | near misses raised at 1 an hour |", "|---|---|---|---|---|---|"]
    for name, files in rows.items():
        for group, summary, near in figures(truth, files, bench):
            cells = f"{summary['ap']:.3f} | {summary['recall@1/h']:.2f} | {summary['recall@10/h']:.2f} | {near:.3f}"
            lines.append(f"| {name} | {group} | {cells} |")
    return lines


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder with both models and their manifests")
    parser.add_argument("--scenes", type=Path, required=True, help="folder with truth.csv")
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench/bench.py"))
    parser.add_argument("--list", type=Path, help="list of phrases (default: the one of --models)")
    parser.add_argument("--fit", action="store_true", help="fit the constants, on scenes of the training part")
    parser.add_argument("--first", type=int, help="take the first so many scenes only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    bench = bench_module(args.bench)
    truth, phrases, heard, thresholds = of_scenes(args.scenes, args.models, args.jobs, args.list, args.first)
    weigh_with = partial(weighed, heard, phrases, thresholds)
    now = EvidenceSettings()
    rows = {"without evidence": weigh_with(WITHOUT), "as it is": weigh_with(now)}
    worth = gain(outcomes(truth, rows["without evidence"], bench), outcomes(truth, rows["as it is"], bench), len(truth))
    print(f"evidence as it is: {worth.value:+.4f} over none, give or take {worth.deviation:.4f}: {'real' if worth.real else 'within noise'}", flush=True)
    for step in fit(truth, bench, weigh_with, now) if args.fit else ():
        if isinstance(step, Try):
            print(f"{step.name} = {step.value}: {step.gain.value:+.4f}, give or take {step.gain.deviation:.4f}{', taken' if step.taken else ''}", flush=True)
        elif step != now:
            print(f"fitted: {step}")
            rows["fitted"] = weigh_with(step)
        else:
            print("nothing is better than what is there by more than noise")
    print("\n".join(table(truth, rows, bench)))


if __name__ == "__main__":
    main()
