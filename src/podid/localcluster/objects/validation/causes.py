"""The words for what is wrong with a field (apimachinery `pkg/util/validation/field`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from podid.localcluster.objects.errors import Cause


def required(field: str, more: str = "") -> Cause:
    return Cause("FieldValueRequired", "Required value" + (f": {more}" if more else ""), field)


def invalid(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {why}", field)


def unsupported(field: str, value: Any, allowed: Iterable[str]) -> Cause:
    names = ", ".join(f'"{name}"' for name in sorted(allowed))
    return Cause("FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {names}", field)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", field)


def not_found(field: str, value: Any) -> Cause:
    return Cause("FieldValueNotFound", f"Not found: {shown(value)}", field)


def forbidden(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {why}", field)


def shown(value: Any) -> str:
    """A value as Go's %#v would show it, shortened."""
    if isinstance(value, str):
        return '"' + value[:200].replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:200]
