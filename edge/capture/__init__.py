"""Sound in: the microphone's child process, recordings, resampling, device names."""
