"""Reads the configuration file; whatever is wrong with it becomes one sentence with its line."""

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge.config.allowed import Allowed, allowed_at, known_keys
from edge.config.schema import Config
from edge.config.where import KeyPath, key_lines, line_of
from edge.errors import EdgeError, filled
from edge.reasons import reason_of
from edge.words import N_

SYSTEM_FILE = Path("/etc/xiaoan/config.toml")
# The parser takes time by the square of a line's length and of the nesting; a text made to be slow must not hold the terminal up.
LARGEST_BYTES = 64 * 1024
LONGEST_LINE = 8192  # characters


class Problem(EdgeError):
    """One thing that is wrong with the file: one sentence, with the line, the key, the value and what is allowed."""

    def __init__(self, sentence: str, allowed: Sequence[Allowed] = (), /, *, line: int = 0, **facts: object) -> None:
        self.allowed = tuple(allowed)
        self.line = line  # 0: the file as a whole
        super().__init__(sentence, allowed=_joined(self.allowed, str), line=line, **facts)

    def told(self, translate: Callable[[str], str]) -> str:
        """The sentence, what is allowed included, in the language of `translate`."""
        return filled(self.sentence, self.facts | {"allowed": _joined(self.allowed, translate)}, translate)


class ConfigError(EdgeError):
    """The configuration cannot be used. `problems` has a sentence for each thing that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        Exception.__init__(self, self.told(str))

    def told(self, translate: Callable[[str], str]) -> str:
        """All problems, a line each."""
        return "\n".join(problem.told(translate) for problem in self.problems)


class ConfigUnreadable(EdgeError):
    """The file cannot be read as text at all."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration and where it came from."""

    config: Config
    file: Path | None  # None: no file, defaults alone
    lines: Mapping[KeyPath, int]  # line of each key that stands in the file

    @property
    def target(self) -> Path:
        """The file to write a change into."""
        return self.file or SYSTEM_FILE


def load(path: Path | None) -> Config:
    """The configuration in `path`; without one that of the system, or the defaults where there is none.

    Raises ConfigError and ConfigUnreadable.
    """
    return read(path).config


def read(path: Path | None) -> Loaded:
    """As `load`, and where each key stands."""
    if path is None:
        if not SYSTEM_FILE.exists():
            return Loaded(Config(), None, {})
        path = SYSTEM_FILE
    try:
        return _checked(path, text_of(path))
    except RecursionError as error:  # of the parser or of ours: nobody writes such a file
        raise ConfigUnreadable(N_("{file}: tables or lists are nested too deeply"), file=path) from error


def _checked(path: Path, text: str) -> Loaded:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Problem(N_("{file}: not valid TOML: {reason}"), file=path, reason=error)]) from error
    lines = key_lines(text)
    try:
        return Loaded(Config.model_validate(values), path, lines)
    except ValidationError as error:
        raise ConfigError(problems_of(path, error, lines, Config)) from error


def problems_of(file: Path, error: ValidationError, lines: Mapping[KeyPath, int], of: type[BaseModel]) -> list[Problem]:
    """The sentences for what pydantic found in a file of that shape, in the order of the lines."""
    return sorted((_problem(file, detail, lines, of) for detail in error.errors(include_url=False)), key=lambda problem: problem.line)


def text_of(path: Path, largest_bytes: int = LARGEST_BYTES, longest_line: int = LONGEST_LINE) -> str:
    """The text of a file that people write. Raises ConfigUnreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(largest_bytes + 1)
    except OSError as error:
        raise ConfigUnreadable(N_("{file}: cannot be read: {reason}"), file=path, reason=reason_of(error)) from error
    if len(data) > largest_bytes:
        raise ConfigUnreadable(N_("{file}: larger than {bytes} bytes; is it the right file?"), file=path, bytes=largest_bytes)
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigUnreadable(N_("{file}, line {line}: not UTF-8; save the file as UTF-8"), file=path, line=line) from error
    for line, characters in enumerate(text.split("\n"), 1):
        if len(characters) > longest_line:
            raise ConfigUnreadable(N_("{file}, line {line}: longer than {most} characters; break it up"), file=path, line=line, most=longest_line)
    return text


def _problem(file: Path, detail: ErrorDetails, lines: Mapping[KeyPath, int], of: type[BaseModel]) -> Problem:
    """The sentence for one finding of pydantic's."""
    path = tuple(step for step in detail["loc"] if step != "[key]")
    sentence, allowed, more = _sentence(detail, path, of)
    return Problem(sentence, allowed, line=line_of(path, lines) or 1, file=file, key=_dotted(path), **more)


def _sentence(detail: ErrorDetails, path: KeyPath, of: type[BaseModel]) -> tuple[str, list[Allowed], dict[str, object]]:
    """Sentence, what is allowed, and further facts."""
    match detail["type"]:
        case "extra_forbidden":
            # No value here: an unknown key may well be a password put into the wrong file.
            known = known_keys(path[:-1], of)
            near = get_close_matches(str(path[-1]), known, n=1)
            if near:
                return N_("{file}, line {line}: {key} is not a key; did you mean {near}?"), [], {"near": near[0]}
            return N_("{file}, line {line}: {key} is not a key; keys here: {known}"), [], {"known": ", ".join(known)}
        case "missing":
            return N_("{file}, line {line}: {key} is missing; allowed: {allowed}"), allowed_at(path, of), {}
        case "label":
            return N_("{file}, line {line}: {key} is not a label; labels are: {labels}"), [], detail["ctx"]
        case "phrase":
            facts = dict(detail["ctx"])
            allowed = Allowed(facts.pop("sentence"), facts)
            return N_("{file}, line {line}: {key} = {value} cannot be listened for: {allowed}"), [allowed], {"value": _shown(detail["input"])}
        case "rule":  # of two keys together; the schema's own sentence
            return N_("{file}, line {line}: {key}: {allowed}"), [Allowed(detail["msg"])], {}
    return N_("{file}, line {line}: {key} = {value} is not possible; allowed: {allowed}"), allowed_at(path, of), {"value": _shown(detail["input"])}


def _dotted(path: KeyPath) -> str:
    """`periods[2].start`: entries of an array count from 1, as people do."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _shown(value: object) -> str:
    """A value as it would stand in the file, shortened, without a password that somebody put into an address."""
    text = re.sub(r"//[^/@]*@", "//…@", json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 60 else text[:59] + "…"


def _joined(allowed: Sequence[Allowed], translate: Callable[[str], str]) -> str:
    return translate(N_(" or ")).join(one.told(translate) for one in allowed)
