"""The webhook over real TLS: certificates, reviews, health, metrics."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography import x509

from podid.core.http import HttpRequest, HttpResponse
from podid.lean.client import CannotConnect, HttpClient
from podid.webhook.certificates import WebhookFiles, prepare
from podid.webhook.serve import BODY_LIMIT, CannotStart, Webhook
from podid.webhook.settings import BadSettings, WebhookSettings

T = TypeVar("T")
JSON = (("Content-Type", "application/json"),)


class World:
    def __init__(self, webhook: Webhook, files: WebhookFiles, identities: Path) -> None:
        self.webhook = webhook
        self.files = files
        self.identities = identities
        self.client = HttpClient(ca_bundle=files.ca)

    async def send(self, path: str, body: bytes = b"", headers: Any = JSON, method: str = "POST") -> HttpResponse:
        request = HttpRequest(method=method, path=path, headers=headers, body=body)
        return await self.client.send(self.webhook.place, request, seconds=10)

    async def get(self, path: str) -> HttpResponse:
        return await self.send(path, headers=(), method="GET")


@pytest.fixture
def in_world(tmp_path: Path) -> Callable[..., Any]:
    def run(scenario: Callable[[World], Awaitable[T]], **changes: Any) -> T:
        files = prepare(tmp_path / "webhook")
        identities = tmp_path / "identities.json"
        identities.write_text('{"identities": [{"namespace": "default", "serviceAccount": "s3"}]}')
        given: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": 0,
            "identities": identities,
            "tls_cert": files.certificate,
            "tls_key": files.key,
            "aws_default_region": "us-east-1",
        }

        async def main() -> T:
            webhook = Webhook(WebhookSettings(**{**given, **changes}))
            await webhook.start()
            world = World(webhook, files, identities)
            try:
                async with asyncio.timeout(30):
                    return await scenario(world)
            finally:
                await world.client.close()
                await webhook.stop()

        return asyncio.run(main())

    return run


def review(namespace: str = "default", operation: str = "CREATE") -> bytes:
    """As an API server of 1.33 sends it for `kubectl apply` of a pod, after defaulting and the ServiceAccount admission."""
    token = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    access = {
        "name": "kube-api-access-x7k2p",
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
        "readOnly": True,
    }
    pod = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": "aws-cli",
            "namespace": namespace,
            "creationTimestamp": None,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}\n"},
            "managedFields": [
                {"manager": "kubectl-client-side-apply", "operation": "Update", "fieldsV1": {"f:spec": {}}}
            ],
        },
        "spec": {
            "volumes": [{"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [token]}}],
            "containers": [
                {
                    "name": "aws-cli",
                    "image": "amazon/aws-cli",
                    "command": ["sleep", "infinity"],
                    "resources": {},
                    "volumeMounts": [access],
                    "terminationMessagePath": "/dev/termination-log",
                    "imagePullPolicy": "Always",
                }
            ],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "s3",
            "serviceAccount": "s3",
            "securityContext": {},
            "schedulerName": "default-scheduler",
            "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}],
            "priority": 0,
            "enableServiceLinks": True,
            "preemptionPolicy": "PreemptLowerPriority",
        },
        "status": {},
    }
    request = {
        "uid": "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "aws-cli",
        "namespace": namespace,
        "operation": operation,
        "userInfo": {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]},
        "object": pod,
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}).encode()


def test_a_pod_is_mutated_over_tls(in_world: Callable[..., Any]) -> None:
    async def scenario(world: World) -> None:
        answer = await world.send("/mutate?timeout=10s", review())
        assert answer.status == 200
        assert dict(answer.headers)["content-type"] == "application/json"
        response = json.loads(answer.body)["response"]
        assert response["allowed"] is True
        patch = json.loads(base64.b64decode(response["patch"]))
        assert [operation["path"] for operation in patch] == [
            "/metadata/labels",
            "/spec/volumes/0",
            "/spec/containers/0/env",
            "/spec/containers/0/volumeMounts/-",
        ]
        assert [variable["name"] for variable in patch[2]["value"]] == [
            "AWS_DEFAULT_REGION",
            "AWS_REGION",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ]
        world.identities.unlink()
        assert "patch" not in json.loads((await world.send("/mutate", review())).body)["response"]

    in_world(scenario)


def test_content_types(in_world: Callable[..., Any]) -> None:
    async def scenario(world: World) -> None:
        charset = (("Content-Type", "application/json; charset=utf-8"),)
        assert (await world.send("/mutate", review(), charset)).status == 200
        for headers in ((), (("Content-Type", "text/plain"),)):
            answer = await world.send("/mutate", review(), headers)
            assert (answer.status, answer.body) == (415, b"Invalid Content-Type, expected `application/json`\n")
        assert (await world.get("/mutate")).status == 405
        assert (await world.get("/other")).status == 404

    in_world(scenario)


def test_a_review_larger_than_any_object_is_refused(in_world: Callable[..., Any]) -> None:
    async def scenario(world: World) -> int:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            int(world.webhook.place.rpartition(":")[2]),
            ssl=ssl.create_default_context(cafile=world.files.ca),
        )
        writer.write(b"POST /mutate HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n")
        # So much that the limit is passed, and no more: what is sent after the answer may reset the connection and lose it.
        writer.write(b"x" * (BODY_LIMIT + 1))
        async with asyncio.timeout(20):
            status = await reader.readline()
        writer.transport.abort()
        return int(status.split(b" ")[1])

    assert in_world(scenario) == 413


def test_health_is_good_only_while_identities_can_be_read(in_world: Callable[..., Any]) -> None:
    async def scenario(world: World) -> None:
        answer = await world.get("/healthz")
        assert (answer.status, answer.body) == (200, b"ok")

    in_world(scenario)


def test_health_is_bad_where_they_cannot(in_world: Callable[..., Any], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")

    async def scenario(world: World) -> None:
        assert (await world.get("/healthz")).status == 503
        answer = json.loads((await world.send("/mutate", review())).body)["response"]
        assert answer["allowed"] is True
        assert answer["warnings"]
        assert "podid_webhook_identities_unavailable 1" in (await world.get("/metrics")).body.decode()

    in_world(scenario, identities=broken)


def test_metrics_have_awss_names(in_world: Callable[..., Any]) -> None:
    async def scenario(world: World) -> str:
        for _ in range(3):
            await world.send("/mutate", review())
        await world.send("/mutate", review("other"))
        return (await world.get("/metrics")).body.decode()

    text = in_world(scenario)
    for line in (
        'http_request_count{verb="POST",path="/mutate",code="200"} 4',
        'http_request_latencies_count{verb="POST",path="/mutate"} 4',
        'http_request_latencies_bucket{verb="POST",path="/mutate",le="+Inf"} 4',
        'pod_identity_webhook_pod_count{method="container_credentials"} 3',
        "# TYPE pod_identity_webhook_used gauge",
        "pod_identity_webhook_used 1",
    ):
        assert line + "\n" in text


def test_who_does_not_know_the_authority_does_not_trust_the_webhook(
    in_world: Callable[..., Any], tmp_path: Path
) -> None:
    other = prepare(tmp_path / "other")

    async def scenario(world: World) -> None:
        with pytest.raises(CannotConnect):
            await HttpClient(ca_bundle=other.ca).send(
                world.webhook.place, HttpRequest(method="GET", path="/"), seconds=5
            )

    in_world(scenario)


def serial(world: World) -> int:
    """Of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=world.files.ca)
    port = int(world.webhook.place.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as tls,
    ):
        shown = tls.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown).serial_number


def test_a_replaced_certificate_is_taken_up_and_a_half_replaced_one_is_not(
    in_world: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def logged(text: str) -> None:
        while text not in caplog.text:
            await asyncio.sleep(0.005)

    async def scenario(world: World) -> None:
        first = await asyncio.to_thread(serial, world)
        key = world.files.key.read_bytes()
        world.files.certificate.unlink()
        prepare(world.files.ca.parent)
        new_key = world.files.key.read_bytes()
        caplog.set_level("INFO")
        await logged("certificate reread")
        second = await asyncio.to_thread(serial, world)
        assert second != first
        world.files.key.write_bytes(key)
        await logged("the certificate stays as it was")
        assert await asyncio.to_thread(serial, world) == second
        world.files.key.write_bytes(new_key)

    in_world(scenario, reload_seconds=0.01)


def test_prepare_makes_once_what_is_missing_and_keeps_the_authority(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    files = prepare(tmp_path / "w", now=now)
    before = [path.read_bytes() for path in (files.ca, files.certificate, files.key)]
    assert prepare(tmp_path / "w", now=now) == files
    assert [path.read_bytes() for path in (files.ca, files.certificate, files.key)] == before
    for secret in (files.key, tmp_path / "w" / "ca.key"):
        assert secret.stat().st_mode & 0o777 == 0o600
    prepare(tmp_path / "w", now=now + timedelta(days=336))
    assert files.ca.read_bytes() == before[0]
    assert files.certificate.read_bytes() != before[1]
    renewed = files.certificate.read_bytes()
    prepare(tmp_path / "w", now=now + timedelta(days=336), names=("localhost", "webhook.example"))
    assert files.certificate.read_bytes() != renewed


def test_the_serving_certificate_is_for_this_host_and_the_service(tmp_path: Path) -> None:
    certificate = x509.load_pem_x509_certificate(prepare(tmp_path).certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "pod-identity-webhook.kube-system.svc" in names.get_values_for_type(x509.DNSName)
    assert {str(address) for address in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}


def test_a_certificate_is_made_where_none_is_given(in_world: Callable[..., Any], tmp_path: Path) -> None:
    async def scenario(world: World) -> int:
        return (await world.get("/healthz")).status

    assert in_world(scenario, tls_cert=None, tls_key=None, home=tmp_path / "webhook") == 200


def test_what_keeps_it_from_starting_is_named(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"

    async def main(**changes: Any) -> None:
        given: dict[str, Any] = {"identities": nothing, "home": tmp_path, "host": "127.0.0.1", "port": 0}
        webhook = Webhook(WebhookSettings(**{**given, **changes}))
        try:
            await webhook.start()
        finally:
            await webhook.stop()

    with pytest.raises(CannotStart, match="certificate"):
        asyncio.run(main(tls_cert=nothing, tls_key=nothing))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CannotStart, match=r"cannot listen on 127\.0\.0\.1 port"):
            asyncio.run(main(port=taken.getsockname()[1]))
    for changes, text in (
        ({"identities": None}, "identities"),
        ({"endpoint": "http://h"}, "identities"),
        ({"identities": None, "endpoint": "http://h"}, "credentials file"),
        ({"tls_cert": nothing}, "tls cert"),
        ({"home": None}, "tls cert"),
        ({"token_expiration": 599}, "token expiration 599"),
    ):
        with pytest.raises(BadSettings, match=text):
            asyncio.run(main(**changes))
