"""OpenAPI v2, as protobuf: only that every kind has a PATCH with `fieldValidation`, and no schemas.

kubectl asks for it before it applies an object of kind List, and up to 1.28 before it applies anything; without schemas it then leaves
the judging of fields to the server. The messages are gnostic's (openapi.v2.Document), the field numbers from its OpenAPIv2.proto.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from podid.localcluster.objects.kinds import KINDS, Kind
from podid.localcluster.objects.metadata import encode

CONTENT_TYPE: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

_DOCUMENT_SWAGGER, _DOCUMENT_INFO, _DOCUMENT_PATHS = 1, 2, 8
_INFO_TITLE, _INFO_VERSION = 1, 2
_PATHS_PATH, _NAMED_NAME, _NAMED_VALUE = 2, 1, 2
_ITEM_PATCH = 8
_OPERATION_PARAMETERS, _OPERATION_EXTENSION = 8, 13
_ITEM_PARAMETER, _PARAMETER_NON_BODY, _NON_BODY_QUERY = 1, 2, 3
_QUERY_IN, _QUERY_NAME, _QUERY_TYPE = 2, 4, 6
_ANY_YAML = 2


@cache
def document() -> bytes:
    """The whole document."""
    paths = b"".join(
        _field(_PATHS_PATH, _named(_path(kind), _operations(kind))) for kind in KINDS if "patch" in kind.verbs
    )
    info = _text(_INFO_TITLE, "podid local cluster") + _text(_INFO_VERSION, "v1")
    return _text(_DOCUMENT_SWAGGER, "2.0") + _field(_DOCUMENT_INFO, info) + _field(_DOCUMENT_PATHS, paths)


def _path(kind: Kind) -> str:
    prefix = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    return prefix + ("/namespaces/{namespace}/" if kind.namespaced else "/") + kind.resource + "/{name}"


def _operations(kind: Kind) -> bytes:
    query = _text(_QUERY_IN, "query") + _text(_QUERY_NAME, "fieldValidation") + _text(_QUERY_TYPE, "string")
    parameter = _field(_ITEM_PARAMETER, _field(_PARAMETER_NON_BODY, _field(_NON_BODY_QUERY, query)))
    named = encode({"group": kind.group, "version": kind.version, "kind": kind.kind}).decode()
    extension = _named("x-kubernetes-group-version-kind", _text(_ANY_YAML, named))
    return _field(_ITEM_PATCH, _field(_OPERATION_PARAMETERS, parameter) + _field(_OPERATION_EXTENSION, extension))


def _named(name: str, value: bytes) -> bytes:
    return _text(_NAMED_NAME, name) + _field(_NAMED_VALUE, value)


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited field."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))
