from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.agent.token import BadToken, check_times, read


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(claims: object, header: object = None, signature: str = "c2ln") -> bytes:
    return f"{part(header or {'alg': 'RS256'})}.{part(claims)}.{signature}".encode()


GOOD = {
    "iss": "https://i",
    "exp": 2000,
    "nbf": 1000,
    "kubernetes.io": {"namespace": "n", "pod": {"name": "p", "uid": "u"}, "serviceaccount": {"name": "s", "uid": "su"}},
}


def test_claims_are_read() -> None:
    claims = read(token(GOOD))
    assert (claims.issuer, claims.not_before, claims.expires_at) == ("https://i", 1000.0, 2000.0)
    assert claims.kubernetes.pod.uid == "u"
    assert claims.kubernetes.serviceaccount.name == "s"


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (b"", "Service account token cannot be empty"),
        (b"garbage", "token is malformed: token contains an invalid number of segments"),
        (b"a.b.c.d", "token is malformed: token contains an invalid number of segments"),
        (b"Bearer " + token(GOOD), "could not base64 decode header: illegal base64 data at input byte 6"),
        (b"abcde.e30.c2ln", "could not base64 decode header: illegal base64 data at input byte 4"),
        (b"e30=.e30.c2ln", "could not base64 decode header: illegal base64 data at input byte 3"),
        (b"bm90anNvbg.e30.c2ln", "could not JSON decode header"),
        (f"{part({'alg': 'x'})}.W10.c2ln".encode(), "could not JSON decode claim"),
        (token(GOOD, {"kid": "x"}), "token is unverifiable: signing method (alg) is unspecified"),
        (token({**GOOD, "exp": "soon"}), "could not JSON decode claim"),
        (token({**GOOD, "exp": 10**400}), "could not JSON decode claim"),
        (token({**GOOD, "nbf": True}), "could not JSON decode claim"),
        (token(GOOD, None, "\xff"), "could not base64 decode signature: illegal base64 data at input byte 0"),
        (b"[" * 5000 + b"." + b"[" * 5000 + b".x", "illegal base64 data at input byte 0"),
    ],
)
def test_what_is_no_token_gets_the_words_of_awss_agent(bad: bytes, text: str) -> None:
    with pytest.raises(BadToken) as caught:
        read(bad)
    assert str(caught.value).endswith(text) or text in str(caught.value)
    assert str(caught.value).startswith("Service account token cannot be")


def test_deeply_nested_json_is_a_malformed_token() -> None:
    nested = base64.urlsafe_b64encode(b"[" * 30_000 + b"]" * 30_000).rstrip(b"=")
    with pytest.raises(BadToken, match="could not JSON decode header"):
        read(nested + b".e30.c2ln")


def test_the_message_repeats_nothing_of_the_token() -> None:
    with pytest.raises(BadToken) as caught:
        read(b"TOPSECRET!.x.y")
    assert "TOPSECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("now", "text"),
    [(999.999, "token is not valid yet"), (1000.0, None), (1999.999, None), (2000.0, "token is expired")],
)
def test_times_at_their_very_instants(now: float, text: str | None) -> None:
    claims = read(token(GOOD))
    if text is None:
        check_times(claims, now)
    else:
        with pytest.raises(BadToken) as caught:
            check_times(claims, now)
        assert str(caught.value) == f"Service account token failed basic claim validations: {text}"


def test_a_token_without_times_is_for_eks_auth_to_judge() -> None:
    claims = read(token({}))
    assert (claims.not_before, claims.expires_at) == (-math.inf, math.inf)
    check_times(claims, 1e12)


@pytest.mark.parametrize("kubernetes", [None, 7, {"pod": 3}, {"pod": {"uid": 9}}])
def test_malformed_kubernetes_claims_name_no_pod(kubernetes: Any) -> None:
    assert read(token({**GOOD, "kubernetes.io": kubernetes})).kubernetes.pod.uid == ""


@given(st.binary(max_size=300) | st.lists(st.binary(max_size=60), min_size=3, max_size=3).map(b".".join))
def test_any_bytes_are_read_or_refused(anything: bytes) -> None:
    try:
        read(anything)
    except BadToken as problem:
        assert str(problem).startswith("Service account token cannot be")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["exp", "nbf", "iss", "kubernetes.io", "x"]), json_values))
def test_any_claims_are_read_or_refused(claims: dict[str, Any]) -> None:
    try:
        found = read(token(claims))
    except BadToken as problem:
        assert str(problem).startswith("Service account token cannot be")
    else:
        assert isinstance(found.expires_at, float)
        assert isinstance(found.kubernetes.pod.uid, str)
