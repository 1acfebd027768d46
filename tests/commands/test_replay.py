"""`xiaoan replay` as technicians and maintainers run it."""

import csv
import json
import os
import pty
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge.demo import scene
from tests.command import ROOT, XIAOAN, xiaoan

RAISE_ALL = "[labels.shouting]\nthreshold = 0.0\nrelease = 0.0\nagree = 1\nof = 1\nshortest_s = 0.0\n[labels.crying]\non = false\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short recordings of noise, one of them a level below, and configurations that raise everything and nothing."""
    folder = tmp_path_factory.mktemp("replay")
    rng = np.random.default_rng(1)
    (folder / "sound" / "yard").mkdir(parents=True)
    for name in ("a.wav", "b.flac", "yard/c.ogg"):
        soundfile.write(folder / "sound" / name, 0.01 * rng.standard_normal((48_000 * 3, 2)), 48_000)
    (folder / "all.toml").write_text(RAISE_ALL)
    in_break = '[[periods]]\nname = "break"\nstart = "10:00"\nend = "10:20"\nthresholds.shouting = 0.0\n'
    (folder / "none.toml").write_text(RAISE_ALL.replace("= 0.0", "= 1.0", 1) + in_break)
    return folder


def test_json_is_an_object_a_line_with_the_agreed_keys(folder: Path) -> None:
    """What other programs read: exactly the agreed keys, files relative to the folder, in order, nothing else on the output."""
    done = xiaoan("replay", folder / "sound", "--json", "--config", folder / "all.toml")
    alerts = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [a["file"] for a in alerts] == ["a.wav", "b.flac", "yard/c.ogg"]
    assert all(list(a) == ["file", "label", "start", "raised", "end", "score", "level_dba", "phrase"] for a in alerts)
    assert all(a["label"] == "shouting" and a["phrase"] is None and 0 <= a["start"] < a["raised"] <= a["end"] <= 3.0 for a in alerts)


def test_a_file_keeps_the_name_that_was_given(folder: Path) -> None:
    """The file column is what stands on the command line, so that results can be joined with what was asked."""
    given = os.path.relpath(folder / "sound" / "a.wav", ROOT)
    done = xiaoan("replay", given, "--json", "--config", folder / "all.toml")
    assert json.loads(done.stdout)["file"] == given


def test_people_get_a_table_and_the_sums(folder: Path) -> None:
    """Without options there is one line an alert under a head, and a last line that says how much was heard."""
    done = xiaoan("replay", folder / "sound", "--config", folder / "all.toml")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["file", "label", "start", "raised", "end", "score", "dBA"]
    assert lines[3].split()[:3] == ["yard/c.ogg", "shouting", "0:00.0"]
    assert lines[-1] == "0:09.0 of sound in 3 recordings, 3 alerts"
    assert "\x1b" not in done.stdout + done.stderr


def test_the_table_speaks_chinese(folder: Path) -> None:
    """The duty teacher's language reaches heads, labels and sums."""
    done = xiaoan("replay", folder / "sound", "--config", folder / "all.toml", "--lang", "zh")
    assert "shouting" not in done.stdout
    assert "喊叫" in done.stdout


def test_scores_have_a_row_a_step(folder: Path, tmp_path: Path) -> None:
    """At least four rows a second for each file, times rising by the step, scores within 0..1."""
    out = tmp_path / "scores.csv"
    xiaoan("replay", folder / "sound", "--scores", out, "--config", folder / "none.toml")
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert list(rows[0]) == ["file", "time", "level_dba", "shouting", "crying", "insult", "help", "phrase", "phrase_score"]
    for name in ("a.wav", "b.flac", "yard/c.ogg"):
        times = [float(r["time"]) for r in rows if r["file"] == name]
        assert len(times) >= 4 * 2.7
        assert times[-1] <= 3.0
        assert max(np.diff(times)) <= 0.25
    assert all(0 <= float(r[label]) <= 1 for r in rows for label in ("shouting", "crying"))
    assert all(len(r["time"].split(".")[1]) == 3 and len(r["shouting"].split(".")[1]) == 5 for r in rows)


def test_a_list_replaces_the_shipped_one(folder: Path, tmp_path: Path) -> None:
    """Only its phrases are ranked, those that are off have no part in the scores, and a group without any scores nothing."""
    listed, out = tmp_path / "list.toml", tmp_path / "scores.csv"
    listed.write_text('[help]\nphrases = ["开门", { text = "救命", on = false }]\n', encoding="utf-8")
    done = xiaoan("replay", folder / "sound" / "a.wav", "--phrases", listed, "--scores", out)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert {r["phrase"] for r in rows} == {"开门"}
    assert {r["insult"] for r in rows} == {"0.00000"}
    assert all(0 <= float(r["phrase_score"]) <= 1 for r in rows)


def test_one_process_and_several_say_the_same(folder: Path) -> None:
    """--jobs changes the speed, never a byte of the result."""
    one, many = (xiaoan("replay", folder / "sound", "--json", "--jobs", n, "--config", folder / "all.toml") for n in ("1", "3"))
    assert one.stdout == many.stdout != ""


def test_a_period_brings_its_thresholds(folder: Path) -> None:
    """Without --period the default thresholds hold, whatever the time of day; an unknown period is refused by name."""
    config = ("--config", folder / "none.toml")
    assert xiaoan("replay", folder / "sound", "--json", *config).stdout == ""
    assert len(xiaoan("replay", folder / "sound", "--json", "--period", "break", *config).stdout.splitlines()) == 3
    refused = xiaoan("replay", folder / "sound", "--period", "lunch", *config)
    assert (refused.returncode, refused.stderr) == (2, "xiaoan: --period lunch: the configuration has no such period; it has: break, default, holiday\n")


@pytest.mark.parametrize(
    ("config", "truth", "status", "told"),
    [
        ("all.toml", "a.wav,shouting,0.5,2\nb.flac,shouting,0,1\nyard/c.ogg,shouting,1,2\n", 0, "3 of 3 expected alerts raised, 0 missed, 0 false alarms"),
        ("none.toml", "a.wav,shouting,0.5,2\nb.flac,,0,0\nyard/c.ogg,,0,0\n", 1, "missed: a.wav: shouting from 0:00.5 to 0:02.0"),
        ("all.toml", "a.wav,shouting,0.5,2\nb.flac,,0,0\nyard/c.ogg,shouting,1,2\n", 1, "false alarm: b.flac: shouting from 0:00.0 to 0:02.8"),
        ("none.toml", "a.wav,,0,0\nb.flac,,0,0\nyard/c.ogg,,0,0\n", 0, "0 of 0 expected alerts raised, 0 missed, 0 false alarms"),
        ("none.toml", "a.wav,,0,0\nlost.wav,,0,0\n", 2, "expects something of lost.wav"),
    ],
)
def test_expectations_decide_the_exit_status(folder: Path, tmp_path: Path, config: str, truth: str, status: int, told: str) -> None:
    """0 all as expected, 1 a miss or a false alarm, each named, 2 an expectation of a recording that is not there."""
    (tmp_path / "truth.csv").write_text("file,label,start,end\n" + truth)
    done = xiaoan("replay", folder / "sound", "--expect", tmp_path / "truth.csv", "--config", folder / config)
    assert done.returncode == status, done.stderr
    assert told in done.stdout + done.stderr


def test_delays_are_told(folder: Path, tmp_path: Path) -> None:
    """Median and longest time from an event's start to its alert are printed."""
    (tmp_path / "truth.csv").write_text("file,label,start,end\na.wav,shouting,0,2\n")
    done = xiaoan("replay", folder / "sound" / "a.wav", "--expect", tmp_path / "truth.csv", "--config", folder / "all.toml")
    assert "from onset to alert: 0." in done.stdout


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_bad_file_among_good_ones_is_named_and_the_others_go_on(folder: Path, tmp_path: Path, jobs: str) -> None:
    """Its sentence on stderr, the others' alerts on stdout, status 2 at the end."""
    (tmp_path / "empty.wav").touch()
    paths = (folder / "sound" / "a.wav", tmp_path / "empty.wav", folder / "sound" / "b.flac")
    done = xiaoan("replay", *paths, "--json", "--jobs", jobs, "--config", folder / "all.toml")
    assert done.returncode == 2
    assert done.stderr == f"xiaoan: {tmp_path / 'empty.wav'}: the file is empty (0 bytes)\n"
    assert [Path(json.loads(line)["file"]).name for line in done.stdout.splitlines()] == ["a.wav", "b.flac"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--phrases", "/nowhere/list.toml"], "/nowhere/list.toml: cannot be read"),
        (["--explain", "out.png"], "--explain draws one recording, but 3 were given"),
        (["--jobs", "0"], "0 is no number from 1 to 1024"),
        (["--scores", "/nowhere/scores.csv"], "/nowhere/scores.csv: cannot be written"),
        (["--expect", "/nowhere/truth.csv"], "/nowhere/truth.csv: cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(folder: Path, arguments: list[str], told: str) -> None:
    """Status 2, one line, no traceback, before any work."""
    done = xiaoan("replay", folder / "sound", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_explain_draws_a_picture_and_tells_the_same_as_a_table(folder: Path, tmp_path: Path) -> None:
    """A PNG of some size, and a row each half second with level, score and where the alert was raised."""
    pytest.importorskip("matplotlib", reason="matplotlib (extra [technician]) is not installed")
    out = tmp_path / "out.png"
    done = xiaoan("replay", folder / "sound" / "a.wav", "--explain", out, "--config", folder / "all.toml")
    assert done.returncode == 0, done.stderr
    assert out.read_bytes().startswith(b"\x89PNG")
    table = [line.split() for line in done.stdout.splitlines() if line.startswith("0:0")]
    assert [row[0] for row in table[:2]] == ["0:00.5", "0:01.0"]
    assert "RAISED" in table[0] or "onset" in table[0]


def test_a_picture_that_cannot_be_written_is_said_before_the_work(folder: Path) -> None:
    """A missing folder, named."""
    pytest.importorskip("matplotlib", reason="matplotlib (extra [technician]) is not installed")
    done = xiaoan("replay", folder / "sound" / "a.wav", "--explain", "/nowhere/out.png")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no folder /nowhere" in done.stderr


def test_a_terminal_gets_a_bar_and_a_pipe_none(folder: Path) -> None:
    """The bar is drawn on stderr, and only where that is a terminal; the output stays clean."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    command = [*XIAOAN, "replay", str(folder / "sound"), "--json", "--config", str(folder / "all.toml")]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=slave, text=True, check=True)
    os.close(slave)
    drawn = os.read(master, 65536).decode()
    os.close(master)
    assert "listening" in drawn
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == ["a.wav", "b.flac", "yard/c.ogg"]


def test_ctrl_c_ends_all_processes_at_once(tmp_path: Path) -> None:
    """A terminal sends it to the workers too, and one that begins cannot refuse it yet: no process is left, no traceback, and no half of the scores."""
    quiet = np.zeros(16_000 * 1200, np.int16)
    for i in range(4):
        soundfile.write(tmp_path / f"{i}.wav", quiet, 16_000)
    scores = tmp_path / "scores.csv"
    scores.write_text("of yesterday")
    command = [*XIAOAN, "replay", str(tmp_path), "--jobs", "2", "--scores", str(scores)]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until_s = time.monotonic() + 120
    while len(_group(running.pid)) < 3 and time.monotonic() < until_s:
        time.sleep(0.05)
    begun_s = time.monotonic()
    while time.monotonic() < begun_s + 2.0:  # whenever it comes
        for worker in set(_group(running.pid)) - {running.pid}:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGINT)
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGINT)
    told = running.communicate(timeout=60)[1]
    assert (running.returncode, told) == (130, "")
    assert [file.name for file in tmp_path.iterdir() if file.suffix != ".wav"] == ["scores.csv"]
    assert scores.read_text() == "of yesterday"
    while _group(running.pid) and time.monotonic() < until_s + 20:
        time.sleep(0.05)
    assert _group(running.pid) == []


def _group(leader: int) -> list[int]:
    """Processes of a session that are not zombies, the leader included."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def test_made_sounds_are_heard_and_harmless_ones_are_not(tmp_path: Path) -> None:
    """The shipped model, learnt on people, raises the made screams, shouts, sobs and baby's crying, and nothing for laughter, talk, doors and bells."""
    truth = scene.write_fixtures(tmp_path)
    done = xiaoan("replay", tmp_path, "--expect", truth)
    assert done.returncode == 0, done.stdout + done.stderr
