"""The client against a real API server: the local cluster's, over TLS, with its own kubeconfig."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from podid.kube import (
    CONFIG_MAPS,
    DAEMON_SETS,
    NAMESPACES,
    PODS,
    AlreadyExists,
    Change,
    Conflict,
    Invalid,
    Kubernetes,
    NotFound,
)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default", "labels": {"of": "test"}}, "data": data}


@pytest.fixture(autouse=True)
def clean(client: Kubernetes) -> Any:
    yield
    for each in client.list(CONFIG_MAPS, "default", labels="of=test").items:
        client.delete(CONFIG_MAPS, each["metadata"]["name"], "default")


def test_version(client: Kubernetes) -> None:
    assert client.server_version().startswith("v1.")


def test_keys_of_the_issuer(client: Kubernetes) -> None:
    assert json.loads(client.read("/openid/v1/jwks"))["keys"]


def test_create_get_replace_patch_delete(client: Kubernetes) -> None:
    made = client.create(CONFIG_MAPS, config_map("one", a="1"))
    assert (made["kind"], made["data"]) == ("ConfigMap", {"a": "1"}) and made["metadata"]["uid"]
    assert client.get(CONFIG_MAPS, "one", "default") == made
    with pytest.raises(AlreadyExists, match="one"):
        client.create(CONFIG_MAPS, config_map("one"))
    changed = client.replace(CONFIG_MAPS, made | {"data": {"b": "2"}})
    assert changed["data"] == {"b": "2"}
    with pytest.raises(Conflict):
        client.replace(CONFIG_MAPS, made | {"data": {"c": "3"}})
    patched = client.patch(CONFIG_MAPS, "one", {"data": {"b": None, "d": "4"}}, "default")
    assert patched["data"] == {"d": "4"}
    patched = client.patch(CONFIG_MAPS, "one", [{"op": "add", "path": "/data/e", "value": "5"}], "default", type="json")
    assert patched["data"] == {"d": "4", "e": "5"}
    client.delete(CONFIG_MAPS, "one", "default")
    with pytest.raises(NotFound, match=r'configmaps "one" not found') as missing:
        client.get(CONFIG_MAPS, "one", "default")
    assert (missing.value.status, missing.value.reason) == (404, "NotFound")


def test_delete_of_another_object_of_the_name_is_refused(client: Kubernetes) -> None:
    client.create(CONFIG_MAPS, config_map("one"))
    with pytest.raises(Conflict):
        client.delete(CONFIG_MAPS, "one", "default", uid="00000000-0000-4000-8000-000000000000")
    assert client.get(CONFIG_MAPS, "one", "default")


def test_what_the_server_refuses(client: Kubernetes) -> None:
    with pytest.raises(Invalid):
        client.create(CONFIG_MAPS, {"metadata": {"name": "Not A Name", "namespace": "default"}})


def test_list_by_namespace_label_and_field(client: Kubernetes) -> None:
    for name in ("one", "two"):
        client.create(CONFIG_MAPS, config_map(name))
    found = client.list(CONFIG_MAPS, "default", labels="of=test")
    assert sorted(each["metadata"]["name"] for each in found.items) == ["one", "two"] and found.resource_version
    assert {each["kind"] for each in found.items} == {"ConfigMap"}
    named = client.list(CONFIG_MAPS, fields="metadata.name=two", labels="of=test")
    assert [each["metadata"]["name"] for each in named.items] == ["two"]
    assert "default" in [each["metadata"]["name"] for each in client.list(NAMESPACES).items]


def test_watch_begins_where_the_list_ended(client: Kubernetes) -> None:
    before = client.list(CONFIG_MAPS, "default", labels="of=test").resource_version
    client.create(CONFIG_MAPS, config_map("one"))
    watch = client.watch(CONFIG_MAPS, "default", resource_version=before, labels="of=test", timeout_seconds=30)
    seen: list[Change] = []
    for change in watch:
        if change.type == "BOOKMARK":
            continue
        seen.append(change)
        if len(seen) == 1:
            threading.Thread(target=client.delete, args=(CONFIG_MAPS, "one", "default")).start()
        if change.type == "DELETED":
            break
    assert [(change.type, change.object["metadata"]["name"]) for change in seen] == [
        ("ADDED", "one"),
        ("DELETED", "one"),
    ]


def test_watch_ends_when_the_server_ends_it(client: Kubernetes) -> None:
    assert all(change.type == "BOOKMARK" for change in client.watch(PODS, "no-pods", timeout_seconds=1))


def test_paths_need_a_namespace_for_one_object(client: Kubernetes) -> None:
    with pytest.raises(ValueError, match="say in which namespace"):
        client.get(DAEMON_SETS, "x")
