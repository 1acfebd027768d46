"""The phrases by which the running terminal listens: read at its start, and anew when the desk says `reload`."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.chain import Listening, wanted
from edge.config.phrases import list_in_use
from edge.config.schema import Config
from edge.errors import EdgeError
from edge.health.faults import Fault
from edge.hearing import Hearing
from edge.reload import Reloaded

_log = logging.getLogger(__name__)


class Phrases:
    """A list that is in use as a whole, or not at all: where a changed one cannot be used, the one before stays.

    A list or a model that cannot be used never stops the terminal, which hears shouting and crying without it: it is the fault `phrases`.
    """

    def __init__(self, models: Path, config: Config, reread: Callable[[], Config], calibrated: Mapping[str, float]) -> None:
        """models: folder of the models. reread: gives the configuration as it is on disk now; raises EdgeError.

        calibrated: thresholds of the terminal's profile, by hanzi.
        """
        self._models, self._reread, self._calibrated = models, reread, calibrated
        self._problem: EdgeError | None = None
        self.listening: Listening | None = None
        try:
            self._accepted(self._read(config))
        except EdgeError as error:
            self._refused(error)

    def read(self) -> Listening | None:
        """What is on disk now; takes seconds on a small computer, and may be called from another thread. Raises EdgeError, and nothing has changed."""
        return self._read(self._reread())

    def take(self, hearing: Hearing, read: Reloaded[Listening | None]) -> bool:
        """Listen by what was read; False where it cannot be used, and all is as before."""
        try:
            if read.error:
                raise read.error
            hearing.listen(read.new)
        except EdgeError as error:
            self._refused(error)
            return False
        self._accepted(read.new)
        return True

    def faults(self) -> frozenset[Fault]:
        """Whether the list that was to be used is not."""
        return frozenset({Fault.PHRASES}) if self._problem else frozenset()

    def _read(self, config: Config) -> Listening | None:
        return Listening.load(self._models, wanted(list_in_use(config.phrases, self._models, calibrated=self._calibrated), config.labels))

    def _accepted(self, found: Listening | None) -> None:
        self.listening, self._problem = found, None
        _log.info("phrases.in_use count=%d", len(found.wanted.phrases) if found else 0)

    def _refused(self, error: EdgeError) -> None:
        self._problem = error
        _log.warning("phrases.not_used reason=%r", str(error))
