"""Fixtures for all tests: the real parts that need starting."""

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import sound_server
from tests.broker import broker, desk  # noqa: F401 - fixtures

settings.register_profile("any machine", deadline=None)  # how long a case takes says something of the machine, and nothing of the code
settings.load_profile("any machine")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs this in the background has Ctrl-C ignored, which every child would inherit


@pytest.fixture
def virtual_microphone(monkeypatch: pytest.MonkeyPatch) -> Iterator[sound_server.VirtualMicrophone]:
    """A microphone that hears what the test plays; this process's environment already points at it, another one needs `.environment`."""
    if absent := sound_server.missing():
        pytest.skip(f"not installed: {absent}")
    with tempfile.TemporaryDirectory(prefix="wall-") as folder, sound_server.VirtualMicrophone(Path(folder)) as microphone:
        for name, value in microphone.environment.items():
            monkeypatch.setenv(name, value)
        yield microphone
