"""What a request's path names.

/api/v1/RESOURCE[/NAME[/SUBRESOURCE]]                           /apis/GROUP/VERSION/RESOURCE[/NAME[/SUBRESOURCE]]
/api/v1/namespaces/NAMESPACE/RESOURCE[/NAME[/SUBRESOURCE]]      and the same below /apis/GROUP/VERSION
"""

from __future__ import annotations

from urllib.parse import unquote

from msgspec import Struct

from podid.localcluster.objects.kinds import Kind, find_kind


class Target(Struct, frozen=True, kw_only=True):
    """A kind, and as much of an object's place as the path says."""

    kind: Kind
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse_path(path: str) -> Target | None:
    """Read a path, still percent-encoded. None where it names no kind that there is."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if len(parts) >= 3 and parts[0] == "api":
        group, version, rest = "", parts[1], parts[2:]
    elif len(parts) >= 4 and parts[0] == "apis":
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    if not all(rest):
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and not _is_of_namespace(group, rest[2], len(rest)):
        namespace, rest = rest[1], rest[2:]
    kind = find_kind(group, version, rest[0])
    if kind is None or len(rest) > 3 or (namespace and not kind.namespaced):
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    if subresource and kind.subresource(subresource) is None:
        return None
    return Target(kind=kind, namespace=namespace, name=name, subresource=subresource)


def _is_of_namespace(group: str, word: str, length: int) -> bool:
    """Whether `/namespaces/NAME/WORD` is a subresource of the Namespace itself."""
    return group == "" and length == 3 and word in ("status", "finalize")
