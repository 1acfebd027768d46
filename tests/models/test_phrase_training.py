"""One command from a corpus to a phrase model, with tiny amounts and without a synthesizer."""

import csv
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import onnxruntime
import pytest
import soundfile
from numpy.typing import NDArray

from edge.detect.phrases import PhraseModel
from edge.features import RATE_HZ
from edge.shipped import models_folder
from tests.command import ROOT
from tests.models.tiny import LEGACY, row, write_corpus

torch = pytest.importorskip("torch", reason="torch (extra [train]) is not installed: make train-test")
onnx = pytest.importorskip("onnx", reason="onnx (extra [train]) is not installed: make train-test")
pytest.importorskip("pyworld", reason="pyworld (extra [train]) is not installed: make train-test")

from models.training import voices  # noqa: E402 - they need what may be skipped
from models.training.begin import weights  # noqa: E402
from models.training.export import rounded, streamed, traced  # noqa: E402
from models.training.mix import SHRINK  # noqa: E402
from models.training.phrases import mix  # noqa: E402
from models.training.phrases.average import averaged  # noqa: E402
from models.training.phrases.begin import begun, grown  # noqa: E402
from models.training.phrases.calls import drawn_out  # noqa: E402
from models.training.phrases.calls import main as calls_main  # noqa: E402
from models.training.phrases.data import TEACHER_FRAME_S, Clip, Store, read_store, write_shard  # noqa: E402
from models.training.phrases.export import Posteriors  # noqa: E402
from models.training.phrases.mix import HELD, Mixer, other_tract, pool_of  # noqa: E402
from models.training.phrases.network import DELAY, Syllables  # noqa: E402
from models.training.phrases.operations import depthwise, recurrent  # noqa: E402
from models.training.phrases.texts import Sources, lines  # noqa: E402
from models.training.phrases.train import logits_of_all, unlike  # noqa: E402
from models.training.render import SETTINGS, Entry  # noqa: E402

SHARED = ROOT.parent / "shared"
STEPS, SCENES = 2, 45
"""The curves' tail needs more than 40 stretches of 10 s in which a phrase is not said."""


def write_scenes(folder: Path) -> None:
    """As the bench makes them, of noise alone: building its own would take longer than all the rest, and what is there is not made again."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(1)
    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ("file", "label", "start", "end", "kind", "text"))
        table.writeheader()
        for i in range(SCENES):
            said = {"label": "help", "start": 2.0, "end": 3.0, "kind": "help", "text": "救命"} if i == 0 else {"kind": "sentence"}
            table.writerow({"file": f"{i}.flac", **said})
            soundfile.write(folder / f"{i}.flac", 0.02 * noise.standard_normal(11 * RATE_HZ), RATE_HZ)


@pytest.mark.skipif(not (SHARED / "teachers" / "teachers.py").exists(), reason="no ../shared with the teacher beside the checkout")
def test_one_command_makes_a_phrase_model_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    """From a corpus to a model that the terminal loads; what is there is not made again; other options and a path that is not there are refused."""
    rows = [row("tiny", "sentence", split, lang="cmn", text="救命", pinyin="jiu4 ming4") for split in ("train", "dev")]
    rows += [row("tiny", kind, "train") for kind in ("ambience", "scream")]
    write_corpus(tmp_path / "corpus", rows)
    work = tmp_path / "work"
    write_scenes(work / "scenes")

    def train(*more: str | Path) -> subprocess.CompletedProcess[str]:
        small = ("--steps", STEPS, "--batch", 2, "--widths", 4, 4, 4, 4, "--width", 8, "--inner", 8, "--blocks", 1, "--memory", 4, "--workers", 0)
        command = (sys.executable, "-m", "models.training.phrases", "--corpus", tmp_path / "corpus", "--teachers", SHARED / "teachers",
                   "--bench", SHARED / "bench" / "bench.py", "--phrases", SHARED / "phrases.toml", "--work", work, "--jobs", 1, *small, *more)  # fmt: skip
        return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)

    def steps(done: subprocess.CompletedProcess[str]) -> list[str]:
        return [line.split()[3].rpartition(".")[2] for line in done.stdout.splitlines() if line.startswith("$ python -m")]

    done = train()
    assert done.returncode == 0, done.stderr
    assert steps(done) == ["data", "calls", "render", "train", "export", "fits", "curves", "background", "manifest"]
    model = PhraseModel.load(work)
    assert "救命" in model.manifest.curves
    assert {"jiu", "ming"} <= set(model.manifest.units)
    (work / "curves.json").unlink()
    assert steps(train()) == ["curves", "manifest"]
    on = ("--store", work / "store", "--beds", work / "beds", "--corpus", tmp_path / "corpus", "--out", tmp_path / "on", "--begin", work / "phrases.onnx",
          "--ahead", 1, "--like-before", 0.5, "--like", *[work / "phrases.onnx"] * 2, "--grow",
          "--widths", 5, 6, 7, 8, "--width", 12, "--inner", 10, "--blocks", 2,
          "--memory", 6, "--bf16", "--tracts", 0.07, "--steps", STEPS, "--batch", 2, "--workers", 0)  # fmt: skip
    further = subprocess.run(
        list(map(str, (sys.executable, "-m", "models.training.phrases.train", *on))), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (further.returncode, f"step {STEPS}/{STEPS}" in further.stdout) == (0, True), further.stderr
    for more, told in ((("--seed", "2"), "was begun with other options"), (("--speaker", tmp_path / "nowhere.py"), "--speaker needs --assets")):
        refused = train(*more)
        assert (refused.returncode, told in refused.stderr) == (1, True)


def unrounded(path: Path) -> onnxruntime.InferenceSession:
    """A session of a file whose products are of integers, without what makes integers of their inputs: the floats go into the same products."""
    model = onnx.load(path)
    nodes, (floats, _) = [], weights(model)
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            nodes.append(onnx.helper.make_node("Div", node.input[:2], node.output))
        elif node.op_type == "DequantizeLinear" and node.output[0] in floats:
            model.graph.initializer.append(onnx.numpy_helper.from_array(floats[node.output[0]].numpy(), node.output[0]))
        elif node.op_type == "DequantizeLinear":
            above = f"{node.input[0]}_above"  # integers from 0 on are what is left of what a convolution gives
            nodes.append(onnx.helper.make_node("Relu", node.input[:1], [above]))
            nodes.append(onnx.helper.make_node("Mul", [above, node.input[1]], node.output))
        elif node.op_type == "MatMulInteger":
            matrix = f"{node.input[1]}_float"
            nodes.append(onnx.helper.make_node("Cast", node.input[1:2], [matrix], to=onnx.TensorProto.FLOAT))
            nodes.append(onnx.helper.make_node("MatMul", [node.input[0], matrix], node.output))
        else:
            nodes.append(node)
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def test_a_training_goes_on_from_what_is_shipped() -> None:
    """The network that begins is the one in the file before its inputs are rounded, and hears tones as well where the file does not."""
    model = PhraseModel.load(models_folder(), at_once=True)
    frames = torch.from_numpy(np.random.default_rng(3).normal(-60, 10, (4, 400, model.manifest.features.bands)).astype(np.float32))
    network = begun(models_folder() / "phrases.onnx", len(model.manifest.units), 5, frames).eval()
    with torch.no_grad():
        again = network.posteriors(network(frames[:1], network.start())[0])[0].numpy()
    whole = unrounded(models_folder() / "phrases.onnx").run(["posteriors"], {"frames": frames[:1].numpy(), **model.start()})[0][0]
    assert again.shape[1] == len(model.manifest.units) + 5
    np.testing.assert_allclose(np.exp(again[:, : whole.shape[1]]), np.exp(whole), atol=1e-5)


def _normalised_somehow(network: Syllables) -> None:
    for norm in (module for module in network.modules() if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d))):
        norm.running_mean.normal_()


@LEGACY
@pytest.mark.parametrize("integers", [False, True])
def test_matrices_are_stored_in_8_bits_and_hear_what_they_heard(tmp_path: Path, *, integers: bool) -> None:
    """A session and a further training make of the file what the network was, and a session the same of a step alone as of all of them.

    Weights change by a 254th of each row's largest at most, and by a 126th of each column's where products are of integers, as what they take does.
    """
    torch.manual_seed(8)
    network = Syllables(200, widths=(4, 4, 4, 4), width=64, inner=128, blocks=2, memory=64, tones=5).eval()
    _normalised_somehow(network)
    path, states = tmp_path / "phrases.onnx", network.start()
    frames = torch.randn(4, 400, 64) * 10 - 60
    names = traced(Posteriors(network), states, 64, "posteriors", 205, path, eighth=True, scenes=frames.numpy() if integers else None)
    graph = onnx.load(path).graph
    kinds = [node.op_type for node in graph.node]
    assert (kinds.count("MatMulInteger"), kinds.count("MatMul")) == ((5, 1) if integers else (0, 6))  # one is too small
    if integers:
        taken = {node.input[1] for node in graph.node if node.op_type == "MatMulInteger"}
        assert max(np.abs(onnx.numpy_helper.to_array(i).astype(int)).max() for i in graph.initializer if i.name in taken) * 2 * 255 < 1 << 15
    whole = np.exp(network.posteriors(network(frames[:1], states)[0])[0].detach().numpy())
    again = begun(path, 200, 5, frames).eval()
    stream = np.exp(streamed(path, frames[0].numpy(), states, names))
    for heard in (stream, np.exp(again.posteriors(again(frames[:1], states)[0])[0].detach().numpy())):
        np.testing.assert_allclose(heard, whole, atol=1e-2 if integers else 1e-3)
        assert np.abs(heard - whole).max() > 0
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    at_once = session.run(["posteriors"], {"frames": frames[:1].numpy(), **{name: state.numpy() for name, state in zip(names, states, strict=True)}})[0]
    np.testing.assert_allclose(np.exp(at_once[0]), stream, atol=1e-3)


@LEGACY
def test_a_network_that_looks_further_ahead_begins_as_it_was_and_later(tmp_path: Path) -> None:
    """By a step for each tap and dilation; what is new can learn, and a file of it is a stream like any other and can be gone on from."""
    torch.manual_seed(8)
    network = Syllables(20, widths=(4, 4, 4, 4), width=8, inner=16, blocks=3, memory=4, tones=5).eval()
    _normalised_somehow(network)
    path, frames = tmp_path / "phrases.onnx", torch.randn(2, 800, 64) * 10 - 60
    traced(Posteriors(network), network.start(), 64, "posteriors", 25, path, eighth=True)
    near, far = (begun(path, 20, 5, frames, ahead).eval() for ahead in (0, 1))
    late = far.delay - near.delay
    assert late == 1 + 1 + 2
    heard = far(frames, far.start(2))[0]
    torch.testing.assert_close(heard[:, 60:], near(frames, near.start(2))[0][:, 60 - late : -late])
    heard.square().mean().backward()
    assert all(block.depth.weight.grad[..., -1].abs().max() > 0 for block in far.blocks)
    with torch.no_grad():
        for block in far.blocks:
            block.depth.weight[..., -1] = 0.3
        names = traced(Posteriors(far), far.start(), 64, "posteriors", 25, path, eighth=True)
        again = begun(path, 20, 5, frames).eval()
        for posteriors in (streamed(path, frames[0].numpy(), far.start(), names), again.posteriors(again(frames[:1], again.start())[0])[0].numpy()):
            np.testing.assert_allclose(np.exp(posteriors), np.exp(far.posteriors(far(frames[:1], far.start())[0])[0].numpy()), atol=2e-3)


def test_a_larger_network_begins_as_the_smaller_one() -> None:
    """Whatever has grown: convolutions, width, within a block, blocks, memory; and what is new can learn."""
    torch.manual_seed(6)
    small = Syllables(7, widths=(4, 4, 4, 4), width=8, inner=8, blocks=1, memory=4, tones=5)
    large = grown(small, (5, 6, 7, 8), 12, 10, 2, 6)
    frames = torch.randn(2, 400, 64) * 10 - 60
    for network in (small, large):
        network.drop.p = 0.0
    logits, _ = large(frames, large.start(2))
    torch.testing.assert_close(logits, small(frames, small.start(2))[0])
    logits.square().mean().backward()
    assert large.head.weight.grad[:, 8:12].abs().max() > 0


def test_the_quicker_operations_are_those_of_torch() -> None:
    """In what they give and in every slope."""
    torch.manual_seed(1)
    conv, gru = torch.nn.Conv1d(6, 6, 7, dilation=2, groups=6, bias=False), torch.nn.GRU(6, 5, batch_first=True)
    x, state, weights = torch.randn(3, 20, 6), torch.randn(1, 3, 5), torch.randn(3, 8, 5)

    def slopes(*, quick: bool) -> list[Any]:
        given = [x.clone().requires_grad_(), state.clone().requires_grad_()]
        taken = depthwise(conv, given[0]) if quick else conv(given[0].transpose(1, 2)).transpose(1, 2)
        found, last = recurrent(gru, taken, given[1]) if quick else gru(taken, given[1])
        return [found, last, *torch.autograd.grad((found * weights).sum() + last.square().sum(), [*given, *conv.parameters(), *gru.parameters()])]

    for ours, own in zip(slopes(quick=True), slopes(quick=False), strict=True):
        torch.testing.assert_close(ours, own)


def test_what_a_training_is_held_to_is_the_mean_of_several_networks() -> None:
    """Of their log-posteriors, of units and of tones each for itself."""
    torch.manual_seed(1)
    networks = [Syllables(7, 64, (4, 4, 4, 4), 8, 8, 1, 4, 5).eval() for _ in range(2)]
    frames = torch.randn(2, 40, 64)
    with torch.no_grad():
        alone = [logits_of_all([network], frames, bf16=False) for network in networks]
        both = logits_of_all(networks, frames, bf16=False)
    torch.testing.assert_close(both, (alone[0] + alone[1]) / 2)
    assert alone[0].exp().sum(-1) == pytest.approx(2.0)


def test_a_longer_vocal_tract_has_lower_formants() -> None:
    """A formant at 2 kHz lies at 1.82 kHz in a tract of 1.1 times the length, and above 2 kHz in a shorter one; the same length changes nothing."""
    mel = librosa.mel_frequencies(SETTINGS.bands + 2, fmin=SETTINGS.low_hz, fmax=SETTINGS.high_hz)[1:-1]
    voice = np.tile(-40 - 30 * np.abs(np.log2(mel / 2000)), (3, 1)).astype(np.float32)
    np.testing.assert_allclose(other_tract(voice, 1.0), voice, rtol=1e-6)
    for length in (1.1, 0.9):
        np.testing.assert_allclose(mel[other_tract(voice, length).argmax(1)], 2000 / length, rtol=0.03)


def test_a_further_training_is_held_to_what_it_began_at_where_real_people_speak() -> None:
    """Nothing is lost by hearing the same, nor where nobody holds it; a reader is held to more than the ambience, a phrase with a wrong syllable not at all."""
    torch.manual_seed(2)
    before, now, held = torch.randn(2, 6, 9), torch.randn(2, 6, 9), torch.zeros(2, 6)
    assert unlike(now, before, held) == 0
    held[1] = 1.0
    assert unlike(before, before, held) == 0
    assert unlike(now, before, held) > 0.1
    now[1] = before[1]
    assert unlike(now, before, held) == 0
    beds = [np.full((100, SETTINGS.bands), -10, np.float16)], [Entry(0, 0, 100, kind, "tiny", kind, "", 1.0) for kind in ("ambience", "slam")]
    sound = (3000 * np.random.default_rng(4).standard_normal(2 * RATE_HZ)).astype(np.int16)
    for corpus, kind, expected in (("aishell_bits", "sentence", {HELD, 1.0}), ("tts_train", "near_miss", {HELD, 0.0})):
        clip = Clip(corpus, "a", kind, "someone", "train", 0, len(sound), 0, 66, None)
        store = Store([sound], [np.zeros((66, 4), np.uint16)], [np.full((66, 4), 0.25, np.float16)], [np.zeros(66, np.uint8)], [(0, clip)])
        scene = Mixer(store, beds, [np.ones(1, np.float32)]).scene(np.random.default_rng(5))
        assert set(scene.held.tolist()) == {float(np.float32(share)) for share in expected}


@pytest.mark.parametrize("zero_is", [0, 128])
def test_products_of_integers_are_what_they_were(zero_is: int) -> None:
    """Within a fortieth of their spread, where inputs differ a hundredfold and a few are ten times as high as usual."""
    rng = np.random.default_rng(1)
    rows, matrix = rng.standard_normal((3000, 128)).astype(np.float32), rng.standard_normal((128, 64)).astype(np.float32)
    rows *= 10 ** rng.uniform(-1, 1, 128).astype(np.float32) * np.where(rng.random(rows.shape) < 1e-5, 10, 1).astype(np.float32)
    rows = rows if zero_is else np.abs(rows)
    even, step, zero, scale, whole = rounded(rows, matrix)
    products = np.clip(np.rint(rows * even / step), -float(zero), 255 - float(zero)) @ whole * (scale * step)
    assert (int(zero), int(np.abs(whole).max())) == (zero_is, 63)
    assert (products - rows @ matrix).std() < (rows @ matrix).std() / 40


def buzzing(f0_hz: float) -> NDArray[np.float32]:
    """Half a second of hiss, a second of a vowel, half a second of hiss; 16 kHz."""
    t = np.arange(RATE_HZ) / RATE_HZ
    vowel = sum(np.exp(-(((f0_hz * k - 700) / 400) ** 2)) * np.sin(2 * np.pi * f0_hz * k * t) for k in range(1, 20))
    hiss = 0.03 * np.random.default_rng(1).standard_normal((2, RATE_HZ // 2))
    return np.concatenate([hiss[0], 0.3 * vowel, hiss[1]]).astype(np.float32)


def test_what_is_drawn_out_are_vowels() -> None:
    """A steady second becomes up to twice as long, in all calls more than it was; what has no voice lasts as long as before; no call outlasts a scene."""
    voice = voices.analyse(buzzing(150.0))
    lasted = []
    for seed in range(10):
        at = drawn_out(voice, 2.5, np.random.default_rng(seed)) * voices.FRAME_S
        assert (np.diff(at) > 0).all()
        lasted.append([((at >= a) & (at < b)).sum() * voices.FRAME_S for a, b in ((0.0, 0.45), (0.55, 1.45), (1.55, 2.0))])
    before, vowel, after = np.transpose(lasted)
    np.testing.assert_allclose([before, after], 0.45, atol=0.03)
    assert vowel.min() > 0.95
    assert 1.7 < vowel.max() <= 2.5 * 0.9, "half of what is voiced in full, the rest less"
    assert len(drawn_out(voice, 9.0, np.random.default_rng(1))) * voices.FRAME_S <= 5.0


def test_calls_are_a_further_shard_of_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of short clips of the training part alone; the teacher tells each syllable where it is heard, within the vowel that was drawn out."""
    sound = (buzzing(150.0) * 30000).astype(np.int16)
    best, told = np.zeros((66, 4), np.uint16), {22: 3, 40: 4}
    for frame, unit in told.items():
        best[frame, 0] = unit
    clips = [Clip("tts_train", f"tts_train/{i}.flac", kind, "someone", split, i * len(sound), len(sound), 66 * i, 66, [3, 4])
             for i, (kind, split) in enumerate((("phrase", "train"), ("phrase", "dev"), ("sentence", "train")))]  # fmt: skip
    parts: dict[str, NDArray[Any]] = {"sound": sound, "best": best, "shares": np.ones((66, 4), np.float16), "tones": np.zeros(66, np.uint8)}
    write_shard(tmp_path, "corpus", clips, {name: [part] * 3 for name, part in parts.items()})
    monkeypatch.setattr(sys, "argv", ["calls", "--store", str(tmp_path), "--jobs", "1"])
    calls_main()
    store = read_store(tmp_path)
    ((shard, call),) = [(shard, clip) for shard, clip in store.clips if clip.corpus == "calls"]
    assert (call.key, call.kind, pool_of(call)) == ("calls/tts_train/0.flac", "phrase", "call")
    assert len(store.sounds[shard]) == call.length > 1.1 * len(sound)
    assert np.abs(store.sounds[shard]).max() == pytest.approx(np.abs(sound).max(), rel=0.01)
    at = np.flatnonzero(store.best[shard][:, 0])
    assert list(dict.fromkeys(store.best[shard][at, 0].tolist())) == [3, 4]
    levels = np.array([np.abs(store.sounds[shard][round(frame * TEACHER_FRAME_S * RATE_HZ) :][:480].astype(float)).mean() for frame in at])
    assert levels.min() > 2000, "within the vowel"


def test_what_is_said_at_another_pace_is_taught_where_it_is_heard() -> None:
    """A second of silence, then noise that the teacher calls unit 1: where the network is taught it, DELAY steps later, the scene is loud."""
    noise = 3000 * np.random.default_rng(4).standard_normal(2 * RATE_HZ)
    noise[:RATE_HZ] = 0
    best = np.zeros((66, 4), np.uint16)
    best[33:, 0] = 1
    clip = Clip("aishell_bits", "a", "sentence", "someone", "train", 0, len(noise), 0, 66, None)
    store = Store([noise.astype(np.int16)], [best], [np.tile(np.array([1, 0, 0, 0], np.float16), (66, 1))], [np.zeros(66, np.uint8)], [(0, clip)])
    beds = [np.full((100, SETTINGS.bands), -90, np.float16)], [Entry(0, 0, 100, kind, "tiny", kind, "", 1.0) for kind in ("ambience", "slam")]
    mixer = Mixer(store, beds, [np.ones(1, np.float32)], paces=0.5)
    lengths = set()
    for seed in range(6):
        scene = mixer.scene(np.random.default_rng(seed))
        loud = np.median(scene.frames.reshape(-1, SHRINK, SETTINGS.bands), axis=(1, 2))[: len(scene.best) - DELAY] > -80
        told = scene.best[DELAY:, 0] == 1
        lengths |= {len(run) for run in "".join(map(str, told.astype(int))).split("0") if run}
        assert told.any()
        assert (loud != told).sum() <= 3 * (np.diff(told.astype(int)) == 1).sum()
    assert max(lengths) > 1.5 * min(lengths)


@pytest.mark.parametrize("corpus", ["aishell_bits", "speech1"])
def test_parts_of_what_a_voice_said_make_new_sentences(monkeypatch: pytest.MonkeyPatch, corpus: str) -> None:
    """Of up to four syllables each, one after another in one room, none of another voice; each syllable is taught where it is heard, DELAY steps later."""
    monkeypatch.setattr(mix, "JOINED", {"reader": 1.0, "spoken": 1.0})
    monkeypatch.setattr(mix, "GAPS_S", (1.0, 1.1))
    at = [round((i + 0.5) * 0.2 / TEACHER_FRAME_S) for i in range(10)]  # a syllable in 0.2 s, told in its midst
    best, clips = np.zeros((132, 4), np.uint16), []
    for voice in range(2):
        said = [10 * voice + i for i in range(1, 11)]
        best[[66 * voice + frame for frame in at], 0] = said
        clips.append(Clip(corpus, f"{voice}", "sentence", f"{voice}", "train", 2 * RATE_HZ * voice, 2 * RATE_HZ, 66 * voice, 66, said))
    sound = (3000 * np.random.default_rng(4).standard_normal(4 * RATE_HZ)).astype(np.int16)
    shares = np.tile(np.array([1, 0, 0, 0], np.float16), (132, 1))
    store = Store([sound], [best], [shares], [np.zeros(132, np.uint8)], [(0, clip) for clip in clips])
    beds = [np.full((100, SETTINGS.bands), -90, np.float16)], [Entry(0, 0, 100, kind, "tiny", kind, "", 1.0) for kind in ("ambience", "slam")]
    mixer = Mixer(store, beds, [np.ones(1, np.float32)])
    whole = joints = 0
    voices = set()
    for seed in range(20):
        scene = mixer.scene(np.random.default_rng(seed))
        told = scene.best[:, 0]
        heard_at = np.flatnonzero((told != 0) & (told != np.concatenate([[0], told[:-1]])))
        whole += told[heard_at].tolist() == scene.units
        joints += sum(b != a + 1 for a, b in itertools.pairwise(scene.units))
        gaps = np.diff(heard_at)
        assert gaps[gaps < 20].max() <= 8, "parts follow each other without a pause"
        for utterance in np.split(np.array(scene.units), np.flatnonzero(gaps >= 20) + 1):
            assert len({(unit - 1) // 10 for unit in utterance}) == 1, "one voice says all parts"
            voices.add(int(utterance[0] - 1) // 10)
    assert (whole, joints > 40, voices) == (20, True, {0, 1})


def test_minimal_pairs_are_of_anything() -> None:
    """The same voice says a piece with another syllable and, half of the time, the piece itself; nothing of it is of the list."""
    other = ["tian1", "qi4", "hao3"]
    sources = Sources(["你好"], [1.0], ["你好吗"], ["救命"], readings=[["jiu4", "ming4"]], others=[other], syllables=["tian", "qi", "hao", "dian"])
    drawn = list(itertools.islice(lines(sources, ["zf_a", "zf_b"], np.random.default_rng(1), ["minimal_pair"]), 60))
    pairs = [(a, b) for a, b in itertools.pairwise(drawn) if a.kind == "minimal_pair" and b.kind == "running"]
    assert len(pairs) > 10
    assert all("tian1qi4hao3" in b.text and "tian1qi4hao3" not in a.text and a.voice == b.voice for a, b in pairs)
    assert not any("jiu4" in line.text for line in drawn)


def test_the_mean_of_a_training_and_of_what_it_began_at_keeps_what_is_new() -> None:
    """Weights are means; outputs that the older network did not have are the newer one's."""
    torch.manual_seed(1)
    new, old = (Syllables(7, widths=(4, 4, 4, 4), width=8, inner=8, blocks=1, memory=4, tones=5) for _ in range(2))
    mean = averaged(new, old, 7)
    torch.testing.assert_close(mean.squeeze.weight, (new.squeeze.weight + old.squeeze.weight) / 2)
    torch.testing.assert_close(mean.head.weight[:7], (new.head.weight + old.head.weight)[:7] / 2)
    torch.testing.assert_close(mean.head.weight[7:], new.head.weight[7:])
