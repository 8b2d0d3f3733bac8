"""Writing objects in raw HTTP: what kubectl does not try, and what it relies on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.localcluster.running_cluster import CONFIG_MAPS, MERGE, PODS, Running, config_map, pod


def test_create_read_change_delete(running: Running) -> None:
    status, made = running.request("POST", CONFIG_MAPS, config_map("crud", a="1"))
    assert status == 201
    status, told = running.request("POST", CONFIG_MAPS, config_map("crud"))
    assert (status, told["message"]) == (409, 'configmaps "crud" already exists')
    made["data"]["b"] = "2"
    status, changed = running.request("PUT", f"{CONFIG_MAPS}/crud", made)
    assert (status, changed["data"]) == (200, {"a": "1", "b": "2"})
    status, told = running.request("PUT", f"{CONFIG_MAPS}/crud", made)
    assert (status, told["reason"]) == (409, "Conflict")
    assert "the object has been modified" in told["message"]
    same = running.request("PUT", f"{CONFIG_MAPS}/crud", changed)[1]
    assert same["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]
    status, told = running.request("DELETE", f"{CONFIG_MAPS}/crud")
    assert (status, told["status"], told["details"]["name"]) == (200, "Success", "crud")
    assert running.request("GET", f"{CONFIG_MAPS}/crud")[0] == 404


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({**config_map("x"), "kind": "Pod"}, "cannot be handled as a ConfigMap"),
        (
            {**config_map("x"), "apiVersion": "v2"},
            "the API version in the data (v2) does not match the expected API version (v1)",
        ),
        (
            {**config_map("x"), "metadata": {"name": "x", "namespace": "other"}},
            "namespace of the provided object does not match",
        ),
        ({**config_map("x"), "metadata": {"name": "x", "resourceVersion": "1"}}, "resourceVersion should not be set"),
        (
            {**config_map("x"), "data": {"a": 1}},
            "cannot unmarshal number into Go struct field ConfigMap.data.a of type string",
        ),
        ({**config_map("x"), "metadata": {"name": True}}, "cannot unmarshal bool"),
        ({**config_map("x"), "metadata": []}, "cannot unmarshal array"),
        ([], "must be of type Object"),
    ],
)
def test_bodies_that_are_refused(running: Running, body: Any, told: str) -> None:
    status, answer = running.request("POST", CONFIG_MAPS, body)
    assert status == 400
    assert told in answer["message"]


def test_field_validation(running: Running) -> None:
    body = {**config_map("fields"), "spam": 1}
    raw = json.dumps(body).encode().replace(b'"data": {}', b'"data": {"a": "1", "a": "2"}')
    status, told = running.request("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", raw=raw)
    assert status == 400
    assert told["message"] == 'strict decoding error: duplicate field "a", unknown field "spam"'
    status, made = running.request("POST", f"{CONFIG_MAPS}?fieldValidation=Warn&dryRun=All", raw=raw)
    assert (status, made.get("spam")) == (201, None)
    assert running.answer_headers.get_all("warning") == [
        '299 - "duplicate field \\"a\\""',
        '299 - "unknown field \\"spam\\""',
    ]
    running.request("POST", f"{CONFIG_MAPS}?fieldValidation=Ignore&dryRun=All", raw=raw)
    assert running.answer_headers.get_all("warning") is None
    assert running.request("POST", f"{CONFIG_MAPS}?fieldValidation=Never", raw=raw)[0] == 422


def test_bodies_are_bounded(running: Running) -> None:
    status, told = running.request("POST", CONFIG_MAPS, config_map("big", a="x" * (4 << 20)))
    assert (status, told["reason"]) == (413, "RequestEntityTooLarge")
    assert running.request("POST", CONFIG_MAPS, raw=b"[" * 200_000)[0] == 400
    assert running.request("POST", CONFIG_MAPS, raw=b'{"a":' * 200 + b"1" + b"}" * 200)[0] == 400


def test_dry_run_stores_nothing(running: Running) -> None:
    assert running.request("POST", f"{CONFIG_MAPS}?dryRun=All", config_map("dry"))[0] == 201
    assert running.request("GET", f"{CONFIG_MAPS}/dry")[0] == 404
    running.request("POST", CONFIG_MAPS, config_map("wet", a="1"))
    changed = running.request("PATCH", f"{CONFIG_MAPS}/wet?dryRun=All", {"data": {"a": "2"}}, content_type=MERGE)[1]
    assert changed["data"] == {"a": "2"}
    assert running.request("DELETE", f"{CONFIG_MAPS}/wet", {"dryRun": ["All"]})[0] == 200
    assert running.request("GET", f"{CONFIG_MAPS}/wet")[1]["data"] == {"a": "1"}
    assert running.request("POST", f"{CONFIG_MAPS}?dryRun=Some", config_map("dry"))[0] == 422


def test_the_server_keeps_its_own_fields(running: Running) -> None:
    body = config_map("own")
    body["metadata"] |= {
        "uid": "mine",
        "creationTimestamp": "2000-01-01T00:00:00Z",
        "deletionTimestamp": "2000-01-01T00:00:00Z",
    }
    made = running.request("POST", CONFIG_MAPS, body)[1]
    assert made["metadata"]["uid"] != "mine"
    assert not made["metadata"]["creationTimestamp"].startswith("2000")
    assert "deletionTimestamp" not in made["metadata"]
    status, told = running.request("PATCH", f"{CONFIG_MAPS}/own", {"metadata": {"uid": "other"}}, content_type=MERGE)
    assert (status, told["reason"]) == (409, "Conflict")
    status, told = running.request("PATCH", f"{CONFIG_MAPS}/own", {"metadata": {"name": "other"}}, content_type=MERGE)
    assert status == 400


def test_a_patch_of_an_unknown_type_is_refused(running: Running) -> None:
    running.request("POST", CONFIG_MAPS, config_map("patched"))
    assert running.request("PATCH", f"{CONFIG_MAPS}/patched", {})[0] == 415
    assert running.request("PATCH", f"{CONFIG_MAPS}/patched", [], content_type=MERGE)[0] == 400
    operations = [{"op": "remove", "path": "/data/none"}]
    status, told = running.request(
        "PATCH", f"{CONFIG_MAPS}/patched", operations, content_type="application/json-patch+json"
    )
    assert (status, told["reason"]) == (422, "Invalid")


def test_unknown_namespaces_and_those_that_end_take_nothing_new(running: Running) -> None:
    status, told = running.request("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("x"))
    assert (status, told["message"]) == (404, 'namespaces "nowhere" not found')
    running.request("POST", "/api/v1/namespaces", {"metadata": {"name": "ending"}})
    running.request("DELETE", "/api/v1/namespaces/ending")
    status, told = running.request("POST", "/api/v1/namespaces/ending/configmaps", config_map("x"))
    assert status == 403
    assert told["message"] == (
        'configmaps "x" is forbidden: unable to create new content in namespace ending because it is being terminated'
    )


def test_the_namespaces_of_the_cluster_itself_stay(running: Running) -> None:
    assert running.request("DELETE", "/api/v1/namespaces/kube-system")[0] == 403


def test_generated_names(running: Running) -> None:
    body = {"metadata": {"generateName": "made-"}}
    names = {running.request("POST", CONFIG_MAPS, body)[1]["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("made-") and len(name) == 10 for name in names)
    status, told = running.request("POST", CONFIG_MAPS, {"metadata": {}})
    assert (status, told["reason"]) == (422, "Invalid")
    assert "name or generateName is required" in told["message"]


def test_a_pod_without_its_service_account_is_forbidden(running: Running) -> None:
    status, told = running.request("POST", PODS, pod("lost", serviceAccountName="none"))
    assert (status, told["reason"]) == (403, "Forbidden")
    assert told["message"] == (
        'pods "lost" is forbidden: error looking up service account default/none: serviceaccount "none" not found'
    )


def test_the_status_is_changed_through_its_own_door_only(running: Running) -> None:
    body = {**pod("doors", schedulerName="nobody"), "status": {"phase": "Failed"}}
    assert running.request("POST", PODS, body)[1]["status"]["phase"] == "Pending"
    patch = {"status": {"phase": "Failed"}, "spec": {"activeDeadlineSeconds": 5}}
    assert running.request("PATCH", f"{PODS}/doors", patch, content_type=MERGE)[1]["status"]["phase"] == "Pending"
    changed = running.request(
        "PATCH", f"{PODS}/doors/status", patch | {"spec": {"activeDeadlineSeconds": 9}}, content_type=MERGE
    )[1]
    assert (changed["status"]["phase"], changed["spec"]["activeDeadlineSeconds"]) == ("Failed", 5)
    assert changed["metadata"]["generation"] == 2


def test_a_pod_that_is_not_on_a_node_goes_at_once(running: Running) -> None:
    running.request("POST", PODS, pod("pending", schedulerName="nobody"))
    assert running.request("DELETE", f"{PODS}/pending")[0] == 200
    assert running.request("GET", f"{PODS}/pending")[0] == 404


def test_deletes_check_whom_they_mean(running: Running) -> None:
    running.request("POST", CONFIG_MAPS, config_map("meant"))
    status, told = running.request("DELETE", f"{CONFIG_MAPS}/meant", {"preconditions": {"uid": "other"}})
    assert status == 409
    assert "Precondition failed: UID in precondition: other" in told["message"]
    assert running.request("DELETE", f"{CONFIG_MAPS}/meant", {"propagationPolicy": "Sideways"})[0] == 422
    assert running.request("DELETE", f"{CONFIG_MAPS}/meant", {"spam": [], "propagationPolicy": "Background"})[0] == 200


def test_delete_collection(running: Running) -> None:
    for name in ("many-1", "many-2", "other-1"):
        body = config_map(name)
        body["metadata"]["labels"] = {"many": name.partition("-")[0]}
        running.request("POST", CONFIG_MAPS, body)
    gone = running.request("DELETE", f"{CONFIG_MAPS}?labelSelector=many%3Dmany")[1]
    assert [item["metadata"]["name"] for item in gone["items"]] == ["many-1", "many-2"]
    assert running.request("GET", f"{CONFIG_MAPS}/other-1")[0] == 200


def test_logs(running: Running) -> None:
    running.request("POST", PODS, pod("logs"))
    assert running.request("GET", f"{PODS}/logs/log?tailLines=2")[1] == "two\nthree\n"
    assert running.request("GET", f"{PODS}/logs/log?container=spam")[0] == 400
    assert running.request("GET", f"{PODS}/logs/log?tailLines=-1")[0] == 400
    assert running.request("GET", f"{PODS}/logs/log?sinceTime=spam")[0] == 400
    status, told = running.request("GET", f"{PODS}/logs/log?previous=true")
    assert (status, told["message"]) == (400, 'previous terminated container "c" in pod "logs" not found')
    running.request("DELETE", f"{PODS}/logs?gracePeriodSeconds=0")


def test_a_namespace_is_let_go_by_hand(running: Running) -> None:
    namespace = "/api/v1/namespaces/by-hand"
    running.request("POST", "/api/v1/namespaces", {"metadata": {"name": "by-hand"}})
    held = config_map("held")
    held["metadata"]["finalizers"] = ["e.com/x"]
    running.request("POST", f"{namespace}/configmaps", held)
    running.request("DELETE", namespace)
    changed = {"metadata": {"name": "by-hand"}, "spec": {"finalizers": []}}
    assert running.request("PUT", namespace, changed)[1]["spec"] == {"finalizers": ["kubernetes"]}
    assert running.request("PUT", f"{namespace}/finalize", changed)[0] == 200
    assert running.request("GET", namespace)[0] == 404
