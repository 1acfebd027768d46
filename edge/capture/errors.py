"""What can go wrong with a microphone or a recording, in sentences. Light: the child process imports it too."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from edge.errors import EdgeError
from edge.health.faults import Fault
from edge.words import N_


class MicrophoneError(EdgeError):
    """The microphone gives no sound. The child tells `reason` and the facts over its pipe, and leaves with `exit_status`."""

    reason: ClassVar[str]
    exit_status: ClassVar[int]
    faults: ClassVar[frozenset[Fault]]
    template: ClassVar[str]

    def __init__(self, **facts: str) -> None:
        super().__init__(self.template, **facts)


class MicrophoneMissing(MicrophoneError):
    """No device has the name `wanted`; `present` are those there are."""

    reason, exit_status, faults = "missing", 3, frozenset({Fault.MICROPHONE_MISSING})
    template = N_("microphone {wanted} not found; present: {present}. Check the plug, then run: xiaoan devices")


class MicrophoneBusy(MicrophoneError):
    """The device `wanted` is there but cannot be opened."""

    reason, exit_status, faults = "busy", 4, frozenset({Fault.MICROPHONE_BUSY})
    template = N_(
        "microphone {wanted} is there but cannot be opened: another program holds it, or this user may not use sound. "
        "Stop the other program (fuser -v /dev/snd/*), or add the user to the group audio"
    )


class MicrophoneRefused(MicrophoneError):
    """The device `wanted` opens at none of the rates `tried`, with whatever channel count."""

    reason, exit_status, faults = "refused", 5, frozenset({Fault.RATE_CHANGED, Fault.CAPTURE_STALLED})
    template = N_(
        "microphone {wanted} opens at none of the rates tried: {tried} Hz. "
        "Set rate_hz and channels under [microphone] to what its maker says, or try another microphone"
    )


class PortAudioMissing(MicrophoneError):
    """The PortAudio library is not installed."""

    reason, exit_status, faults = "library", 6, frozenset({Fault.MICROPHONE_MISSING})
    template = N_("the PortAudio library is not installed, so no microphone can be read. Run: apt install libportaudio2")


class CaptureFailed(MicrophoneError):
    """Anything else: the child crashed or hung, or PortAudio gave an error without a name; `told` is all that is known."""

    reason, exit_status, faults = "failed", 1, frozenset({Fault.CAPTURE_STALLED})
    template = N_("microphone {wanted} gives no sound: {told}. Unplug it and plug it in again; if that does not help, try another one")


REASONS: Mapping[str, type[MicrophoneError]] = {
    kind.reason: kind for kind in (MicrophoneMissing, MicrophoneBusy, MicrophoneRefused, PortAudioMissing, CaptureFailed)
}


class DevicesUnknown(EdgeError):
    """The child that lists the devices died or hung."""

    def __init__(self, told: str) -> None:
        super().__init__(N_("the sound devices could not be listed: {told}. Check the sound settings (/etc/asound.conf, ~/.asoundrc)"), told=told)


class RecordingMissing(EdgeError):
    """No file of that name."""

    def __init__(self, path: object) -> None:
        super().__init__(N_("{path}: no such file or folder"), path=path)


class RecordingUnreadable(EdgeError):
    """The system refuses to read the file."""

    def __init__(self, path: object, told: str) -> None:
        super().__init__(N_("{path}: cannot be read: {told}"), path=path, told=told)


class NoRecordings(EdgeError):
    """A folder in which nothing looks like sound."""

    def __init__(self, path: object, suffixes: Sequence[str]) -> None:
        super().__init__(N_("{path}: no sound in this folder; looked for files ending in {suffixes}"), path=path, suffixes=" ".join(suffixes))


class NotSound(EdgeError):
    """The decoder does not know the file or gives up on it."""

    def __init__(self, path: object, told: str) -> None:
        super().__init__(N_("{path}: not a sound file, or damaged ({told}). WAV, FLAC, Ogg Opus and MP3 can be read"), path=path, told=told)


class EmptyFile(EdgeError):
    """A file of zero bytes."""

    def __init__(self, path: object) -> None:
        super().__init__(N_("{path}: the file is empty (0 bytes)"), path=path)


class NoSamples(EdgeError):
    """A sound file that holds no sample."""

    def __init__(self, path: object) -> None:
        super().__init__(N_("{path}: the recording is zero seconds long"), path=path)
