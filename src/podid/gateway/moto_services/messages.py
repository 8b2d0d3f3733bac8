"""The canonical message as the werkzeug request moto reads, and moto's answer as ours."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from msgspec.structs import replace

from podid.core.http import HttpResponse
from podid.gateway.moto_services.canonical import Canonical
from podid.gateway.uploads import Content, ContentAnswer

_HOP = frozenset(
    {
        "connection",
        "transfer-encoding",
        "content-length",
        "server",
        "date",
        "status",
        "keep-alive",
        "te",
        "trailer",
        "x-amz-sdk-checksum-algorithm",
    }
)
"""What belongs to a connection, is written by our own server and not by moto, or is only ever part of a request."""


def as_moto_request(message: Canonical, *, form: bool) -> Any:
    """The request object moto's handlers take, made from a WSGI environment without a server.

    The environment is written here (werkzeug's own builder costs more than the rest of the hand-over). `form` says whether
    the protocol is one of forms; nothing else has its body parsed as one, an S3 object may well be of that content type.
    """
    from moto.core.request import (
        PRESERVED_HEADER_NAMES_ENVIRON_KEY,
        environ_key_for_header,
        should_preserve_original_header_name,
    )

    environ: dict[str, Any] = {
        "REQUEST_METHOD": message.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(message.path).decode("latin-1"),
        "QUERY_STRING": message.query,
        "RAW_URI": message.path + ("?" + message.query if message.query else ""),
        "SERVER_NAME": message.headers["Host"].partition(":")[0],
        "SERVER_PORT": message.headers["Host"].partition(":")[2] or "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": message.scheme,
        "wsgi.input": io.BytesIO(message.body if isinstance(message.body, bytes) else b""),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        _FORM_FLAG: form,
        CONTENT: message.body if isinstance(message.body, Content) else None,
    }
    preserved = {}
    for name, value in message.headers.items():
        environ[environ_key_for_header(name)] = value.encode("utf-8").decode("latin-1")
        if should_preserve_original_header_name(name):
            preserved[environ_key_for_header(name)] = name
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = preserved
    return _request_class()(environ)


def _request_class() -> Any:
    global _handed
    if _handed is None:
        from moto.core.request import Request

        class HandedRequest(Request):
            """A request whose body is only read as a form where the protocol is one of forms."""

            from_wsgi_server = True

            @property
            def want_form_data_parsed(self) -> bool:
                return bool(self.environ[_FORM_FLAG])

        _handed = HandedRequest
    return _handed


_handed: Any = None
_FORM_FLAG = "podid.form"
CONTENT = "podid.content"
"""Where the environment of a request has an upload's body, which is not among what moto reads as one."""


LARGEST_WHOLE = 256 * 1024
"""Bytes of an object up to which it goes out as one piece."""


def as_answer(
    status: int, headers: Mapping[str, Any] | Iterable[tuple[str, Any]], body: Any, *, head: bool = False
) -> HttpResponse:
    """moto's answer as ours: no hop-by-hop header, no header of moto's own, the body as bytes.

    To a HEAD the length that moto gives is the answer itself: that of the object.
    """
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    kept = []
    for name, value in pairs:
        lower = str(name).lower()
        if (lower in _HOP and not (head and lower == "content-length")) or lower.startswith(
            ("x-moto-", "access-control-allow-origin-moto")
        ):
            continue
        kept.append((lower, _header_text(value)))
    if isinstance(body, Content) and len(body) > LARGEST_WHOLE:
        return ContentAnswer(status=int(status), headers=tuple(kept), content=body)
    return HttpResponse(status=int(status), headers=tuple(kept), body=_bytes(body))


def _header_text(value: Any) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return text.replace("\r", " ").replace("\n", " ")


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes | Content):
        return bytes(body)
    if isinstance(body, str):
        return body.encode("utf-8")
    return b"".join(_bytes(piece) for piece in body)


def with_request_id(answer: HttpResponse, request_id: str) -> HttpResponse:
    """The answer under our own request id, wherever moto had put one it made up."""
    made_up = [value for name, value in answer.headers if name in _REQUEST_ID_HEADERS]
    body = answer.body
    for value in made_up:
        if value and len(body) < _SEARCHED and b"RequestId>" in body:
            body = body.replace(value.encode(), request_id.encode())
    kept = tuple((name, value) for name, value in answer.headers if name not in _REQUEST_ID_HEADERS)
    return replace(answer, headers=kept, body=body)


_REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id", "x-amz-id-2")
_SEARCHED = 1 << 20
"""Bodies beyond this many bytes are objects and lists, not the small envelopes that carry a request id worth changing."""
