"""What goes over the pipe from the capture child: a fixed header, then sound or one sentence of failure."""

import json
import struct
from dataclasses import dataclass
from typing import Self

from edge.capture.errors import REASONS, MicrophoneError

HEADER = struct.Struct("<2sBBIIQQ")
"""Magic, kind, channels, rate in Hz, payload bytes, sequence number, blocks dropped since the child began."""

MAGIC = b"XA"
SOUND, FAILURE = 0, 1
LARGEST = 1 << 22
"""No payload is larger: a second of 16 channels at 48 kHz is 3 MB."""


class BadFrame(ValueError):
    """What came over the pipe is none of ours."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the child. Sound: `payload` holds float32 samples, channels interleaved. Failure: JSON."""

    kind: int
    payload: bytes
    channels: int = 0
    rate_hz: int = 0
    sequence: int = 0
    dropped: int = 0

    def packed(self) -> bytes:
        """The frame as it goes over the pipe."""
        return HEADER.pack(MAGIC, self.kind, self.channels, self.rate_hz, len(self.payload), self.sequence, self.dropped) + self.payload

    @classmethod
    def of_failure(cls, error: MicrophoneError) -> Self:
        """The last frame of a child that gives up."""
        return cls(FAILURE, json.dumps({"reason": error.reason, "facts": error.facts}).encode())

    def failure(self) -> MicrophoneError:
        """The error that the child met, as it would have been raised here. Raises BadFrame where it does not say one."""
        try:
            told = json.loads(self.payload)
            return REASONS[told["reason"]](**told["facts"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadFrame(self.payload[:100]) from error


class FrameReader:
    """Bytes in whatever pieces, frames out."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, received: bytes) -> list[Frame]:
        """The frames that are complete now. Raises BadFrame."""
        self._waiting += received
        frames: list[Frame] = []
        while len(self._waiting) >= HEADER.size:
            magic, kind, channels, rate_hz, size, sequence, dropped = HEADER.unpack_from(self._waiting)
            if (
                magic != MAGIC
                or kind not in (SOUND, FAILURE)
                or size > LARGEST
                or (kind == SOUND and not (channels and rate_hz and size and size % (4 * channels) == 0))
            ):
                raise BadFrame(bytes(self._waiting[: HEADER.size]))
            if len(self._waiting) < HEADER.size + size:
                break
            frames.append(Frame(kind, bytes(self._waiting[HEADER.size : HEADER.size + size]), channels, rate_hz, sequence, dropped))
            del self._waiting[: HEADER.size + size]
        return frames
