"""Mutating webhooks: who is asked, in which order, and what happens when one denies, fails or answers nonsense.

The webhook is a real HTTPS server, with a certificate of an authority of its own.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.unit.localcluster.running_cluster import PODS, Running, pod, until

from podid.localcluster import pki

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
Reviewer = Callable[[dict[str, Any]], Any]


class WebhookServer:
    """`answer` makes the response of a request; what was asked is kept."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.answer: Reviewer = allow()
        authority_key, key = pki.make_key(), pki.make_key()
        now = datetime.now(UTC)
        self.ca = pki.make_authority(authority_key, "webhook-ca", now)
        (folder / "tls.crt").write_bytes(
            pki.make_certificate(key, self.ca, authority_key, ["127.0.0.1", "hook.hooks.svc"], now)
        )
        (folder / "tls.key").write_bytes(key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))["request"]
                outer.asked.append(request)
                outer.paths.append(self.path)
                told = outer.answer(request)
                status, body = told if isinstance(told, tuple) else (200, told)
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def client(self, path: str = "/mutate") -> dict[str, Any]:
        return {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": base64.b64encode(self.ca).decode()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def review(request: dict[str, Any], **response: Any) -> dict[str, Any]:
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": request["uid"], **response},
    }


def allow(patch: Any = None, **more: Any) -> Reviewer:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if patch is not None:
            more["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
            more["patchType"] = "JSONPatch"
        return review(request, allowed=True, **more)

    return answer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WebhookServer]:
    server = WebhookServer(tmp_path)
    yield server
    server.close()


@pytest.fixture
def configure(running: Running, server: WebhookServer) -> Iterator[Callable[..., None]]:
    """Makes a configuration of webhooks, for pods that are labelled `hooked` unless told otherwise."""
    made: list[str] = []

    def make(name: str = "hooks", *webhooks: dict[str, Any]) -> None:
        base: dict[str, Any] = {
            "name": "one.example.com",
            "clientConfig": server.client(),
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "objectSelector": {"matchLabels": {"hooked": "yes"}},
            "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        }
        body = {"metadata": {"name": name}, "webhooks": [{**base, **one} for one in webhooks or ({},)]}
        status, told = running.request("POST", CONFIGURATIONS, body)
        assert status == 201, told
        made.append(name)

    yield make
    for name in made:
        running.request("DELETE", f"{CONFIGURATIONS}/{name}")


def hooked(name: str, **spec: Any) -> dict[str, Any]:
    body = pod(name, schedulerName="nobody", **spec)
    body["metadata"]["labels"] = {"hooked": "yes"}
    return body


def label(name: str, value: str = "1") -> list[dict[str, Any]]:
    return [{"op": "add", "path": f"/metadata/labels/{name}", "value": value}]


def test_a_pod_is_patched(running: Running, server: WebhookServer, configure: Callable[..., None]) -> None:
    configure()
    server.answer = allow(label("patched"), warnings=["mind the gap"])
    status, made = running.request("POST", f"{PODS}?fieldManager=me", hooked("patched"))
    assert status == 201
    assert made["metadata"]["labels"]["patched"] == "1"
    assert running.answer_headers["warning"] == '299 - "mind the gap"'
    request = server.asked[0]
    assert server.paths == ["/mutate?timeout=10s"]
    assert request["operation"] == "CREATE"
    assert request["kind"] == request["requestKind"] == {"group": "", "version": "v1", "kind": "Pod"}
    assert request["resource"] == {"group": "", "version": "v1", "resource": "pods"}
    assert (request["namespace"], request["name"], request["dryRun"]) == ("default", "patched", False)
    assert request["userInfo"]["username"] == "kubernetes-admin"
    assert request["options"] == {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "me"}
    assert request["oldObject"] is None
    # defaults and the service account came before it
    assert request["object"]["spec"]["serviceAccountName"] == "default"
    assert request["object"]["spec"]["volumes"][0]["name"].startswith("kube-api-access-")


def test_a_generated_name_comes_after(running: Running, server: WebhookServer, configure: Callable[..., None]) -> None:
    configure()
    body = hooked("x")
    body["metadata"] = {"generateName": "gen-", "labels": {"hooked": "yes"}}
    made = running.request("POST", PODS, body)[1]
    assert made["metadata"]["name"].startswith("gen-")
    assert "name" not in server.asked[0]
    assert "name" not in server.asked[0]["object"]["metadata"]


def test_a_container_that_a_webhook_adds_gets_the_token_too(
    running: Running, server: WebhookServer, configure: Callable[..., None]
) -> None:
    configure()
    server.answer = allow([{"op": "add", "path": "/spec/containers/-", "value": {"name": "extra", "image": "y"}}])
    made = running.request("POST", PODS, hooked("extra"))[1]
    extra = made["spec"]["containers"][1]
    assert extra["imagePullPolicy"] == "Always"
    assert extra["volumeMounts"] == made["spec"]["containers"][0]["volumeMounts"]
    assert len(made["spec"]["volumes"]) == 1


def test_a_denial_is_shown(running: Running, server: WebhookServer, configure: Callable[..., None]) -> None:
    configure()
    server.answer = lambda request: review(request, allowed=False, status={"code": 403, "message": "not today"})
    status, told = running.request("POST", PODS, hooked("denied"))
    assert (status, told["reason"]) == (403, "Forbidden")
    assert told["message"] == 'admission webhook "one.example.com" denied the request: not today'
    server.answer = lambda request: review(request, allowed=False)
    status, told = running.request("POST", PODS, hooked("denied"))
    assert (status, told["message"]) == (
        400,
        'admission webhook "one.example.com" denied the request without explanation',
    )
    assert running.request("GET", f"{PODS}/denied")[0] == 404


NONSENSE: list[Reviewer] = [
    lambda request: (500, b"oops"),
    lambda request: b"not json",
    lambda request: {**review(request, allowed=True), "apiVersion": "admission.k8s.io/v1beta1"},
    lambda request: {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"},
    lambda request: review(request, allowed=True, uid="other"),
    lambda request: review(request),
    lambda request: review(request, allowed=True, patch="e30="),
    lambda request: review(request, allowed=True, patch="!", patchType="JSONPatch"),
    lambda request: b"[" * 100_000,
]


@pytest.mark.parametrize("answer", NONSENSE)
def test_a_call_that_fails_is_an_error_or_ignored(
    running: Running, server: WebhookServer, configure: Callable[..., None], answer: Reviewer
) -> None:
    configure()
    server.answer = answer
    status, told = running.request("POST", PODS, hooked("failed"))
    assert (status, told["reason"]) == (500, "InternalError")
    assert told["message"].startswith(
        'Internal error occurred: failed calling webhook "one.example.com": failed to call webhook: '
    )
    patch = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
    running.request("PATCH", f"{CONFIGURATIONS}/hooks", patch, content_type="application/json-patch+json")
    assert running.request("POST", f"{PODS}?dryRun=All", hooked("ignored"))[0] == 201


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ([{"op": "remove", "path": "/none"}], "there is no /none"),
        ([{"op": "add", "path": "/spec/hostNetwork", "value": "yes"}], "cannot unmarshal string"),
        ([{"op": "replace", "path": "", "value": []}], "leaves no object"),
    ],
)
def test_a_patch_that_does_not_apply_is_an_error_whatever_the_policy(
    running: Running, server: WebhookServer, configure: Callable[..., None], patch: Any, told: str
) -> None:
    configure("hooks", {"failurePolicy": "Ignore"})
    server.answer = allow(patch)
    status, answer = running.request("POST", PODS, hooked("unfit"))
    assert status == 500
    assert told in answer["message"]


def test_what_a_webhook_makes_is_validated(
    running: Running, server: WebhookServer, configure: Callable[..., None]
) -> None:
    configure()
    server.answer = allow([{"op": "add", "path": "/spec/restartPolicy", "value": "Often"}])
    status, told = running.request("POST", PODS, hooked("invalid"))
    assert (status, told["reason"]) == (422, "Invalid")


def test_a_webhook_that_is_not_there(running: Running, configure: Callable[..., None], server: WebhookServer) -> None:
    configure("hooks", {"clientConfig": {"url": "https://127.0.0.1:1/"}})
    status, told = running.request("POST", PODS, hooked("alone"))
    assert status == 500
    assert told["message"].endswith(
        'Post "https://127.0.0.1:1/?timeout=10s": dial tcp 127.0.0.1:1: connect: connection refused'
    )


def test_a_certificate_of_another_authority_is_not_trusted(
    running: Running, server: WebhookServer, configure: Callable[..., None]
) -> None:
    other = pki.make_authority(pki.make_key(), "other", datetime.now(UTC))
    client = {**server.client(), "caBundle": base64.b64encode(other).decode()}
    configure("hooks", {"clientConfig": client})
    status, told = running.request("POST", PODS, hooked("untrusted"))
    assert status == 500
    assert "tls: failed to verify certificate: x509: " in told["message"]
    assert server.asked == []


def test_a_webhook_that_is_too_slow(running: Running, server: WebhookServer, configure: Callable[..., None]) -> None:
    configure("hooks", {"timeoutSeconds": 1})
    late = threading.Event()

    def answer(request: dict[str, Any]) -> Any:
        late.wait(5)
        return review(request, allowed=True)

    server.answer = answer
    status, told = running.request("POST", PODS, hooked("late"))
    late.set()
    assert status == 500
    assert told["message"].endswith("context deadline exceeded")


def test_webhooks_are_asked_in_order_and_see_what_came_before(
    running: Running, server: WebhookServer, configure: Callable[..., None]
) -> None:
    def answer(request: dict[str, Any]) -> Any:
        labels = request["object"]["metadata"]["labels"]
        return allow(label(f"seen{len(labels)}"))(request)

    server.answer = answer
    configure("b-second", {"clientConfig": server.client("/b")})
    configure(
        "a-first",
        {"clientConfig": server.client("/a1")},
        {"name": "two.example.com", "clientConfig": server.client("/a2")},
    )
    made = running.request("POST", PODS, hooked("order"))[1]
    assert [path.partition("?")[0] for path in server.paths] == ["/a1", "/a2", "/b"]
    assert made["metadata"]["labels"] == {"hooked": "yes", "seen1": "1", "seen2": "1", "seen3": "1"}


def test_a_webhook_may_be_asked_again_after_a_later_change(
    running: Running, server: WebhookServer, configure: Callable[..., None]
) -> None:
    def answer(request: dict[str, Any]) -> Any:
        path = server.paths[-1].partition("?")[0]
        return allow(label("later") if path == "/later" else [])(request)

    server.answer = answer
    configure(
        "hooks",
        {"clientConfig": server.client("/again"), "reinvocationPolicy": "IfNeeded"},
        {"name": "never.example.com", "clientConfig": server.client("/never")},
        {"name": "later.example.com", "clientConfig": server.client("/later"), "reinvocationPolicy": "IfNeeded"},
    )
    running.request("POST", PODS, hooked("again"))
    assert [path.partition("?")[0] for path in server.paths] == ["/again", "/never", "/later", "/again"]


def test_dry_runs(running: Running, server: WebhookServer, configure: Callable[..., None]) -> None:
    configure()
    assert running.request("POST", f"{PODS}?dryRun=All", hooked("dry"))[0] == 201
    assert server.asked[0]["dryRun"] is True


def test_updates_and_deletes(running: Running, server: WebhookServer, configure: Callable[..., None]) -> None:
    rule = {"operations": ["UPDATE", "DELETE"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["configmaps"]}
    configure("hooks", {"rules": [rule]})
    path = "/api/v1/namespaces/default/configmaps"
    body = {"metadata": {"name": "watched-over", "labels": {"hooked": "yes"}}}
    running.request("POST", path, body)
    running.request("PATCH", f"{path}/watched-over", {"data": {"a": "1"}}, content_type="application/merge-patch+json")
    running.request("PATCH", f"{path}/watched-over", {"data": {"a": "1"}}, content_type="application/merge-patch+json")
    server.answer = lambda request: review(request, allowed=request["operation"] != "DELETE")
    assert running.request("DELETE", f"{path}/watched-over")[0] == 400
    assert [one["operation"] for one in server.asked] == ["UPDATE", "DELETE"]
    assert server.asked[0]["object"]["data"] == {"a": "1"}
    assert "data" not in server.asked[0]["oldObject"]
    assert server.asked[1]["object"] is None
    assert server.asked[1]["oldObject"]["data"] == {"a": "1"}


def test_webhook_configurations_are_exempt(
    running: Running, server: WebhookServer, configure: Callable[..., None]
) -> None:
    rule = {
        "operations": ["*"],
        "apiGroups": ["*"],
        "apiVersions": ["*"],
        "resources": ["mutatingwebhookconfigurations"],
    }
    configure("hooks", {"rules": [rule], "objectSelector": {}, "clientConfig": {"url": "https://127.0.0.1:1/"}})
    patch = {"metadata": {"labels": {"a": "b"}}}
    assert (
        running.request("PATCH", f"{CONFIGURATIONS}/hooks", patch, content_type="application/merge-patch+json")[0]
        == 200
    )


def test_a_webhook_behind_a_service(running: Running, server: WebhookServer, configure: Callable[..., None]) -> None:
    namespace = "/api/v1/namespaces/hooks"
    running.request("POST", "/api/v1/namespaces", {"metadata": {"name": "hooks"}})
    service = {"name": "hook", "namespace": "hooks", "path": "/mutate", "port": 8443}
    bundle = base64.b64encode(server.ca).decode()
    configure("hooks", {"clientConfig": {"service": service, "caBundle": bundle}, "failurePolicy": "Fail"})

    def refused() -> str:
        status, told = running.request("POST", PODS, hooked("served"))
        assert status == 500
        return str(told["message"])

    assert 'service "hook" not found' in refused()
    spec = {"selector": {"app": "hook"}, "ports": [{"port": 8443, "targetPort": "https"}]}
    running.request("POST", f"{namespace}/services", {"metadata": {"name": "hook"}, "spec": spec})
    assert 'no endpoints available for service "hook"' in refused()
    backend = pod("backend")
    backend["metadata"]["labels"] = {"app": "hook"}
    backend["spec"]["containers"][0]["ports"] = [{"name": "https", "containerPort": server.port}]
    running.request("POST", f"{namespace}/pods", backend)
    server.answer = allow(label("served"))
    until(lambda: running.request("POST", f"{PODS}?dryRun=All", hooked("served"))[0] == 201)
    assert running.request("POST", PODS, hooked("served"))[1]["metadata"]["labels"]["served"] == "1"
    assert server.paths[-1] == "/mutate?timeout=10s"
    running.request("DELETE", "/api/v1/namespaces/hooks")
