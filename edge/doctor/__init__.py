"""Everything that can be wrong with a terminal, looked at one by one: behind `xiaoan doctor`."""
