"""The names of faults, as the desk sees them in `health.faults`."""

from enum import StrEnum


class Fault(StrEnum):
    """One named thing that is wrong. The value is what goes over the wire."""

    MICROPHONE_MISSING = "microphone_missing"
    MICROPHONE_BUSY = "microphone_busy"
    CAPTURE_STALLED = "capture_stalled"
    SILENCE = "silence"
    FROZEN = "frozen"
    CONSTANT = "constant"
    CLIPPING = "clipping"
    OVERFLOW = "overflow"
    RATE_CHANGED = "rate_changed"
    COVERED = "covered"
    BROKER_UNREACHABLE = "broker_unreachable"
    BROKER_REFUSED = "broker_refused"
    TLS = "tls"
    STORAGE = "storage"
    DISK_FULL = "disk_full"
    CLOCK_UNSYNCHRONISED = "clock_unsynchronised"
    OVER_TEMPERATURE = "over_temperature"
    THROTTLED = "throttled"
    MODEL = "model"
    PHRASES = "phrases"
    PROFILE_STALE = "profile_stale"
    BUTTON_STUCK = "button_stuck"
    CPU_LATE = "cpu_late"


DEAF = frozenset({
    Fault.MICROPHONE_MISSING, Fault.MICROPHONE_BUSY, Fault.CAPTURE_STALLED, Fault.SILENCE, Fault.FROZEN, Fault.CONSTANT, Fault.RATE_CHANGED,
    Fault.COVERED, Fault.MODEL,
})  # fmt: skip
"""With one of these, what is shouted beside the terminal is not heard, or not as it was."""
