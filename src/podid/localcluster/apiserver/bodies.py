"""Reading what a client sends as an object: JSON, YAML or protobuf, within bounds.

Every byte here is hostile: size is bounded before (`http.MAX_BODY`), depth here, YAML aliases (which multiply) are refused. Duplicate
keys are found, because `fieldValidation=Strict` refuses them.
"""

from __future__ import annotations

import json
from typing import Any, Final

from podid.localcluster.apiserver.protobuf import ENVELOPE, Unreadable, read_envelope
from podid.localcluster.objects.errors import BadRequest, UnsupportedMediaType

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
MAX_DEPTH: Final = 64
"""Levels of nesting. The deepest field of a Pod lies at 12; patches and schemas recurse over what is read here."""


def read_json(body: bytes) -> tuple[Any, list[str]]:
    """The value, and the names of keys that an object had twice. Raises BadRequest."""
    doubled: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        whole = dict(found)
        if len(whole) != len(found):
            seen: set[str] = set()
            for key, _ in found:
                if key in seen:
                    doubled.append(key)
                seen.add(key)
        return whole

    def refuse(text: str) -> Any:
        raise ValueError(f"{text} is not JSON")

    try:
        value = json.loads(body, object_pairs_hook=pairs, parse_constant=refuse)
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"the object provided is unrecognized: {str(problem)[:200]}") from problem
    _check_depth(value)
    return value, doubled


def read_yaml(body: bytes) -> tuple[Any, list[str]]:
    """As `read_json`, for YAML without aliases."""
    if body.lstrip()[:1] == b"{":
        return read_json(body)
    import yaml

    try:
        loader = yaml.SafeLoader(body)
        try:
            for token in yaml.scan(body):
                if isinstance(token, yaml.AliasToken):
                    raise BadRequest("YAML aliases are not accepted: write the value out")
            value = loader.get_single_data()
        finally:
            loader.dispose()
        text = json.dumps(value, allow_nan=False, default=str).encode()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as problem:
        raise BadRequest(f"error parsing YAML: {str(problem)[:300]}") from problem
    return read_json(text)


def read_object(body: bytes, content_type: str, *, type_name: str = "") -> tuple[dict[str, Any], list[str]]:
    """An object in whichever encoding the request says (JSON where it does not say), and its doubled keys.

    `type_name` is the type that is expected, for protobuf. Raises BadRequest or UnsupportedMediaType.
    """
    if content_type == PROTOBUF or body.startswith(ENVELOPE):
        try:
            return read_envelope(body, type_name), []
        except Unreadable as problem:
            raise UnsupportedMediaType(str(problem)) from problem
    if content_type in (YAML, "application/x-yaml"):
        value, doubled = read_yaml(body)
    elif content_type in (JSON, ""):
        value, doubled = read_json(body)
    else:
        raise UnsupportedMediaType(
            f"the body of the request was in an unknown format - accepted media types include: {JSON}, {YAML}, {PROTOBUF}"
        )
    if not isinstance(value, dict):
        raise BadRequest("the object provided is unrecognized (must be of type Object)")
    return value, doubled


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise BadRequest(f"the object provided is nested more than {MAX_DEPTH} levels deep")
