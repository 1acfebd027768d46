"""Sounds made by rule, for the demo and the tests: shown and tested with, never trained on."""
