"""Sound to numbers: streaming log-mel and A-weighted level."""

RATE_HZ = 16_000
"""Sampling rate of all sound inside, mono float32 in -1..1."""
