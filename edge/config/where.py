"""Finds the line on which a key of a TOML text stands; `tomllib` keeps no positions."""

import tomllib
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]

# A value is followed over at most this many lines: a text made to be slow must not hang the check.
LONGEST_VALUE_LINES = 200


def key_lines(text: str) -> dict[KeyPath, int]:
    """Line (from 1) of each table, key and array entry of a valid TOML text; what is not found is absent.

    Each statement of TOML is valid TOML by itself, so `tomllib` parses them one by one.
    Entries of an array and of an inline table count as standing where their statement begins.
    """
    lines = text.split("\n")
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    arrays: dict[KeyPath, int] = {}
    start = 0
    while start < len(lines):
        for end in range(start + 1, min(start + LONGEST_VALUE_LINES, len(lines)) + 1):
            try:
                statement = tomllib.loads("\n".join(lines[start:end]))
                break
            except tomllib.TOMLDecodeError:
                continue
        else:
            return found
        if lines[start].lstrip().startswith("["):
            table = _table(statement, arrays)
            found.setdefault(table, start + 1)
        else:
            _mark(statement, table, start + 1, found)
        start = end
    return found


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """The line of `path`, or of the nearest table around it; None where neither stands in the file."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return None


def _table(statement: object, arrays: dict[KeyPath, int]) -> KeyPath:
    """The path that a header opens; `arrays` counts the entries of each array of tables and is advanced."""
    path: KeyPath = ()
    while statement:
        if isinstance(statement, list):
            arrays[path] = arrays.get(path, -1) + 1
            return (*path, arrays[path])
        assert isinstance(statement, dict)
        ((key, statement),) = statement.items()
        path = (*path, key)
        if isinstance(statement, dict) and path in arrays:
            path = (*path, arrays[path])
    return path


def _mark(value: object, path: KeyPath, line: int, found: dict[KeyPath, int]) -> None:
    if path:
        found.setdefault(path, line)
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        _mark(inner, (*path, key), line, found)
