"""HTTP itself: waiting to be asked for a body, chunks, kept connections, request ids, limits."""

from __future__ import annotations

import re
import socket
import time
import urllib.request

import pytest
from tests.conformance.endpoint import CLUSTER, Answer, Endpoint, read_answer
from tests.conformance.signer import Signing

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FORM = ("content-type", "application/x-www-form-urlencoded")
IDENTITY = Signing(method="POST", service="sts", body=b"Action=GetCallerIdentity&Version=2011-06-15", headers=(FORM,))


def connect(endpoint: Endpoint) -> socket.socket:
    return socket.create_connection(("127.0.0.1", endpoint.port), timeout=5)


def message(endpoint: Endpoint, signing: Signing, also: bytes = b"") -> bytes:
    return signing.message(endpoint.administrator, f"127.0.0.1:{endpoint.port}", also=also)


def test_a_body_is_asked_for(endpoint: Endpoint) -> None:
    head, _, body = message(endpoint, IDENTITY, also=b"expect: 100-continue\r\n").partition(b"\r\n\r\n")
    with connect(endpoint) as connection:
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert read_answer(connection).status == 200


def test_a_body_that_came_at_once_is_fine_too(endpoint: Endpoint) -> None:
    with connect(endpoint) as connection:
        connection.sendall(message(endpoint, IDENTITY, also=b"expect: 100-continue\r\n"))
        got = b""
        while b"</GetCallerIdentityResponse>" not in got:
            piece = connection.recv(65536)
            assert piece
            got += piece
    assert b"HTTP/1.1 200 OK" in got


def test_a_body_in_chunks(endpoint: Endpoint) -> None:
    head, _, body = message(endpoint, IDENTITY).partition(b"\r\n\r\n")
    head = re.sub(rb"content-length: \d+", b"transfer-encoding: chunked", head)
    with connect(endpoint) as connection:
        connection.sendall(head + b"\r\n\r\n")
        for byte in body:
            connection.sendall(b"1;ext=1\r\n" + bytes([byte]) + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        assert read_answer(connection).status == 200


def test_a_request_byte_by_byte(endpoint: Endpoint) -> None:
    with connect(endpoint) as connection:
        for byte in message(endpoint, IDENTITY):
            connection.sendall(bytes([byte]))
        assert read_answer(connection).status == 200


def test_ten_requests_on_one_connection(endpoint: Endpoint) -> None:
    with connect(endpoint) as connection:
        for _ in range(10):
            connection.sendall(message(endpoint, IDENTITY))
            assert read_answer(connection).status == 200


def test_a_refused_request_keeps_its_connection(endpoint: Endpoint) -> None:
    with connect(endpoint) as connection:
        connection.sendall(message(endpoint, IDENTITY)[:-3] + b"xyz")
        assert read_answer(connection).status == 403
        connection.sendall(message(endpoint, IDENTITY))
        assert read_answer(connection).status == 200


def test_a_connection_closes_when_asked(endpoint: Endpoint) -> None:
    with connect(endpoint) as connection:
        connection.sendall(message(endpoint, IDENTITY, also=b"connection: close\r\n"))
        assert read_answer(connection).status == 200
        assert connection.recv(1) == b""


def test_head_has_no_body(endpoint: Endpoint) -> None:
    answer = endpoint.call("s3", "HEAD", "/no-such-bucket-here")
    assert (answer.status, answer.body) == (404, b"")


CALLS: dict[str, tuple[str, str, str, bytes, dict[str, str], str]] = {
    "rest-json": ("eks", "GET", f"/clusters/{CLUSTER}", b"", {}, "x-amzn-requestid"),
    "query": ("sts", "POST", "/", IDENTITY.body, dict([FORM]), "x-amzn-requestid"),
    "json": (
        "dynamodb",
        "POST",
        "/",
        b"{}",
        {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"},
        "x-amzn-requestid",
    ),
    "ec2": ("ec2", "POST", "/", b"Action=DescribeVpcs&Version=2016-11-15", dict([FORM]), "x-amzn-requestid"),
    "cbor": (
        "monitoring",
        "POST",
        "/service/GraniteServiceVersion20100801/operation/ListMetrics",
        b"\xa0",
        {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Accept": "application/cbor"},
        "x-amzn-requestid",
    ),
    "s3": ("s3", "GET", "/", b"", {}, "x-amz-request-id"),
}


@pytest.mark.parametrize("protocol", CALLS)
def test_every_answer_has_an_id_of_its_own(endpoint: Endpoint, protocol: str) -> None:
    service, method, path, body, headers, name = CALLS[protocol]
    answers = [endpoint.call(service, method, path, body, headers=headers) for _ in range(2)]
    answers.append(endpoint.call(service, method, path + "?x=%ff", body, headers=headers))
    assert [answer.status for answer in answers][:2] == [200, 200], answers[0]
    ids = [answer.headers[name] for answer in answers]
    assert all(UUID.fullmatch(each) for each in ids)
    assert len(set(ids)) == 3


@pytest.mark.parametrize("protocol", ["query", "ec2", "s3"])
def test_the_id_in_the_body_is_the_one_in_the_header(endpoint: Endpoint, protocol: str) -> None:
    service, method, path, body, headers, name = CALLS[protocol]
    answer = endpoint.call(service, method, path, body.replace(b"Action=", b"Action=No"), headers=headers, key=None)
    if protocol == "s3":
        answer = endpoint.call("s3", "GET", "/no-such-bucket-here")
    told = re.search(rb"<Request(?:Id|ID)>([^<]+)<", answer.body)
    assert told is not None, answer
    assert told[1].decode() == answer.headers[name]


def test_the_log_names_the_request(endpoint: Endpoint) -> None:
    answer = endpoint.eks("GET", "/clusters/nowhere")
    log, until = endpoint.home / "serve.log", time.monotonic() + 10
    while answer.headers["x-amzn-requestid"] not in log.read_text():  # it is written behind the answer
        assert time.monotonic() < until
        time.sleep(0.01)


LIMITS: dict[str, tuple[bytes, int]] = {
    "a target of 40 000": (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414),
    "300 headers": (b"GET / HTTP/1.1\r\nhost: a\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(300)) + b"\r\n", 431),
    "a header of 70 000": (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 70_000 + b"\r\n\r\n", 431),
    "a body of 100 GB": (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n", 413),
    "two lengths": (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", 400),
    "a length and chunks": (
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a negative length": (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", 400),
    "no host": (b"GET /x HTTP/1.1\r\n\r\n", 400),
    "another protocol": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a space in the target": (b"GET /a b HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    "a bad chunk": (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", 400),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_message_beyond_the_limits(endpoint: Endpoint, case: str) -> None:
    sent, status = LIMITS[case]
    answer = endpoint.talk(sent)
    assert answer.status == status, answer
    assert UUID.fullmatch(answer.headers["x-amzn-requestid"])
    assert is_alive(endpoint)


def is_alive(endpoint: Endpoint) -> bool:
    with urllib.request.urlopen(f"{endpoint.url}/_podid/health", timeout=5) as answer:
        return bool(answer.status == 200)


def test_a_slow_client_holds_up_nobody(endpoint: Endpoint) -> None:
    slow = [connect(endpoint) for _ in range(100)]
    try:
        for connection in slow:
            connection.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nx")
        assert endpoint.talk(message(endpoint, IDENTITY)).status == 200
    finally:
        for connection in slow:
            connection.close()


def test_deep_json_is_refused(endpoint: Endpoint) -> None:
    body = b'{"tags": ' * 20_000 + b"1" + b"}" * 20_000
    answer = endpoint.eks("POST", f"/clusters/{CLUSTER}/pod-identity-associations", body)
    assert (answer.status, answer.code) == (400, "SerializationException")


def test_a_body_of_another_type_is_json_all_the_same(endpoint: Endpoint, role: str) -> None:
    body = f'{{"namespace": "ns", "serviceAccount": "typeless", "roleArn": "{role}"}}'.encode()
    answer: Answer = endpoint.call(
        "eks",
        "POST",
        f"/clusters/{CLUSTER}/pod-identity-associations",
        body,
        headers={"Content-Type": "application/x-amz-json-1.1"},
    )
    assert answer.status == 200
