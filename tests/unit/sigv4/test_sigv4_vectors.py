"""Signatures that AWS has published, with the documentation's own keys."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from podid.core.http import HttpRequest
from podid.core.sigv4 import (
    ChunkDecoder,
    Claim,
    Credentials,
    Problem,
    SignatureProblem,
    check,
    presign,
    read_claim,
    sign,
)
from podid.core.sigv4.scope import parse_date

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "sigv4.json").read_text())
CASES = [(set_, case) for set_ in (VECTORS["suite"], VECTORS["s3"]) for case in set_["cases"]]


def at(set_: dict[str, Any]) -> Any:
    date = parse_date(set_["date"])
    assert date is not None
    return date


def request_of(set_: dict[str, Any], case: dict[str, Any]) -> HttpRequest:
    """The request as the page prints it, with the published signature."""
    headers = [("host", case.get("host", set_["host"])), ("x-amz-date", set_["date"])]
    headers += [(name, text) for name, text in case.get("headers", ())]
    if "payload_hash" in case:
        headers.append(("x-amz-content-sha256", case["payload_hash"]))
    names = sorted(name for name, _ in headers)
    scope = f"{set_['date'][:8]}/{set_['region']}/{set_['service']}/aws4_request"
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={set_['access_key_id']}/{scope},"
        f"SignedHeaders={';'.join(names)},Signature={case.get('signature') or case['seed']}"
    )
    return HttpRequest(
        method=case["method"],
        path=case["path"],
        query=case.get("query", ""),
        headers=(*headers, ("authorization", authorization)),
        body=case.get("body", "").encode(),
    )


@pytest.mark.parametrize(("set_", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_a_published_signature_is_accepted(set_: dict[str, Any], case: dict[str, Any]) -> None:
    request = request_of(set_, case)
    claim = read_claim(request)
    assert claim is not None
    check(claim, request, set_["secret"], now=at(set_))


@pytest.mark.parametrize(("set_", "case"), CASES, ids=[case["name"] for _, case in CASES])
def test_the_same_signature_is_made(set_: dict[str, Any], case: dict[str, Any]) -> None:
    headers = sign(
        Credentials(set_["access_key_id"], set_["secret"]),
        method=case["method"],
        url=f"https://{set_['host']}{case['path']}?{case.get('query', '')}",
        headers=dict(case.get("headers", ())),
        body=case.get("body", "").encode(),
        service=set_["service"],
        region=set_["region"],
        now=at(set_),
    )
    assert headers["Authorization"].endswith(f"Signature={case['signature']}")


def test_a_published_presigned_address() -> None:
    set_, case = VECTORS["s3"], VECTORS["s3"]["presigned"]
    url = presign(
        Credentials(set_["access_key_id"], set_["secret"]),
        method=case["method"],
        url=f"https://{set_['host']}{case['path']}",
        service="s3",
        region=set_["region"],
        now=at(set_),
        expires=case["expires"],
    )
    assert url.endswith(f"X-Amz-Signature={case['signature']}")
    path, _, query = url.partition(set_["host"])[2].partition("?")
    request = HttpRequest(method="GET", path=path, query=query, headers=(("host", set_["host"]),))
    claim = read_claim(request)
    assert claim is not None and claim.presigned
    check(claim, request, set_["secret"], now=at(set_) + timedelta(seconds=case["expires"] - 1))


def chunked(name: str) -> tuple[Claim, str, bytes, int]:
    """The checked seed claim, the secret, the body on the wire, and the length of what is in it."""
    set_, case = VECTORS["s3"], VECTORS["s3"][name]
    request = request_of(set_, case)
    claim = read_claim(request)
    assert claim is not None and claim.is_streaming
    check(claim, request, set_["secret"], now=at(set_))
    body = b""
    for size, signature in case["chunks"]:
        body += f"{size:x};chunk-signature={signature}\r\n".encode() + b"a" * size + (b"\r\n" if size else b"")
    if "trailer" in case:
        trailer, value, signature = case["trailer"]
        body += f"{trailer}:{value}\r\nx-amz-trailer-signature:{signature}\r\n".encode()
    return claim, set_["secret"], body + b"\r\n", sum(size for size, _ in case["chunks"])


@pytest.mark.parametrize("name", ["chunked", "chunked_with_trailer"])
@pytest.mark.parametrize("step", [1, 7, 1000, 10**6])
def test_a_published_upload_in_chunks(name: str, step: int) -> None:
    claim, secret, body, length = chunked(name)
    if step == 1:  # byte by byte where it matters: the heads and the end
        pieces = [body[:200]] + [body[200:-400]] + [body[n : n + 1] for n in range(len(body) - 400, len(body))]
        pieces[:1] = [body[n : n + 1] for n in range(200)]
    else:
        pieces = [body[n : n + step] for n in range(0, len(body), step)]
    decoder = ChunkDecoder(claim, secret, decoded_length=length)
    assert b"".join(decoder.feed(piece) for piece in pieces) == b"a" * length
    decoder.finish()
    assert decoder.trailers == ({"x-amz-checksum-crc32c": "sOO8/Q=="} if "trailer" in name else {})


@pytest.mark.parametrize("name", ["chunked", "chunked_with_trailer"])
def test_an_upload_changed_in_any_place_is_refused(name: str) -> None:
    claim, secret, body, length = chunked(name)
    for at_ in (0, 5, 20, 100, 200, 65_600, 66_000, len(body) - 300, len(body) - 90, len(body) - 10, len(body) - 3):
        changed = bytearray(body)
        changed[at_] ^= 1
        decoder = ChunkDecoder(claim, secret, decoded_length=length)
        with pytest.raises(SignatureProblem) as refused:
            decoder.feed(bytes(changed))
            decoder.finish()
        assert refused.value.problem in (Problem.MISMATCH, Problem.BAD_CHUNKS), at_
