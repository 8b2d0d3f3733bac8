"""The bare answerers that podid's servers are held against: they give the same bytes without looking at the request.

    python bench/floor.py asyncio PORT ANSWER_FILE                  asyncio, uvloop and httptools; the file is a whole answer
    python bench/floor.py uvicorn PORT ANSWER_FILE CERT KEY         uvicorn over TLS; the file is a JSON body

Benchmarks start them; they run until they are ended.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import httptools
import uvloop


class Bare(asyncio.Protocol):
    """Answers as soon as a request is whole."""

    answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(self.answer)  # type: ignore[attr-defined]
        if not self._parser.should_keep_alive():
            self._transport.close()


async def bare(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def over_uvicorn(port: int, body: bytes, certificate: str, key: str) -> None:
    import uvicorn

    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_config=None,
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


def main() -> None:
    if len(sys.argv) < 4 or sys.argv[1] not in ("asyncio", "uvicorn"):
        sys.exit(__doc__)
    port, answer = int(sys.argv[2]), Path(sys.argv[3]).read_bytes()
    if sys.argv[1] == "uvicorn":
        over_uvicorn(port, answer, sys.argv[4], sys.argv[5])
    else:
        Bare.answer = answer
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(bare(port))


if __name__ == "__main__":
    main()
