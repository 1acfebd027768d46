"""Who is told that there is this terminal: Home Assistant, where it is wanted, and that there is none any more where it was."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.config.files import write_atomically
from edge.config.schema import HomeAssistantSettings
from edge.link.homeassistant import Known, discovery, topic

FILE = "home_assistant"
"""In the state folder: the topic on which it was said last, which another name, prefix or switch must take back."""

_log = logging.getLogger(__name__)


class Introduction:
    """What is to be said on each new connection. Belongs to the main loop."""

    def __init__(self, folder: Path, settings: HomeAssistantSettings, known: Known, translate: Callable[[str], str]) -> None:
        """folder: of the terminal's state."""
        self._file = folder / FILE
        self._now = (topic(settings.prefix, known.topics), discovery(known, translate)) if settings.on else None

    def due(self) -> Iterator[tuple[str, bytes]]:
        """Topics and what is retained there from now on; nothing: what was there is taken back."""
        before = self._said()
        now = self._now[0] if self._now else ""
        if before and before != now:
            yield before, b""
        if self._now:
            if before != now:
                self._say(now)
            yield self._now

    def _said(self) -> str:
        try:
            return self._file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def _say(self, now: str) -> None:
        try:
            write_atomically(self._file, now + "\n")
        except OSError as error:  # a device that stays in Home Assistant is no reason to say nothing there
            _log.warning("introduction.not_kept reason=%r", str(error))
