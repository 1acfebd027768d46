"""Sealed evidence, where a school has chosen it: some seconds of sound around an alert that the terminal itself cannot open."""
