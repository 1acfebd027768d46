"""Once a day the terminal says something to itself, where it has a loudspeaker: whether it was heard is in `health`."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from edge.capture import RATE_HZ
from edge.capture.childprocess import environment
from edge.capture.chirp import HEARD, likeness
from edge.config.schema import LoudspeakerSettings
from edge.health.clock import Moment
from edge.link.messages import SelfTested

COMMAND = (sys.executable, "-P", "-m", "edge.capture.player")
AFTER_S = 2.0
"""So long it is listened after the chirp was played: blocks come late, and sound servers have buffers."""

PATIENCE_S = 20.0
"""So long the player may take; a small computer needs seconds to start it."""

LONGEST_S = PATIENCE_S + AFTER_S + 1.0
DAY_S = 86_400.0

_log = logging.getLogger(__name__)


class SelfTest:
    """Belongs to the main loop, but for `hear`."""

    def __init__(self, settings: LoudspeakerSettings, now_s: float, command: Sequence[str] = COMMAND) -> None:
        """now_s: monotonic. command: what the player is."""
        self.tested: SelfTested | None = None
        self._settings = settings
        self._command = command
        self._player: subprocess.Popen[bytes] | None = None
        self._begun_s = self._played_s = 0.0
        self._next_s = now_s + DAY_S  # while nobody knows the time of day
        self._day: date | None = None  # of the last one
        self._blocks: list[NDArray[np.float32]] | None = None  # None: nobody listens
        self._length = 0
        self._lock = threading.Lock()  # of the blocks

    def hear(self, block: NDArray[np.float32]) -> None:
        """(n,) more sound. For the sound thread."""
        with self._lock:
            if self._blocks is not None and self._length < LONGEST_S * RATE_HZ:
                self._blocks.append(block)
                self._length += len(block)

    def tick(self, now: Moment, local: datetime | None) -> None:
        """Go on with it. local: the time of day here, None while nobody knows it. Never waits."""
        if not self._settings.device:
            return
        if self._blocks is None:
            if self._due(now.monotonic_s, local):
                self._begin(now.monotonic_s, local)
            return
        if self._player is not None:
            status = self._player.poll()
            if status is None and now.monotonic_s - self._begun_s < PATIENCE_S:
                return
            self._end_player(status)
            self._played_s = now.monotonic_s
        if now.monotonic_s - self._played_s >= AFTER_S:
            self._judge(now)

    def close(self) -> None:
        """Leave nothing running."""
        if self._player is not None:
            self._end_player(None)

    def _due(self, now_s: float, local: datetime | None) -> bool:
        if local is None:
            return now_s >= self._next_s
        hour, minute = map(int, self._settings.at.split(":"))
        return local.date() != self._day and (local.hour, local.minute) == (hour, minute)

    def _begin(self, now_s: float, local: datetime | None) -> None:
        self._day, self._next_s, self._begun_s, self._played_s = local.date() if local else None, now_s + DAY_S, now_s, now_s
        with self._lock:
            self._blocks, self._length = [], 0
        arguments = ("--device", self._settings.device, "--level", str(self._settings.level_dbfs), "--parent", str(os.getpid()))
        try:
            self._player = subprocess.Popen(
                [*self._command, *arguments], env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
            )
        except OSError as error:
            _log.warning("selftest.not_played told=%r", str(error))

    def _end_player(self, status: int | None) -> None:
        player, self._player = self._player, None
        assert player
        assert player.stdout
        if status is None:
            player.kill()  # and it is reaped by subprocess itself, when the kernel has ended it
            _log.warning("selftest.not_played told='no end after %.0f s'", PATIENCE_S)
        elif status:
            _log.warning("selftest.not_played status=%d told=%r", status, player.stdout.read(2000).decode(errors="replace").strip())
        player.stdout.close()

    def _judge(self, now: Moment) -> None:
        with self._lock:
            blocks, self._blocks = self._blocks or [], None
        alike = likeness(np.concatenate(blocks)) if blocks else 0.0
        self.tested = SelfTested(now.known_ms, alike >= HEARD)
        _log.log(logging.INFO if self.tested.heard else logging.WARNING, "selftest.done heard=%s likeness=%.2f", self.tested.heard, alike)
