"""Sound in: the microphone's child process, recordings, resampling, device names."""

RATE_HZ = 16_000
"""Sampling rate of all sound that leaves this room: mono float32 in -1..1."""
