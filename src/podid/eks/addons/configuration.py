"""The configuration values of an add-on: JSON or YAML text, checked against the schema that DescribeAddonConfiguration shows.

The checker reads the part of JSON Schema that the schema uses (type, properties, additionalProperties, items, pattern), so that what is
shown is what is enforced. Text from outside is bounded in size and depth, and YAML aliases are refused: they let a few bytes stand for
gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from podid.eks.errors import InvalidParameter

LONGEST: Final = 65_536
DEEPEST: Final = 30

_TEXTS: Final = {"type": "object", "additionalProperties": {"type": "string"}}

SCHEMA: Final[dict[str, Any]] = {
    "$schema": "http://json-schema.org/draft-06/schema#",
    "title": "EksPodIdentityAgent",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "agent": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "additionalArgs": {
                    "type": "object",
                    "additionalProperties": {"type": ["string", "number", "boolean"]},
                    "propertyNames": {"pattern": "^-{1,2}[A-Za-z][A-Za-z0-9-]*$"},
                },
            },
        },
        "nodeSelector": _TEXTS,
        "podAnnotations": _TEXTS,
        "podLabels": _TEXTS,
        "resources": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                kind: {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
                for kind in ("limits", "requests")
            },
        },
        "tolerations": {"type": "array", "items": {"type": "object"}},
    },
}
"""What `eks-pod-identity-agent` takes."""

_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "boolean": bool,
}


def read_configuration(text: str, schema: Mapping[str, Any], **members: str) -> dict[str, Any]:
    """The values in a text; empty text is no values. Raises InvalidParameter (with `members`), saying where and what."""

    def refused(why: str) -> InvalidParameter:
        return InvalidParameter(f"ConfigurationValue provided in request is not supported: {why}", **members)

    if len(text) > LONGEST:
        raise refused(f"it has {len(text)} characters; at most {LONGEST} are allowed")
    if not text.strip():
        return {}
    try:
        found = _read(text)
    except (ValueError, RecursionError) as error:
        raise refused(f"it is neither JSON nor YAML ({error})") from error
    if problems := _problems(found, schema, "$"):
        raise refused(f"Json schema validation failed with error: [{', '.join(problems)}]")
    assert isinstance(found, dict)
    return found


def _read(text: str) -> Any:
    """JSON, else YAML. Raises ValueError."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = _read_yaml(text)
    if _depth(found) > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    return {} if found is None else found


def _read_yaml(text: str) -> Any:
    import yaml  # costs start-up time, and most callers send JSON

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    try:
        # The events come before anything is built from them. Deep nesting ends here: the parser's time grows with its square.
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.AliasEvent):
                raise ValueError("YAML aliases are not allowed")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise ValueError(f"it is nested more than {DEEPEST} deep")
        return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"{getattr(error, 'problem', None) or 'malformed YAML'}{where}") from error


def _depth(value: Any, so_far: int = 0) -> int:
    if so_far > DEEPEST or not isinstance(value, dict | list):
        return so_far
    parts = value.values() if isinstance(value, dict) else value
    return max((_depth(part, so_far + 1) for part in parts), default=so_far + 1)


def _problems(value: Any, schema: Mapping[str, Any], where: str) -> list[str]:
    allowed = schema.get("type", ())
    kinds = (allowed,) if isinstance(allowed, str) else tuple(allowed)
    if kinds and not any(_is(value, kind) for kind in kinds):
        return [f"{where}: {_name(value)} found, {' or '.join(kinds)} expected"]
    if isinstance(value, dict):
        return [problem for name, each in value.items() for problem in _member(name, each, schema, where)]
    if isinstance(value, list) and "items" in schema:
        return [p for index, each in enumerate(value) for p in _problems(each, schema["items"], f"{where}[{index}]")]
    return []


def _member(name: Any, value: Any, schema: Mapping[str, Any], where: str) -> list[str]:
    at = f"{where}.{name}"
    pattern = schema.get("propertyNames", {}).get("pattern", "")
    if not isinstance(name, str) or not re.search(pattern, name):
        return [f"{at}: property name is not valid{f', expected {pattern}' if pattern else ''}"]
    if name in schema.get("properties", {}):
        return _problems(value, schema["properties"][name], at)
    others = schema.get("additionalProperties", True)
    if others is False:
        return [f"{at}: is not defined in the schema and the schema does not allow additional properties"]
    return [] if others is True else _problems(value, others, at)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def _name(value: Any) -> str:
    if value is None:
        return "null"
    return next((kind for kind in _TYPES if _is(value, kind)), type(value).__name__)
