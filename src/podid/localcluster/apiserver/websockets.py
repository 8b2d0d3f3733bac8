"""The WebSocket side of ASGI: refusing with a status before the handshake, and Kubernetes' channels after it.

Every message is binary; its first byte is the channel: 0 stdin, 1 stdout, 2 stderr, 3 the last word (a Status), 4 resize, and, in
version 5 of the protocol, 255: the byte that follows names a channel that is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from podid.localcluster.apiserver.http import Receive, Scope, Send
from podid.localcluster.objects.errors import ApiError, BadRequest
from podid.localcluster.objects.metadata import encode

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
CHANNELS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")


async def refuse(error: ApiError, send: Send) -> None:
    """Answer the handshake with a status. kubectl then tries SPDY by POST, and shows what that answers."""
    body = encode(error.as_status())
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


def choose_protocol(scope: Scope, known: Sequence[str]) -> str:
    """The first protocol we know of those that the client offers. Raises BadRequest."""
    offered = scope.get("subprotocols") or []
    found = next((name for name in known if name in offered), None)
    if found is None:
        raise BadRequest(
            f"unable to upgrade: the WebSocket protocols offered are {', '.join(offered)[:200] or 'none'}; known: {', '.join(known)}"
        )
    return found


class Channels:
    """An open connection. `receive` gives (channel, bytes), or None when the client has gone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send

    async def accept(self, protocol: str) -> None:
        """Complete the handshake. Raises ConnectionError where the client went before."""
        message = await self._receive()
        if message["type"] != "websocket.connect":
            raise ConnectionError("the client went away")
        await self._send({"type": "websocket.accept", "subprotocol": protocol})

    async def receive(self) -> tuple[int, bytes] | None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return None
            data = message.get("bytes")
            if data:
                return data[0], data[1:]

    async def send(self, channel: int, data: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": bytes((channel,)) + data})

    async def finish(self, status: dict[str, Any]) -> None:
        """Say how it ended, and close."""
        await self.send(ERROR, encode(status))
        await self._send({"type": "websocket.close", "code": 1000})


def exit_status(code: int) -> dict[str, Any]:
    """The Status of a program that ended."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "reason": "NonZeroExitCode",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def failure_status(message: str) -> dict[str, Any]:
    """The Status of what could not be done at all."""
    return {"metadata": {}, "status": "Failure", "reason": "InternalError", "message": message, "code": 500}
