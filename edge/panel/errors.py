"""What can go wrong with a part on the wall, in sentences."""

from edge.errors import EdgeError
from edge.reasons import reason_of
from edge.words import N_


class PartUnusable(EdgeError):
    """The key, the lamp or the sounder cannot be reached. It is tried again and again."""


class PartBusy(PartUnusable):
    """Somebody else holds it: a second program, or the terminal itself where the doctor looks."""


def unusable(what: str, error: Exception) -> PartUnusable:
    """Whatever the system said of `what`."""
    reason = reason_of(error)
    if isinstance(error, PermissionError):
        return PartUnusable(N_("{what} cannot be used: {reason}. The service's user needs the rights for it: see docs/panel.md"), what=what, reason=reason)
    return PartUnusable(N_("{what} cannot be used: {reason}. Check plug, wires and the name in the configuration"), what=what, reason=reason)


def busy(what: str) -> PartBusy:
    """Another program has it for itself."""
    return PartBusy(N_("{what} is in use by another program"), what=what)
