"""The short ways of reading a token say what the careful ones say, or leave it to them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from podid.core.strict_json import MalformedJson, parse_json
from podid.core.tokens import TokenProblem, base64url
from podid.core.tokens.plain_claims import read_plain_claims
from podid.core.tokens.service_account import of_claims, of_plain_claims
from podid.core.tokens.verifying import _check_time

NAMED = {"name": "n", "uid": "u"}
CLAIMS: dict[str, Any] = {
    "aud": ["pods.eks.amazonaws.com"],
    "exp": 1_795_600_000,
    "iat": 1_795_500_000,
    "iss": "https://issuer.test",
    "jti": "j",
    "kubernetes.io": {"namespace": "default", "node": NAMED, "pod": NAMED, "serviceaccount": NAMED},
    "nbf": 1_795_500_000,
    "sub": "system:serviceaccount:default:n",
}
TEXT = json.dumps(CLAIMS, separators=(",", ":"))
PIECES = (
    '"', '""', ":", ",", " ", "\t\n", "{", "}", "[", "]", "\\", "\\u0061", "\\ud800", "\\ude00", "\\ud83d\\ude00", '\\"', "\\n", "é",
    "\x00", "\x7f", "null", "true", "1", "-1", "1.0", "1e3", "1e400", "NaN", "9" * 400, '"uid"', '"u\\u0069d"', '"uid":"u",', '"aud":"x",',
    '"aud":[],', '"aud":["a","b"],', '"exp":1,', '"exp":1.5,', '"sub" : "a",', '"node":{"name":"n","uid":"u"},',
    '"kubernetes.io":{},', '"x":{"name":"n","uid":"u"},', '"warnafter":1,',
)  # fmt: skip


class Repeated(Exception):
    """A name twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise Repeated
    return dict(pairs)


def oracle(text: bytes) -> Any:
    """What the standard library reads, where no name is there twice and every value can be written. Raises Repeated, ValueError."""
    value = json.loads(text.decode("utf-8"), object_pairs_hook=_pairs)
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    return value


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    """The text of good claims after a few changes by somebody who knows JSON."""
    text = TEXT
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        kept = draw(st.integers(at, min(len(text), at + 12))) if draw(st.booleans()) else at
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[kept:]
    data = text.encode()
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from((b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xef\xbb\xbf"))) + data[at:]
    return data


@st.composite
def members_at_names(draw: st.DrawFn) -> bytes:
    """Good claims with a member more in front of one of their names: a repeated one, or one that nobody knows."""
    starts = [at for at in range(len(TEXT)) if TEXT[at] == '"' and TEXT[at - 1] in "{,"]
    at = draw(st.sampled_from(starts))
    return (TEXT[:at] + draw(st.sampled_from([piece for piece in PIECES if piece.endswith(",")])) + TEXT[at:]).encode()


@settings(max_examples=1500, deadline=None)
@given(altered() | members_at_names())
@example(TEXT.encode())
@example(TEXT.replace('"exp"', '"exp":1,"exp"').encode())
@example(TEXT.replace('"uid":"u"', '"uid":"u","uid":"u"', 1).encode())
@example(TEXT.replace('"aud":[', '"aud":["a","b","c"],"aud":[').encode())
def test_claims_that_are_taken_as_plain_are_what_the_careful_reader_reads(text: bytes) -> None:
    plain = read_plain_claims(base64url.encode(text))
    if plain is None:
        return
    read = oracle(text)
    assert msgspec.to_builtins(plain) == read == parse_json(text, max_size=16_384, max_depth=16)
    assert of_plain_claims(plain) == of_claims(read)


@settings(max_examples=1000, deadline=None)
@given(altered() | members_at_names())
def test_json_is_read_as_the_standard_library_reads_it_or_refused(text: bytes) -> None:
    try:
        expected: Any = oracle(text)
    except (ValueError, Repeated):
        with pytest.raises(MalformedJson):
            parse_json(text, max_size=16_384, max_depth=16)
    else:
        assert parse_json(text, max_size=16_384, max_depth=16) == expected


@st.composite
def rewritten(draw: st.DrawFn) -> str:
    """The same claims in any order, with blanks anywhere, and texts of any plain characters."""
    name = st.text(st.characters(min_codepoint=32, codec="utf-8", exclude_characters='"\\'), max_size=20)
    named = {"name": draw(name), "uid": draw(name)}
    bound = {"namespace": draw(name), "node": named, "pod": named, "serviceaccount": dict(reversed(named.items()))}
    seconds = st.integers(0, 253_402_300_799)
    claims = CLAIMS | {
        "aud": draw(st.lists(name, max_size=3)),
        "exp": draw(seconds),
        "sub": draw(name),
        "kubernetes.io": {key: bound[key] for key in draw(st.permutations(list(bound)))},
    }
    blanks = draw(st.sampled_from(("", " ", "\n\t")))
    ordered = {key: claims[key] for key in draw(st.permutations(list(claims)))}
    return json.dumps(ordered, ensure_ascii=False, separators=(f",{blanks}", f"{blanks}:{blanks}"))


@settings(deadline=None)
@given(rewritten())
def test_claims_are_plain_in_any_order_and_with_any_blanks(text: str) -> None:
    plain = read_plain_claims(base64url.encode(text.encode()))
    assert plain is not None and msgspec.to_builtins(plain) == json.loads(text)


def told(check: Callable[[], None]) -> str:
    try:
        check()
    except TokenProblem as problem:
        return f"{type(problem).__name__}: {problem.public} ({problem.private})"
    return "holds"


NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SECONDS = st.integers(-2, 2).map(lambda off: int(NOW.timestamp()) + off) | st.sampled_from(
    (-1, 0, 253_402_300_799, 253_402_300_800)
)


@given(SECONDS, SECONDS, SECONDS, st.integers(-1_000_000, 1_000_000))
def test_whole_seconds_are_compared_as_instants_are(exp: int, nbf: int, iat: int, microseconds: int) -> None:
    now, none = NOW + timedelta(microseconds=microseconds), timedelta(0)
    whole = told(lambda: _check_time(exp, nbf, iat, now, none))
    assert whole == told(lambda: _check_time(float(exp), float(nbf), float(iat), now, none))
    elsewhere = now.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    assert whole == told(lambda: _check_time(exp, nbf, iat, elsewhere, none))


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.text(ALPHABET + '+/=\\" \n\x00é!.', max_size=30) | st.text(ALPHABET, max_size=40))
@example("\\_\\_\\_\\_")
@example("\\u0051" * 4)
@example('QQ","QQ')
@example("QQ==")
@example("QR")
def test_base64url_takes_the_one_encoding_of_a_value_and_nothing_else(text: str) -> None:
    try:
        data = base64url.decode(text)
    except ValueError:
        assert set(text) - set(ALPHABET) or len(text) % 4 == 1 or _written(_lenient(text)) != text
    else:
        assert set(text) <= set(ALPHABET) and data == _lenient(text) and _written(data) == text


def _lenient(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _written(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
