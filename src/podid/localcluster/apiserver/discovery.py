"""What the API says of itself: versions, groups and resources, in the aggregated form and the old one.

kubectl asks for the aggregated form first; `auth can-i`, `drain` and some clients read the old APIResourceList of a group-version.
"""

from __future__ import annotations

import platform
from functools import cache
from typing import Any, Final

from podid.localcluster.apiserver.http import Answer, json_answer
from podid.localcluster.objects.kinds import GROUPS, KINDS, Kind, Subresource
from podid.localcluster.objects.metadata import encode

VERSION: Final = "1.33"
"""What we say we are: the Kubernetes whose behaviour is followed. From 1.32 on, wrappers choose a kubectl with WebSocket exec."""

_AGGREGATED: Final = "application/json;g=apidiscovery.k8s.io;v={};as=APIGroupDiscoveryList"


def version() -> dict[str, str]:
    """The answer to `GET /version`."""
    major, minor = VERSION.split(".")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{VERSION}.0+podid",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2025-05-01T00:00:00Z",
        "goVersion": "go1.24.0",
        "compiler": "gc",
        "platform": f"{platform.system().lower()}/{machine}",
    }


def discover(path: str, accept: str) -> Answer | None:
    """The answer for `/api`, `/apis` and a group or group-version below; None for any other path."""
    path = path.rstrip("/")
    if path in ("/api", "/apis"):
        for form in ("v2", "v2beta1"):
            if f"v={form};as=APIGroupDiscoveryList" in accept.replace(" ", ""):
                return Answer(body=_aggregated(form, path == "/api"), content_type=_AGGREGATED.format(form))
        return json_answer(_core_versions() if path == "/api" else _group_list())
    for group, version_ in GROUPS:
        if path == _prefix(group, version_):
            return json_answer(_resource_list(group, version_))
        if group and path == f"/apis/{group}":
            return json_answer({"kind": "APIGroup", "apiVersion": "v1", **_group(group)})
    return None


def _prefix(group: str, version_: str) -> str:
    return f"/apis/{group}/{version_}" if group else f"/api/{version_}"


@cache
def _aggregated(form: str, core: bool) -> bytes:
    items = []
    for group, version_ in GROUPS:
        if (group == "") is not core:
            continue
        resources = [_aggregated_resource(kind) for kind in KINDS if (kind.group, kind.version) == (group, version_)]
        items.append(
            {
                "metadata": {"name": group, "creationTimestamp": None} if group else {"creationTimestamp": None},
                "versions": [{"version": version_, "resources": resources, "freshness": "Current"}],
            }
        )
    return encode(
        {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"apidiscovery.k8s.io/{form}",
            "metadata": {},
            "items": items,
        }
    )


def _aggregated_resource(kind: Kind) -> dict[str, Any]:
    told: dict[str, Any] = {
        "resource": kind.resource,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        told["shortNames"] = list(kind.short_names)
    if kind.categories:
        told["categories"] = list(kind.categories)
    if kind.subresources:
        told["subresources"] = [
            {
                "subresource": one.name,
                "responseKind": dict(zip(("group", "version", "kind"), _spoken(kind, one), strict=True)),
                "verbs": list(one.verbs),
            }
            for one in kind.subresources
        ]
    return told


def _spoken(kind: Kind, one: Subresource) -> tuple[str, str, str]:
    return (
        kind.group if one.group is None else one.group,
        one.version or kind.version,
        one.kind or kind.kind,
    )


def _core_versions() -> dict[str, Any]:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def _group(group: str) -> dict[str, Any]:
    versions = [{"groupVersion": f"{group}/{v}", "version": v} for g, v in GROUPS if g == group]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _group_list() -> dict[str, Any]:
    names = dict.fromkeys(group for group, _ in GROUPS if group)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(name) for name in names]}


def _resource_list(group: str, version_: str) -> dict[str, Any]:
    resources: list[dict[str, Any]] = []
    for kind in KINDS:
        if (kind.group, kind.version) != (group, version_):
            continue
        resources.append(
            {
                "name": kind.resource,
                "singularName": kind.singular,
                "namespaced": kind.namespaced,
                "kind": kind.kind,
                "verbs": list(kind.verbs),
                **({"shortNames": list(kind.short_names)} if kind.short_names else {}),
                **({"categories": list(kind.categories)} if kind.categories else {}),
            }
        )
        for one in kind.subresources:
            spoken_group, spoken_version, spoken_kind = _spoken(kind, one)
            entry = {
                "name": f"{kind.resource}/{one.name}",
                "singularName": "",
                "namespaced": kind.namespaced,
                "kind": spoken_kind,
                "verbs": list(one.verbs),
            }
            if (spoken_group, spoken_version) != (kind.group, kind.version):
                entry |= {"group": spoken_group, "version": spoken_version}
            resources.append(entry)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version_}" if group else version_,
        "resources": resources,
    }
