"""What a client makes of answers that are wrong, and of none."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from podid.kube import (
    CONFIG_MAPS,
    PODS,
    AlreadyExists,
    BadKubeconfig,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    Kubernetes,
    NotFound,
    ServerTrouble,
    Unauthorized,
    Unreachable,
    connect,
)


def status(code: int, reason: str, message: str = "said so") -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (400, "BadRequest", Invalid),
        (401, "Unauthorized", Unauthorized),
        (403, "Forbidden", Forbidden),
        (404, "NotFound", NotFound),
        (409, "AlreadyExists", AlreadyExists),
        (409, "Conflict", Conflict),
        (410, "Expired", Gone),
        (415, "UnsupportedMediaType", Invalid),
        (422, "Invalid", Invalid),
        (429, "TooManyRequests", ServerTrouble),
        (500, "InternalError", ServerTrouble),
        (503, "ServiceUnavailable", ServerTrouble),
    ],
)
def test_statuses(answering: Any, guest: Kubernetes, code: int, reason: str, error: type[KubeError]) -> None:
    answering.say(status(code, reason), status=code)
    with pytest.raises(error, match=r"^said so$") as caught:
        guest.get(PODS, "x", "default")
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.reason) == (code, reason)


@pytest.mark.parametrize("body", [b"<html>bad gateway</html>", b"", b"[]", b'"text"', b"\xff\xfe"])
def test_errors_without_a_status_object(answering: Any, guest: Kubernetes, body: bytes) -> None:
    answering.answers = [(502, "text/html", body)]
    with pytest.raises(ServerTrouble):
        guest.get(PODS, "x", "default")


@pytest.mark.parametrize("body", [b"{", b"[]", b"ok"])
def test_answers_that_are_no_objects(answering: Any, guest: Kubernetes, body: bytes) -> None:
    answering.answers = [(200, "application/json", body)]
    with pytest.raises(ServerTrouble, match="is not"):
        guest.get(PODS, "x", "default")


def test_raw_answers_are_bounded(answering: Any, guest: Kubernetes) -> None:
    answering.answers = [(200, "text/plain", b"x" * ((1 << 20) + 1))]
    with pytest.raises(ServerTrouble, match="bytes"):
        guest.read("/openid/v1/jwks")


def test_pages_of_a_list_are_put_together(answering: Any, guest: Kubernetes) -> None:
    def page(name: str, more: str) -> dict[str, Any]:
        return {"metadata": {"resourceVersion": "7", "continue": more}, "items": [{"metadata": {"name": name}}]}

    answering.say(page("a", "next"), page("b", ""))
    found = guest.list(PODS)
    assert [each["metadata"]["name"] for each in found.items] == ["a", "b"] and found.resource_version == "7"
    assert [seen[1].partition("?")[2] for seen in answering.seen] == ["limit=500", "limit=500&continue=next"]


def test_requests_carry_the_token_and_deletes_their_options(answering: Any, guest: Kubernetes) -> None:
    answering.say({"kind": "Status", "status": "Success"})
    guest.delete(PODS, "a b", "default", uid="u", grace_seconds=0, propagation="Foreground")
    method, path, headers, body = answering.seen[0]
    assert (method, path) == ("DELETE", "/api/v1/namespaces/default/pods/a%20b")
    assert headers["Authorization"] == "Bearer secret"
    assert b'"propagationPolicy":"Foreground"' in body and b'"gracePeriodSeconds":0' in body and b'"uid":"u"' in body


class TestWatch:
    def answer(self, answering: Any, *lines: bytes) -> None:
        answering.answers = [(200, "application/json", b"\n".join(lines))]

    def test_error_event(self, answering: Any, guest: Kubernetes) -> None:
        self.answer(answering, b'{"type":"ERROR","object":{"code":410,"reason":"Expired","message":"too old"}}')
        with pytest.raises(Gone, match="too old"):
            list(guest.watch(PODS))

    @pytest.mark.parametrize("line", [b"{", b"[]", b'{"type":"NEW","object":{}}', b'{"object":{}}', b"1"])
    def test_lines_that_are_no_events(self, answering: Any, guest: Kubernetes, line: bytes) -> None:
        self.answer(answering, line)
        with pytest.raises(ServerTrouble):
            list(guest.watch(PODS))

    def test_status_instead_of_a_stream(self, answering: Any, guest: Kubernetes) -> None:
        answering.say(status(403, "Forbidden"), status=403)
        with pytest.raises(Forbidden):
            list(guest.watch(PODS))


class TestUnreachable:
    def test_refused(self, write_kubeconfig: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        client = connect(write_kubeconfig(f"http://127.0.0.1:{port}"), timeout=2)
        for ask in (lambda: client.get(PODS, "x", "default"), lambda: list(client.watch(PODS))):
            with pytest.raises(Unreachable, match="gave no answer"):
                ask()
        client.close()

    def test_silent(self, write_kubeconfig: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            client = connect(write_kubeconfig(f"http://127.0.0.1:{silent.getsockname()[1]}"), timeout=0.05)
            with pytest.raises(Unreachable):
                client.get(PODS, "x", "default")
            client.close()

    def test_certificate_of_another(self, local_cluster: Any, write_kubeconfig: Any) -> None:
        """A server whose certificate the kubeconfig's authority did not sign is not talked to."""
        client = connect(write_kubeconfig(local_cluster.files.endpoint, token="t"), timeout=2)
        with pytest.raises(Unreachable, match="certificate"):
            client.get(CONFIG_MAPS, "x", "default")
        client.close()

    def test_wrong_token(self, local_cluster: Any, tmp_path: Path) -> None:
        good = local_cluster.files.serve_kubeconfig.read_text()
        import yaml

        known = yaml.safe_load(good)
        known["users"][0]["user"] = {"token": "wrong"}
        (tmp_path / "k").write_text(yaml.safe_dump(known))
        client = connect(tmp_path / "k", timeout=2)
        with pytest.raises(Unauthorized):
            client.get(CONFIG_MAPS, "x", "default")
        client.close()


class TestKubeconfig:
    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(BadKubeconfig, match="none"):
            connect(tmp_path / "none")

    @pytest.mark.parametrize(
        "text", ["", "[]", "a: [", "clusters: 1\ncontexts: 2\n", "token: topsecret\n\tx", "current-context: x"]
    )
    def test_malformed_is_refused_without_repeating_it(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "kubeconfig"
        path.write_text(text)
        with pytest.raises(BadKubeconfig) as refused:
            connect(path)
        assert "topsecret" not in str(refused.value)

    def test_context_that_is_not_there(self, write_kubeconfig: Any) -> None:
        with pytest.raises(BadKubeconfig, match="other"):
            connect(write_kubeconfig("http://127.0.0.1:1"), context="other")

    def test_without_a_user_nothing_is_sent(self, answering: Any, tmp_path: Path) -> None:
        import json

        path = tmp_path / "kubeconfig"
        known = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": answering.url}}],
            "contexts": [{"name": "c", "context": {"cluster": "c"}}],
        }
        path.write_text(json.dumps(known))
        answering.say({"gitVersion": "v1.33.1"})
        client = connect(path)
        assert client.server_version() == "v1.33.1"
        assert "Authorization" not in answering.seen[0][2]
        client.close()

    def test_proxy_of_the_environment_is_not_used_on_this_machine(
        self, answering: Any, guest: Kubernetes, write_kubeconfig: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.delenv("no_proxy", raising=False)
        answering.say({"gitVersion": "v1.33.1"})
        client = connect(write_kubeconfig(answering.url), timeout=2)
        assert client.server_version() == "v1.33.1"
        client.close()
