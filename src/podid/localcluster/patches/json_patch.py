"""JSON patch, RFC 6902, over JSON pointers, RFC 6901. All of a patch applies, or nothing does."""

from __future__ import annotations

import copy
from typing import Any, Final

MAX_OPERATIONS: Final = 10_000
"""As many as Kubernetes takes (apiserver `pkg/endpoints/handlers/patch.go`)."""


class PatchProblem(ValueError):
    """The patch is not one, or does not fit the document; the text says where."""


def json_patch(document: Any, operations: Any) -> Any:
    """The document after the operations. Raises PatchProblem."""
    if not isinstance(operations, list):
        raise PatchProblem("a JSON patch is a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise PatchProblem(f"the allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}")
    document = copy.deepcopy(document)
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchProblem("each operation of a JSON patch is an object")
        document = _apply(document, operation)
    return document


def _apply(document: Any, operation: dict[str, Any]) -> Any:
    kind = operation.get("op")
    path = _pointer(operation, "path")
    match kind:
        case "add":
            return _add(document, path, _value(operation))
        case "remove":
            return _remove(document, path)[0]
        case "replace":
            _find(document, path)
            return _value(operation) if not path else _add(_remove(document, path)[0], path, _value(operation))
        case "test":
            found = _find(document, path)
            if not _equal(found, operation.get("value")):
                raise PatchProblem(f"testing value {_text(path)} failed")
            return document
        case "move":
            origin = _pointer(operation, "from")
            if path[: len(origin)] == origin and path != origin:
                raise PatchProblem(f"cannot move {_text(origin)} into itself")
            document, value = _remove(document, origin)
            return _add(document, path, value)
        case "copy":
            return _add(document, path, copy.deepcopy(_find(document, _pointer(operation, "from"))))
    raise PatchProblem(f"unexpected kind: {str(kind)[:100]}")


def _value(operation: dict[str, Any]) -> Any:
    if "value" not in operation:
        raise PatchProblem(f"{operation.get('op')} operation without a value")
    return copy.deepcopy(operation["value"])


def _pointer(operation: dict[str, Any], member: str) -> list[str]:
    text = operation.get(member)
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise PatchProblem(f"{member} is not a JSON pointer: {str(text)[:100]!r}")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _text(path: list[str]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _index(items: list[Any], part: str, path: list[str], *, end: bool = False) -> int:
    if part == "-" and end:
        return len(items)
    if not part.isascii() or not part.isdigit() or (len(part) > 1 and part[0] == "0"):
        raise PatchProblem(f"{part[:100]!r} is not an index, in {_text(path)[:200]}")
    index = int(part)
    if index > len(items) - (0 if end else 1):
        raise PatchProblem(f"index {part} is out of bounds, in {_text(path)[:200]}")
    return index


def _find(document: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list):
            document = document[_index(document, part, path)]
        else:
            raise PatchProblem(f"there is no {_text(path)[:200]}")
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    parent = _find(document, path[:-1])
    if isinstance(parent, dict):
        parent[path[-1]] = value
    elif isinstance(parent, list):
        parent.insert(_index(parent, path[-1], path, end=True), value)
    else:
        raise PatchProblem(f"{_text(path[:-1])[:200]} is neither an object nor a list")
    return document


def _remove(document: Any, path: list[str]) -> tuple[Any, Any]:
    value = _find(document, path)
    if not path:
        raise PatchProblem("the whole document cannot be removed")
    parent = _find(document, path[:-1])
    if isinstance(parent, dict):
        del parent[path[-1]]
    else:
        del parent[_index(parent, path[-1], path)]
    return document, value


def _equal(one: Any, other: Any) -> bool:
    """JSON equality: a boolean is not a number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)
