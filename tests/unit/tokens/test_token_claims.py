"""Steps 5 to 8 of verifying a token: issuer, audience, time, binding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.tokens.made import verify

from podid.core.tokens import (
    Expired,
    KeySet,
    Malformed,
    NotBound,
    NotYetValid,
    TokenProblem,
    WrongAudience,
    WrongIssuer,
    sign_token,
    verify_token,
)


@pytest.mark.parametrize(
    "issuer", [None, "", "https://issuer.local/", "HTTPS://issuer.local", 1, ["https://issuer.local"]]
)
def test_step_5_issuer(issuer: Any, signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(WrongIssuer):
        verify(sign_token(key, {**claims, "iss": issuer}), key, now)


def test_an_empty_expectation_expects_nothing(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(WrongIssuer):
        verify(sign_token(key, {**claims, "iss": ""}), key, now, issuer="")
    with pytest.raises(WrongAudience):
        verify(sign_token(key, {**claims, "aud": [""]}), key, now, audience="")


@pytest.mark.parametrize(
    ("audience", "problem"),
    [
        ("sts.amazonaws.com", WrongAudience),
        ([], WrongAudience),
        (["https://kubernetes.default.svc"], WrongAudience),
        (["pods.eks.amazonaws.com.evil"], WrongAudience),
        ("pods", WrongAudience),
        (None, Malformed),
        ({"pods.eks.amazonaws.com": 1}, Malformed),
        ([1, "pods.eks.amazonaws.com"], Malformed),
    ],
)
def test_step_6_audience(
    audience: Any, problem: type[TokenProblem], signing_keys: Any, claims: Any, now: datetime
) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(problem):
        verify(sign_token(key, {**claims, "aud": audience}), key, now)


def test_one_of_many_audiences_will_do(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    for audience in ("pods.eks.amazonaws.com", ["a", "pods.eks.amazonaws.com"]):
        assert verify(sign_token(key, {**claims, "aud": audience}), key, now).pod_uid == "pod-uid"


def test_step_7_the_instant_of_exp_is_too_late(signing_keys: Any, claims: Any) -> None:
    key = signing_keys["ES256"]
    token = sign_token(key, claims)
    end = datetime.fromtimestamp(claims["exp"], UTC)
    verify(token, key, end - timedelta(microseconds=1))
    with pytest.raises(Expired) as refused:
        verify(token, key, end)
    assert refused.value.public == (
        "The token included in the request is expired: current date/time 2026-03-04T06:05:57Z must be before the "
        "expiration date/time 2026-03-04T06:05:57Z"
    )
    verify(token, key, end + timedelta(seconds=4), leeway=timedelta(seconds=5))
    with pytest.raises(Expired):
        verify(token, key, end + timedelta(seconds=5), leeway=timedelta(seconds=5))


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_step_7_the_instant_of_the_beginning_is_soon_enough(name: str, signing_keys: Any, claims: Any) -> None:
    key = signing_keys["ES256"]
    token = sign_token(key, {**claims, name: claims["exp"] - 60})
    begin = datetime.fromtimestamp(claims["exp"] - 60, UTC)
    verify(token, key, begin)
    with pytest.raises(NotYetValid):
        verify(token, key, begin - timedelta(microseconds=1))
    verify(token, key, begin - timedelta(seconds=5), leeway=timedelta(seconds=5))


@pytest.mark.parametrize("value", ["soon", True, -1, 1e300, {}, 253_402_300_800])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_step_7_times_are_numbers(name: str, value: Any, signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    with pytest.raises(Malformed):
        verify(sign_token(key, {**claims, name: value}), key, now)


def test_step_7_only_the_end_is_required(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    without = {name: value for name, value in claims.items() if name not in ("nbf", "iat")}
    assert verify(sign_token(key, without), key, now).not_before is None
    with pytest.raises(Malformed, match="no expiration"):
        verify(sign_token(key, {name: value for name, value in claims.items() if name != "exp"}), key, now)


def test_times_keep_their_fractions(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    token = sign_token(key, claims | {"exp": claims["exp"] + 0.5, "nbf": claims["nbf"] + 0.25})
    end = datetime.fromtimestamp(claims["exp"] + 0.5, UTC)
    read = verify(token, key, end - timedelta(microseconds=1))
    assert read.expires_at == end and read.not_before == datetime.fromtimestamp(claims["nbf"] + 0.25, UTC)
    with pytest.raises(Expired):
        verify(token, key, end)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kubernetes.io": None}, Malformed),
        ({"kubernetes.io": {}}, NotBound),
        ({"sub": "system:serviceaccount:default:other"}, NotBound),
        ({"sub": "system:serviceaccount:kube-system:app"}, NotBound),
        ({"sub": None}, NotBound),
        ({"pod": None}, Malformed),
        ({"pod": {}}, NotBound),
        ({"pod": {"name": "pod-1"}}, NotBound),
        ({"pod": {"name": "pod-1", "uid": ""}}, NotBound),
        ({"pod": {"name": 1, "uid": "u"}}, Malformed),
        ({"serviceaccount": {"name": "app"}}, NotBound),
        ({"serviceaccount": "app"}, Malformed),
        ({"namespace": ""}, NotBound),
        ({"namespace": ["default"]}, Malformed),
    ],
)
def test_step_8_binding(
    change: dict[str, Any], problem: type[TokenProblem], signing_keys: Any, claims: Any, now: datetime
) -> None:
    key = signing_keys["ES256"]
    for name, value in change.items():
        if name in claims:
            claims[name] = value
        else:
            claims["kubernetes.io"][name] = value
    with pytest.raises(problem):
        verify(sign_token(key, claims), key, now)


def test_a_token_bound_to_no_pod_is_still_a_token(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    del claims["kubernetes.io"]["pod"]
    keys = KeySet.of([key.verification_key()])
    read = verify_token(
        sign_token(key, claims), keys, issuer="https://issuer.local", audience="pods.eks.amazonaws.com", now=now
    )
    assert read == claims


def test_an_older_cluster_names_no_node(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    del claims["kubernetes.io"]["node"], claims["jti"]
    token = verify(sign_token(key, claims), key, now)
    assert (token.node_name, token.node_uid, token.jti) == ("", "", "")


def test_claims_are_read_alike_whatever_else_is_there(signing_keys: Any, claims: Any, now: datetime) -> None:
    key = signing_keys["ES256"]
    plain = verify(sign_token(key, claims), key, now)
    bound = claims["kubernetes.io"] | {"warnafter": 1}
    for more in ({"x": {"y": [1]}}, {"exp": float(claims["exp"])}, {"kubernetes.io": bound}):
        assert verify(sign_token(key, claims | more), key, now) == plain
