"""Making a Table of objects of one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from podid.localcluster.objects.metadata import metadata
from podid.localcluster.ports import Object

Cell = str | int | bool


class Column(Struct, frozen=True):
    """One column. Wide ones (priority 1) are shown with `-o wide` only."""

    name: str
    cell: Callable[[Object, datetime], Cell]
    type: Literal["string", "integer", "date"] = "string"
    wide: bool = False
    format: str = ""


IncludeObject = Literal["None", "Metadata", "Object"]


def make_table(
    objects: Iterable[Object],
    columns: Sequence[Column],
    *,
    now: datetime,
    revision: str,
    include: IncludeObject = "Metadata",
    headed: bool = True,
) -> dict[str, Any]:
    """The Table. `headed` is False for all but the first of a watch."""
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": revision},
        "columnDefinitions": [_definition(column) for column in columns] if headed else None,
        "rows": [
            {"cells": [column.cell(obj, now) for column in columns], "object": _shown(obj, include)} for obj in objects
        ],
    }


def _definition(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": "",
        "priority": 1 if column.wide else 0,
    }


def _shown(obj: Object, include: IncludeObject) -> Any:
    if include == "Object":
        return obj
    if include == "None":
        return None
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata(obj)}
