"""One run of the child, heard: frames in, sound at 16 kHz and the health of the signal out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.capture.frames import Frame
from edge.capture.resample import Resampler, downmix
from edge.capture.signal import SignalHealth
from edge.health.faults import Fault


@dataclass(slots=True)
class Hearing:
    """What the frames of one child tell. A new child is a new device as far as anybody knows, so it starts from nothing."""

    rate_hz: int = 0
    heard_s: float = 0.0
    dropped: int = 0
    faults: frozenset[Fault] = frozenset()
    _health: SignalHealth = field(default_factory=SignalHealth)
    _resampler: Resampler | None = None

    def hear(self, frame: Frame) -> NDArray[np.float32]:
        """The frame's sound at 16 kHz, some ms late. Its health is judged before resampling, where samples are still bit for bit."""
        if self._resampler is None:
            self.rate_hz = frame.rate_hz
            self._resampler = Resampler(frame.rate_hz)
        self.dropped = frame.dropped
        mono = downmix(np.frombuffer(frame.payload, np.float32).reshape(-1, frame.channels))
        self.heard_s += len(mono) / frame.rate_hz
        self._health, self.faults = self._health.advance(mono, self.heard_s)
        return self._resampler.feed(mono)
