"""Service account tokens: asking for them, using them, and who they say one is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.unit.localcluster.fake_kubelet import NODE
from tests.unit.localcluster.running_cluster import ISSUER, PODS, Running, pod, until

SELF_REVIEW = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}


def test_a_token_bound_to_a_pod(running: Running) -> None:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    running.request("POST", PODS, pod("bound"))
    until(lambda: running.request("GET", f"{PODS}/bound")[1]["spec"].get("nodeName") == NODE)
    made = running.request("GET", f"{PODS}/bound")[1]
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "bound", "uid": made["metadata"]["uid"]}
    spec = {"audiences": ["pods.eks.amazonaws.com", "other"], "boundObjectRef": reference, "expirationSeconds": 86400}
    told = running.request("POST", path, {"spec": spec})[1]
    claims = _claims(told["status"]["token"])
    assert claims["aud"] == ["pods.eks.amazonaws.com", "other"]
    assert claims["iss"] == ISSUER
    assert claims["sub"] == "system:serviceaccount:default:default"
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["nbf"] == claims["iat"]
    inside = claims["kubernetes.io"]
    assert inside["pod"] == {"name": "bound", "uid": made["metadata"]["uid"]}
    assert inside["node"]["name"] == NODE
    assert set(inside) == {"namespace", "node", "pod", "serviceaccount"}

    review: dict[str, Any] = {"spec": {"token": told["status"]["token"], "audiences": ["other", "spam"]}}
    status = running.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)[1]
    assert status["spec"]["token"] == ""
    assert status["status"]["authenticated"] is True
    assert status["status"]["audiences"] == ["other"]
    extra = status["status"]["user"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["bound"]
    assert extra["authentication.kubernetes.io/credential-id"] == [f"JTI={claims['jti']}"]
    # for the API itself it is not meant
    assert running.request("GET", "/api", token=told["status"]["token"])[0] == 401

    running.request("DELETE", f"{PODS}/bound?gracePeriodSeconds=0")
    review["spec"]["audiences"] = ["other"]
    gone = running.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)[1]["status"]
    assert gone.get("authenticated") is None
    assert "pods bound, which is gone" in gone["error"]


@pytest.mark.parametrize(
    ("spec", "status", "told"),
    [
        ({"expirationSeconds": 599}, 422, "may not specify a duration less than 10 minutes"),
        ({"expirationSeconds": (1 << 32) + 1}, 422, "may not specify a duration larger than 2^32 seconds"),
        ({"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "nobody"}}, 404, 'pods "nobody" not found'),
        ({"boundObjectRef": {"kind": "Deployment", "apiVersion": "apps/v1", "name": "x"}}, 400, "cannot bind token"),
        (
            {"boundObjectRef": {"kind": "Node", "apiVersion": "v1", "name": NODE, "uid": "other"}},
            409,
            "does not match the UID",
        ),
        ({"audiences": "a"}, 400, "cannot unmarshal string"),
    ],
)
def test_tokens_that_are_not_made(running: Running, spec: dict[str, Any], status: int, told: str) -> None:
    found, answer = running.request("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": spec})
    assert found == status
    assert told in answer["message"]


def test_a_token_is_not_bound_to_the_pod_of_another_account(running: Running) -> None:
    running.request("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "other"}})
    running.request("POST", PODS, pod("others", serviceAccountName="other", schedulerName="nobody"))
    spec = {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "others"}}
    status, told = running.request("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": spec})
    assert status == 400
    assert "pod running with different serviceaccount name" in told["message"]
    assert running.request("POST", "/api/v1/namespaces/default/serviceaccounts/none/token", {})[0] == 404


def test_a_long_life_is_shortened_with_a_warning(running: Running) -> None:
    path = "/api/v1/namespaces/default/serviceaccounts/default/token"
    told = running.request("POST", path, {"spec": {"expirationSeconds": 1_000_000}})[1]
    assert told["spec"]["expirationSeconds"] == 86400
    assert "shortened to 86400 seconds" in running.answer_headers["warning"]


def test_the_issuer_publishes_its_keys(running: Running) -> None:
    metadata = running.request("GET", "/.well-known/openid-configuration", token="")[1]
    assert metadata["issuer"] == ISSUER
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]
    keys = running.request("GET", "/openid/v1/jwks", token="")[1]["keys"]
    assert running.answer_headers["content-type"] == "application/jwk-set+json"
    assert [(key["kty"], key["use"], key["alg"]) for key in keys] == [("RSA", "sig", "RS256")]
    assert json.loads(running.cluster.files.jwks.read_text()) == {"keys": keys}


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def test_access_reviews(running: Running) -> None:
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    ask = {"user": "nobody", "groups": ["system:authenticated"], **SELF_REVIEW["spec"]}
    assert running.request("POST", path, {"spec": ask})[1]["status"]["allowed"] is False
    ask["groups"] = ["system:masters"]
    assert running.request("POST", path, {"spec": ask})[1]["status"]["allowed"] is True
    assert running.request("POST", path, {"spec": {"user": "x"}})[0] == 400
    assert running.request("POST", path, {"spec": SELF_REVIEW["spec"]})[0] == 400
