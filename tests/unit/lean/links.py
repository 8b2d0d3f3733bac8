"""Connections that a server has accepted."""

from __future__ import annotations

import asyncio

from podid.lean.server import HttpServer

Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def links_to(server: HttpServer, port: int, count: int = 1) -> list[Link]:
    """So many more connections; the server has them all."""
    wanted = len(server.connections) + count
    links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    while len(server.connections) < wanted:
        await asyncio.sleep(0)
    return links


async def close(links: list[Link]) -> None:
    for _, writer in links:
        writer.close()
        await writer.wait_closed()
