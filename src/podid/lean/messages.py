"""What the lean server reads and what it writes, as plain values."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import Final

from podid.lean.streams import BodyStream, Source

Header = tuple[bytes, bytes]

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}


class Request:
    """One request, not yet trusted.

    It was received whole, but where the server was told to hand large bodies over as they come: then `body` is empty and `stream` has it.
    `target` is as sent. Header names are in lower case, values without the blanks before them, in the order received: `names` has as many
    as `values`. `peer` is the address of the connection's other end, without its port; empty on a UNIX socket.
    """

    __slots__ = ("body", "method", "names", "peer", "stream", "target", "values", "version")

    def __init__(
        self,
        method: str,
        target: bytes,
        version: str,
        names: list[bytes],
        values: list[bytes],
        body: bytes,
        peer: str,
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.names = names
        self.values = values
        self.body = body
        self.peer = peer
        self.stream: BodyStream | None = None

    @property
    def headers(self) -> list[Header]:
        """Name and value of each header."""
        return list(zip(self.names, self.values, strict=True))

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header; `name` in lower case."""
        return self.values[self.names.index(name)] if name in self.names else None

    def all(self, name: bytes) -> list[bytes]:
        """Every value of a header, in the order received."""
        return [value for key, value in self.headers if key == name]

    def __repr__(self) -> str:
        # Headers and bodies carry tokens and credentials: neither is shown.
        return f"Request({self.method} {self.target[:100]!r} from {self.peer})"


class Response:
    """One answer. Its head is laid out once, so that an answer kept for later costs nothing to send again."""

    __slots__ = ("body", "closes", "head", "source", "status")

    def __init__(self, status: int, body: bytes = b"", headers: tuple[tuple[str, str], ...] = ()) -> None:
        """`headers` are further headers; Content-Length, Date and Connection are the server's own."""
        lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}\r\n"]
        for name, value in headers:
            if "\n" in value or "\r" in value:
                raise ValueError(f"header {name} has a line break in its value")
            lines.append(f"{name}: {value}\r\n")
        lines.append(f"Content-Length: {len(body)}\r\n")
        self.status = status
        self.head = "".join(lines).encode("latin-1")
        self.body = body
        self.source: Source | None = None
        self.closes = False

    @classmethod
    def laid_out(
        cls, status: int, head: bytes, body: bytes = b"", *, source: Source | None = None, closes: bool = False
    ) -> Response:
        """An answer whose head its maker wrote: all header lines, Content-Length where there is one, each with its line break; `Connection`
        and `Date` are still the server's. `source` is a body that follows `body`; `closes` ends the connection after it."""
        made = cls.__new__(cls)
        made.status = status
        made.head = status_line(status) + head
        made.body = body
        made.source = source
        made.closes = closes
        return made

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


@cache
def status_line(status: int) -> bytes:
    """The first line of an answer."""
    return f"HTTP/1.1 {status} {_PHRASES.get(status, 'Unknown')}\r\n".encode("ascii")


def text(status: int, body: str, *headers: tuple[str, str]) -> Response:
    """Plain text, as Go's `http.Error` writes it: never sniffed, ends with a newline."""
    kept = (("Content-Type", "text/plain; charset=utf-8"), ("X-Content-Type-Options", "nosniff"), *headers)
    return Response(status, body.encode("utf-8", "replace") + b"\n", kept)


def json(status: int, body: bytes, *headers: tuple[str, str]) -> Response:
    """A JSON document that is already encoded."""
    return Response(status, body, (("Content-Type", "application/json"), *headers))


def refusal(status: int, peer: str = "") -> Response:
    """The answer to what is not HTTP, or beyond a limit, in the words that Go's servers have for it; whoever sent it."""
    return text(status, _REFUSALS.get(status, "400 Bad Request"))


_REFUSALS: Final = {
    413: "413 Request Entity Too Large",
    417: "417 Expectation Failed",
    431: "431 Request Header Fields Too Large",
    505: "505 HTTP Version Not Supported",
}
