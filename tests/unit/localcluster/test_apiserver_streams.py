"""exec, attach and port-forward over WebSockets, with a client that is not kubectl."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.localcluster.running_cluster import PODS, Running, pod, until
from tests.unit.localcluster.websocket_client import WebSocketClient
from websockets.exceptions import ConnectionClosed, InvalidStatus

from podid.localcluster.apiserver.spdy import DICTIONARY, FrameWriter
from podid.localcluster.isolation.helper.processes import start_time

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"


@pytest.fixture(scope="module")
def name(running: Running) -> Iterator[str]:
    running.request("POST", PODS, pod("streams"))
    until(lambda: running.request("GET", f"{PODS}/streams")[1]["status"]["phase"] == "Running")
    yield "streams"
    running.request("DELETE", f"{PODS}/streams")


def dial(running: Running, path: str, protocol: str = V5, token: str | None = None) -> WebSocketClient:
    return WebSocketClient(running, path, protocol, token)


def query(*command: str, **flags: str) -> str:
    parts = [f"command={part}" for part in command]
    return "&".join(parts + [f"{name}={value}" for name, value in flags.items()])


def collect(connection: WebSocketClient) -> tuple[bytes, bytes, dict[str, Any]]:
    """Standard output, standard error and the last word."""
    out: dict[int, bytes] = {1: b"", 2: b"", 3: b""}
    try:
        while True:
            message = connection.recv()
            out[message[0]] += message[1:]
    except ConnectionClosed:
        assert connection.close_code == 1000
    return out[1], out[2], json.loads(out[3])


@pytest.mark.parametrize("protocol", [V5, V4])
def test_a_program_its_streams_and_its_exit_code(running: Running, name: str, protocol: str) -> None:
    path = f"{PODS}/{name}/exec?" + query("sh", "-c", "echo+out;echo+err+>%262;exit+7", stdout="true", stderr="true")
    with dial(running, path, protocol) as connection:
        assert connection.subprotocol == protocol
        out, err, status = collect(connection)
    assert (out, err) == (b"out\n", b"err\n")
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"] == {"causes": [{"reason": "ExitCode", "message": "7"}]}


def test_standard_input_and_its_end(running: Running, name: str) -> None:
    with dial(running, f"{PODS}/{name}/exec?" + query("wc", "-c", stdin="true", stdout="true")) as connection:
        for _ in range(64):
            connection.send(b"\0" + b"x" * 16384)
        connection.send(b"\xff\0")
        out, _, status = collect(connection)
    assert out.strip() == str(64 * 16384).encode()
    assert status["status"] == "Success"


def test_a_terminal_has_the_size_that_is_sent(running: Running, name: str) -> None:
    flags = {"stdin": "true", "stdout": "true", "tty": "true"}
    with dial(running, f"{PODS}/{name}/exec?" + query("sh", "-c", "read+x;stty+size;tty", **flags)) as connection:
        for nonsense in (b"\4", b"\4{}", b'\4{"Width":-1,"Height":9999999}', b"\4[[[["):
            connection.send(nonsense)
        connection.send(b'\4{"Width":111,"Height":33}')
        connection.send(b"\0\n")
        out, err, status = collect(connection)
    assert b"33 111" in out
    assert b"/dev/pts/" in out
    assert (err, status["status"]) == (b"", "Success")


def test_a_program_that_is_not_there_fails_on_the_error_channel(running: Running, name: str) -> None:
    with dial(running, f"{PODS}/{name}/exec?" + query("no-such-program", stdout="true")) as connection:
        _, _, status = collect(connection)
    assert status["status"] == "Failure"
    assert "executable file not found" in status["message"]


def test_a_program_ends_with_its_client(running: Running, name: str) -> None:
    with dial(
        running, f"{PODS}/{name}/exec?" + query("sh", "-c", "echo+$$;exec+sleep+1000", stdout="true")
    ) as connection:
        pid = int(connection.recv()[1:])
    until(lambda: not start_time(pid))


@pytest.mark.parametrize(
    ("path", "protocol", "status"),
    [
        (f"{PODS}/nobody/exec?command=id", V5, 404),
        (f"{PODS}/streams/exec", V5, 400),
        (f"{PODS}/streams/exec?command=id&container=none", V5, 400),
        (f"{PODS}/streams/exec?command=id", "spam", 400),
        (f"{PODS}/streams/portforward", V5, 400),
        (f"{PODS}/streams/log", V5, 404),
        ("/api/v1/pods", V5, 404),
    ],
)
def test_refused_handshakes_have_a_status(running: Running, name: str, path: str, protocol: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        dial(running, path, protocol)
    assert refused.value.response.status_code == status


def test_without_a_token_there_is_no_stream(running: Running, name: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        dial(running, f"{PODS}/{name}/exec?command=id", token="wrong")
    assert refused.value.response.status_code == 401


def test_spdy_is_refused_with_the_true_reason(running: Running, name: str) -> None:
    status, told = running.request("POST", f"{PODS}/{name}/exec?command=id&container=c")
    assert status == 400
    assert "WebSockets only" in told["message"]
    status, told = running.request("POST", f"{PODS}/{name}/exec?command=id&container=spam")
    assert told["message"] == "container spam is not valid for pod streams"


def test_attach_shows_what_comes(running: Running, name: str) -> None:
    with dial(running, f"{PODS}/{name}/attach?stdout=true") as connection:
        running.call(running.kubelet.more_log.set)
        out, _, status = collect(connection)
    running.call(running.kubelet.more_log.clear)
    assert (out, status["status"]) == (b"more\n", "Success")
    with dial(running, f"{PODS}/{name}/attach?stdin=true&stdout=true") as connection:
        assert "without standard input" in collect(connection)[2]["message"]


class Echo:
    """A server that sends back what it gets, and says goodbye."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(65536):
                    connection.sendall(data)
                connection.sendall(b"bye")

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


class Forwarded:
    """A port-forward's client side, frame by frame."""

    def __init__(self, connection: WebSocketClient) -> None:
        self.connection = connection
        self.writer = FrameWriter()
        self._buffer = b""

    def open(self, stream: int, request: str, port: int) -> None:
        headers = {"streamtype": "error", "port": str(port), "requestid": request}
        self.connection.send(self.writer.syn_stream(stream, headers, fin=True))
        self.connection.send(self.writer.syn_stream(stream + 2, headers | {"streamtype": "data"}))

    def next(self) -> tuple[int, int, bytes]:
        """(control type or 0, stream, payload); the flag FIN is not told apart from an empty payload's."""
        while len(self._buffer) < 8 or len(self._buffer) < 8 + (int.from_bytes(self._buffer[5:8], "big")):
            self._buffer += self.connection.recv()
        word, length = struct.unpack_from(">I", self._buffer)[0], int.from_bytes(self._buffer[5:8], "big")
        payload, self._buffer = self._buffer[8 : 8 + length], self._buffer[8 + length :]
        if word >> 31:
            return word & 0xFFFF, int.from_bytes(payload[:4], "big"), payload[4:]
        return 0, word, payload

    def until_data(self, stream: int, wanted: bytes) -> None:
        found = b""
        while found != wanted:
            type_, where, payload = self.next()
            if type_ == 0 and where == stream:
                found += payload
                assert wanted.startswith(found), found


def test_port_forward_carries_connections(running: Running, name: str, echo: Echo) -> None:
    assert len(DICTIONARY) == 1423
    with dial_forward(running, name) as connection:
        client = Forwarded(connection)
        client.open(1, "0", echo.port)
        assert client.next()[:2] == (2, 1)
        assert client.next()[:2] == (2, 3)
        # the bytes of frames may be cut anywhere
        frame = client.writer.data(3, b"hello")
        for at in range(len(frame)):
            connection.send(frame[at : at + 1])
        client.until_data(3, b"hello")
        connection.send(client.writer.ping(77))
        while client.next()[:2] != (6, 77):
            pass
        connection.send(client.writer.data(3, b"", fin=True))
        client.until_data(3, b"bye")


def test_port_forward_tells_why_a_port_cannot_be_reached(running: Running, name: str) -> None:
    with dial_forward(running, name) as connection:
        client = Forwarded(connection)
        client.open(1, "0", 1)
        client.until_data(
            1, b"an error occurred forwarding to port 1: failed to connect to localhost:1: connection refused"
        )


def test_port_forward_refuses_streams_without_a_port(running: Running, name: str) -> None:
    with dial_forward(running, name) as connection:
        client = Forwarded(connection)
        for stream, headers in ((1, {"streamtype": "data"}), (3, {"streamtype": "spam", "port": "80"}), (5, {})):
            connection.send(client.writer.syn_stream(stream, headers))
            assert client.next() == (3, stream, struct.pack(">I", 3))


def test_port_forward_ends_when_the_client_does_not_speak_spdy(running: Running, name: str) -> None:
    with dial_forward(running, name) as connection:
        connection.send(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(ConnectionClosed):
            connection.recv()
        assert connection.close_code == 1002


def dial_forward(running: Running, name: str) -> WebSocketClient:
    return WebSocketClient(running, f"{PODS}/{name}/portforward", "SPDY/3.1+portforward.k8s.io")
