"""AssumeRoleForPodIdentity, check by check: what a pod's token gets, and every way in which it gets nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.conformance.endpoint import (
    ACCOUNT,
    CLUSTER,
    CLUSTER_ARN,
    OTHER_CLUSTER,
    REGION,
    Endpoint,
    Key,
)
from tests.conformance.issuer import encode


@pytest.fixture(scope="module")
def association(endpoint: Endpoint, role: str) -> dict[str, Any]:
    return endpoint.associate(role, "pod")


@pytest.fixture(scope="module")
def node(endpoint: Endpoint) -> Key:
    return endpoint.node


@pytest.fixture(scope="module")
def told(endpoint: Endpoint, association: dict[str, Any], node: Key) -> dict[str, Any]:
    """The answer to a good token."""
    answer = endpoint.assume(endpoint.issuer.token("pod", pod="app1-v1-56b9f94b4-x2x4x"), key=node)
    assert answer.status == 200, answer
    return dict(answer.json)


FACTS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "members": lambda a: set(a) == {"subject", "audience", "podIdentityAssociation", "assumedRoleUser", "credentials"},
    "subject": lambda a: a["subject"] == {"namespace": "ns", "serviceAccount": "pod"},
    "audience": lambda a: a["audience"] == "pods.eks.amazonaws.com",
    "association": lambda a: set(a["podIdentityAssociation"]) == {"associationArn", "associationId"},
    "role session": lambda a: a["assumedRoleUser"]["arn"].startswith(
        f"arn:aws:sts::{ACCOUNT}:assumed-role/conformance/eks-conformanc-app1-v1-56-"
    ),
    "session name": lambda a: bool(
        re.fullmatch(
            r"eks-conformanc-app1-v1-56-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
            a["assumedRoleUser"]["arn"].rpartition("/")[2],
        )
    ),
    "role id": lambda a: bool(
        re.fullmatch(r"AROA[A-Z0-9]{17}:eks-conformanc-app1-v1-56-.*", a["assumedRoleUser"]["assumeRoleId"])
    ),
    "temporary key": lambda a: bool(re.fullmatch(r"ASIA[A-Z2-7]{16}", a["credentials"]["accessKeyId"])),
    "secret": lambda a: len(a["credentials"]["secretAccessKey"]) == 40,
    "six hours": lambda a: abs(a["credentials"]["expiration"] - time.time() - 21600) < 60,
    "expiration is a number": lambda a: isinstance(a["credentials"]["expiration"], int | float),
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_the_answer(told: dict[str, Any], fact: str) -> None:
    assert FACTS[fact](told), told


def test_the_answer_names_the_association(told: dict[str, Any], association: dict[str, Any]) -> None:
    expected = {name: association[name] for name in ("associationArn", "associationId")}
    assert told["podIdentityAssociation"] == expected


def test_each_exchange_is_a_session_of_its_own(endpoint: Endpoint, told: dict[str, Any], node: Key) -> None:
    again = endpoint.assume(endpoint.issuer.token("pod", pod="app1-v1-56b9f94b4-x2x4x"), key=node).json
    assert again["assumedRoleUser"]["arn"] != told["assumedRoleUser"]["arn"]


def test_the_credentials_work(endpoint: Endpoint, told: dict[str, Any]) -> None:
    who = endpoint.client("sts", key_of(told)).get_caller_identity()
    assert who["Arn"] == told["assumedRoleUser"]["arn"]
    assert who["UserId"] == told["assumedRoleUser"]["assumeRoleId"]


def key_of(told: dict[str, Any]) -> Key:
    credentials = told["credentials"]
    return Key(credentials["accessKeyId"], credentials["secretAccessKey"], credentials["sessionToken"])


# -- the token ---------------------------------------------------------------------------------------------------------
def spoiled(token: str, part: int) -> str:
    """The token with one character of a part turned."""
    parts = token.split(".")
    middle = len(parts[part]) // 2
    turned = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + turned + parts[part][middle + 1 :]
    return ".".join(parts)


def swapped(e: Endpoint, path: tuple[str, ...], value: Any) -> str:
    """A well-signed token in whose kubernetes.io claim something is another, or (None) missing."""
    claims = json.loads(json.dumps(e.issuer.claims("pod")))
    at = claims["kubernetes.io"]
    for name in path[:-1]:
        at = at[name]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return e.issuer.sign(claims)


INVALID, EXPIRED, PARAMETER = "InvalidTokenException", "ExpiredTokenException", "InvalidParameterException"
TOKENS: dict[str, tuple[Callable[[Endpoint], str], int, str]] = {
    "empty": (lambda e: "", 400, PARAMETER),
    "not a token": (lambda e: "nonsense", 400, PARAMETER),
    "two parts": (lambda e: e.issuer.token("pod").rpartition(".")[0], 400, PARAMETER),
    "four parts": (lambda e: e.issuer.token("pod") + ".x", 400, PARAMETER),
    "with a newline": (lambda e: e.issuer.token("pod") + "\n", 400, PARAMETER),
    "a bearer prefix": (lambda e: "Bearer " + e.issuer.token("pod"), 400, PARAMETER),
    "three parts of nothing": (lambda e: "a.b.c", 400, INVALID),
    "json that is no object": (lambda e: f"{encode(b'[]')}.{encode(b'[]')}.{encode(b'x')}", 400, INVALID),
    "deep json": (
        lambda e: f"{encode(b'[' * 3000 + b']' * 3000)}.{encode(b'{}')}.{encode(b'x')}",
        400,
        INVALID,
    ),
    "spoiled header": (lambda e: spoiled(e.issuer.token("pod"), 0), 400, INVALID),
    "spoiled payload": (lambda e: spoiled(e.issuer.token("pod"), 1), 400, INVALID),
    "spoiled signature": (lambda e: spoiled(e.issuer.token("pod"), 2), 400, INVALID),
    "no algorithm": (lambda e: e.issuer.unsigned(e.issuer.claims("pod")), 400, INVALID),
    "the public key as a secret": (lambda e: e.issuer.sign_with_public_key(e.issuer.claims("pod")), 400, INVALID),
    "another algorithm's name": (lambda e: e.issuer.sign(e.issuer.claims("pod"), alg="RS512"), 400, INVALID),
    "critical extensions": (lambda e: e.issuer.sign(e.issuer.claims("pod"), crit=["x"], x=1), 400, INVALID),
    "no kid": (lambda e: e.issuer.sign(e.issuer.claims("pod"), kid=None), 400, INVALID),
    "an unknown kid": (lambda e: e.issuer.sign(e.issuer.claims("pod"), kid="0" * 40), 400, INVALID),
    "its own key in the header": (
        lambda e: e.other_issuer.sign(e.issuer.claims("pod"), jwk=e.other_issuer.jwk),
        400,
        INVALID,
    ),
    "signed by another cluster": (lambda e: e.other_issuer.sign(e.issuer.claims("pod")), 400, INVALID),
    "signed by another under our kid": (
        lambda e: e.other_issuer.sign(e.issuer.claims("pod"), kid=e.issuer.kid),
        400,
        INVALID,
    ),
    "another issuer": (lambda e: e.issuer.token("pod", iss="https://example.com"), 400, INVALID),
    "no issuer": (lambda e: e.issuer.token("pod", iss=None), 400, INVALID),
    "another audience": (lambda e: e.issuer.token("pod", aud=["sts.amazonaws.com"]), 400, INVALID),
    "an audience that begins alike": (lambda e: e.issuer.token("pod", aud=["pods.eks.amazonaws.com.cn"]), 400, INVALID),
    "no audience": (lambda e: e.issuer.token("pod", aud=None), 400, INVALID),
    "ended": (lambda e: e.issuer.token("pod", exp=int(time.time()) - 1), 400, EXPIRED),
    "ends now": (lambda e: e.issuer.token("pod", exp=int(time.time())), 400, EXPIRED),
    "without an end": (lambda e: e.issuer.token("pod", exp=None), 400, INVALID),
    "an end that is text": (lambda e: e.issuer.token("pod", exp="never"), 400, INVALID),
    "not begun": (lambda e: e.issuer.token("pod", nbf=int(time.time()) + 60), 400, INVALID),
    "issued tomorrow": (lambda e: e.issuer.token("pod", iat=int(time.time()) + 86400), 400, INVALID),
    "no kubernetes claim": (
        lambda e: e.issuer.sign({k: v for k, v in e.issuer.claims("pod").items() if k != "kubernetes.io"}),
        400,
        INVALID,
    ),
    "no pod": (lambda e: swapped(e, ("pod",), None), 400, INVALID),
    "no pod name": (lambda e: swapped(e, ("pod", "name"), None), 400, INVALID),
    "no pod uid": (lambda e: swapped(e, ("pod", "uid"), None), 400, INVALID),
    "no namespace": (lambda e: swapped(e, ("namespace",), None), 400, INVALID),
    "no service account": (lambda e: swapped(e, ("serviceaccount",), None), 400, INVALID),
    "another namespace in sub": (
        lambda e: e.issuer.token("pod", sub="system:serviceaccount:kube-system:pod"),
        400,
        INVALID,
    ),
    "a user's sub": (lambda e: e.issuer.token("pod", sub="admin"), 400, INVALID),
    "17 KiB": (lambda e: e.issuer.token("pod", padding="x" * 17_000), 400, INVALID),
    "no association": (lambda e: e.issuer.token("stranger"), 404, "ResourceNotFoundException"),
    "same name, other namespace": (lambda e: e.issuer.token("pod", "other"), 404, "ResourceNotFoundException"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_a_token_that_gets_nothing(endpoint: Endpoint, association: dict[str, Any], node: Key, case: str) -> None:
    make, status, code = TOKENS[case]
    answer = endpoint.assume(make(endpoint), key=node)
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.text


def test_an_ended_token_is_told_of_its_end_in_the_seen_words(endpoint: Endpoint, node: Key) -> None:
    answer = endpoint.assume(endpoint.issuer.token("pod", exp=1751775378), key=node)
    assert re.fullmatch(
        r"The token included in the request is expired: current date/time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z "
        r"must be before the expiration date/time 2025-07-06T04:16:18Z\.",
        answer.text,
    ), answer.text


def test_several_audiences_are_fine(endpoint: Endpoint, association: dict[str, Any], node: Key) -> None:
    token = endpoint.issuer.token("pod", aud=["https://kubernetes.default.svc", "pods.eks.amazonaws.com"])
    assert endpoint.assume(token, key=node).status == 200


def test_hints_of_newer_agents_are_taken(endpoint: Endpoint, association: dict[str, Any], node: Key) -> None:
    more = {"eksNodeName": "node-1", "instanceId": "i-0123456789abcdef0", "zone": "use1-az1"}
    assert endpoint.assume(endpoint.issuer.token("pod"), key=node, **more).status == 200


BODIES: dict[str, tuple[bytes, int, str]] = {
    "no body": (b"", 400, "InvalidParameterException"),
    "no token": (b"{}", 400, "InvalidParameterException"),
    "not json": (b"{", 400, "InvalidRequestException"),
    "a number": (b'{"token": 1}', 400, "InvalidRequestException"),
    "null": (b'{"token": null}', 400, "InvalidParameterException"),
}


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_is_none(endpoint: Endpoint, node: Key, case: str) -> None:
    body, status, code = BODIES[case]
    path = f"/clusters/{CLUSTER}/assume-role-for-pod-identity"
    answer = endpoint.call("eks-auth", "POST", path, body, key=node)
    assert (answer.status, answer.code) == (status, code), answer


# -- the caller --------------------------------------------------------------------------------------------------------
def test_who_may_not_call_is_told_so(endpoint: Endpoint, powerless: Key) -> None:
    answer = endpoint.assume(endpoint.issuer.token("pod"), key=powerless)
    assert (answer.status, answer.code) == (400, "AccessDeniedException"), "the model of eks-auth says 400"
    assert answer.text == (
        f"User: arn:aws:iam::{ACCOUNT}:user/powerless is not authorized to perform: "
        f"eks-auth:AssumeRoleForPodIdentity on resource: {CLUSTER_ARN} "
        "because no identity-based policy allows the eks-auth:AssumeRoleForPodIdentity action"
    )


def test_the_node_of_one_cluster_does_not_speak_for_another(endpoint: Endpoint, node: Key) -> None:
    answer = endpoint.assume(endpoint.other_issuer.token("pod"), OTHER_CLUSTER, key=node)
    assert (answer.status, answer.code) == (400, "AccessDeniedException")
    assert f"on resource: arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{OTHER_CLUSTER} " in answer.text


def test_a_token_of_another_cluster_is_refused_for_this_one(endpoint: Endpoint) -> None:
    answer = endpoint.assume(endpoint.issuer.token("pod"), OTHER_CLUSTER, key=endpoint.administrator)
    assert (answer.status, answer.code) == (400, "InvalidTokenException")


def test_a_cluster_that_is_not_there(endpoint: Endpoint) -> None:
    answer = endpoint.assume(endpoint.issuer.token("pod"), "nowhere", key=endpoint.administrator)
    assert (answer.status, answer.code) == (404, "ResourceNotFoundException")


def test_a_name_that_no_cluster_can_have(endpoint: Endpoint) -> None:
    answer = endpoint.assume(endpoint.issuer.token("pod"), "-x", key=endpoint.administrator)
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


def test_anybody_whose_policy_says_so_may_call(endpoint: Endpoint, association: dict[str, Any]) -> None:
    statement = {"Effect": "Allow", "Action": "eks-auth:AssumeRoleForPodIdentity", "Resource": CLUSTER_ARN}
    assert endpoint.assume(endpoint.issuer.token("pod"), key=endpoint.user("caller", statement)).status == 200


def test_signed_for_another_service_it_is_refused(endpoint: Endpoint) -> None:
    body = json.dumps({"token": endpoint.issuer.token("pod")}).encode()
    answer = endpoint.call("eks", "POST", f"/clusters/{CLUSTER}/assume-role-for-pod-identity", body)
    assert answer.status >= 400


# -- keys --------------------------------------------------------------------------------------------------------------
def test_keys_rotate_without_a_failed_request(endpoint: Endpoint, association: dict[str, Any], node: Key) -> None:
    old = endpoint.other_issuer.token("pod")
    endpoint.associate(association["roleArn"], "pod", clusterName=OTHER_CLUSTER)
    administrator = endpoint.administrator
    assert endpoint.assume(old, OTHER_CLUSTER, key=administrator).status == 200
    before = endpoint.other_issuer.jwk
    endpoint.other_issuer.rotate()
    (endpoint.home / "other-jwks.json").write_text(endpoint.other_issuer.jwks(before))
    assert endpoint.assume(endpoint.other_issuer.token("pod"), OTHER_CLUSTER, key=administrator).status == 200
    assert endpoint.assume(old, OTHER_CLUSTER, key=administrator).status == 200, "the old key is published still"
