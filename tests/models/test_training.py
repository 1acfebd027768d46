"""What training rests on: networks that stream, scenes whose targets are right, and one command that goes on where it ended."""

import copy
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.detect.detector import LABELS, Detector
from edge.features import RATE_HZ
from edge.features.level import a_weight_db
from edge.features.logmel import LogMelSettings, log_mel
from tests.command import ROOT
from tests.models.tiny import LEGACY, row, write_corpus

torch = pytest.importorskip("torch", reason="torch (extra [train]) is not installed: make train-test")
pytest.importorskip("pyworld", reason="pyworld (extra [train]) is not installed: make train-test")

from models.training import mix, networks  # noqa: E402 - they need what may be skipped
from models.training.average import averaged, normalised  # noqa: E402
from models.training.begin import begun, begun_second  # noqa: E402
from models.training.corpus import Corpus  # noqa: E402
from models.training.evaluate import STEP, scenes_of  # noqa: E402
from models.training.evaluate import main as evaluate_main  # noqa: E402
from models.training.export import streamed, write_onnx  # noqa: E402
from models.training.pair import main as pair_main  # noqa: E402
from models.training.render import Entry, jobs, load_pool, render_round  # noqa: E402
from models.training.rules import believed_from, quiet_from  # noqa: E402
from models.training.train import keep_convolutions, lesson, load_network, saved_average  # noqa: E402

BENCH = ROOT.parent / "shared" / "bench" / "bench.py"


@pytest.fixture(params=[("gru", {}), ("tcn", {}), ("window", {}), ("window", {"depthwise": True})], ids=str)
def network(request: pytest.FixtureRequest) -> networks.Detector:
    """A small network of each memory and shape, its weights by chance, and large enough that its outputs are no constants."""
    torch.set_num_threads(1)
    torch.manual_seed(1)
    memory, shape = request.param
    network = networks.Detector(5, widths=(4, 6, 8, 8, 8), width=16, memory=memory, **shape).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights.mul_(2)
    return network


def frames(seconds: float) -> Any:
    """A tensor (1, T, 64): log-mel of noise that swells and fades."""
    rng = np.random.default_rng(2)
    swell = 20 * np.sin(np.arange(round(100 * seconds)) / 30)[:, None]
    return torch.from_numpy((rng.standard_normal((len(swell), 64)) * 6 + swell - 60).astype(np.float32))[None]


@pytest.mark.parametrize("piece", [4, 20, 100])
def test_a_stream_with_carried_state_equals_the_whole(network: networks.Detector, piece: int) -> None:
    """The terminal hears in steps what training sees at once."""
    x = frames(12.0)
    with torch.no_grad():
        whole, _ = network(x, network.start())
        state, parts = network.start(), []
        for part in x.split(piece, dim=1):
            logits, state = network(part, state)
            parts.append(logits)
    assert whole.shape == (1, 300, 5)
    assert whole.std(1).min() > 0.05
    np.testing.assert_allclose(torch.cat(parts, 1).numpy(), whole.numpy(), atol=1e-4 * float(whole.abs().max()))


def test_no_output_hears_what_comes_later(network: networks.Detector) -> None:
    """Changing the sound from 3 s on changes outputs from there on, and none before."""
    x, y = frames(6.0), frames(6.0)
    y[:, 300:] += 20
    with torch.no_grad():
        differs = (network(x, network.start())[0] - network(y, network.start())[0]).abs().amax(2)[0].numpy()
    assert (differs[:75].max(), differs[75:].max() > 1e-3) == (0.0, True)


@pytest.mark.parametrize("dba", [40.0, 60.0, 85.0, 110.0])
def test_what_the_level_is_worth_is_added_once_training_is_over(dba: float) -> None:
    """A tone at a level in dBA raises the log-odds by what each dB up to it is worth, within the ends; in training it raises nothing."""
    network = networks.Detector(5, widths=(4, 6, 8, 8, 8), width=16).eval()
    tone = np.sin(2 * np.pi * 700 * np.arange(2 * RATE_HZ) / RATE_HZ) * 10 ** ((dba - 120.0 - a_weight_db(np.array([700.0]))[0]) / 20)  # 0 dBFS is 120 dB SPL
    x = torch.from_numpy(log_mel(tone.astype(np.float32), LogMelSettings())[:100])[None]
    with torch.no_grad():
        alone, _ = network(x, network.start())
        network.level.odds_per_db.copy_(torch.tensor([[0.2, 0.1], [0.0, 0.5]]))
        besides, _ = network(x, network.start())
        below = np.clip(dba, networks.QUIET_DBA, networks.LOUD_DBA) - networks.LOUD_DBA
        above = np.clip(dba, networks.LOUD_DBA, networks.LOUDEST_DBA) - networks.LOUD_DBA
        expected = [0.2 * below + 0.1 * above, 0.5 * above, 0, 0, 0]
        np.testing.assert_allclose((besides - alone)[0].numpy(), np.tile(expected, (25, 1)), atol=0.15)
        network.train().drop = torch.nn.Identity()
        in_training, _ = network(x, network.start())
        network.level.odds_per_db.zero_()
        torch.testing.assert_close(in_training, network(x, network.start())[0])


LENGTH = 203
KINDS = ("ambience", "shout", "raised", "cry_baby", "scream", "dog")


def mixer(kind: str, cut_from: int = 64) -> mix.Mixer:
    """Scenes with one kind in front, 1 m away, of a pool in which every sound is 2 s of noise, of which a recorder let bands below `cut_from` through."""
    noise = np.random.default_rng(3).standard_normal(3 * RATE_HZ).astype(np.float32) / np.sqrt(2)
    shard = np.tile(log_mel(noise, LogMelSettings())[:LENGTH], (len(KINDS), 1)).astype(np.float16)
    shard[:, cut_from:] -= 60
    entries = [Entry(0, i * LENGTH, LENGTH, k, "tiny", k, k, 1.0) for i, k in enumerate(KINDS)]
    return mix.Mixer([shard], entries, fronts={kind: 1.0})


def scenes(kind: str) -> list[mix.Scene]:
    """Ten scenes of it."""
    return [mixer(kind).scene(np.random.default_rng(seed)) for seed in range(10)]


def column(scene: mix.Scene, name: str) -> NDArray[np.float32]:
    """(250,) the target of one output."""
    return np.asarray(scene.target[:, mix.OUTPUTS.index(name)])


@pytest.mark.parametrize(("kind", "label"), [("shout", "shouting"), ("scream", "shouting"), ("cry_baby", "crying")])
def test_an_event_is_a_target_where_it_is(kind: str, label: str) -> None:
    """1 where the scene is loud, 0 before, not asked for a while after: there a network that is late is right."""
    for scene in scenes(kind):
        target, own = column(scene, label), column(scene, kind)
        on = np.flatnonzero(target == 1)
        np.testing.assert_array_equal(target, own)
        assert np.ptp(on) + 1 == len(on)
        shortest, longest = (int(LENGTH * pace) // mix.SHRINK for pace in mix.PACES)
        assert shortest <= len(on) <= longest + 2 or on[-1] == 249
        assert (target[: on[0]] == 0).all()
        assert (target[on[-1] + 1 : on[-1] + 1 + mix.TAIL // 4] == -1).all()
        level = scene.frames.mean(axis=1).reshape(-1, mix.SHRINK)
        assert level[on[1:-1]].min() > np.delete(level, np.r_[on[0] - 1 : on[-1] + 2], axis=0).mean()
        which = LABELS.index(label)
        assert scene.bag[which] == 1
        assert scene.reach[on, which].all()
        assert not scene.reach[: on[0], which].any()


TOP, ABOVE_4_KHZ = slice(61, 64), slice(50, 54)


def share_without(bands: slice, kind: str, cut_from: int = 64) -> float:
    """The share of 200 scenes in which these bands of a sound are far below its middle ones."""
    source, lost = mixer(kind, cut_from), 0
    for seed in range(200):
        frames = source.scene(np.random.default_rng(seed)).frames
        loud = frames[:, 20:40].mean(axis=1)
        sound = frames[loud > loud.max() - 6]
        lost += bool(np.median(sound[:, bands]) < np.median(sound[:, 20:33]) - 20)
    return lost / 200


def test_what_the_recorder_cut_off_does_not_tell_crying() -> None:
    """Of whole-band crying two in five lose the top, of other sounds one in five; of crying that a recorder cut off at 4 kHz four in five get it back."""
    assert 0.3 < share_without(TOP, "cry_baby") < 0.5
    assert 0.12 < share_without(TOP, "dog") < 0.3
    assert 0.12 < share_without(ABOVE_4_KHZ, "cry_baby", cut_from=49) < 0.35


def test_raised_speech_is_not_asked_for_shouting() -> None:
    """Nobody can say where raised speech ends and shouting begins; that it is no crying is asked."""
    for scene in scenes("raised"):
        spoken = column(scene, "voice") == 1
        assert spoken.any()
        assert (column(scene, "shouting")[spoken] == -1).all()
        assert (column(scene, "shouting") < 1).all()
        assert (column(scene, "crying") == 0).all()
        assert not scene.reach[spoken, 0].any()


@pytest.mark.parametrize(("kind", "own", "other"), [("scream", "shouting", "crying"), ("cry_baby", "crying", "shouting")])
def test_the_other_alarming_label_is_not_asked(kind: str, own: str, other: str) -> None:
    """A scream called crying brings the same help, and must not be taught as a mistake."""
    for scene in scenes(kind):
        on = column(scene, own) == 1
        assert (column(scene, other)[on] == -1).all()
        assert (column(scene, other) < 1).all()
        assert not scene.reach[on, LABELS.index(other)].any()


def test_a_harmless_sound_is_asked_and_answered_no() -> None:
    """A dog is neither, anywhere in the scene, and the highest score of the whole scene counts against it."""
    for scene in scenes("dog"):
        assert (column(scene, "animal") == 1).any()
        assert (scene.target[:, :2] == 0).all()
        assert (scene.bag == 0).all()
        assert scene.reach.all()


def test_the_same_seed_draws_the_same_scene() -> None:
    """A training goes on after an end as if there had been none."""
    first, again = (mixer("shout").scene(np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first.frames, again.frames)


def test_what_was_mistaken_stands_in_front_more_often() -> None:
    """Hard negatives: of the sounds in front, MISTAKEN are those; and they are told to be what they are."""
    noise = np.zeros((2 * LENGTH, 64), np.float16)
    entries = [Entry(0, i * LENGTH, LENGTH, kind, "tiny", kind, kind, 1.0) for i, kind in enumerate(("ambience", "dog"))]
    seen = [mix.Mixer([noise], entries, fronts={"none": 1.0}, mistaken={"dog dog": 0.9}).scene(np.random.default_rng(0))]
    assert seen[0].entry == -1
    drawn = mix.Mixer([noise], [*entries, Entry(0, 0, LENGTH, "bird", "tiny", "bird", "bird", 1.0)], fronts={"bird": 1.0}, mistaken={"dog dog": 0.9})
    fronts = [drawn.scene(np.random.default_rng(seed)).entry for seed in range(400)]
    alone = [entry for entry in fronts if entry >= 0]
    assert set(alone) == {1, 2}
    assert np.mean([entry == 1 for entry in alone]) == pytest.approx(mix.MISTAKEN, rel=0.4)


def run_of(network: networks.Detector, folder: Path, corpus: str) -> Path:
    """The folder of a training that ended with this network."""
    folder.mkdir()
    torch.save({"average": saved_average(network)}, folder / "checkpoint.pt")
    (folder / "network.json").write_text(json.dumps({"config": network.config, "data": [corpus], "step": 7}))
    return folder


def small(**kinds: Any) -> networks.Detector:
    """A network that gives what a training asks for, its normalisation fitted."""
    scenes = frames(10.0).repeat(2, 1, 1) + torch.tensor([0.0, 6.0])[:, None, None]
    return normalised(networks.Detector(len(mix.OUTPUTS), widths=(4, 6, 8, 8, 8), width=16, **kinds), [scenes])


@LEGACY
def test_a_training_goes_on_from_a_detector_that_was_exported(tmp_path: Path) -> None:
    """The network that is begun from a file gives, step by step, what the file gives; what is not kept of its outputs begins anew."""
    torch.manual_seed(3)
    scenes = frames(10.0).repeat(2, 1, 1) + torch.tensor([0.0, 6.0])[:, None, None]
    path, kept = tmp_path / "detector.onnx", len(mix.OUTPUTS)
    assert write_onnx(run_of(small(), tmp_path / "run", "tiny"), path, scenes.numpy()) < 5e-3
    with pytest.raises(ValueError, match="holds one network, not a pair"):
        begun_second(path, scenes)
    network = begun(path, kept + 3, kept, scenes).eval()
    torch.testing.assert_close(begun(path, kept, 2, scenes).head.weight, network.head.weight[:kept])  # as many as the file has: all of them are kept
    with torch.no_grad():
        logits = network(scenes[:1], network.start())[0][0, :, :2]
    whole = torch.sigmoid(logits).reshape(-1, STEP, 2).amax(1).numpy()
    assert network.head.out_features == kept + 3
    assert whole.std() > 1e-4
    states = network.start()
    np.testing.assert_allclose(streamed(path, scenes[0].numpy(), states, [f"state{i}" for i in range(len(states))]), whole, atol=1e-2)


def test_scenes_are_chosen_by_the_corpora_of_all_their_sounds() -> None:
    """A scene with a sound of another corpus is left out, wherever it stands in the table."""
    truth = [{"file": file, "corpus": corpus} for file, corpus in (("b", "one"), ("a", "two"), ("c", "one"), ("c", "three"), ("d", "three"))]
    assert scenes_of(truth, ["one", "two"]) == ["a", "b"]


@pytest.mark.skipif(not BENCH.exists(), reason="no ../shared with the bench beside the checkout")
def test_trainings_are_judged_together_each_kind_alone_and_by_their_spread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two beside a third have the figures of the pairs that `pair` makes of them; babies and sobs have figures of their own."""
    torch.manual_seed(5)
    runs = [run_of(small(), tmp_path / name, name) for name in ("one", "two")]
    window = run_of(small(memory="window", depthwise=True), tmp_path / "window", "window")
    pairs = [tmp_path / "pairs" / f"{run.name} + window" for run in runs]
    for run, pair in zip(runs, pairs, strict=True):
        monkeypatch.setattr(sys, "argv", ["pair", str(run), str(window), "--out", str(pair)])
        pair_main()
    scenes, rng = tmp_path / "scenes", np.random.default_rng(6)
    scenes.mkdir()
    rows = []
    for i, (kind, label) in enumerate([("scream", "shouting"), ("cry_baby", "crying"), ("sob", "crying"), *[("dog", ""), ("speech", "")] * 4]):
        soundfile.write(scenes / f"{i}.flac", rng.standard_normal(8 * RATE_HZ) * 10 ** rng.uniform(-4, -1), RATE_HZ)
        rows.append({"file": f"{i}.flac", "label": label, "start": "2" if label else "", "end": "4" if label else "", "kind": kind, "corpus": "tiny"})
    with (scenes / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    said = []
    for asked in ([*runs, "--beside", window], pairs):
        monkeypatch.setattr(sys, "argv", ["evaluate", *map(str, asked), "--scenes", str(scenes), "--bench", str(BENCH), "--short"])
        evaluate_main()
        said.append(capsys.readouterr().out.splitlines())
    assert said[0] == said[1]
    assert [line.split(":")[0] for line in said[0]] == [
        "one + window shouting", "one + window crying", "two + window shouting", "two + window crying",
        "lowest to highest of 2, shouting", "lowest to highest of 2, crying", "lowest to highest of 2, crying cry_baby", "lowest to highest of 2, crying sob",
    ]  # fmt: skip


@LEGACY
def test_two_trainings_are_heard_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the mean of their log-odds, and what the level is worth once; the file's stream gives the same, and both can be had back from the file."""
    torch.manual_seed(4)
    first, second = small(), small(memory="window", depthwise=True)
    runs = run_of(first, tmp_path / "first", "one"), run_of(second, tmp_path / "second", "two")
    monkeypatch.setattr(sys, "argv", ["pair", *map(str, runs), "--share", "0.4", "--out", str(tmp_path / "pair")])
    pair_main()
    pair, x = load_network(tmp_path / "pair"), frames(8.0)
    with torch.no_grad():
        ours, theirs = (network(x, network.start())[0][..., :2] for network in (first, second))
        torch.testing.assert_close(pair(x, pair.start())[0], 0.6 * ours + 0.4 * theirs + pair.level(x))
        assert pair.level(x).abs().max() > 0.1
    assert json.loads((tmp_path / "pair" / "network.json").read_text())["data"] == ["one", "two"]
    assert write_onnx(tmp_path / "pair", tmp_path / "detector.onnx", x.numpy()) < 5e-3
    (tmp_path / "detector.toml").write_text('data = ["one", "two"]', encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["pair", *[str(tmp_path / "detector.onnx")] * 2, "--share", "0.4", "--out", str(tmp_path / "again")])
    pair_main()
    again = load_network(tmp_path / "again")
    with torch.no_grad():
        torch.testing.assert_close(again(x, again.start())[0], pair(x, pair.start())[0], atol=2e-2, rtol=1e-2)  # of weights stored in half


def test_teachers_teach_the_labels_that_are_named_alone() -> None:
    """Shouting is drawn to what they think of it, with nothing left to learn where that is reached; crying is left to the scenes."""
    wanted = torch.sigmoid(torch.tensor([[[2.0, -1.0], [-3.0, 4.0]]]))
    logits = torch.zeros(1, 2, len(mix.OUTPUTS), requires_grad=True)
    lesson(logits, wanted, ["shouting"]).backward()
    assert torch.equal(logits.grad.sign()[0, :, 0], torch.tensor([-1.0, 1.0]))  # down the slope: up to what is sure, down to what is not
    assert not logits.grad[..., 1:].any()
    reached = torch.cat([torch.logit(wanted), torch.zeros(1, 2, 3)], 2).requires_grad_()
    lesson(reached, wanted, ["shouting", "crying"]).backward()
    torch.testing.assert_close(reached.grad, torch.zeros_like(reached), atol=1e-6, rtol=0)


def test_a_training_that_keeps_the_convolutions_learns_the_memory_and_the_outputs_alone() -> None:
    """Statistics of normalisation are kept as well, though scenes pass through in training mode."""
    torch.manual_seed(5)
    network = small().train()
    before = copy.deepcopy(network.state_dict())
    keep_convolutions(network)
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(frames(10.0) + 20, network.start())[0].square().mean().backward()
    optimiser.step()
    changed = {name.split(".")[0] for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"gru", "head"}


def test_the_mean_of_two_trainings_is_between_them_and_normalised_anew() -> None:
    """Weights are means; statistics come from the scenes that are given, whatever they were before."""
    torch.manual_seed(1)
    one, other = networks.Detector(3, width=16), networks.Detector(3, width=16)
    mean = averaged([one, other])
    torch.testing.assert_close(mean.head.weight, (one.head.weight + other.head.weight) / 2)
    scenes = frames(4.0).repeat(2, 1, 1) + torch.tensor([0.0, 6.0])[:, None, None]
    known = normalised(mean, [scenes])
    seen, _ = known.with_before(scenes, known.start(2)[0])
    torch.testing.assert_close(known.convs[0].norm.running_mean, known.convs[0].conv(seen).mean((0, 2, 3)), atol=1e-4, rtol=1e-4)
    assert not known.training


def test_forced_synthetic_speech_is_neither_plain_speech_nor_made_to_shout(tmp_path: Path) -> None:
    """Rendered as raised speech, of which nobody is asked whether it is shouting; plain speech is made to shout."""
    rows = [row("tiny", "sentence", "train", effect=effect) | {"file": f"{effect}.wav", "speaker": effect, "seconds": "1.0"} for effect in ("plain", "shout:1")]
    clips = list(Corpus(write_corpus(tmp_path / "corpus", rows)).clips(["train"]))
    made_of = {(job.clip.effect, job.kind) for seed in range(8) for job in jobs(clips, 0, seed) if job.clip}
    assert made_of == {("shout:1", "raised"), ("plain", "sentence"), ("plain", "shout"), ("plain", "sing"), ("plain", "speech")}


def test_a_silent_clip_is_left_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rest of the round is there."""
    clips = [row("tiny", "dog", "train"), row("tiny", "dog", "train", file="nothing.wav", effect="silence")]
    corpus = Corpus(write_corpus(tmp_path / "corpus", clips))
    render_round(corpus, list(corpus.clips(["train"])), [np.eye(1, 800, dtype=np.float32)[0]], tmp_path, 0, 1, 1, frozenset({"dog"}))
    assert "left out as silent: tiny/nothing.wav\n" in capsys.readouterr().out
    (frames,), entries = load_pool(tmp_path)
    assert {e.key for e in entries} == {f"tiny/{clips[0]['file']}"}
    assert len(frames) == sum(e.length for e in entries) > 0


def test_a_threshold_is_where_peaks_are_believed() -> None:
    """The lowest score from which on they are events as often as is asked; a lucky low one does not count, and where none is enough it is 1."""
    scores = np.array([0.9, 0.1, 0.5, 0.6, 0.2, 0.8])
    assert believed_from(scores, np.array([True, True, False, True, False, True]), 0.9) == 0.6
    assert believed_from(scores, np.array([False, True, True, True, True, False]), 0.9) == 1.0


def test_the_threshold_lets_few_scenes_of_each_harmless_kind_through() -> None:
    """One in fifty of a kind may reach it, none where there are fewer; a kind without scenes says nothing."""
    many = np.array([0.9, 0.3, *[0.1] * 48])
    assert quiet_from({"sing": many, "horn": np.array([])}, 0.02) == 0.301
    assert quiet_from({"sing": many, "horn": np.array([0.4117, 0.2])}, 0.02) == 0.412
    assert quiet_from({"sing": many[:49]}, 0.02) == 0.901
    assert quiet_from({}, 0.02) == 0.001


@pytest.mark.skipif(not BENCH.exists(), reason="no ../shared with the bench beside the checkout")
def test_one_command_makes_a_detector_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    """From a corpus to a model that the terminal loads; what is there is not made again, and other options are refused."""
    rows = [row("tiny", kind, split) for kind in ("shout", "cry_baby", "dog", "ambience") for split in ("train", "dev")]
    work, steps = tmp_path / "work", 2

    def train(*more: str) -> subprocess.CompletedProcess[str]:
        small = ("--steps", str(steps), "--rounds", "1", "--batch", "4", "--widths", "4", "4", "4", "4", "4", "--width", "8", "--threads", "1")
        command = (sys.executable, "-m", "models.training", "--corpus", tmp_path / "corpus", "--bench", BENCH, "--work", work, "--jobs", "1", *small, *more)
        return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)

    write_corpus(tmp_path / "corpus", rows)
    done = train()
    assert done.returncode == 0, done.stderr
    assert [line.split()[3] for line in done.stdout.splitlines() if line.startswith("$ python -m")] == [
        f"models.training.{name}" for name in ("render", "train", "mine", "train", "train", "pair", "rules", "export", "evaluate", "card")
    ]
    assert Detector.load(work).manifest.labels == LABELS
    np.testing.assert_allclose(begun(work / "detector.onnx", 2, 2, frames(2.0)).level.odds_per_db, networks.ODDS_PER_DB, rtol=1e-6)
    assert json.loads((work / "run" / "network.json").read_text())["step"] == steps
    assert "shouting: AP" in (work / "report.txt").read_text()
    assert "| shouting | **the detector** |" in (work / "card.md").read_text()
    (work / "report.txt").unlink()
    (work / "rules.json").unlink()
    again = train()
    assert [line.split()[3] for line in again.stdout.splitlines() if line.startswith("$ ")] == ["models.training.rules", "models.training.evaluate"]
    other = train("--without", "tiny")
    assert other.returncode == 1
    assert "was begun with other options" in other.stderr
