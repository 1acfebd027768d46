"""`xiaoan phrases try`: the best-ranked phrases of the list, live."""

import argparse
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.live import Live
from rich.text import Text

from edge.chain import Listening, wanted
from edge.commands.context import Context, Translate
from edge.commands.listening import Ear
from edge.config.phrases import list_in_use
from edge.detect.detector import Detector
from edge.detect.phrases import PhraseStream
from edge.errors import EdgeError
from edge.words import N_

SHOWN = 5
SHOWN_S = 2.0
"""For so long the highest score of a phrase stays: it is there for a step or two only."""
_LINE_S = 1.0
_BAR = 20


class NoPhrases(EdgeError):
    """Nothing is listened for."""


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]", _: Translate) -> None:
    """Describe the command."""
    parser = actions.add_parser(
        "try",
        help=_("show live which phrases fit best"),
        description=_("Listen, or hear a recording, and show the phrases that fit best, each with its score. Nothing that is heard is kept. Ctrl-C ends it."),
    )
    parser.add_argument("--recording", type=Path, metavar=_("FILE"), help=_("hear this recording, once and at its own speed, instead of the microphone"))
    parser.add_argument("--phrases", type=Path, metavar=_("FILE"), help=_("a list of phrases (default: the one that the terminal listens for)"))
    parser.add_argument("--json", action="store_true", help=_("as JSON, an object a second"))


def run(args: argparse.Namespace, context: Context) -> int:
    """Show them until Ctrl-C, or the recording's end."""
    config = context.config
    detector = Detector.load(context.models)
    calibration = context.calibration(detector.manifest.sha256)
    listed = list_in_use(config.phrases, context.models, args.phrases, calibration.phrases)
    listening = Listening.load(context.models, wanted(listed, config.labels))
    if listening is None:
        raise NoPhrases(N_("no phrase is listened for: all of the list are off, or the labels help and insult are"))
    ranking = Ranking(detector, listening, calibration.sensitivity_dbfs)
    live = Live(Text(context.translate(N_("starts"))), console=context.console, refresh_per_second=8)
    shown: AbstractContextManager[object] = live if context.console.is_terminal and not context.json else nullcontext()
    next_s = _LINE_S
    try:
        with Ear(config.microphone, args.recording) as ear, shown:
            while not ear.finished:
                if (block := ear.read()) is not None:
                    ranking.feed(block)
                best = ranking.best(SHOWN)
                if shown is live:
                    live.update(Text("\n".join(_line(score, text) for text, score in best.items())))
                elif ranking.time_s >= next_s:
                    next_s += _LINE_S
                    _tell(context, ranking, best)
    except KeyboardInterrupt:  # the way to end it
        return 0
    return 0


def _line(score: float, text: str) -> str:
    return f"{score:.2f} {'#' * round(score * _BAR):{_BAR}} {text}"


def _tell(context: Context, ranking: "Ranking", best: Mapping[str, float]) -> None:
    if context.json:
        phrases = [{"phrase": text, "score": round(score, 4)} for text, score in best.items()]
        context.print_json({"heard_s": round(ranking.time_s, 1), "level_dba": round(ranking.level_dba, 1), "phrases": phrases})
    else:
        told = ", ".join(f"{text} {score:.2f}" for text, score in best.items())
        context.console.print(Text(f"{ranking.time_s:7.1f} s  {ranking.level_dba:5.1f} dBA  {told}"))


class Ranking:
    """How well each phrase has fitted in the last SHOWN_S."""

    def __init__(self, detector: Detector, listening: Listening, sensitivity_dbfs: float) -> None:
        self._texts = [p.text for p in listening.wanted.phrases]
        self._sound = detector.stream(sensitivity_dbfs)
        self._phrases = PhraseStream(listening.model, self._texts, listening.wanted.units, detector.manifest.step_frames)
        self._recent: deque[NDArray[np.float32]] = deque(maxlen=round(SHOWN_S / detector.manifest.step_s))
        self.time_s = self.level_dba = 0.0

    def feed(self, samples: NDArray[np.float32]) -> None:
        """(n,) more samples, 16 kHz mono."""
        if heard := self._sound.feed(samples):
            self._recent.extend(self._phrases.steps(np.concatenate([h.frames for h in heard])))
            self.time_s, self.level_dba = heard[-1].time_s, heard[-1].level_dba

    def best(self, count: int) -> Mapping[str, float]:
        """The best phrases and their scores, the best first; none before the first step."""
        if not self._recent:
            return {}
        highest = np.max(self._recent, axis=0)
        order: Sequence[int] = np.argsort(-highest)[:count].tolist()
        return {self._texts[i]: float(highest[i]) for i in order}
