"""OpenAPI v3, as much as kubectl reads of it.

`kubectl apply` looks for a PATCH operation of the kind with a query parameter `fieldValidation` (cli-runtime
`pkg/resource/query_param_verifier_v3.go`), and `kubectl explain` reads the schemas, which are written from `objects.fields`: names and
types, without Kubernetes' descriptions. `openapi_v2` has the older form, for the few who ask.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any, Final

from podid.localcluster.apiserver import openapi_v2
from podid.localcluster.apiserver.http import Answer, json_answer
from podid.localcluster.objects.fields import Field, find_type
from podid.localcluster.objects.kinds import GROUPS, KINDS, Kind
from podid.localcluster.objects.metadata import encode

_SCALARS: Final[dict[str, dict[str, Any]]] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "bytes": {"type": "string", "format": "byte"},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intorstring": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    "object": {"type": "object"},
}


def describe_api(path: str) -> Answer | None:
    """The answer for a path below `/openapi`, or None."""
    if path == "/openapi/v2":
        return Answer(body=openapi_v2.document(), content_type=openapi_v2.CONTENT_TYPE)
    if path == "/openapi/v3":
        return json_answer({"paths": {_name(*gv): {"serverRelativeURL": _address(*gv)} for gv in GROUPS}})
    for group, version in GROUPS:
        if path == f"/openapi/v3/{_name(group, version)}":
            return Answer(body=_document(group, version))
    return None


def _name(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _address(group: str, version: str) -> str:
    digest = hashlib.sha256(_document(group, version)).hexdigest()[:32].upper()
    return f"/openapi/v3/{_name(group, version)}?hash={digest}"


@cache
def _document(group: str, version: str) -> bytes:
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for kind in KINDS:
        if (kind.group, kind.version) == (group, version):
            _add_paths(paths, kind)
            _add_schema(schemas, kind.kind, kind)
    return encode(
        {
            "openapi": "3.0.0",
            "info": {"title": "podid local cluster", "version": "v1"},
            "paths": paths,
            "components": {"schemas": schemas},
        }
    )


def _add_paths(paths: dict[str, Any], kind: Kind) -> None:
    base = (
        f"/{_name(kind.group, kind.version)}/" + ("namespaces/{namespace}/" if kind.namespaced else "") + kind.resource
    )
    shape = {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.kind}"}}}
    answers = {"200": {"description": "OK", "content": shape}}
    named = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    validation = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("dryRun", "fieldValidation")]

    def operation(action: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "responses": answers,
            "parameters": parameters,
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": named,
        }

    if "list" in kind.verbs:
        paths[base] = {"get": operation("list", []), "post": operation("post", validation)}
        paths[base + "/{name}"] = {
            "get": operation("get", []),
            "put": operation("put", validation),
            "patch": operation("patch", validation),
            "delete": operation("delete", []),
        }
    else:
        paths[base] = {"post": operation("post", validation)}


def _add_schema(schemas: dict[str, Any], name: str, kind: Kind | None = None) -> None:
    type_ = find_type(name)
    if name in schemas or type_ is None:
        return
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    schemas[name] = schema
    if kind is not None:
        schema["x-kubernetes-group-version-kind"] = [{"group": kind.group, "version": kind.version, "kind": kind.kind}]
        schema["properties"] |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
    for field in type_.fields.values():
        schema["properties"][field.name] = _shape(field)
        if field.type not in _SCALARS:
            _add_schema(schemas, field.type)


def _shape(field: Field) -> dict[str, Any]:
    one = _SCALARS.get(field.type) or {"$ref": f"#/components/schemas/{field.type}"}
    if field.many:
        return {"type": "array", "items": one}
    if field.by_name:
        return {"type": "object", "additionalProperties": one}
    return one
