"""The phrases by which the running terminal listens: read at its start, and anew when the desk says `reload`."""

import logging
from collections.abc import Callable
from pathlib import Path

from edge.chain import Chain, Listening, wanted
from edge.config.phrases import list_in_use
from edge.config.schema import Config
from edge.errors import EdgeError
from edge.health.faults import Fault

_log = logging.getLogger(__name__)


class Phrases:
    """A list that is in use as a whole, or not at all: where a changed one cannot be used, the one before stays.

    A list or a model that cannot be used never stops the terminal, which hears shouting and crying without it: it is the fault `phrases`.
    """

    def __init__(self, models: Path, config: Config, reread: Callable[[], Config]) -> None:
        """models: folder of the models. reread: gives the configuration as it is on disk now; raises EdgeError."""
        self._models, self._reread = models, reread
        self._problem: EdgeError | None = None
        self.listening: Listening | None = None
        self._load(config)

    def reload(self, chain: Chain) -> bool:
        """Take what is on disk now; False where it cannot be used, and nothing has changed."""
        try:
            config = self._reread()
        except EdgeError as error:
            self._refused(error)
            return False
        if not self._load(config):
            return False
        chain.listen(self.listening)
        return True

    def faults(self) -> frozenset[Fault]:
        """Whether the list that was to be used is not."""
        return frozenset({Fault.PHRASES}) if self._problem else frozenset()

    def _load(self, config: Config) -> bool:
        try:
            found = Listening.load(self._models, wanted(list_in_use(config.phrases, self._models), config.labels))
        except EdgeError as error:
            self._refused(error)
            return False
        self.listening, self._problem = found, None
        _log.info("phrases.in_use count=%d", len(found.wanted.phrases) if found else 0)
        return True

    def _refused(self, error: EdgeError) -> None:
        self._problem = error
        _log.warning("phrases.not_used reason=%r", str(error))
