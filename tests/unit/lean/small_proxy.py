"""A real, small HTTP proxy: it tunnels (CONNECT) and passes on (absolute form), to one place whatever was asked, and notes what it saw."""

from __future__ import annotations

import asyncio
import contextlib


class SmallProxy:
    """`refusal`: a status that it answers everything with. `authorization`: what it insists on."""

    def __init__(self, port: int, *, refusal: str = "", authorization: str = "") -> None:
        self.port = 0
        self.asked: list[str] = []
        self.shown: list[str] = []
        self._to = port
        self._refusal = refusal
        self._authorization = authorization
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> SmallProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.rstrip("\r\n").split("\r\n")
            self.asked.append(first)
            fields = dict(line.lower().split(": ", 1) for line in lines)
            cased = dict(line.split(": ", 1) for line in lines)
            self.shown.append(fields.get("user-agent", ""))
            refusal = self._refusal
            if self._authorization and cased.get("Proxy-Authorization") != self._authorization:
                refusal = "407 Proxy Authentication Required"
            if refusal:
                writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
                return
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._to)
            with contextlib.closing(inner_writer):
                if first.startswith("CONNECT "):
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    method, url, version = first.split(" ")
                    path = "/" + url.split("/", 3)[3]
                    kept = [line for line in lines if not line.lower().startswith("proxy-")]
                    inner_writer.write("\r\n".join((f"{method} {path} {version}", *kept, "", "")).encode())
                await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
