"""Topic names: `xiaoan/v1/{site}/{terminal}/…`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one terminal. site, terminal: lower-case letters, digits and `-`."""

    site: str
    terminal: str

    @property
    def client_id(self) -> str:
        """The MQTT client id; a second client with the same id throws the first one out."""
        return f"xiaoan-{self.site}-{self.terminal}"

    def _of(self, name: str) -> str:
        return f"xiaoan/v1/{self.site}/{self.terminal}/{name}"

    @property
    def status(self) -> str:
        """Online or offline; retained."""
        return self._of("status")

    @property
    def alert(self) -> str:
        """One saying of an alert; never retained, for a desk that starts anew would page for an old one."""
        return self._of("alert")

    @property
    def open(self) -> str:
        """All alerts that are not closed; retained."""
        return self._of("open")

    @property
    def health(self) -> str:
        """Faults, levels, counters; retained."""
        return self._of("health")

    @property
    def command(self) -> str:
        """From the desk."""
        return self._of("command")

    @property
    def reply(self) -> str:
        """To each command."""
        return self._of("reply")
