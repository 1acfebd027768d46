"""`xiaoan demo`: the whole way from a sound to the desk, in half a minute, on this machine."""

import argparse
import os
import queue
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.cells import cell_len
from rich.console import Group
from rich.live import Live
from rich.text import Text

from edge.commands.context import Context, Subparsers, Translate
from edge.config.schema import BrokerSettings
from edge.demo.broker import embedded_broker
from edge.demo.scene import Part, demo, write
from edge.demo.stage import Arrived, DemoFailed, Ended, Happenings, Playing, desk, terminal, write_config
from edge.demo.story import Line, Story
from edge.link.topics import Topics
from edge.words import N_

LIMIT_S = 55.0
"""The demo ends by itself within a minute."""

AFTER_S = 2.0
"""How long after the recording's end an alert may still come."""

_LOOK_S = 0.1
_WIDTHS = (7, 32, 10, 5, 20)


def add(subparsers: Subparsers, _: Translate) -> None:
    """Describe the command."""
    subparsers.add_parser(
        "demo",
        help=_("show the whole way from a sound to the desk, in half a minute"),
        description=_(
            "Starts the real terminal on a recording that was made by rule (talk, laughter, a door, screams, crying), with a broker of its own "
            "unless the configuration names one, and shows the alerts as they arrive at a desk. Nothing is left behind."
        ),
        epilog=_("Exit status: 0 the expected alerts arrived, 1 one was missing or too many, 2 it could not be shown."),
    )


def run(args: argparse.Namespace, context: Context) -> int:  # noqa: ARG001 - all commands are called alike
    """Play it. Returns the exit status."""
    _ = context.translate
    view = _View(context, Story(demo()))
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xiaoan-demo-")))
            broker, place = context.config.broker, _(N_("demonstration, no real alarm"))
            if not broker.host:
                broker = BrokerSettings(host="127.0.0.1", port=stack.enter_context(embedded_broker()))
                place = _(N_("second floor, east washroom"))
            topics = Topics(context.config.terminal.site, f"demo-{os.getpid()}")
            recording, config = folder / "demo.wav", folder / "config.toml"
            write(view.story.scene, recording)
            write_config(config, context.config, broker, topics.terminal, place, folder / "state")
            happenings: Happenings = queue.Queue()
            stack.enter_context(desk(broker, topics, happenings))
            view.begin(broker)
            stack.enter_context(terminal(config, recording, happenings))
            with view.live():
                _watch(view, happenings)
    except KeyboardInterrupt:
        context.errors.print(_(N_("stopped; nothing of the demo is left running")))
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    return view.end()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _watch(view: "_View", happenings: Happenings) -> None:
    """Follow what happens until the recording is over, or time is up."""
    until_s = time.monotonic() + LIMIT_S
    while (now_s := time.monotonic()) < until_s:
        story = view.story
        if story.start_s is not None and now_s > story.start_s + story.scene.duration_s + AFTER_S:
            return
        try:
            happening = happenings.get(timeout=_LOOK_S)
        except queue.Empty:
            view.show(story, now_s)
            continue
        match happening:
            case Playing():
                story = story.begun(happening.start_s)
            case Arrived():
                story = story.arrived(happening.at_s, happening.alert)
            case Ended():
                raise DemoFailed(N_("the terminal ended before the recording did. Its last words: {told}"), told=happening.last_line)
        view.show(story, now_s)


class _View:
    """The desk in the terminal: a picture that changes where people watch, else a line for each thing that happens."""

    def __init__(self, context: Context, story: Story) -> None:
        self.story = story
        self._ = context.translate
        self._console = context.console
        self._live: Live | None = None
        self._part: Part | None = None

    def begin(self, broker: BrokerSettings) -> None:
        """Say what is going to happen."""
        sentence = N_("Broker on {host}:{port}. The terminal starts and hears a recording of {seconds:.0f} s; below is what the desk receives.")
        self._say(sentence, host=broker.host, port=broker.port_used, seconds=self.story.scene.duration_s)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Keep the picture on the screen."""
        if not self._console.is_terminal:
            self._console.print(self._head())
            yield
            return
        with Live(self._picture(0.0), console=self._console, refresh_per_second=8) as self._live:
            yield

    def show(self, story: Story, now_s: float) -> None:
        """What has become of it."""
        before, self.story = self.story, story
        if self._live:
            self._live.update(self._picture(now_s))
            return
        part = story.part(now_s)
        if part != self._part:
            self._part = part
            if part:
                self._console.print(Text(f"{part.start_s:5.1f} s  ({self._(part.words)})", "dim"))
        for line in story.lines[len(before.lines) :]:
            self._console.print(self._row(line))

    def end(self) -> int:
        """What it comes to, and the exit status."""
        story = self.story
        self._say(N_("Measured from the moment at which a sound began to be played to the arrival of its alert at this desk, by one monotonic clock."))
        for event in story.missing:
            self._say(N_("Missing: no alert came for {label}, played from {start:.1f} s on."), label=self._(event.label), start=event.start_s)
        for line in story.unexpected:
            self._say(N_("Too many: {label} was raised though nothing of the kind was played."), label=self._(line.label))
        if story.missing or story.unexpected:
            return 1
        self._say(N_("What to try next:"))
        for command, words in (
            ("xiaoan devices", N_("the microphones of this machine")),
            ("xiaoan replay FILE --explain OUT.png", N_("what the terminal makes of a recording of yours, and why")),
            ("xiaoan config schema", N_("all settings; `host` in [broker] names the broker")),
            ("xiaoan run", N_("the terminal itself, on the microphone")),
        ):
            self._console.print(Text(f"  {command:<40}{self._(words)}"))
        return 0

    def _picture(self, now_s: float) -> Group:
        story = self.story
        heard_s = 0.0 if story.start_s is None else min(now_s - story.start_s, story.scene.duration_s)
        part = story.part(now_s)
        playing = self._(part.words) if part else self._(N_("quiet")) if story.start_s is not None else self._(N_("the terminal starts"))
        done = round(40 * heard_s / story.scene.duration_s)
        bar = Text.assemble(("━" * done, "cyan"), ("━" * (40 - done), "bright_black"), f"  {heard_s:4.1f} s  ", (playing, "bold"))
        return Group(bar, self._head(), *(self._row(line) for line in story.lines))

    def _head(self) -> Text:
        heads = (N_("at"), N_("place"), N_("label"), "dBA", N_("from sound to desk"))
        return Text(_padded([self._(head) for head in heads]), "bold")

    def _row(self, line: Line) -> Text:
        at = "" if line.heard_s is None else f"{line.heard_s:.1f} s"
        level = "" if line.level_dba is None else f"{line.level_dba:.0f}"
        after = "" if line.after_ms is None else f"{line.after_ms} ms"
        return Text(_padded([at, line.place, self._(line.label), level, after]), "red" if line.expected else "magenta")

    def _say(self, sentence: str, **facts: object) -> None:
        self._console.print(Text(self._(sentence).format(**facts)))


def _padded(cells: Sequence[str]) -> str:
    return "  ".join(cell + " " * max(0, width - cell_len(cell)) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
