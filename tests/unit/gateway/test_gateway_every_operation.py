"""Every operation that is mapped says what it needs, however much or little its input says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.unit.gateway.asking import ACCOUNT, whole_needs

from podid.core.wire import load_service
from podid.core.wire.shapes import Shape
from podid.gateway.catalog import SERVICES
from podid.gateway.needs.table import is_mapped
from podid.gateway.needs.unneeded import is_unneeded

_SCALARS: dict[str, Any] = {
    "integer": 1,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
    "boolean": True,
    "blob": b"x",
    "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
}


def filled(shape: Shape, name: str = "", depth: int = 0) -> Any:
    """A value of a shape with all its members, down to a depth."""
    if shape.type == "structure":
        return {} if depth > 4 else {n: filled(m.shape, n, depth + 1) for n, m in shape.members.items()}
    if shape.type == "list":
        return [filled(shape.item.shape, name, depth + 1)]
    if shape.type == "map":
        return {"k": filled(shape.value.shape, name, depth + 1)}
    if shape.type == "string":
        return f"arn:aws:iam::{ACCOUNT}:role/r" if "role" in name.lower() else "x"
    return _SCALARS[shape.type]


def test_every_operation_has_needs() -> None:
    """Each need is an action on an ARN or on everything, with texts for keys; and none is left without."""
    for service in SERVICES.values():
        for operation in load_service(service.model).operations.values():
            if not is_mapped(service.model, operation.name):
                continue
            for members in (filled(operation.input) if operation.input else {}, {}):
                needs = whole_needs(service.model, operation.name, **members)
                where = (service.model, operation.name, bool(members))
                assert needs or service.model == "sts" or is_unneeded(service.model, operation.name), where
                for need in needs:
                    assert ":" in need.action, where
                    assert need.resource == "*" or need.resource.startswith("arn:"), (where, need.resource)
                    for key, values in need.context.items():
                        assert isinstance(values, tuple), (where, key)
                        assert all(isinstance(value, str) for value in values), (where, key, values)
