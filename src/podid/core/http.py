"""An HTTP message as the rules see it: already received, not yet trusted."""

from __future__ import annotations

from msgspec import Struct

Headers = tuple[tuple[str, str], ...]
"""Names in lower case, in the order received, repeated where repeated. Values are latin-1 text without surrounding blanks."""


class HttpRequest(Struct, frozen=True, kw_only=True):
    """One request. `path` and `query` are as sent, still percent-encoded; `query` is without the question mark."""

    method: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header; `name` in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None


class HttpResponse(Struct, frozen=True, kw_only=True):
    """One answer."""

    status: int
    headers: Headers = ()
    body: bytes = b""
