"""Key, lamp, sounder and sentence, as far as they are configured."""

import os
from collections.abc import Iterator
from pathlib import Path

import soundfile

from edge.capture.player import LONGEST_S
from edge.config.schema import Config, KeySettings, OutputSettings, SounderSettings
from edge.doctor.check import Check, bad, failed, good, warning
from edge.panel.errors import PartBusy, PartUnusable
from edge.wall import has_key, key_driver, switch
from edge.words import N_


def parts(config: Config, *, terminal_runs: bool) -> Iterator[Check]:
    """A line for each that is configured; nothing where nothing is. terminal_runs: then it may well hold them."""
    if has_key(config):
        yield _key(config.key, terminal_runs=terminal_runs)
    for name, output in (("lamp", config.lamp), ("sounder", config.sounder)):
        if output.driver:
            yield _output(name, output, terminal_runs=terminal_runs)
    if config.sounder.sentence:
        yield _sentence(config.sounder)


def _key(key: KeySettings, *, terminal_runs: bool) -> Check:
    if key.driver == "pipe":
        return _pipe("key", Path(key.pipe))
    try:
        driver = key_driver(key)
    except PartUnusable as error:
        return _held("key", error, terminal_runs=terminal_runs)
    try:
        down = any(change.down for change in driver.read(0.0))
    except PartUnusable as error:
        return failed("key", error)
    finally:
        driver.close()
    if down:
        return bad("key", N_("the key is down, and nobody may be pressing it"), N_("look at the key and its wires, and at `active` and `pull` in [key]"))
    return good("key", N_("the key can be read and is up"))


def _output(name: str, output: OutputSettings, *, terminal_runs: bool) -> Check:
    if output.driver == "pipe":
        return _pipe(name, Path(output.pipe))
    try:
        # A relay's port is not ours alone, and whoever closes it switches off.
        if not (terminal_runs and output.driver == "relay" and os.access(output.port, os.R_OK | os.W_OK)):
            switch(output).close()
    except PartUnusable as error:
        return _held(name, error, terminal_runs=terminal_runs)
    return good(name, N_("{part} can be switched; the command identify shows it"), part=f"[{name}]")


def _pipe(name: str, pipe: Path) -> Check:
    """Only looked at: one that is made here would belong to whoever looks."""
    if pipe.is_fifo() and os.access(pipe, os.R_OK | os.W_OK):
        return good(name, N_("the named pipe {pipe} can be used"), pipe=pipe)
    if not pipe.exists() and os.access(pipe.parent, os.W_OK | os.X_OK):
        return good(name, N_("the named pipe {pipe} will be made at the first start"), pipe=pipe)
    return bad(name, N_("{pipe} is no named pipe that this user can use"), N_("make it with owner, group and mode that fit: mkfifo -m 660 {pipe}"), pipe=pipe)


def _held(name: str, error: PartUnusable, *, terminal_runs: bool) -> Check:
    if terminal_runs and isinstance(error, PartBusy):
        return good(name, N_("{part}: the running terminal holds it"), part=f"[{name}]")
    return failed(name, error)


def _sentence(sounder: SounderSettings) -> Check:
    try:
        about = soundfile.info(sounder.sentence)
    except (OSError, RuntimeError) as error:
        return bad("sentence", N_("the sentence {file} cannot be played: {told}"), N_("make it a WAV or FLAC file that the service's user can read"),
                   file=sounder.sentence, told=str(error))  # fmt: skip
    if about.duration > LONGEST_S:
        return warning("sentence", N_("the sentence {file} is {seconds:.0f} s long, of which {most:.0f} s are played"), N_("shorten it"),
                       file=sounder.sentence, seconds=about.duration, most=LONGEST_S)  # fmt: skip
    return good("sentence", N_("the sentence {file} is {seconds:.1f} s long"), file=sounder.sentence, seconds=about.duration)
