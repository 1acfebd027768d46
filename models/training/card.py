"""What a detector reaches on scenes of the bench, as the model card has it: with intervals, by kind, voice, distance, level and signal over ambience.

    python -m models.training.card --scenes DIR --models models --bench bench.py [--card models/README.md] [--plot models/reliability.png]

With --card the lines between the card's two marks are written anew. The scores are kept beside the scenes, so that a second run is a matter of seconds.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.decide.rules import rules_for
from edge.decide.types import Closed, Rule
from edge.detect.detector import LABELS
from edge.detect.manifest import read_manifest
from models.training.bench import bench_module
from models.training.heard import SEVEN, SEVEN_SHARE, Heard, Scores, agreed, hear, of_label, of_seven

Row = Mapping[str, str]
Incidents = Mapping[str, Sequence[Closed]]

MARKS = ("<!-- figures of models.training.card: begin -->", "<!-- figures of models.training.card: end -->")
GOALS = {"shouting": {"ap": 0.96, "recall@1/h": 0.85, "recall@10/h": 0.95}, "crying": {"ap": 0.90, "recall@1/h": 0.75, "recall@10/h": 0.90}}
DELAY_S = {"shouting": 1.0, "crying": 2.0}
ORDINARY = ("speech", "read", "none")
"""Ordinary speech, read speech, and rooms in which nothing happens: at most one false alarm a day."""
APART = 0.05  # women, men and children, in recall
MODEL_MB = 2.0
OFF_DB = (-6.0, 6.0)
RESAMPLED = 200
BANDS: Mapping[str, tuple[str, tuple[float, ...], str]] = {
    "distance": ("distance_m", (2.0, 4.0), "m"),
    "level": ("level_dba", (60.0, 70.0, 80.0), "dBA"),
    "signal over ambience": ("snr_db", (10.0, 20.0, 30.0), "dB"),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """What one scene gives to the figures of a label."""

    row: Row
    events: tuple[float, ...]  # the highest score of each
    alarms: tuple[float, ...]  # peaks outside of them
    hours: float


def band(value: float, cuts: Sequence[float], unit: str) -> str:
    """The name of the stretch between two cuts in which a value lies."""
    below = next((cut for cut in cuts if value < cut), None)
    above = next((cut for cut in reversed(cuts) if value >= cut), None)
    if above is None:
        return f"under {cuts[0]:g} {unit}"
    return f"{cuts[-1]:g} {unit} and more" if below is None else f"{above:g} to {below:g} {unit}"


def cuts_of(row: Row) -> dict[str, str]:
    """The group of each table in which an event stands."""
    named = {"kind": row["kind"], "voice": row["group"] or "unknown", "corpus": row["corpus"]}
    return {**named, **{name: band(float(row[column]), cuts, unit) for name, (column, cuts, unit) in BANDS.items()}}


def scenes_of(bench: ModuleType, truth: Sequence[Row], scores: Scores, label: str, by: str) -> list[Scene]:
    """The scenes that count for a label, by the bench's own rules. by: which scores."""
    found = []
    for row in truth:
        if bench.do_not_count(row, label):
            continue
        times, of = scores[row["file"]]
        events, alarms, hours = bench.evaluate([row], {row["file"]: (times, {label: of[by]})}, label)
        found.append(Scene(row, tuple(s for s, _ in events), tuple(s for s, _ in alarms), hours))
    return found


def summary(bench: ModuleType, scenes: Sequence[Scene]) -> dict[str, float]:
    """The bench's summary of these scenes together."""
    events = [(score, scene.row) for scene in scenes for score in scene.events]
    alarms = [(score, scene.row) for scene in scenes for score in scene.alarms]
    figures: dict[str, float] = bench.summary(events, alarms, sum(scene.hours for scene in scenes))
    return figures


def intervals(bench: ModuleType, scenes: Sequence[Scene], resampled: int = RESAMPLED) -> dict[str, tuple[float, float]]:
    """Of each figure of the summary, 95 % by the bootstrap.

    Drawn are clips with all their scenes, for one recording often stands in several; those of events and the others apart.
    """
    rng = np.random.default_rng(1)
    parts: tuple[dict[tuple[str, str], list[Scene]], ...] = ({}, {})
    for scene in scenes:
        parts[bool(scene.events)].setdefault((scene.row["corpus"], scene.row["clip"]), []).append(scene)
    clips = [list(part.values()) for part in parts]
    drawn = [summary(bench, [scene for part in clips if part for i in rng.integers(len(part), size=len(part)) for scene in part[i]]) for _ in range(resampled)]
    low, high = ({key: float(np.quantile([d[key] for d in drawn], q)) for key in drawn[0]} for q in (0.025, 0.975))
    return {key: (low[key], high[key]) for key in low}


def hits(bench: ModuleType, row: Row, incidents: Incidents, label: str) -> list[Closed]:
    """The incidents of a label that are the scene's event."""
    start_s, end_s = float(row["start"]), float(row["end"])
    return [i for i in of_label(incidents[row["file"]], label) if i.end_s >= start_s and i.onset_s <= end_s + bench.TOLERANCE_S]


def share(bench: ModuleType, true: Sequence[bool]) -> str:
    """How many of how many, with 95 % after Wilson."""
    if not true:
        return "no scenes"
    low, high = bench.wilson(sum(true), len(true))
    return f"{np.mean(true):.2f} [{max(low, 0.0):.2f}, {high:.2f}] ({sum(true)} of {len(true)})"


def poisson(count: int, hours: float, per_hours: float) -> tuple[float, float]:
    """95 % of a rate of which `count` were seen in `hours`, exact."""
    from scipy.stats import chi2

    low = 0.0 if count == 0 else float(chi2.ppf(0.025, 2 * count)) / 2
    return low * per_hours / hours, float(chi2.ppf(0.975, 2 * count + 2)) / 2 * per_hours / hours


class Card:
    """All tables of one detector on one set of scenes."""

    def __init__(self, bench: ModuleType, truth: Sequence[Row], rules: Mapping[str, Rule], heard: Heard, off: Mapping[float, Heard], model_mb: float) -> None:
        """off: by how many dB the microphone is off -> what is heard then."""
        self.bench, self.truth, self.rules, self.heard, self.off, self.model_mb = bench, truth, rules, heard, off, model_mb
        self.incidents = heard.incidents(rules)
        scores = heard.scores()
        self.scenes = {label: scenes_of(bench, truth, scores, label, label) for label in rules}
        self.level = {label: scenes_of(bench, truth, scores, label, "level") for label in rules}
        self.reached = {label: summary(bench, self.scenes[label]) for label in rules}

    def lines(self) -> Iterator[str]:
        """The card's figures, as Markdown."""
        yield from self.overall()
        yield from self.goals()
        yield from self.quarrels()
        yield from self.by_group()
        yield from self.provoked()
        yield from self.calibration()
        yield from self.microphone_off()

    def overall(self) -> Iterator[str]:
        """Average precision and recalls, with level alone beside them."""
        hours = {label: sum(scene.hours for scene in scenes) for label, scenes in self.scenes.items()}
        events = {label: sum(len(scene.events) for scene in scenes) for label, scenes in self.scenes.items()}
        told = "; ".join(f"{label}: {events[label]} events, {hours[label]:.1f} h without" for label in self.rules)
        yield f"{len(self.truth)} scenes ({told}). In brackets 95 %, by the bootstrap over clips."
        yield ""
        yield from _table("label", "by", "average precision", "recall at 1 false alarm an hour", "at 10")
        for label in self.rules:
            for by, scenes in (("**the detector**", self.scenes[label]), ("level only", self.level[label])):
                figures, between = summary(self.bench, scenes), intervals(self.bench, scenes)
                yield _row(label, by, *(f"{figures[key]:.3f} [{between[key][0]:.2f}, {between[key][1]:.2f}]" for key in GOALS["shouting"]))
        yield ""

    def goals(self) -> Iterator[str]:
        """How far away each goal is."""
        yield "Distance to each goal. The goals are for corpora never heard; these scenes share corpora with the training, though no speaker, and flatter."
        yield ""
        yield from _table("goal", "wanted", "here", "distance")
        for label in self.rules:
            for key, wanted in GOALS[label].items():
                yield _row(f"{label}: {key.replace('ap', 'average precision').replace('@', ' at ')}", f"{wanted:.2f}", f"{self.reached[label][key]:.3f}",
                           _distance(self.reached[label][key] - wanted))  # fmt: skip
        for label in self.rules:
            recalls = {voice: values for voice, values in self._recalls(label, "voice").items() if voice in ("woman", "man", "child")}
            if len(recalls) > 1:
                apart = float(np.ptp([np.mean([v[2] for v in values]) for values in recalls.values()]))
                sizes = ", ".join(f"{len(values)} events of a {voice}" for voice, values in recalls.items())
                yield _row(f"{label}: voices apart, recall at 10/h ({sizes})", f"{APART:.2f}", f"{apart:.2f}", _distance(APART - apart))
        for kind in SEVEN:
            raised = self._any_raised(kind)
            if raised:
                distance = _distance(SEVEN_SHARE - np.mean(raised))
                few = distance == "reached" and self.bench.wilson(sum(raised), len(raised))[1] > SEVEN_SHARE
                told = "reached in these scenes, which are too few to know" if few else distance
                yield _row(f"scenes of `{kind}` that raise anything", f"{SEVEN_SHARE:.2f}", share(self.bench, raised), told)
            else:
                yield _row(f"scenes of `{kind}` that raise anything", f"{SEVEN_SHARE:.2f}", "no scenes", "not known")
        count, hours = self._ordinary()
        low, high = poisson(count, hours, 24.0)
        yield _row("false alarms in 24 h of speech, reading, rooms", "1", f"{count * 24 / hours:.1f} [{low:.1f}, {high:.1f}] ({count} in {hours:.1f} h)",
                   _distance(1.0 - count * 24 / hours))  # fmt: skip
        for label in self.rules:
            if delays := self._delays(label, lambda _: True):
                median_s = float(np.median(delays))
                yield _row(f"{label}: median delay", f"{DELAY_S[label]:.1f} s", f"{median_s:.2f} s", _distance(DELAY_S[label] - median_s))
        yield _row("size of the model", f"{MODEL_MB:.0f} MB", f"{self.model_mb:.2f} MB", _distance(MODEL_MB - self.model_mb))
        yield ""

    def quarrels(self) -> Iterator[str]:
        """Two raised voices in turn, as a kind of their own."""
        label = "shouting"
        rows = [row for row in self.truth if row["kind"] == "quarrel"]
        if not rows:
            return
        found = [hits(self.bench, row, self.incidents, label) for row in rows]
        alone = summary(self.bench, [scene for scene in self.scenes[label] if scene.row["kind"] == "quarrel" or not scene.events])
        delays = self._delays(label, lambda row: row["kind"] == "quarrel")
        missed = sorted({band(float(row["level_dba"]), BANDS["level"][1], "dBA") for row, hit in zip(rows, found, strict=True) if not hit})
        heard = share(self.bench, [bool(hit) for hit in found])
        yield f"Quarrels (two raised voices in turn), by themselves: heard as shouting in {heard} at the shipped rules, average precision {alone['ap']:.3f}"
        yield f"where they are the only events, recall {alone['recall@1/h']:.2f} at 1 and {alone['recall@10/h']:.2f} at 10 false alarms an hour;"
        yield f"median delay {np.median(delays) if delays else float('nan'):.2f} s; one alert in {sum(len(hit) == 1 for hit in found)},"
        yield f"several in {sum(len(hit) > 1 for hit in found)}. Missed were some of these levels: {', '.join(missed) or 'none'}."
        yield ""

    def by_group(self) -> Iterator[str]:
        """Recall by everything that the bench knows of an event."""
        for label in self.rules:
            yield f"Recall for {label} (95 % after Wilson):"
            yield ""
            yield from _table("", "at the shipped rules", "at 1 an hour", "at 10 an hour")
            for table in ("kind", "voice", *BANDS, "corpus"):
                for name, found in sorted(self._recalls(label, table).items()):
                    yield _row(f"{table}: {name}", *(share(self.bench, [bool(values[i]) for values in found]) for i in range(3)))
            yield ""

    def provoked(self) -> Iterator[str]:
        """What raises something and is no event, at the shipped rules."""
        told = ", ".join(f"{label} {self._false_per_hour(label, self.incidents):.1f}" for label in self.rules)
        yield f"Scenes without an event of the label in which it is raised at the shipped rules, where any are (false alarms an hour: {told}):"
        yield ""
        yield from _table("kind", *self.rules, "anything")
        kinds = sorted({row["kind"] for row in self.truth if not row["label"]})
        for kind in kinds:
            cells = {label: [bool(of_label(self.incidents[row["file"]], label)) for row in self._without(kind, label)] for label in self.rules}
            if any(map(sum, cells.values())):
                shares = [share(self.bench, raised) if raised else "does not count" for raised in cells.values()]
                yield _row(f"`{kind}`", *shares, share(self.bench, self._any_raised(kind)))
        quiet = [kind for kind in kinds if not any(self._any_raised(kind))]
        yield ""
        yield f"Nothing in any scene of: {', '.join(f'{kind} ({len(self._any_raised(kind))})' for kind in quiet)}."
        yield ""

    def calibration(self) -> Iterator[str]:
        """The reliability of the scores, and what other thresholds would give."""
        yield "Reliability: of a scene's peaks with such a score, the share that are events. It goes by how many these scenes hold; a school has fewer."
        yield ""
        yield from _table("score", *(f"{label}: mean score, share" for label in self.rules))
        reliabilities = {label: reliability(self.scenes[label]) for label in self.rules}
        for i in range(10):
            stretches = [r[i] for r in reliabilities.values()]
            cells = (f"{mean:.2f}, {share(self.bench, events)}" if events else "none" for mean, events in stretches)
            yield _row(f"{i / 10:.1f} to {(i + 1) / 10:.1f}", *cells)
        yield ""
        yield "Thresholds with the shipped agreement of steps (release and level left out): recall, false alarms an hour, the worst of the seven kinds above."
        yield ""
        yield from _table("threshold", *self.rules)
        swept = {label: self._swept(label) for label in self.rules}
        for threshold in sorted({*np.arange(0.3, 0.96, 0.1).round(2).tolist(), *(rule.threshold for rule in self.rules.values())}):
            at = [_at(*swept[label], threshold) for label in self.rules]
            shipped = ", ".join(label for label, rule in self.rules.items() if rule.threshold == threshold)
            cells = ("{:.2f}, {:.1f}, {:.2f} ({})".format(*found) for found in at)
            yield _row(f"{threshold:.3g}{f' (shipped for {shipped})' if shipped else ''}", *cells)
        yield ""
        for label in self.rules:
            enough = next((t for t in np.arange(0.05, 1.0, 0.01).round(2).tolist() if _at(*swept[label], t)[2] <= SEVEN_SHARE), None)
            if enough is None:
                yield f"No threshold keeps {label} under {SEVEN_SHARE:.0%} in all seven kinds."
            else:
                recall = _at(*swept[label], enough)[0]
                yield f"The lowest threshold that keeps {label} at or under {SEVEN_SHARE:.0%} in all seven kinds: {enough:.2f}; recall there {recall:.2f}."
        yield ""

    def microphone_off(self) -> Iterator[str]:
        """What a wrong sensitivity costs."""
        if not self.off:
            return
        yield "A microphone that is off, at the shipped rules (without the clipping that a loud one adds):"
        yield ""
        yield from _table("", *(f"{label}: average precision, recall, false alarms an hour" for label in self.rules))
        for db, heard in sorted([*self.off.items(), (0.0, self.heard)]):
            incidents, scores = heard.incidents(self.rules), heard.scores()
            cells = []
            for label in self.rules:
                rows = [row for row in self.truth if row["label"] == label]
                recall = np.mean([bool(hits(self.bench, row, incidents, label)) for row in rows])
                ap = summary(self.bench, scenes_of(self.bench, self.truth, scores, label, label))["ap"]
                cells.append(f"{ap:.3f}, {recall:.2f}, {self._false_per_hour(label, incidents):.1f}")
            yield _row("as it should be" if db == 0 else f"{abs(db):g} dB too {'loud' if db > 0 else 'quiet'}", *cells)

    def _without(self, kind: str, label: str) -> list[Row]:
        return [row for row in self.truth if row["kind"] == kind and row["label"] != label and not self.bench.do_not_count(row, label)]

    def _any_raised(self, kind: str) -> list[bool]:
        return [bool(self.incidents[row["file"]]) for row in self.truth if row["kind"] == kind]

    def _ordinary(self) -> tuple[int, float]:
        rows = [row for row in self.truth if row["kind"] in ORDINARY]
        return sum(len(self.incidents[row["file"]]) for row in rows), max(len(rows), 1) * self.bench.SCENE_S / 3600

    def _delays(self, label: str, which: Callable[[Row], bool]) -> list[float]:
        rows = [row for row in self.truth if row["label"] == label and which(row)]
        found = [(row, hits(self.bench, row, self.incidents, label)) for row in rows]
        return [max(0.0, min(i.raised_s for i in hit) - float(row["start"])) for row, hit in found if hit]

    def _recalls(self, label: str, table: str) -> dict[str, list[tuple[bool, bool, bool]]]:
        """Group -> of each event: whether it is found at the shipped rules, at 1 and at 10 false alarms an hour."""
        found: dict[str, list[tuple[bool, bool, bool]]] = {}
        limits = [self.reached[label][f"threshold@{rate}/h"] for rate in (1, 10)]
        for scene in self.scenes[label]:
            for score in scene.events:
                at_one, at_ten = (score > limit for limit in limits)
                found.setdefault(cuts_of(scene.row)[table], []).append((bool(hits(self.bench, scene.row, self.incidents, label)), at_one, at_ten))
        return found

    def _false_per_hour(self, label: str, incidents: Incidents) -> float:
        rows = [row for row in self.truth if not self.bench.do_not_count(row, label)]
        raised = sum(len(of_label(incidents[row["file"]], label)) for row in rows)
        false = raised - sum(len(hits(self.bench, row, incidents, label)) for row in rows if row["label"] == label)
        return false / (len(rows) * self.bench.SCENE_S / 3600)

    def _swept(self, label: str) -> tuple[list[Scene], dict[str, NDArray[np.float64]]]:
        """The scenes by agreed scores, and the highest agreed score of each scene of the seven kinds."""
        rule, scores = self.rules[label], self.heard.scores()
        of = {file: (times, {"agreed": agreed(by[label], rule.agree, rule.of)}) for file, (times, by) in scores.items()}
        return scenes_of(self.bench, self.truth, of, label, "agreed"), of_seven(self.truth, of, "agreed")


def reliability(scenes: Sequence[Scene]) -> list[tuple[float, list[bool]]]:
    """Of ten stretches of the score: the mean score of the peaks in it, and which of them are events."""
    peaks = [(score, True) for scene in scenes for score in scene.events] + [(score, False) for scene in scenes for score in scene.alarms]
    stretches: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for score, event in peaks:
        stretches[min(9, max(0, int(score * 10)))].append((score, event))
    return [(float(np.mean([score for score, _ in found])) if found else 0.0, [event for _, event in found]) for found in stretches]


def plot(card: Card, file: Path) -> None:
    """The reliability as a picture."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(4.5, 4.5), layout="constrained")
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for label, scenes in card.scenes.items():
        found = [(mean, events) for mean, events in reliability(scenes) if events]
        means, shares = [mean for mean, _ in found], [float(np.mean(events)) for _, events in found]
        low, high = zip(*(card.bench.wilson(sum(events), len(events)) for _, events in found), strict=True)
        axes.errorbar(means, shares, [np.subtract(shares, low).clip(0), np.subtract(high, shares).clip(0)], marker="o", capsize=2, label=label)
        axes.axvline(card.rules[label].threshold, linestyle=":", color=axes.lines[-1].get_color(), linewidth=1)
    axes.set(xlabel="score of the peak", ylabel="share of peaks that are events, 95 %", xlim=(0, 1), ylim=(0, 1))
    axes.legend(title="dotted: thresholds")
    figure.savefig(file, dpi=110, metadata={"Software": None})


def write(card: Path, lines: Sequence[str]) -> None:
    """Put the lines between the marks of a card. Raises SystemExit where it has none."""
    text = card.read_text(encoding="utf-8")
    begin, end = (text.find(mark) for mark in MARKS)
    if not 0 <= begin < end:
        raise SystemExit(f"{card} lacks the lines {MARKS[0]} and {MARKS[1]}, between which the figures go")
    card.write_text(text[: begin + len(MARKS[0])] + "\n" + "\n".join(lines).rstrip() + "\n" + text[end:], encoding="utf-8")


def _at(scenes: Sequence[Scene], seven: Mapping[str, NDArray[np.float64]], threshold: float) -> tuple[float, float, float, str]:
    """Recall, false alarms an hour, the worst share of the seven kinds and which it is."""
    events = np.array([score for scene in scenes for score in scene.events])
    alarms = np.array([score for scene in scenes for score in scene.alarms])
    worst = max(((float(np.mean(highest >= threshold)), kind) for kind, highest in seven.items()), default=(0.0, "none"))
    return float(np.mean(events >= threshold)), float(np.sum(alarms >= threshold)) / sum(scene.hours for scene in scenes), *worst


def _distance(more: Any) -> str:
    return "reached" if more >= 0 else f"{-more:.2f}"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _table(*heads: str) -> list[str]:
    return [_row(*heads), "|" + "---|" * len(heads)]


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=Path, required=True, help="of `bench.py build`, with their truth.csv")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--bench", type=Path, default=Path("../shared/bench/bench.py"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--without-off", action="store_true", help="without the microphones that are off, which take twice as long as the rest")
    parser.add_argument("--card", type=Path, help="write the figures into this file, between its marks; otherwise they are printed")
    parser.add_argument("--plot", type=Path, help="draw the reliability of the scores")
    args = parser.parse_args()
    bench = bench_module(args.bench)
    manifest = read_manifest(args.models / "detector.toml", LABELS)
    heard = hear(args.scenes, args.models, manifest.sha256, manifest.sensitivity_dbfs, args.jobs)
    off_db = () if args.without_off else OFF_DB
    off = {db: hear(args.scenes, args.models, manifest.sha256, manifest.sensitivity_dbfs - db, args.jobs) for db in off_db}
    rules = rules_for(manifest.rules, {}, (), "", {})
    card = Card(bench, bench.read_truth(args.scenes / "truth.csv"), rules, heard, off, (args.models / "detector.onnx").stat().st_size / 1e6)
    lines = list(card.lines())
    if args.plot:
        plot(card, args.plot)
    if args.card:
        write(args.card, lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
