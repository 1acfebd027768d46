"""Says in words what a key allows, from the same schema that checks it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel

from edge.config.schema import Config
from edge.words import N_

Node = Mapping[str, Any]  # a node of a JSON schema; its shape is the standard's, not ours


@dataclass(frozen=True, slots=True)
class Allowed:
    """One thing that is allowed: a sentence of the catalogue and the facts in it."""

    sentence: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def told(self, translate: Callable[[str], str]) -> str:
        """In the language of `translate`."""
        return translate(self.sentence).format(**self.facts)


@cache
def json_schema(of: type[BaseModel] = Config) -> dict[str, Any]:
    """The JSON schema of the whole file."""
    return of.model_json_schema()


def allowed_at(path: Iterable[str | int], of: type[BaseModel] = Config) -> list[Allowed]:
    """What may stand at `path`; empty where the path leads nowhere. Several: one of them."""
    return [found for node in _nodes(path, of) for found in _words(node)]


def known_keys(path: Iterable[str | int], of: type[BaseModel] = Config) -> list[str]:
    """The keys that the table at `path` knows."""
    return [key for node in _nodes(path, of) for key in _keys(node)]


def _nodes(path: Iterable[str | int], of: type[BaseModel]) -> list[Node]:
    """The schema's nodes at `path`, references followed and alternatives taken apart; `null` is no alternative in TOML."""
    root = json_schema(of)
    nodes = _apart(root, root)
    for step in path:
        nodes = [inner for node in nodes for inner in _apart(_inside(node, step), root)]
    return nodes


def _inside(node: Node, step: str | int) -> Node:
    if isinstance(step, int):
        found: Node = node.get("items", {})
    else:
        # A table of fixed keys has `additionalProperties: false`.
        found = node.get("properties", {}).get(step) or node.get("additionalProperties") or {}
    return found


def _apart(node: Node, root: Node) -> list[Node]:
    if "$ref" in node:
        return _apart(root["$defs"][node["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in node:
        return [inner for alternative in node["anyOf"] for inner in _apart(alternative, root)]
    return [] if not node or node.get("type") == "null" else [node]


def _keys(node: Node) -> list[str]:
    return list(node.get("properties", node.get("propertyNames", {}).get("enum", ())))


def _words(node: Node) -> list[Allowed]:
    if "allowed" in node:
        return [Allowed(node["allowed"])]
    if "enum" in node:
        return [Allowed(N_("one of {values}"), {"values": ", ".join(f'"{value}"' for value in node["enum"])})]
    match node.get("type"):
        case "boolean":
            return [Allowed(N_("true or false"))]
        case "integer":
            return [Allowed(N_("a whole number from {low} to {high}"), {"low": node["minimum"], "high": node["maximum"]})]
        case "number":
            return [Allowed(N_("a number from {low} to {high}"), {"low": node["minimum"], "high": node["maximum"]})]
        case "string" if node.get("format") == "date":
            return [Allowed(N_("a date without quotes, as 2026-09-01"))]
        case "string":
            return [Allowed(N_("text in quotes, {low} to {high} characters"), {"low": node.get("minLength", 0), "high": node["maxLength"]})]
        case "array":
            return [Allowed(N_("a list in [ ], {low} to {high} entries long"), {"low": node.get("minItems", 0), "high": node["maxItems"]})]
        case _:
            return [Allowed(N_("a table with the keys {keys}"), {"keys": ", ".join(_keys(node))})]
