"""Holds messages to docs/asyncapi.yaml."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator, FormatChecker

DOCUMENT = Path(__file__).parents[1] / "docs" / "asyncapi.yaml"


@cache
def document() -> dict[str, Any]:
    """The document as it is in the file."""
    loaded: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


@cache
def _validator(topic: str) -> Draft7Validator:
    # AsyncAPI 3 schemas are JSON Schema draft 7; references are resolved against the whole document.
    return Draft7Validator({**document(), "allOf": [{"$ref": f"#/components/schemas/{topic}"}]}, format_checker=FormatChecker())


def problems(topic: str, message: dict[str, Any] | bytes) -> list[str]:
    """What is wrong with a message on the topic of that name (its last part)."""
    body = json.loads(message) if isinstance(message, bytes) else message
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in _validator(topic).iter_errors(body)]
