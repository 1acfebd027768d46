"""What the schema promises of every key."""

from typing import Any

import jsonschema
import pytest

from edge.config.allowed import json_schema
from edge.config.schema import Config


def described() -> list[tuple[str, dict[str, Any]]]:
    """Each key of each table, as `Table.key`, with its node of the JSON schema."""
    tables = {"Config": json_schema(), **json_schema()["$defs"]}
    return [(f"{table}.{key}", node) for table, whole in tables.items() for key, node in whole["properties"].items()]


@pytest.mark.parametrize(("key", "node"), described())
def test_every_key_has_a_sentence_and_bounds(key: str, node: dict[str, Any]) -> None:
    """A default, unless the key must be given; a sentence; both ends of a number; a longest text; a longest list."""
    assert node["description"].endswith(".")
    assert "default" in node or key.startswith(("Period.", "Holiday.", "PhraseEntry.text", "RosterEntry.tell"))
    for one in [alternative for alternative in node.get("anyOf", [node]) if alternative.get("type") != "null"]:
        match one.get("type"):
            case "integer" | "number":
                assert one["minimum"] < one["maximum"]
            case "string" if "enum" not in one and "format" not in one:
                assert "maxLength" in one or "pattern" in one
            case "array":
                assert one["maxItems"] > 0


def test_the_schema_takes_what_the_program_takes() -> None:
    """The reference that `xiaoan config schema` prints is a valid schema, and the defaults fit it."""
    jsonschema.Draft202012Validator.check_schema(json_schema())
    jsonschema.validate(Config().model_dump(mode="json", by_alias=True), json_schema())
