"""Blanks in header values, and the bytes that only look like some: a value is bytes, held as latin-1 text."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.core.http import HttpRequest
from podid.core.sigv4 import SignatureProblem, check, read_claim
from podid.core.sigv4.canonical import canonical_headers, header_values

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def canonical(*values: str) -> str:
    """What is signed of a header that came with these values."""
    text = canonical_headers(["a"], header_values(tuple(("a", value) for value in values)))
    assert text.startswith("a:")
    assert text.endswith("\n")
    return text[2:-1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ""),
        (" \t ", ""),
        (" a \t b  ", "a b"),
        ("voil\xc3\xa0", "voil\xc3\xa0"),  # "voilà" in UTF-8 ends with the byte 0xA0
        ("\xc3\x85 \xc3\xa0  x", "\xc3\x85 \xc3\xa0 x"),
        ("\xa0\x85", "\xa0\x85"),
    ],
)
def test_blanks_are_those_of_ascii_alone(value: str, expected: str) -> None:
    assert canonical(value) == expected
    assert canonical(value, value) == f"{expected},{expected}"


@given(st.lists(st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=20), min_size=1))
def test_a_value_in_utf_8_keeps_its_letters(words: list[str]) -> None:
    sent = b"  ".join(word.encode() for word in words)
    assert canonical(sent.decode("latin-1")).encode("latin-1") == b" ".join(sent.split())


def asked(value: str, signature: str = "-") -> HttpRequest:
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AK/20260304/us-east-1/eks/aws4_request, "
        f"SignedHeaders=host;x-amz-date;x-amz-meta-a, Signature={signature}"
    )
    headers = (
        ("host", "h"),
        ("x-amz-date", "20260304T050607Z"),
        ("x-amz-meta-a", value),
        ("authorization", authorization),
    )
    return HttpRequest(method="GET", path="/", headers=headers)


def signature_over(value: bytes) -> str:
    """A client's, which signs the bytes that it sends."""
    empty = sha256(b"").hexdigest().encode()
    head = b"GET\n/\n\nhost:h\nx-amz-date:20260304T050607Z\nx-amz-meta-a:" + value
    digest = sha256(head + b"\n\nhost;x-amz-date;x-amz-meta-a\n" + empty).hexdigest()
    text = f"AWS4-HMAC-SHA256\n20260304T050607Z\n20260304/us-east-1/eks/aws4_request\n{digest}"
    key = b"AWS4secret"
    for part in (b"20260304", b"us-east-1", b"eks", b"aws4_request"):
        key = hmac.digest(key, part, "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def holds(request: HttpRequest) -> bool:
    claim = read_claim(request)
    assert claim is not None
    try:
        check(claim, request, "secret", now=NOW)
    except SignatureProblem:
        return False
    return True


def test_a_signature_over_utf_8_holds_for_these_bytes_alone() -> None:
    made = signature_over("voilà ça".encode())
    assert holds(asked("voil\xc3\xa0 \xc3\xa7a", made))
    assert holds(asked("  voil\xc3\xa0   \xc3\xa7a ", made))
    assert not holds(asked("voil\xc3  \xc3\xa7a", made))
    assert not holds(asked("voil\xc3\xa0\xa0\xc3\xa7a", made))
    assert not holds(asked("voil\xc3\xa0 \xc3\xa7a\x85", made))
