"""A WebSocket client in one thread, over the library's protocol without its I/O.

The library's own synchronous client reads and writes one TLS connection from two threads, which on Python 3.11 now and then loses what is
written first.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

from tests.unit.localcluster.running_cluster import Running
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri


class WebSocketClient:
    """An open connection. Making one raises InvalidStatus where the server answers the handshake with another status than 101."""

    def __init__(self, running: Running, path: str, protocol: str, token: str | None = None) -> None:
        context = ssl.create_default_context(cadata=running.cluster.files.ca_pem)
        raw = socket.create_connection(("127.0.0.1", running.port), timeout=20)
        self._socket = context.wrap_socket(raw, server_hostname="127.0.0.1")
        self._protocol = ClientProtocol(parse_uri(f"wss://127.0.0.1:{running.port}{path}"))
        # Which protocol was chosen is read from the answer: the library does not take a name with a slash.
        self._protocol.process_subprotocol = lambda headers: None  # type: ignore[method-assign]
        self._events: list[Any] = []
        request = self._protocol.connect()
        request.headers["Authorization"] = f"Bearer {token or running.tokens.administrator}"
        request.headers["Sec-WebSocket-Protocol"] = protocol
        self._protocol.send_request(request)
        self._flush()
        try:
            response = next(self._next())
            assert isinstance(response, Response)
            self.subprotocol = response.headers.get("Sec-WebSocket-Protocol", "")
            if self._protocol.handshake_exc is not None:
                raise self._protocol.handshake_exc
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> WebSocketClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._protocol.send_binary(data)
        self._flush()

    def recv(self) -> bytes:
        """The next message. Raises ConnectionClosed."""
        for event in self._next():
            if isinstance(event, Frame) and event.opcode is Opcode.BINARY:
                return bytes(event.data)
        raise self._protocol.close_exc

    @property
    def close_code(self) -> int | None:
        return self._protocol.close_code

    def _next(self) -> Iterator[Any]:
        while True:
            while self._events:
                yield self._events.pop(0)
            data = self._socket.recv(65536)
            if data:
                self._protocol.receive_data(data)
            else:
                self._protocol.receive_eof()
            self._events += self._protocol.events_received()
            self._flush()
            if not data and not self._events:
                return

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)
