"""Scores to incidents: pure functions of values and monotonic time."""
