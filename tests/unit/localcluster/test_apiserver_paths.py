"""What paths name."""

from __future__ import annotations

import pytest

from podid.localcluster.apiserver.paths import parse_path


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/api/v1/pods", ("pods", "", "", "")),
        ("/api/v1/namespaces/n/pods", ("pods", "n", "", "")),
        ("/api/v1/namespaces/n/pods/p", ("pods", "n", "p", "")),
        ("/api/v1/namespaces/n/pods/p/log", ("pods", "n", "p", "log")),
        ("/api/v1/namespaces", ("namespaces", "", "", "")),
        ("/api/v1/namespaces/n", ("namespaces", "", "n", "")),
        ("/api/v1/namespaces/n/status", ("namespaces", "", "n", "status")),
        ("/api/v1/namespaces/n/finalize", ("namespaces", "", "n", "finalize")),
        ("/api/v1/nodes/a", ("nodes", "", "a", "")),
        ("/apis/apps/v1/namespaces/n/daemonsets/d", ("daemonsets", "n", "d", "")),
        ("/apis/apps/v1/daemonsets", ("daemonsets", "", "", "")),
        ("/api/v1/namespaces/n/configmaps/a%2Eb", ("configmaps", "n", "a.b", "")),
    ],
)
def test_paths_of_kinds(path: str, named: tuple[str, str, str, str]) -> None:
    target = parse_path(path)
    assert target is not None
    assert (target.kind.resource, target.namespace, target.name, target.subresource) == named


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v2/pods",
        "/api/v1/daemonsets",
        "/apis/apps/v1",
        "/apis/apps/v1/pods",
        "/api/v1/spam",
        "/api/v1/namespaces/n/nodes/a",
        "/api/v1/namespaces/n/pods/p/spam",
        "/api/v1/namespaces/n/pods/p/log/x",
        "/api/v1/namespaces//pods",
        "/apis/batch/v1/jobs",
        "/metrics",
    ],
)
def test_what_names_no_kind(path: str) -> None:
    assert parse_path(path) is None
