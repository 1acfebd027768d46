"""What every command is given: configuration, language, console."""

import argparse
import json
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NoReturn, TypeAlias

from rich.console import Console
from rich.table import Column, Table

from edge.config import profiles
from edge.config.load import Loaded, read
from edge.config.names import state_folder
from edge.config.schema import Config
from edge.errors import EdgeError
from edge.shipped import models_folder
from edge.words import language, translator

Translate = Callable[[str], str]
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - argparse gives it no public name


def folding_table(*heads: str) -> Table:
    """A table without lines; what a narrow terminal has no room for goes on below and is not cut off."""
    return Table(*(Column(head, overflow="fold") for head in heads), box=None, pad_edge=False)


class QuietConsole(Console):
    """A console that leaves a broken pipe to `main`; rich would end the process with status 1, which means "found" here."""

    def on_broken_pipe(self) -> NoReturn:
        """Pass on that the reader of the pipe has left."""
        raise BrokenPipeError


class Context:
    """Reads things when they are first asked for, so that a command without need of the configuration works without it."""

    def __init__(self, config_file: Path | None = None, lang: str = "", *, debug: bool = False) -> None:
        self.config_file = config_file
        self.lang = lang  # of --lang; empty: not given
        self.json = False  # whether the command was asked for JSON
        self.debug = debug

    @cached_property
    def loaded(self) -> Loaded:
        """The configuration and where each key stands. Raises ConfigError."""
        return read(self.config_file)

    @property
    def config(self) -> Config:
        """The configuration. Raises ConfigError."""
        return self.loaded.config

    @property
    def models(self) -> Path:
        """The folder of the models in use. Raises ConfigError."""
        return Path(self.config.paths.models) if self.config.paths.models else models_folder()

    @property
    def state(self) -> Path:
        """The state folder. Raises ConfigError."""
        return state_folder(self.config.paths.state, os.environ)

    def calibration(self, model: str) -> profiles.Calibration:
        """What of the terminal's profile is in use; what of it is not is said on standard error. model: sha256 of the one installed."""
        found = self.calibration_of(model)
        if found.problem:
            self.errors.print(f"xiaoan: {found.problem.told(self.translate)}", markup=False)
        return found

    def calibration_of(self, model: str) -> profiles.Calibration:
        """The same without a word."""
        return profiles.in_use(self.config, self.state, self.here(model))

    def here(self, model: str) -> profiles.Here:
        """What a profile must have been made with. model: sha256 of the detector installed."""
        from edge.detect.phrases import installed

        return profiles.here(self.config, model, installed(self.models))

    @cached_property
    def language(self) -> str:
        """The catalogue's language: of --lang, else of the configuration, else of the locale."""
        try:
            return language(self.lang or self.config.terminal.language, os.environ)
        except EdgeError:  # said by whoever needs more of the configuration than its language
            return language("", os.environ)

    @cached_property
    def translate(self) -> Translate:
        """Turns a marked sentence into that language."""
        return translator(self.language)

    @cached_property
    def console(self) -> Console:
        """Standard output: tables and sentences for people."""
        return QuietConsole(highlight=False, soft_wrap=True)

    @cached_property
    def errors(self) -> Console:
        """Standard error: progress and remarks that must not mix with the output."""
        return QuietConsole(stderr=True, highlight=False, soft_wrap=True)

    def print_json(self, value: object) -> None:
        """One object as one line on standard output."""
        print(json.dumps(value, ensure_ascii=False, default=str))
