"""What the terminal costs on this machine: `make bench`, or `python -m tests.bench [--json]`; takes some three minutes.

Costs are CPU time of one thread, the best of some runs, since a busy machine only ever adds. A fixed piece of numpy work, and YAMNet
where it is at hand (../shared/teachers and ai-edge-litert), are measured in turn with them: figures of two machines compare by those.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path

import edge  # isort: skip  # before numpy, since it says how many threads that may use

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge.capture.recording import Recording, read_blocks
from edge.chain import Chain, Listening, phrase_rules, wanted
from edge.config.phrases import list_in_use
from edge.config.schema import PhraseSettings
from edge.decide.rules import rules_for
from edge.demo.scene import demo
from edge.detect.detector import Detector
from edge.detect.phrases import PhraseModel
from edge.features import RATE_HZ
from edge.features.level import LevelStream
from edge.features.logmel import LogMelStream
from edge.replay import BLOCK_S, Models, Settings, play
from edge.shipped import models_folder
from tests import sound_server
from tests.broker import Broker, Desk
from tests.command import ROOT

TERMINAL_BLOCK_S = 0.1  # as the microphone gives it
RUNS = 20
PIECE_S = 20
YAMNET = "YAMNet, 4 windows a second"
STARTS = 3
ALERTS = 60
FOOTPRINT_S = 60.0

PLAIN = """
import sys
from edge.commands.main import main
sys.exit(main())
"""

FIRST_BLOCK = """
import time
from edge.capture import playback

class Recording(playback.PacedRecording):
    reads = 0

    def read(self, timeout_s):
        self.reads += 1
        if self.reads == 2:
            print(time.monotonic(), flush=True)
        return super().read(timeout_s)

playback.PacedRecording = Recording
"""
"""Tells when the second block is asked for: then the first has gone through the whole chain."""

DECISIONS = """
import time
from dataclasses import replace
import edge.sound
from edge.decide.types import Opened

def advance(gates, step, rules, advance=edge.sound.advance):
    gates, decisions = advance(gates, replace(step, scores={"shouting": float(step.level_dba > 85)}), rules)
    for decision in decisions:
        if isinstance(decision, Opened):
            print(time.monotonic(), flush=True)
    return gates, decisions

edge.sound.advance = advance
"""
"""Tells the moment of each decision. Scores follow the level, since no minute has so many screams."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    goal: str = ""
    note: str = ""


def cpu_ms(work: Callable[[], object], seconds: float = 1.0) -> float:
    """CPU time of a piece of work in ms, the best of RUNS, divided by the seconds of sound in it."""
    return together({"": (work, seconds)})[""]


def together(works: Mapping[str, tuple[Callable[[], object], float]]) -> dict[str, float]:
    """The same of several pieces of work, done in turn: what slows the machine for a while slows all of them, and not their ratios."""
    best = dict.fromkeys(works, float("inf"))
    for _ in range(RUNS):
        for name, (work, seconds) in works.items():
            begin = time.process_time()
            work()
            best[name] = min(best[name], (time.process_time() - begin) / seconds * 1000)
    return best


def fed(feed: Callable[[NDArray[np.float32]], object], sound: NDArray[np.float32], block_s: float) -> None:
    """Give a stream all of the sound in blocks."""
    size = round(block_s * RATE_HZ)
    for at in range(0, len(sound), size):
        feed(sound[at : at + size])


def numpy_work() -> None:
    """The fixed piece of work: 1,000 FFTs of 512 in pieces of 50, and as many products of a spectrum with 64 bands."""
    frames = np.ones((50, 512), np.float32)
    bank = np.ones((257, 64), np.float32)
    for _ in range(20):
        np.abs(np.fft.rfft(frames)).astype(np.float32) @ bank


def costs(sound: NDArray[np.float32]) -> Iterator[Figure]:
    """CPU time of each part of the chain for a second of sound, and of YAMNet at four windows a second."""
    detector = Detector.load(models_folder())
    manifest, seconds = detector.manifest, len(sound) / RATE_HZ
    listening = Listening.load(models_folder(), wanted(list_in_use(PhraseSettings(), models_folder()), {}))
    assert listening
    spotter = listening.model
    models = Models.load(Settings(models_folder(), {}, -26.0, listening.wanted))

    def runs(model: Detector | PhraseModel) -> None:
        own = model.manifest
        state, frames = model.start(), np.full((own.step_frames, own.features.bands), -60, np.float32)
        for _ in range(round(seconds * RATE_HZ / own.features.hop / own.step_frames)):
            _, state = model.run(frames, state)

    logmel, level = "log-mel, a step at a time as the detector takes it", "A-weighted level"
    works: dict[str, Callable[[], object]] = {
        logmel: lambda: fed(LogMelStream(manifest.features).feed, sound, manifest.step_s),
        level: lambda: fed(LevelStream().feed, sound, TERMINAL_BLOCK_S),
        "model": lambda: runs(detector),
        "phrase model": lambda: runs(spotter),
        "whole chain, as the terminal hears": lambda: fed(Chain(detector, -26.0, listening).feed, sound, TERMINAL_BLOCK_S),
        "whole chain, as replay reads": lambda: fed(Chain(models.detector, -26.0, models.listening).feed, sound, BLOCK_S),
        "whole chain without phrases": lambda: fed(Chain(detector, -26.0).feed, sound, TERMINAL_BLOCK_S),
    }
    theirs, why = yamnet()
    if theirs:
        works[YAMNET] = lambda: theirs(sound)
    taken = together({"": (numpy_work, 1.0), **{name: (work, seconds) for name, work in works.items()}})
    yardstick = taken.pop("")
    yield Figure("fixed numpy work", yardstick, "ms", note="the yardstick")
    for name, value in taken.items():
        yield Figure(name, value, "ms/s", note=f"{value / yardstick:.2f} x numpy")
    if not theirs:
        yield Figure(YAMNET, float("nan"), "ms/s", note=f"not measured: {why}")
        return
    yield Figure("log-mel and detector over YAMNet", (taken[logmel] + taken["model"]) / taken[YAMNET], "", "at most 0.5")
    yield Figure("both models over YAMNet", (taken["model"] + taken["phrase model"]) / taken[YAMNET], "", "at most 1")


def yamnet() -> tuple[Callable[[NDArray[np.float32]], object] | None, str]:
    """What tags sound by YAMNet, or None and why there is none."""
    sys.path.append(str(ROOT.parent / "shared" / "teachers"))
    try:
        heard = import_module("teachers").yamnet
        heard(np.zeros(RATE_HZ, np.float32))
    except ImportError as error:
        return None, str(error)
    return heard, ""


def replay_speed(sound: NDArray[np.float32], folder: Path) -> Iterator[Figure]:
    """Seconds of sound that replay hears in a second of one core's time, decoding and decisions included."""
    listed = wanted(list_in_use(PhraseSettings(), models_folder()), {})
    seconds = len(sound) / RATE_HZ
    for suffix, phrases in (("wav", listed), ("flac", listed), ("flac", None)):
        settings = Settings(models_folder(), {}, -26.0, phrases, keep_steps=True)
        models = Models.load(settings)
        settings = replace(settings, rules=rules_for({**models.detector.manifest.rules, **phrase_rules(models_folder(), phrases)}, {}, (), "default", {}))
        recording = Recording(f"replay.{suffix}", folder / f"replay.{suffix}")
        soundfile.write(recording.path, sound, RATE_HZ, subtype="PCM_16")
        decoding = cpu_ms(lambda r=recording: sum(len(b) for b in read_blocks(r.path, BLOCK_S)), seconds)  # type: ignore[misc]
        whole = cpu_ms(lambda r=recording, m=models, s=settings: play(r, m, s, lambda _: None), seconds)  # type: ignore[misc]
        name = f"replay of {suffix.upper()}" + ("" if phrases else ", phrases off")
        yield Figure(name, 1000 / whole, "x real time", "600, at least 200", f"decoding {decoding:.2f} ms/s")


def write_config(folder: Path, port: int, more: str = "") -> Path:
    """A terminal's configuration, with its state in the folder."""
    path = folder / "config.toml"
    path.write_text(f'[terminal]\nname = "bench"\n[paths]\nstate = "{folder / "state"}"\n[broker]\nhost = "127.0.0.1"\nport = {port}\n{more}', encoding="utf-8")
    return path


@contextmanager
def terminal(telling: str, config: Path, *more: str | Path, environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """The terminal as a process of its own for as long as the context lasts. telling: what its program does first, in order to tell more."""
    command = [sys.executable, "-c", telling + PLAIN, "--config", str(config), "run", *map(str, more)]
    log = (config.parent / "terminal.log").open("w", encoding="utf-8")
    with log, subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE, stderr=log, text=True) as running:
        try:
            yield running
        finally:
            running.terminate()


def starting(folder: Path, recording: Path, port: int) -> Figure:
    """From the start of the process to the first block of sound gone through the chain."""
    took = []
    for _ in range(STARTS):
        begin_s = time.monotonic()
        with terminal(FIRST_BLOCK, write_config(folder, port), "--recording", recording) as running:
            assert running.stdout
            took.append(float(running.stdout.readline()) - begin_s)
    return Figure("start to the first frame heard", float(np.median(took)), "s", "at most 2", f"median of {STARTS}, 0.1 s of it the frame itself")


BURSTS = """
[storm]
alerts = 1000
[labels.shouting]
threshold = 0.5
release = 0.5
agree = 1
of = 1
shortest_s = 0.0
hold_s = 0.0
[labels.crying]
on = false
"""
"""Each burst of noise is an alert of its own."""


def latency(folder: Path, port: int) -> Iterator[Figure]:
    """From the decision in the sound thread to the alert at a subscriber."""
    burst = np.repeat([0.1, 0.0005], [round(0.25 * RATE_HZ), round(0.75 * RATE_HZ)])
    amplitude = np.concatenate([np.full(RATE_HZ, 0.0005), np.tile(burst, ALERTS)])
    recording = folder / "bursts.wav"
    soundfile.write(recording, np.clip(np.random.default_rng(1).standard_normal(len(amplitude)) * amplitude, -1, 1), RATE_HZ)
    desk = Desk(port)
    with terminal(DECISIONS, write_config(folder, port, BURSTS), "--recording", recording) as running:
        time.sleep(len(amplitude) / RATE_HZ + 4.0)
        running.terminate()
        assert running.stdout
        decided = [float(line) for line in running.stdout]
    desk.close()
    arrived = [h.at_s for h in desk.heard if h.topic == "alert" and h.body["repeat"] == 0]
    took = (np.array(arrived) - np.array(decided)) * 1000
    yield Figure("decision to subscriber, median", float(np.median(took)), "ms", note=f"{len(took)} alerts, one a second, through mosquitto")
    yield Figure("decision to subscriber, 95 %", float(np.percentile(took, 95)), "ms", "at most 200")


def footprint(folder: Path, recording: Path, port: int) -> Iterator[Figure]:
    """What the terminal and its capture child hold, and have used, after a minute with a microphone that hears the demo over and over."""
    with ExitStack() as stack:
        environment: dict[str, str] = {}
        hears: list[str | Path] = ["--recording", recording]
        more = ""
        if not sound_server.missing():
            short = stack.enter_context(tempfile.TemporaryDirectory(prefix="wall-"))
            microphone = stack.enter_context(sound_server.VirtualMicrophone(Path(short)))
            environment, hears, more = dict(microphone.environment), [], f'[microphone]\ndevice = "{microphone.device}"\n'
            microphone.play(recording)
        running = stack.enter_context(terminal("", write_config(folder, port, more), *hears, environment=environment))
        threading.Event().wait(FOOTPRINT_S)
        children = [pid for task in Path(f"/proc/{running.pid}/task").iterdir() for pid in (task / "children").read_text().split()]
        total = cpu_s = 0.0
        for name, pid in (("terminal", running.pid), *(("capture child", child) for child in children)):
            held = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if ":" in line)
            rss, pss = (int(held[key].split()[0]) / 1024 for key in ("Rss", "Pss"))
            total += pss
            cpu_s += sum(map(int, Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")
            yield Figure(f"memory of the {name}", rss, "MB RSS", note=f"{pss:.1f} MB PSS")
        yield Figure("memory in all", total, "MB PSS", "at most 120", "" if children else "without a capture child: no sound server here")
        yield Figure("CPU of both, start included", cpu_s / FOOTPRINT_S * 100, "% of a core", note=f"{FOOTPRINT_S:.0f} s")


def measured(folder: Path) -> Iterator[Figure]:
    """Everything, one after the other."""
    scene = demo()
    sound = np.tile(scene.sound, 4)
    yield from costs(sound[: PIECE_S * RATE_HZ])
    yield from replay_speed(sound, folder)
    if not shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        yield Figure("start, latency, memory", float("nan"), "", note="not measured: mosquitto is not installed")
        return
    recording = folder / "demo.wav"
    soundfile.write(recording, sound, RATE_HZ, subtype="PCM_16")
    broker = Broker(folder).start()
    try:
        yield starting(folder, recording, broker.port)
        yield from latency(folder, broker.port)
        yield from footprint(folder, recording, broker.port)
    finally:
        broker.kill()


def main() -> None:
    """Print a line for each figure as soon as it is there, or all of them as one JSON object."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    args = parser.parse_args()
    figures = []
    if not args.json:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"xiaoan-edge {edge.__version__}, Python {platform.python_version()}, {machine}")
    with tempfile.TemporaryDirectory(prefix="xiaoan-bench-") as folder:
        for figure in measured(Path(folder)):
            figures.append(figure)
            if not args.json:
                value = "-" if np.isnan(figure.value) else f"{figure.value:.2f}" if figure.value < 100 else f"{figure.value:.0f}"
                print(f"{figure.name:36}{value:>8} {figure.unit:13}{figure.goal:19}{figure.note}".rstrip(), flush=True)
    if args.json:
        print(json.dumps([{**asdict(f), "value": None if np.isnan(f.value) else round(f.value, 4)} for f in figures]))


if __name__ == "__main__":
    main()
