"""In which shape the client wants objects: as they are, as a Table, or as their metadata alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal, cast

from msgspec import Struct

from podid.core.clock import Clock
from podid.localcluster.apiserver.http import Query
from podid.localcluster.apiserver.tables.columns import columns_of
from podid.localcluster.apiserver.tables.table import IncludeObject, make_table
from podid.localcluster.objects.errors import BadRequest, NotAcceptable
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.objects.metadata import metadata, revision_of
from podid.localcluster.ports import Object


class Shape(Struct, frozen=True):
    """`kind` says which; `include` (for tables) what each row carries."""

    kind: Literal["plain", "table", "metadata"] = "plain"
    include: IncludeObject = "Metadata"


def choose_shape(accept: str, query: Query) -> Shape:
    """The first shape of an Accept header that we have. Raises NotAcceptable, or BadRequest for a bad includeObject."""
    include = query.text("includeObject") or "Metadata"
    if include not in ("None", "Metadata", "Object"):
        raise BadRequest(f'unrecognized includeObject value: "{include[:50]}"')
    for part in (accept or "*/*").split(","):
        media, *given = (piece.strip() for piece in part.split(";"))
        parameters = dict(piece.partition("=")[::2] for piece in given)
        if media not in ("application/json", "*/*", "application/*"):
            continue
        match parameters.get("as"):
            case None:
                return Shape()
            case "Table" if parameters.get("v") == "v1":
                return Shape("table", cast(IncludeObject, include))
            case "PartialObjectMetadata" | "PartialObjectMetadataList" if parameters.get("v") == "v1":
                return Shape("metadata")
    raise NotAcceptable(
        "only the following media types are accepted: application/json, application/json;as=Table;v=v1;g=meta.k8s.io, "
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    )


def shape_object(obj: Object, kind: Kind, shape: Shape, now: datetime) -> Any:
    match shape.kind:
        case "table":
            return make_table(
                [obj], columns_of(kind.resource), now=now, revision=revision_of(obj), include=shape.include
            )
        case "metadata":
            return _partial(obj)
    return obj


def shape_list(objects: Sequence[Object], kind: Kind, shape: Shape, *, now: datetime, revision: str) -> Any:
    match shape.kind:
        case "table":
            return make_table(objects, columns_of(kind.resource), now=now, revision=revision, include=shape.include)
        case "metadata":
            return {
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {"resourceVersion": revision},
                "items": [_partial(obj) for obj in objects],
            }
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": kind.api_version,
        "metadata": {"resourceVersion": revision},
        "items": list(objects),
    }


def frame_shaper(kind: Kind, shape: Shape, clock: Clock) -> Callable[[Object], Any]:
    """Shapes the objects of a watch: in tables, the first alone has headings."""
    headed = True

    def frame(obj: Object) -> Any:
        nonlocal headed
        if shape.kind != "table":
            return shape_object(obj, kind, shape, clock())
        table = make_table(
            [obj],
            columns_of(kind.resource),
            now=clock(),
            revision=revision_of(obj),
            include=shape.include,
            headed=headed,
        )
        headed = False
        return table

    return frame


def _partial(obj: Object) -> dict[str, Any]:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata(obj)}


def manager_of(query: Query, user_agent: str) -> str:
    """The field manager: as the request names it, else the user agent's first word. Raises BadRequest for one that cannot be."""
    given = query.text("fieldManager")
    if len(given) > 128 or not given.isprintable():
        raise BadRequest("fieldManager: Invalid value: must be printable and no longer than 128 characters")
    return given or re.split(r"[/\s]", user_agent, maxsplit=1)[0][:128] or "unknown"
