"""Watches: what is told, in which order, and when they end."""

from __future__ import annotations

from collections.abc import Callable

from tests.unit.localcluster.running_cluster import CONFIG_MAPS, MERGE, Running, Watch, config_map, until

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def test_a_watch_tells_what_happens_after_its_list(running: Running, watch: Callable[..., Watch]) -> None:
    listed = running.request("GET", CONFIG_MAPS)[1]
    watching = watch(
        f"{CONFIG_MAPS}?watch=True&resourceVersion={listed['metadata']['resourceVersion']}&labelSelector=w"
    )
    body = config_map("watched")
    running.request("POST", CONFIG_MAPS, body)
    patch = f"{CONFIG_MAPS}/watched"
    running.request("PATCH", patch, {"metadata": {"labels": {"w": "1"}}}, content_type=MERGE)
    running.request("PATCH", patch, {"data": {"a": "1"}}, content_type=MERGE)
    running.request("PATCH", patch, {"metadata": {"labels": None}}, content_type=MERGE)
    running.request("DELETE", patch)
    assert [watching.next()[0] for _ in range(3)] == ["ADDED", "MODIFIED", "DELETED"]


def test_a_watch_from_the_beginning_and_the_end_of_its_list(running: Running, watch: Callable[..., Watch]) -> None:
    running.request("POST", CONFIG_MAPS, config_map("first"))
    watching = watch(f"{CONFIG_MAPS}?watch=1&fieldSelector=metadata.name%3Dfirst&resourceVersion=0")
    type_, obj = watching.next()
    assert (type_, obj["metadata"]["name"]) == ("ADDED", "first")
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    listing = watch(f"{CONFIG_MAPS}?{query}&fieldSelector=metadata.name%3Dfirst")
    assert listing.next()[0] == "ADDED"
    type_, obj = listing.next()
    assert type_ == "BOOKMARK"
    assert obj["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert (obj["kind"], obj["apiVersion"]) == ("ConfigMap", "v1")


def test_a_watch_in_tables_has_headings_once(running: Running, watch: Callable[..., Watch]) -> None:
    for name in ("table-1", "table-2"):
        running.request("POST", CONFIG_MAPS, config_map(name))
    watching = watch(f"{CONFIG_MAPS}?watch=1", TABLE)
    first, second = watching.next()[1], watching.next()[1]
    assert first["columnDefinitions"][0]["name"] == "Name"
    assert second["columnDefinitions"] is None
    assert second["rows"][0]["object"]["kind"] == "PartialObjectMetadata"


def test_a_watch_ends_when_its_time_is_up(watch: Callable[..., Watch]) -> None:
    assert watch(f"{CONFIG_MAPS}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dnobody").rest() == b""


def test_a_watch_that_comes_too_late_is_told(running: Running, watch: Callable[..., Watch]) -> None:
    watching = watch("/api/v1/nodes?watch=1&resourceVersion=1&timeoutSeconds=1")
    assert watching.next()[0] == "ADDED"
    running.call(lambda: setattr(running.cluster.store.log("leases"), "_after", 3))
    type_, told = watch("/apis/coordination.k8s.io/v1/leases?watch=1&resourceVersion=2").next()
    assert (type_, told["code"], told["reason"]) == ("ERROR", 410, "Expired")


def test_the_server_forgets_a_client_that_went(running: Running) -> None:
    log = running.cluster.store.log("endpoints")
    before = running.call(lambda: len(log._waiting))
    watching = Watch(running, "/api/v1/endpoints?watch=1&resourceVersion=0")
    watching.next()
    until(lambda: running.call(lambda: len(log._waiting)) > before)
    watching.close()
    until(lambda: running.call(lambda: len(log._waiting)) == before)
