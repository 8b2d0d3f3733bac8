"""One HTTPS call to a webhook: HTTP/1.1 on a connection of its own, certificate checked, answer bounded.

It must not know what is said. A webhook given by URL is dialled on the host; one given as a Service is dialled through `dial_service`,
which knows pods. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import httptools

MAX_ANSWER: Final = 3 * 1024 * 1024
Dial = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class CallFailed(Exception):
    """The webhook could not be asked, or gave no usable answer; the text says why, for people."""


class Address:
    """Where a webhook is: `host` is the name its certificate must carry, `url` what an error shows."""

    def __init__(self, host: str, port: int, path: str, timeout: int) -> None:
        self.host, self.port = host, port
        shown = f"[{host}]" if ":" in host else host
        self.authority = shown if port == 443 else f"{shown}:{port}"
        self.target = f"{path or '/'}?timeout={timeout}s"
        self.url = f"https://{self.authority}{self.target}"


def address_of(client: Mapping[str, Any], timeout: int) -> Address:
    """The address in a (valid) clientConfig."""
    service = client.get("service")
    if service is not None:
        host = f"{service['name']}.{service['namespace']}.svc"
        path = service.get("path") or ""
        return Address(host, service.get("port", 443), path if path.startswith("/") else f"/{path}", timeout)
    parts = urlsplit(client["url"])
    return Address(parts.hostname or "", parts.port or 443, parts.path, timeout)


async def post(address: Address, body: bytes, *, dial: Dial, ca_pem: str, seconds: float) -> bytes:
    """The body of a 2xx answer. Raises CallFailed."""
    try:
        async with asyncio.timeout(seconds):
            return await _post(address, body, dial, ca_pem)
    except TimeoutError as problem:
        raise CallFailed(f'Post "{address.url}": context deadline exceeded') from problem
    except ssl.SSLError as problem:
        reason = getattr(problem, "verify_message", "") or problem.reason or "handshake failed"
        raise CallFailed(f'Post "{address.url}": tls: failed to verify certificate: x509: {reason}') from problem
    except (OSError, EOFError) as problem:
        raise CallFailed(
            f'Post "{address.url}": dial tcp {address.host}:{address.port}: {_words(problem)}'
        ) from problem


def _words(problem: BaseException) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return "connect: connection refused"
    return str(problem) or type(problem).__name__


async def _post(address: Address, body: bytes, dial: Dial, ca_pem: str) -> bytes:
    reader, writer = await dial()
    try:
        await writer.start_tls(_context(ca_pem), server_hostname=address.host)
        head = (
            f"POST {address.target} HTTP/1.1\r\nHost: {address.authority}\r\nContent-Type: application/json\r\n"
            f"Accept: application/json\r\nUser-Agent: kube-apiserver-admission\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        writer.write(head.encode("ascii", "replace") + body)
        await writer.drain()
        return await _read(reader, address)
    finally:
        writer.close()


class _Answer:
    """Collects what httptools finds."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.done = False

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.done = True


async def _read(reader: asyncio.StreamReader, address: Address) -> bytes:
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    size = 0
    try:
        while not answer.done:
            piece = await reader.read(65536)
            size += len(piece)
            if not piece:
                raise CallFailed(f'Post "{address.url}": EOF')
            if size > MAX_ANSWER:
                raise CallFailed(f'Post "{address.url}": the answer is larger than {MAX_ANSWER} bytes')
            parser.feed_data(piece)
    except httptools.HttpParserError as problem:
        raise CallFailed(f'Post "{address.url}": malformed HTTP response') from problem
    status = parser.get_status_code()
    if not 200 <= status < 300:
        raise CallFailed(
            f'an error on the server ("unknown") has prevented the request from succeeding: status {status}'
        )
    return bytes(answer.body)


@lru_cache(maxsize=32)
def _context(ca_pem: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=ca_pem) if ca_pem else ssl.create_default_context()
