"""How often each phrase of a list would have reached each threshold, as a tally whose labels are the phrases. Statistics alone: no sound, no text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.calibrate.tally import GRID, UNKNOWN_HOUR, Cell, Setup, Tally
from edge.chain import Listening
from edge.config.phrases import PhraseList
from edge.config.profiles import Here
from edge.decide.period import DEFAULT
from edge.decide.rules import rules_for

LOWEST = 0.25
"""Threshold under which none is proposed, whatever was heard: with all evidence there is, a phrase of 0.28 counts as much as one of 0.5."""

_TICK_S = 1e-6


@dataclass(frozen=True, slots=True)
class PhraseSetup(Setup):
    """What such a tally was made with; its labels are the phrases in hanzi, each with the rule of its group."""

    sounds: str = ""  # mergers and heteronyms: they make other scores of the same sound


def phrase_setup(listening: Listening, listed: PhraseList, here: Here, sensitivity_dbfs: float) -> PhraseSetup:
    """The setup for what is listened for."""
    of_group = rules_for(listening.rules, {}, (), DEFAULT, {})
    rules = {phrase.spoken: replace(of_group[phrase.group], threshold=0.0) for phrase in listening.wanted.phrases}
    sounds = " ".join((*sorted(listed.mergers), *["heteronyms"] * listed.heteronyms))
    return PhraseSetup(here.machine, here.device, listening.model.manifest.scale_sha256, sensitivity_dbfs, rules, sounds)


class PhraseCounter:
    """Counts into a tally: all phrases at all thresholds at once, for which gates one by one would take too long.

    It is the terminal's gate for rules by which one step decides, as those of phrases are: from the threshold on a phrase is said, and said once until it has
    been under the release for the hold. One that is quiet where it must be loud counts as well, and so does each of several phrases in one utterance.
    """

    def __init__(self, tally: Tally, phrases: Sequence[str], step_s: float) -> None:
        """phrases: hanzi in the order of the scores, all of them labels of the tally. step_s: time between two steps."""
        self._tally, self._phrases, self._step_s = tally, tuple(phrases), step_s
        rules = [tally.setup.rules[phrase] for phrase in phrases]
        self._grid = np.array(GRID, np.float32)
        self._release = np.minimum(np.array([[rule.release] for rule in rules], np.float32), self._grid)
        self._hold_s = np.array([[rule.hold_s] for rule in rules])
        self._steps = 0
        self.interrupted()

    def interrupted(self) -> None:
        """There is a hole in the sound: what was said before it and after it is said twice."""
        self._said = np.zeros(self._release.shape, bool)
        self._heard_s = np.zeros(self._release.shape)

    def hear(self, scores: NDArray[np.float32], period: str, hour: int) -> None:
        """Count one step. scores: (phrases,). hour: local, 0..23, or UNKNOWN_HOUR."""
        self._steps += 1
        now_s = self._steps * self._step_s
        cell = self._tally.cells.setdefault((period, hour), Cell())
        cell.heard_s += self._step_s
        column = scores[:, None]
        begins = (column >= self._grid) & ~self._said
        self._said |= begins
        self._heard_s[self._said & (column >= self._release)] = now_s
        self._said &= now_s - self._heard_s < self._hold_s - _TICK_S
        for phrase, i in np.argwhere(begins).tolist():
            cell.raised.setdefault(self._phrases[phrase], [0] * len(GRID))[i] += 1


def whole(tally: Tally, step_s: float) -> Tally:
    """All that was heard in one cell: a phrase has one threshold for the whole day."""
    found = Tally(tally.setup, step_s)
    together = found.cells[DEFAULT, UNKNOWN_HOUR] = Cell()
    for cell in tally.cells.values():
        together.add(cell)
    return found


def lowest(listed: PhraseList, phrases: Mapping[str, object], *, lower: bool) -> dict[str, float]:
    """The threshold of each phrase to begin with: what it has without calibration, or LOWEST where `lower` is wanted. listed: without calibration."""
    return {p.spoken: min(p.threshold, LOWEST) if lower else p.threshold for p in listed.phrases if p.spoken in phrases}
