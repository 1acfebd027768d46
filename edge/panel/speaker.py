"""A sentence on the spot, or beeps, by a child process; while it speaks the terminal does not listen to itself."""

import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from math import inf

from edge.capture.childprocess import environment
from edge.capture.player import LONGEST_S

COMMAND = (sys.executable, "-P", "-m", "edge.capture.player")
START_S = 10.0
"""So long a small computer may take to start the player."""

AFTER_FAILURE_S = 600.0
"""A loudspeaker that hangs must not keep the terminal from listening at each alert."""

_log = logging.getLogger(__name__)


class Speaker:
    """Belongs to the main loop, but for `spoke_s`. Nothing here waits."""

    def __init__(self, loudspeaker: str, command: Sequence[str] = COMMAND) -> None:
        """loudspeaker: its name or a part of it, `default` for the system's. command: what the player is."""
        self._loudspeaker = loudspeaker
        self._command = command
        self._player: subprocess.Popen[bytes] | None = None
        self._until_s = -inf
        self._not_before_s = -inf
        self.spoke_s = -inf
        """Up to when it has spoken, monotonic; infinity while it does."""

    def say(self, file: str, now_s: float) -> bool:
        """Play a recording, unless something is being played. Returns whether it begins."""
        return self._play(("--file", file), LONGEST_S, now_s)

    def beep(self, times: int, now_s: float) -> bool:
        """Beep so many seconds, as `say`."""
        return self._play(("--beeps", str(times)), float(times), now_s)

    def tick(self, now_s: float) -> None:
        """See whether it has ended."""
        if self._player is None:
            return
        status = self._player.poll()
        if status is None:
            if self.spoke_s == inf and now_s >= self._until_s:
                # It may be in a driver's hands, where not even this ends it: then there is no other one until it is gone.
                self._player.kill()
                self._failed(now_s, "no end in time")
            return
        assert self._player.stdout
        if self.spoke_s == inf and status:
            self._failed(now_s, self._player.stdout.read(2000).decode(errors="replace").strip())
        elif self.spoke_s == inf:
            _log.info("speaker.said")
            self.spoke_s = now_s
        self._player.stdout.close()
        self._player = None

    def close(self) -> None:
        """Be quiet."""
        if self._player is not None:
            self._player.kill()
            self._player.wait()
            assert self._player.stdout
            self._player.stdout.close()
            self._player = None

    def _failed(self, now_s: float, told: str) -> None:
        _log.warning("speaker.failed told=%r", told)
        self.spoke_s, self._not_before_s = now_s, now_s + AFTER_FAILURE_S

    def _play(self, what: Sequence[str], longest_s: float, now_s: float) -> bool:
        if self._player is not None or now_s < self._not_before_s:
            return False
        arguments = ("--device", self._loudspeaker, *what, "--parent", str(os.getpid()))
        try:
            self._player = subprocess.Popen(
                [*self._command, *arguments], env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
            )
        except OSError as error:
            self._failed(now_s, str(error))
            return False
        self._until_s, self.spoke_s = now_s + START_S + longest_s, inf
        return True
