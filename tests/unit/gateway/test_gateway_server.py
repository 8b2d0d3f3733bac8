"""The listening end: TLS, who is answered on the loop and who in a thread, and the stop."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from podid.core.clock import system_clock
from podid.core.http import HttpResponse
from podid.core.waiting import WouldWait, about_to_wait
from podid.gateway.app import App
from podid.gateway.gateway import Gateway
from podid.gateway.passage import Later, Told
from podid.gateway.server import BadCertificate, Listener
from podid.gateway.steps.values import Received

STS = b"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0\r\n"
GET = b"GET /%s HTTP/1.1\r\nHost: h\r\n"


class Answering:
    """A gateway of which only the first step is there: which thread asks it."""

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def begin(self, received: Received) -> HttpResponse | Later:
        self.threads.append(threading.current_thread().name)
        if received.request.path == "/waits":
            about_to_wait()
        if received.request.path == "/later":
            return Later(again=lambda: self._told(received), seconds=0)
        self.begun.set()
        self.gate.wait(10)
        return self._told(received)

    def begin_together(self, received: Sequence[Received]) -> list[Told]:
        told: list[Told] = []
        for one in received:
            try:
                told.append(self.begin(one))
            except WouldWait as would:
                told.append(would)
        return told

    def _told(self, received: Received) -> HttpResponse:
        self.threads.append(threading.current_thread().name)
        return HttpResponse(status=200, body=f"{received.request.path} {received.secure}".encode())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(encoded)
    return folder / "cert.pem", folder / "key.pem"


Scenario = Callable[[Listener, Answering], Awaitable[Any]]


def run(scenario: Scenario, gateway: Answering, **tls: Path) -> Any:
    """A scenario beside a listener that serves; the listener is stopped when the scenario ends, if it was not before."""

    async def main() -> Any:
        listener = Listener("127.0.0.1", 0, tls_cert=tls.get("cert"), tls_key=tls.get("key"))
        app = App(cast(Gateway, gateway), system_clock)
        ready = asyncio.Event()
        app.when_ready(ready.set)
        serving = asyncio.create_task(listener.serve(app))
        try:
            async with asyncio.timeout(20):
                await ready.wait()
                told = await scenario(listener, gateway)
                listener.stop()
                await serving
                return told
        finally:
            gateway.gate.set()
            listener.stop()
            listener.close()
            assert app.has_ended(10)

    return asyncio.run(main())


async def answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


@pytest.mark.parametrize(
    ("path", "head", "threads"),
    [
        (b"now", STS, ["MainThread", "MainThread"]),
        (b"waits", STS, ["MainThread", "podid-own_0", "podid-own_0"]),
        (b"later", STS, ["MainThread", "podid-own_0"]),
        (b"now", STS.replace(b"/sts/", b"/iam/"), ["podid-own_0", "podid-own_0"]),
        (b"now", STS.replace(b"/sts/", b"/s3/"), ["podid-other_0", "podid-other_0"]),
        (b"now?x=/sts/", b"", ["podid-other_0", "podid-other_0"]),
    ],
)
def test_who_answers(path: bytes, head: bytes, threads: list[str]) -> None:
    async def scenario(listener: Listener, gateway: Answering) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(GET % path + head + b"\r\n")
        body = await answer(reader)
        writer.close()
        return body

    gateway = Answering()
    assert run(scenario, gateway) == b"/" + path.partition(b"?")[0] + b" False"
    assert gateway.threads == threads


def test_tls_and_the_stop_of_idle_connections(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    context = ssl.create_default_context(cafile=str(cert))

    async def scenario(listener: Listener, gateway: Answering) -> bytes:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", listener.port, ssl=context, server_hostname="localhost"
        )
        writer.write(GET % b"now" + b"\r\n")
        body = await answer(reader)
        listener.stop()
        assert await reader.read() == b"", "an idle connection is closed, not waited for"
        writer.close()
        return body

    assert run(scenario, Answering(), cert=cert, key=key) == b"/now True"


def test_a_stop_lets_what_is_under_way_end() -> None:
    async def scenario(listener: Listener, gateway: Answering) -> bytes:
        gateway.gate.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(GET % b"slow" + b"\r\n")
        while not gateway.begun.is_set():
            await asyncio.sleep(0)
        listener.stop()
        await asyncio.sleep(0)
        gateway.gate.set()
        got = await reader.read()
        writer.close()
        return got

    got = run(scenario, Answering())
    assert got.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in got.lower()
    assert got.endswith(b"/slow False")


def test_a_certificate_that_is_none(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    other = tmp_path / "cert.pem"
    for text in (None, "nonsense"):
        if text is not None:
            other.write_text(text)
        with pytest.raises(BadCertificate, match="cannot be used"):
            Listener("127.0.0.1", 0, tls_cert=other, tls_key=certificate[1])
