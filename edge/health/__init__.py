"""What can be wrong with a terminal, by name."""
