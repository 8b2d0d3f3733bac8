"""What no SDK sends: heads without an end, two lengths, two hosts, folded headers, bodies beyond the limit."""

from __future__ import annotations

import socket
import time

import pytest
from tests.contract.served import Served

from podid.core.clock import system_clock
from podid.core.sigv4 import Credentials, sign
from podid.gateway.receive import LARGEST_HEAD


def talk(served: Served, message: bytes, *, then: bytes = b"") -> bytes:
    """Send bytes, read until the other side closes or falls silent."""
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(message)
        if then:
            connection.sendall(then)
        connection.settimeout(20)
        got = b""
        try:
            while piece := connection.recv(65536):
                got += piece
                if is_whole(got):
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return got


def is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX\x00: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n folded\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" + b"y" * 400_000 + b"\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 200-ok\r\n\r\n{}", 417),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", 413),
    ],
)
def test_malformed_or_oversized_messages_are_refused(served: Served, message: bytes, expected: int) -> None:
    assert status(talk(served, message)) == expected


@pytest.mark.parametrize("target", [b"http://a", b"http://a/", b"HTTP://A/?x"])
def test_an_absolute_target_is_its_path(served: Served, target: bytes) -> None:
    assert status(talk(served, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")) == 403


def test_a_head_without_an_end_is_cut_off(served: Served) -> None:
    answer = talk(served, b"GET / HTTP/1.1\r\nHost: a\r\n", then=b"X: " + b"y" * (LARGEST_HEAD + 1000))
    assert status(answer) == 431


def test_a_chunked_body_beyond_the_limit_is_cut_off(served: Served) -> None:
    head = b"POST / HTTP/1.1\r\nHost: dynamodb.us-east-1.amazonaws.com\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n" % (1 << 20) + b"y" * (1 << 20) + b"\r\n"
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(head)
        try:
            for _ in range(40):
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            return
        assert status(connection.recv(65536)) == 413


@pytest.mark.parametrize(
    "name", ["host", "x-amz-date", "authorization", "x-amz-content-sha256", "x-amz-security-token"]
)
def test_a_signed_request_with_a_doubled_header_is_refused(served: Served, name: str) -> None:
    host = served.url.removeprefix("http://")
    headers = sign(
        served.administrator,
        method="GET",
        url=f"{served.url}/",
        headers={},
        body=b"",
        service="s3",
        region="us-east-1",
        now=system_clock(),
    )
    lines = [f"{key}: {value}" for key, value in headers.items() if key.lower() != "host"]
    lines.append(f"Host: {host}")
    value = next((value for key, value in headers.items() if key.lower() == name), host)
    message = "\r\n".join(["GET / HTTP/1.1", *lines, f"{name}: {value}", "", ""]).encode()
    assert status(talk(served, message)) in (400, 403)
    assert status(talk(served, "\r\n".join(["GET / HTTP/1.1", *lines, "", ""]).encode())) == 200


def test_expect_100_continue(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(b"{}")
        assert status(connection.recv(65536)) in (400, 403, 405)


def test_two_requests_on_one_connection_and_pipelined(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /_podid/health HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        got, until = b"", time.monotonic() + 5
        while got.count(b'{"status":"ok"}') < 2 and time.monotonic() < until:
            got += connection.recv(65536)
    assert got.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize("query", ["Action=DeleteBucket", "x-moto-account-id=1", "X-Amz-Target=Y.Z"])
def test_a_query_beside_a_target_header_names_no_other_operation(served: Served, query: str) -> None:
    body = b"{}"
    headers = sign(
        served.administrator,
        method="POST",
        url=f"{served.url}/?{query}",
        headers={"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"},
        body=body,
        service="dynamodb",
        region="us-east-1",
        now=system_clock(),
    )
    lines = [f"{key}: {value}" for key, value in headers.items() if key.lower() != "host"]
    host = served.url.removeprefix("http://")
    message = "\r\n".join([f"POST /?{query} HTTP/1.1", f"Host: {host}", *lines, "Content-Length: 2", "", "{}"]).encode()
    answer = talk(served, message)
    assert status(answer) == 200
    assert b'"TableNames"' in answer


def test_a_large_upload_without_a_good_signature_is_refused_before_it_is_sent(served: Served) -> None:
    host = served.url.removeprefix("http://")
    path, length = "/some-bucket/key", 100 * 1024 * 1024
    served.client("s3").create_bucket(Bucket="some-bucket")
    for who, code in (
        (served.administrator, b""),
        (Credentials(served.administrator.access_key_id, "x" * 40), b"SignatureDoesNotMatch"),
    ):
        headers = sign(
            who,
            method="PUT",
            url=f"{served.url}{path}",
            headers={"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"},
            body=b"",
            service="s3",
            region="us-east-1",
            now=system_clock(),
        )
        lines = [f"{key}: {value}" for key, value in headers.items() if key.lower() != "host"]
        head = [
            f"PUT {path} HTTP/1.1",
            f"Host: {host}",
            *lines,
            f"Content-Length: {length}",
            "Expect: 100-continue",
            "",
            "",
        ]
        answer = talk(served, "\r\n".join(head).encode())
        if code:
            assert status(answer) == 403
            assert code in answer
            assert b"connection: close" in answer.lower()
        else:
            assert status(answer) == 100
