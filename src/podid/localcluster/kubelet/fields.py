"""Fields of a pod as text, for variables and downward API volumes. Pure.

Source: Kubernetes documentation, "Downward API"; quantities as in "Resource Management", with `divisor`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from podid.localcluster.ports import Object

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")
_SUFFIXES = {
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    "m": Decimal("0.001"),
    "u": Decimal("0.000001"),
    "n": Decimal("0.000000001"),
}


class FieldProblem(Exception):
    """The field path or quantity is not one that can be read."""


def pod_field(pod: Object, path: str) -> str:
    """The text of a field. Raises FieldProblem."""
    metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        return str((metadata.get(subscript[1]) or {}).get(subscript[2], ""))
    if path in ("metadata.labels", "metadata.annotations"):
        entries = metadata.get(path.removeprefix("metadata.")) or {}
        return "\n".join(f"{key}={_quoted(value)}" for key, value in sorted(entries.items()))
    plain = {
        "metadata.name": metadata.get("name", ""),
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata.get("uid", ""),
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": status.get("hostIP", ""),
        "status.hostIPs": ",".join(one["ip"] for one in status.get("hostIPs") or ()),
        "status.podIP": status.get("podIP", ""),
        "status.podIPs": ",".join(one["ip"] for one in status.get("podIPs") or ()),
    }
    if path not in plain:
        raise FieldProblem(f"unsupported fieldPath: {path}")
    return str(plain[path])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def resource_field(container: Mapping[str, Any], reference: Mapping[str, Any], allocatable: Mapping[str, str]) -> str:
    """`limits.cpu`, `requests.memory` and the like, divided and rounded up; without a limit the node's. Raises FieldProblem."""
    kind, _, name = str(reference.get("resource", "")).partition(".")
    if kind not in ("limits", "requests") or not name:
        raise FieldProblem(f"unsupported container resource: {reference.get('resource', '')}")
    resources = container.get("resources") or {}
    amount = (resources.get(kind) or {}).get(name)
    if amount is None and kind == "limits":
        amount = allocatable.get(name)
    divisor = quantity(str(reference.get("divisor") or "1"))
    return str(math.ceil(quantity(str(amount if amount is not None else "0")) / (divisor or Decimal(1))))


def quantity(text: str) -> Decimal:
    """A Kubernetes quantity: `500m`, `128Mi`, `1e3`. Raises FieldProblem."""
    for suffix, factor in _SUFFIXES.items():
        if text.endswith(suffix):
            return _decimal(text.removesuffix(suffix)) * factor
    return _decimal(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise FieldProblem(f'"{text[:40]}" is not a quantity') from None
    if not number.is_finite():
        raise FieldProblem(f'"{text[:40]}" is not a quantity')
    return number
