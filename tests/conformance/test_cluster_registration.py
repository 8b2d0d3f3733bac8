"""podid's extension that registers a cluster with its issuer and keys: over HTTP, and by the command that reads a kubeconfig."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from tests.conformance.api_server import ApiServer
from tests.conformance.endpoint import ACCOUNT, CLUSTER, REGION, Answer, Endpoint, Key
from tests.conformance.issuer import Issuer


def register(endpoint: Endpoint, name: str, key: Key | None = None, **asked: Any) -> Answer:
    body = json.dumps(asked).encode()
    return endpoint.call("podid", "POST", f"/_podid/clusters/{name}/registration", body, key=key)


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer("https://issuer.example.com/elsewhere")


@pytest.fixture(scope="module")
def known(endpoint: Endpoint, issuer: Issuer) -> dict[str, Any]:
    told = register(endpoint, "told-of", Issuer=issuer.url, Jwks=issuer.jwks(), Version="1.34")
    assert told.status == 200, told
    return dict(told.json)


def test_it_is_a_cluster_like_any_other(endpoint: Endpoint, issuer: Issuer, known: dict[str, Any]) -> None:
    arn = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/told-of"
    assert known == {"ClusterArn": arn, "Issuer": issuer.url, "Status": "ACTIVE", "Version": "1.34"}
    told = endpoint.client("eks").describe_cluster(name="told-of")["cluster"]
    assert told["identity"]["oidc"]["issuer"] == issuer.url
    entries = endpoint.client("eks").list_access_entries(clusterName="told-of")["accessEntries"]
    assert entries == [f"arn:aws:iam::{ACCOUNT}:user/admin"]


def test_its_pods_get_credentials(endpoint: Endpoint, issuer: Issuer, role: str, known: dict[str, Any]) -> None:
    endpoint.client("eks").create_pod_identity_association(
        clusterName="told-of", namespace="ns", serviceAccount="sa", roleArn=role
    )
    answer = endpoint.assume(issuer.token("sa"), "told-of", key=endpoint.administrator)
    assert answer.status == 200, answer
    assert answer.json["subject"] == {"namespace": "ns", "serviceAccount": "sa"}


def test_another_registration_changes_its_keys_and_not_its_administrator(
    endpoint: Endpoint, known: dict[str, Any]
) -> None:
    statement = {"Effect": "Allow", "Action": "podid:RegisterCluster", "Resource": "*"}
    other, key = Issuer("https://issuer.example.com/moved"), endpoint.user("registrar", statement)
    assert register(endpoint, "told-of", key, Issuer=other.url, Jwks=other.jwks()).status == 200
    assert endpoint.assume(other.token("nobody"), "told-of", key=endpoint.administrator).status == 404
    entries = endpoint.client("eks").list_access_entries(clusterName="told-of")["accessEntries"]
    assert entries == [f"arn:aws:iam::{ACCOUNT}:user/admin"]


EC_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "1",
    "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
}
"""The public key of RFC 7517, appendix A.1."""


def jwks(*keys: dict[str, str]) -> str:
    return json.dumps({"keys": keys})


GOOD = {"Issuer": "https://issuer.example.com/x", "Jwks": jwks(EC_KEY)}
REFUSED: dict[str, tuple[str, dict[str, Any], int]] = {
    "no issuer": ("refused", {"Jwks": GOOD["Jwks"]}, 400),
    "no keys": ("refused", {"Issuer": GOOD["Issuer"]}, 400),
    "two sources": ("refused", GOOD | {"JwksUrl": "https://issuer.example.com/keys"}, 400),
    "keys that are none": ("refused", GOOD | {"Jwks": "[]"}, 400),
    "a set without a key": ("refused", GOOD | {"Jwks": jwks()}, 400),
    "a shared secret alone": ("refused", GOOD | {"Jwks": jwks({"kty": "oct", "kid": "1", "k": "AAAA"})}, 400),
    "a shared secret beside": ("refused", GOOD | {"Jwks": jwks(EC_KEY, {"kty": "oct", "kid": "2", "k": "AAAA"})}, 400),
    "a private key": ("refused", GOOD | {"Jwks": jwks(EC_KEY | {"d": "AQAB"})}, 400),
    "a key without its name": ("refused", GOOD | {"Jwks": jwks({**EC_KEY, "kid": ""})}, 400),
    "a point off its curve": ("refused", GOOD | {"Jwks": jwks(EC_KEY | {"y": EC_KEY["x"]})}, 400),
    "a key too short": ("refused", GOOD | {"Jwks": jwks({"kty": "RSA", "kid": "1", "n": "AQAB", "e": "AQAB"})}, 400),
    "keys by http": ("refused", {"Issuer": GOOD["Issuer"], "JwksUrl": "http://127.0.0.1/keys"}, 400),
    "keys of a file": ("refused", {"Issuer": GOOD["Issuer"], "JwksUrl": "file:///etc/passwd"}, 400),
    "an issuer by http": ("refused", GOOD | {"Issuer": "http://issuer.example.com"}, 400),
    "an authority that is none": ("refused", GOOD | {"CertificateAuthority": "x"}, 400),
    "a name that is none": ("-refused", GOOD, 400),
    "a cluster of the installation file": (CLUSTER, GOOD, 409),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal(endpoint: Endpoint, case: str) -> None:
    name, asked, status = REFUSED[case]
    answer = register(endpoint, name, **asked)
    assert (answer.status, bool(answer.text)) == (status, True), answer
    assert "refused" not in endpoint.client("eks").list_clusters()["clusters"]


def test_a_key_set_may_hold_what_podid_has_no_use_for(endpoint: Endpoint) -> None:
    newer = {"kty": "OKP", "crv": "Ed25519", "kid": "2", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert register(endpoint, "newer-keys", Issuer=GOOD["Issuer"], Jwks=jwks(EC_KEY, newer)).status == 200
    endpoint.client("eks").delete_cluster(name="newer-keys")


def test_it_is_a_permission(endpoint: Endpoint, powerless: Key) -> None:
    answer = register(endpoint, "refused", powerless, **GOOD)
    assert (answer.status, answer.code) == (403, "AccessDeniedException")
    assert f"podid:RegisterCluster on resource: arn:aws:podid:{REGION}:{ACCOUNT}:cluster/refused" in answer.text


def by_command(endpoint: Endpoint, *arguments: str) -> subprocess.CompletedProcess[str]:
    key = endpoint.administrator
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_REGION": REGION,
    }
    command = [sys.executable, "-m", "podid", "cluster", "register", *arguments, "-o", "json"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_by_a_kubeconfig(endpoint: Endpoint, api_server: ApiServer) -> None:
    done = by_command(endpoint, "by-kubeconfig", "--kubeconfig", str(api_server.kubeconfig))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["issuer"] == endpoint.issuer.url
    told = endpoint.client("eks").describe_cluster(name="by-kubeconfig")["cluster"]
    assert told["endpoint"] == api_server.url
    assert told["certificateAuthority"]["data"]


def test_a_command_without_keys_is_wrong_usage(endpoint: Endpoint) -> None:
    done = by_command(endpoint, "no-keys", "--issuer", "https://issuer.example.com")
    assert (done.returncode, "--jwks" in done.stderr) == (2, True)
