"""What hangs on the wall beside the microphone: the key, the lamp, the sounder."""
