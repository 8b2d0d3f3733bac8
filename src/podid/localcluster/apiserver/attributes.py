"""What a request to the API server wants to do."""

from __future__ import annotations

from msgspec import Struct


class Attributes(Struct, frozen=True, kw_only=True):
    """What a request wants to do: to a resource, or (with `path`) to something that is none."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
