"""Who may do what, and what the API says of itself."""

from __future__ import annotations

import http.client
import ssl
from typing import Any

import pytest
from tests.unit.localcluster.running_cluster import CONFIG_MAPS, PODS, Running, pod

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/livez", 200),
        ("/readyz", 200),
        ("/version", 200),
        ("/openid/v1/jwks", 200),
        ("/.well-known/openid-configuration", 200),
        ("/api", 401),
        ("/apis", 401),
        ("/openapi/v3", 401),
        ("/api/v1/pods", 401),
        ("/api/v1/namespaces/kube-system/secrets", 401),
        ("/nothing", 401),
    ],
)
def test_what_anyone_may_read(running: Running, path: str, status: int) -> None:
    assert running.request("GET", path, token="")[0] == status


@pytest.mark.parametrize("token", ["wrong", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_an_unknown_token_is_unauthorized(running: Running, token: str) -> None:
    status, told = running.request("GET", "/api/v1/pods", token=token)
    assert (status, told["reason"], told["message"]) == (401, "Unauthorized", "Unauthorized")


def test_another_scheme_is_unauthorized(running: Running) -> None:
    context = ssl.create_default_context(cadata=running.cluster.files.ca_pem)
    connection = http.client.HTTPSConnection("127.0.0.1", running.port, context=context, timeout=20)
    connection.request("GET", "/api", headers={"Authorization": "Basic YTpi"})
    assert connection.getresponse().status == 401
    connection.close()


@pytest.fixture(scope="module")
def pods_token(running: Running) -> str:
    status, told = running.request(
        "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {"expirationSeconds": None}}
    )
    assert status == 201
    return str(told["status"]["token"])


SELF_REVIEW = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}


# The golden table of what a service account may do: discovery, and reviewing itself.
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api", None, 200),
        ("GET", "/apis", None, 200),
        ("GET", "/api/v1", None, 200),
        ("GET", "/apis/apps/v1", None, 200),
        ("GET", "/openapi/v3", None, 200),
        ("GET", "/version", None, 200),
        ("GET", "/metrics", None, 403),
        ("POST", "/api", None, 403),
        ("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, 201),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", SELF_REVIEW, 201),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", {"spec": {"namespace": "default"}}, 201),
        (
            "POST",
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            {"spec": {"user": "x", **SELF_REVIEW["spec"]}},
            403,
        ),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x"}}, 403),
        ("GET", "/api/v1/pods", None, 403),
        ("GET", "/api/v1/pods?watch=true", None, 403),
        ("GET", "/api/v1/namespaces", None, 403),
        ("GET", "/api/v1/namespaces/default", None, 403),
        ("GET", "/api/v1/namespaces/default/secrets", None, 403),
        ("GET", "/api/v1/namespaces/default/serviceaccounts/default", None, 403),
        ("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {}, 403),
        ("POST", PODS, pod("no"), 403),
        ("PUT", f"{PODS}/no", pod("no"), 403),
        ("PATCH", f"{PODS}/no", {}, 403),
        ("DELETE", f"{PODS}/no", None, 403),
        ("DELETE", PODS, None, 403),
        ("GET", f"{PODS}/no/log", None, 403),
        ("GET", f"{PODS}/no/exec?command=id", None, 403),
        ("POST", f"{PODS}/no/exec?command=id", None, 403),
        ("POST", f"{PODS}/no/portforward", None, 403),
        ("POST", f"{PODS}/no/eviction", {}, 403),
        ("POST", "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", {}, 403),
    ],
)
def test_what_a_service_account_may_do(
    running: Running, pods_token: str, method: str, path: str, body: Any, status: int
) -> None:
    assert running.request(method, path, body, token=pods_token)[0] == status


def test_a_refusal_has_kubernetes_words(running: Running, pods_token: str) -> None:
    user = 'User "system:serviceaccount:default:default"'
    told = running.request("GET", "/apis/apps/v1/daemonsets", token=pods_token)[1]
    assert told["message"] == (
        f'daemonsets.apps is forbidden: {user} cannot list resource "daemonsets" in API group "apps" at the cluster scope'
    )
    told = running.request("GET", f"{PODS}/x/log", token=pods_token)[1]
    assert told["message"] == (
        f'pods "x" is forbidden: {user} cannot get resource "pods/log" in API group "" in the namespace "default"'
    )
    told = running.request("GET", "/metrics", token=pods_token)[1]
    assert told["message"] == f'forbidden: {user} cannot get path "/metrics"'


@pytest.mark.parametrize(
    ("headers", "username", "groups"),
    [
        ({"Impersonate-User": "jane"}, "jane", ["system:authenticated"]),
        ({"Impersonate-User": "jane", "Impersonate-Group": "devs"}, "jane", ["devs", "system:authenticated"]),
        (
            {"Impersonate-User": "system:serviceaccount:n:s"},
            "system:serviceaccount:n:s",
            ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"],
        ),
    ],
)
def test_the_administrator_may_act_as_someone_else(
    running: Running, headers: dict[str, str], username: str, groups: list[str]
) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    told = running.request("POST", path, {}, headers=headers)[1]["status"]["userInfo"]
    assert (told["username"], told["groups"]) == (username, groups)
    assert running.request("GET", "/api/v1/pods", headers=headers)[0] == 403


def test_nobody_else_may_act_as_someone_else(running: Running, pods_token: str) -> None:
    acting = {"Impersonate-User": "kubernetes-admin", "Impersonate-Group": "system:masters"}
    status, told = running.request("GET", "/api/v1/pods", token=pods_token, headers=acting)
    assert status == 403
    assert 'cannot impersonate resource "users"' in told["message"]
    assert running.request("GET", "/healthz", token="", headers=acting)[0] == 401
    assert running.request("GET", "/api", headers={"Impersonate-Group": "system:masters"})[0] == 400


def test_discovery_in_both_forms(running: Running) -> None:
    core = running.request("GET", "/api", accept=AGGREGATED)[1]
    assert (
        running.answer_headers["content-type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    )
    pods = next(one for one in core["items"][0]["versions"][0]["resources"] if one["resource"] == "pods")
    assert pods["shortNames"] == ["po"]
    assert "log" in [one["subresource"] for one in pods["subresources"]]
    groups = [item["metadata"]["name"] for item in running.request("GET", "/apis", accept=AGGREGATED)[1]["items"]]
    assert "apps" in groups
    assert running.request("GET", "/api")[1]["kind"] == "APIVersions"
    assert sorted(one["name"] for one in running.request("GET", "/apis")[1]["groups"]) == sorted(groups)
    listed = running.request("GET", "/api/v1")[1]
    token = next(one for one in listed["resources"] if one["name"] == "serviceaccounts/token")
    assert (token["kind"], token["group"]) == ("TokenRequest", "authentication.k8s.io")
    assert running.request("GET", "/apis/apps")[1]["preferredVersion"]["groupVersion"] == "apps/v1"


def test_openapi_says_that_every_kind_can_be_patched(running: Running) -> None:
    index = running.request("GET", "/openapi/v3")[1]["paths"]
    for entry in index.values():
        document = running.request("GET", entry["serverRelativeURL"])[1]
        for path in document["paths"].values():
            patch = path.get("patch")
            if patch is not None:
                assert "fieldValidation" in [one["name"] for one in patch["parameters"]]
                assert patch["x-kubernetes-group-version-kind"]["kind"] in document["components"]["schemas"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/version", 405),
        ("POST", f"{CONFIG_MAPS}/x", 405),
        ("PUT", CONFIG_MAPS, 405),
        ("GET", "/apis/batch/v1/jobs", 404),
        ("POST", "/apis/batch/v1/namespaces/default/jobs", 404),
        ("GET", f"{CONFIG_MAPS}/nothing", 404),
        ("POST", "/api/v1/configmaps", 400),
        ("GET", f"{CONFIG_MAPS}?labelSelector=%3D", 400),
        ("GET", f"{CONFIG_MAPS}?fieldSelector=data.a%3Db", 400),
        ("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=x", 400),
        ("GET", f"{CONFIG_MAPS}?watch=1&timeoutSeconds=x", 400),
        ("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=99999999", 410),
        ("GET", f"{CONFIG_MAPS}?watch=1&sendInitialEvents=1", 422),
    ],
)
def test_what_is_not_there_or_not_understood(running: Running, method: str, path: str, status: int) -> None:
    assert running.request(method, path, {} if method != "GET" else None)[0] == status


def test_protobuf_answers_are_not_made(running: Running) -> None:
    status, told = running.request("GET", CONFIG_MAPS, accept="application/vnd.kubernetes.protobuf")
    assert (status, told["reason"]) == (406, "NotAcceptable")
    assert running.request("GET", CONFIG_MAPS, accept="application/vnd.kubernetes.protobuf,application/json")[0] == 200


def test_metadata_alone(running: Running) -> None:
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    listed = running.request("GET", CONFIG_MAPS, accept=accept)[1]
    assert listed["kind"] == "PartialObjectMetadataList"
    assert {frozenset(item) for item in listed["items"]} == {frozenset(("kind", "apiVersion", "metadata"))}
