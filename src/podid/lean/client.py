"""An HTTP/1.1 client: kept connections, a bound on how many there are, time limits on everything, and proxies where they are named.

It follows no redirect, keeps no cookie and retries nothing, but for one case: a kept connection that the server had closed meanwhile.
What a request means, and whether to try again, is its caller's to know.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httptools

from podid.core.http import Headers, HttpRequest, HttpResponse
from podid.lean.proxies import Proxies, Proxy

Place = tuple[str, str, int]
"""Scheme, host, port."""

_READ: Final = 64 * 1024
_MAX_HEAD: Final = 64 * 1024
_MAX_PROXY_HEAD: Final = 16 * 1024
USER_AGENT: Final = "podid"
"""Sent where the caller names none. Without a version: reading it would cost more memory than the rest of this file."""


class ClientError(Exception):
    """No answer came. The text names the address, never a header or a body."""


class CannotConnect(ClientError):
    """No connection: refused, unreachable, unknown name, no trust in the certificate."""


class TimedOut(ClientError):
    """The time given was not enough."""


class BadAnswer(ClientError):
    """What came was not an HTTP answer, was cut short, or was larger than allowed."""


class _Stale(Exception):
    """A kept connection ended before it answered anything."""


class HttpClient:
    """Speaks to any number of servers, with at most `connections` connections at once."""

    def __init__(
        self,
        *,
        connections: int = 32,
        connect_seconds: float = 1.0,
        idle_seconds: float = 20.0,
        max_answer: int = 1024 * 1024,
        ca_bundle: Path | None = None,
        proxies: Proxies | None = None,
        user_agent: str = USER_AGENT,
    ) -> None:
        """`ca_bundle`: a PEM file of the authorities to trust for https, in place of the system's. `proxies` None: none is used."""
        self._connect_seconds = connect_seconds
        self._idle_seconds = idle_seconds
        self._max_answer = max_answer
        self._ca_bundle = ca_bundle
        self._proxies = proxies
        self._user_agent = user_agent
        self._places = asyncio.Semaphore(connections)
        self._idle: dict[Place, list[tuple[float, _Link]]] = {}
        self._tls: ssl.SSLContext | None = None

    async def send(self, url: str, request: HttpRequest, *, seconds: float) -> HttpResponse:
        """Send `request` to the server of `url` (whose path is ignored) and give the whole answer within `seconds`.

        Host, User-Agent and Content-Length are added. Raises a ClientError.
        """
        parts = urlsplit(url)
        scheme = parts.scheme
        host = parts.hostname or ""
        if scheme not in ("http", "https") or not host:
            raise CannotConnect(f"{url[:200]!r} is not an http or https address")
        place = (scheme, host, parts.port or (443 if scheme == "https" else 80))
        proxy = self._proxies.of(*place) if self._proxies is not None else None
        message = _encode(
            parts.netloc.rpartition("@")[2], request, self._user_agent, proxy if scheme == "http" else None
        )
        try:
            async with asyncio.timeout(seconds), self._places:
                return await self._exchange(place, proxy, message)
        except TimeoutError:
            raise TimedOut(f"no answer from {_name(place)} within {seconds:g} s") from None

    async def close(self) -> None:
        """Close the kept connections."""
        for links in self._idle.values():
            for _, link in links:
                link.close()
        self._idle.clear()

    async def _exchange(self, place: Place, proxy: Proxy | None, message: bytes) -> HttpResponse:
        link = self._kept(place)
        if link is not None:
            try:
                return await self._use(place, link, message)
            except _Stale:
                pass
        try:
            return await self._use(place, await self._connect(place, proxy), message)
        except _Stale:
            raise BadAnswer(f"{_name(place)} closed the connection without an answer") from None

    async def _use(self, place: Place, link: _Link, message: bytes) -> HttpResponse:
        keep = False
        try:
            answer, keep = await link.exchange(message, self._max_answer)
            return answer
        except (OSError, EOFError) as problem:
            raise _Stale from problem
        except httptools.HttpParserError as problem:
            raise BadAnswer(f"{_name(place)} did not answer in HTTP: {type(problem).__name__}") from problem
        finally:
            if keep:
                self._idle.setdefault(place, []).append((asyncio.get_running_loop().time(), link))
            else:
                link.close()

    def _kept(self, place: Place) -> _Link | None:
        links = self._idle.get(place, [])
        oldest = asyncio.get_running_loop().time() - self._idle_seconds
        while links:
            since, link = links.pop()
            if since >= oldest and link.usable():
                return link
            link.close()
        return None

    async def _connect(self, place: Place, proxy: Proxy | None) -> _Link:
        scheme, host, port = place
        tls: ssl.SSLContext | None = None
        if scheme == "https":
            tls = self._tls = self._tls or _trust(self._ca_bundle)
        seconds = self._connect_seconds * (1 if proxy is None else 2)  # to the proxy, and from there
        try:
            async with asyncio.timeout(seconds):
                if proxy is not None:
                    return _Link(*await _through(proxy, place, tls))
                return _Link(
                    *await asyncio.open_connection(
                        host, port, ssl=tls, server_hostname=host if tls else None, limit=_READ
                    )
                )
        except TimeoutError:
            raise CannotConnect(f"no connection to {_name(place)}{_by(proxy)} within {seconds:g} s") from None
        except OSError as problem:  # certificate and TLS errors are OSErrors too
            raise CannotConnect(
                f"no connection to {_name(place)}{_by(proxy)}: {problem.strerror or problem}"
            ) from problem


async def _through(
    proxy: Proxy, place: Place, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a proxy; for https a tunnel through it (RFC 9110, section 9.3.6), with TLS to the server inside."""
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port, limit=_MAX_PROXY_HEAD)
    if tls is None:
        return reader, writer
    try:
        _, host, port = place
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        shown = f"Proxy-Authorization: {proxy.authorization}\r\n" if proxy.authorization else ""
        writer.write(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{shown}\r\n".encode("latin-1"))
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise CannotConnect(f"the proxy {proxy.host}:{proxy.port} did not answer in HTTP") from None
        status = head.split(b"\r\n", 1)[0].split(b" ")[1:2]
        if not head.startswith(b"HTTP/1.") or status != [b"200"]:
            told = status[0][:3].decode("latin-1") if status else "no status"
            raise CannotConnect(f"the proxy {proxy.host}:{proxy.port} refused a connection to {authority}: {told}")
        await writer.start_tls(tls, server_hostname=host)
    except BaseException:
        writer.close()
        raise
    return reader, writer


def _by(proxy: Proxy | None) -> str:
    return f" by the proxy {proxy.host}:{proxy.port}" if proxy is not None else ""


def header(answer: HttpResponse, name: str) -> str:
    """The first value of a header of an answer, empty where it has none; `name` in lower case."""
    return next((value for key, value in answer.headers if key == name), "")


class _Link:
    """One connection. Its callbacks named `on_…` are httptools'."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._head_done = False
        self._done = False
        self._keep = False
        self._parser = httptools.HttpResponseParser(self)

    def usable(self) -> bool:
        return not self._writer.is_closing() and not self._reader.at_eof()

    def close(self) -> None:
        self._writer.close()

    async def exchange(self, message: bytes, limit: int) -> tuple[HttpResponse, bool]:
        """Send a message; give the answer and whether the connection may be used again. Raises OSError, EOFError, HttpParserError."""
        parser = self._parser = httptools.HttpResponseParser(self)
        self._headers, self._body, self._head_done, self._done, self._keep = [], [], False, False, False
        self._writer.write(message)
        await self._writer.drain()
        size = 0
        while not self._done:
            try:
                data = await self._reader.read(_READ)
            except OSError as problem:
                if size:
                    raise BadAnswer("the connection broke within the answer") from problem
                raise
            if not data:
                if not size:
                    raise EOFError
                if self._head_done and not self._framed():
                    break  # the body ends with the connection (RFC 9112, section 6.3)
                raise BadAnswer("the answer was cut short")
            size += len(data)
            if size > limit + _MAX_HEAD:
                raise BadAnswer(f"the answer is larger than {limit} bytes")
            parser.feed_data(data)
        answer = HttpResponse(status=parser.get_status_code(), headers=tuple(self._headers), body=b"".join(self._body))
        return answer, self._keep and not self._reader.at_eof()

    def _framed(self) -> bool:
        return any(name in ("content-length", "transfer-encoding") for name, _ in self._headers)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:
            self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._head_done = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._done = True
        self._keep = self._parser.should_keep_alive()  # asked here: afterwards the parser is at the next message


def _encode(host: str, request: HttpRequest, user_agent: str, proxy: Proxy | None) -> bytes:
    """The bytes of a request. A proxy that passes it on in plain HTTP is given the whole address (RFC 9112, section 3.2.2)."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    headers: Headers = request.headers
    if proxy is not None:
        target = f"http://{host}{target}"
        if proxy.authorization:
            headers = (*headers, ("Proxy-Authorization", proxy.authorization))
    lines = [f"{request.method} {target} HTTP/1.1\r\n"]
    if not any(name.lower() == "host" for name, _ in headers):
        lines.append(f"Host: {host}\r\n")
    if not any(name.lower() == "user-agent" for name, _ in headers):
        lines.append(f"User-Agent: {user_agent}\r\n")
    lines += [f"{name}: {value}\r\n" for name, value in headers if name.lower() != "content-length"]
    if request.body or request.method in ("POST", "PUT"):
        lines.append(f"Content-Length: {len(request.body)}\r\n")
    head = "".join(lines)
    if head.count("\n") != len(lines) or head.count("\r") != len(lines):
        raise ValueError("a header of the request has a line break in it")
    return head.encode("latin-1") + b"\r\n" + request.body


def _trust(ca_bundle: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca_bundle) if ca_bundle else None)
    except OSError as problem:
        raise CannotConnect(f"the CA bundle {ca_bundle} cannot be read: {problem}") from problem
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _name(place: Place) -> str:
    scheme, host, port = place
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
