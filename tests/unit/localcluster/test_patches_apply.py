"""Server-side apply: what is merged, what conflicts, what goes, and who owns what afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from podid.localcluster.objects.errors import Conflict
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.patches.apply import apply_patch
from podid.localcluster.patches.field_sets import MissingKey, as_fields, path_text, read_fields
from podid.localcluster.patches.ownership import track_update
from podid.localcluster.ports import Object

CONFIG_MAPS, PODS = BY_RESOURCE["configmaps"], BY_RESOURCE["pods"]
NOW = "2026-01-02T03:04:05Z"


def config_map(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "default"}, "data": data}


def pod(*containers: dict[str, Any], **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": list(containers), **spec},
    }


def apply(
    current: Object | None, applied: Object, manager: str = "me", *, force: bool = False, now: str = NOW
) -> Object:
    kind = PODS if applied["kind"] == "Pod" else CONFIG_MAPS
    return apply_patch(kind, current, applied, manager, force=force, now=now)


def owners(obj: Object) -> dict[str, Any]:
    return {f"{one['manager']}/{one['operation']}": one["fieldsV1"] for one in obj["metadata"].get("managedFields", [])}


def test_what_is_applied_is_owned() -> None:
    made = apply(None, config_map(a="1"))
    assert made["data"] == {"a": "1"}
    assert owners(made) == {"me/Apply": {"f:data": {"f:a": {}}}}


def test_a_field_no_longer_applied_goes() -> None:
    made = apply(apply(None, config_map(a="1", b="2")), config_map(a="1"))
    assert made["data"] == {"a": "1"}


def test_a_map_that_becomes_empty_goes() -> None:
    bare = config_map()
    del bare["data"]
    assert "data" not in apply(apply(None, config_map(a="1")), bare)


def test_a_field_that_another_also_applies_stays() -> None:
    both = apply(apply(None, config_map(a="1", b="2")), config_map(b="2"), "other")
    left = apply(both, config_map(a="1"))
    assert left["data"] == {"a": "1", "b": "2"}
    assert owners(left) == {"me/Apply": {"f:data": {"f:a": {}}}, "other/Apply": {"f:data": {"f:b": {}}}}


def test_another_value_of_an_owned_field_is_a_conflict() -> None:
    current = apply(None, config_map(a="1", b="2"))
    with pytest.raises(Conflict) as refused:
        apply(current, config_map(a="9"), "other")
    assert refused.value.public == 'Apply failed with 1 conflict: conflict with "me": .data.a'
    assert refused.value.details == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "me"', "field": ".data.a"}]
    }
    with pytest.raises(
        Conflict, match=r'^Apply failed with 2 conflicts: conflicts with "me":\n- \.data\.a\n- \.data\.b$'
    ):
        apply(current, config_map(a="9", b="9"), "other")


def test_force_takes_over() -> None:
    taken = apply(apply(None, config_map(a="1", b="2")), config_map(a="9"), "other", force=True)
    assert taken["data"] == {"a": "9", "b": "2"}
    assert owners(taken) == {"me/Apply": {"f:data": {"f:b": {}}}, "other/Apply": {"f:data": {"f:a": {}}}}


def test_the_same_value_is_shared() -> None:
    shared = apply(apply(None, config_map(a="1")), config_map(a="1"), "other")
    assert set(owners(shared)) == {"me/Apply", "other/Apply"}


def test_applying_the_same_again_changes_nothing_not_even_the_time() -> None:
    made = apply(None, pod({"name": "c", "image": "x", "ports": [{"containerPort": 80}]}))
    assert (
        apply(made, pod({"name": "c", "image": "x", "ports": [{"containerPort": 80}]}), now="2027-01-01T00:00:00Z")
        == made
    )


def test_elements_of_lists_are_owned_by_key() -> None:
    current = apply(None, pod({"name": "a", "image": "x"}))
    both = apply(current, pod({"name": "b", "image": "y"}), "other")
    assert [one["name"] for one in both["spec"]["containers"]] == ["a", "b"]
    left = apply(both, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}})
    assert left["spec"]["containers"] == [{"name": "b", "image": "y"}]


def test_an_element_stays_as_long_as_anyone_owns_part_of_it() -> None:
    current = apply(None, pod({"name": "a", "image": "x", "command": ["sleep"]}))
    both = apply(current, pod({"name": "a", "image": "x"}), "other")
    left = apply(both, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}})
    assert left["spec"]["containers"] == [{"name": "a", "image": "x"}]


def test_defaults_of_keys_count() -> None:
    current = apply(None, pod({"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]}))
    merged = apply(current, pod({"name": "a", "ports": [{"containerPort": 80, "hostPort": 81}]}), "other")
    assert merged["spec"]["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP", "name": "http", "hostPort": 81}
    ]


def test_an_element_without_its_key_is_refused() -> None:
    with pytest.raises(MissingKey, match="omits key field 'name'"):
        apply(None, pod({"image": "x"}))


def test_atomic_lists_are_one_field() -> None:
    current = apply(None, pod(tolerations=[{"key": "a"}]))
    with pytest.raises(Conflict, match=r"\.spec\.tolerations$"):
        apply(current, pod(tolerations=[{"key": "b"}]), "other")


def test_sets_are_joined() -> None:
    one, two = config_map(), config_map()
    one["metadata"]["finalizers"], two["metadata"]["finalizers"] = ["e.com/a"], ["e.com/b"]
    both = apply(apply(None, one), two, "other")
    assert both["metadata"]["finalizers"] == ["e.com/a", "e.com/b"]
    assert apply(both, config_map())["metadata"]["finalizers"] == ["e.com/b"]


def test_an_update_takes_over_what_it_changes() -> None:
    current = apply(None, config_map(a="1", b="2"))
    new = {**current, "data": {"a": "9", "c": "3"}}
    track_update(CONFIG_MAPS, new, current, "kubectl-edit", "", NOW)
    assert owners(new) == {"kubectl-edit/Update": {"f:data": {"f:a": {}, "f:c": {}}}}
    with pytest.raises(Conflict, match=r'conflict with "kubectl-edit" using v1: \.data\.a$'):
        apply(new, config_map(a="1"))


def test_an_object_that_nobody_owned_is_owned_before_the_first_apply() -> None:
    current = config_map(a="1")
    current["metadata"]["uid"] = "u"
    with pytest.raises(Conflict, match=r'conflict with "before-first-apply" using v1: \.data\.a$'):
        apply(current, config_map(a="2"))


def test_the_status_is_owned_through_its_own_door() -> None:
    with_status = pod({"name": "a"})
    with_status["status"] = {"phase": "Running"}
    made = apply(None, with_status)
    assert "status" not in made
    assert owners(made) == {"me/Apply": {"f:spec": {"f:containers": {'k:{"name":"a"}': {".": {}, "f:name": {}}}}}}


def test_a_client_may_forget_all_owners() -> None:
    current = apply(None, config_map(a="1"))
    new = {**current, "metadata": {**current["metadata"], "managedFields": []}}
    track_update(CONFIG_MAPS, new, current, "x", "", NOW)
    assert owners(new) == {}


def test_paths_have_two_forms() -> None:
    nested = {"f:a": {".": {}, "f:b": {}}, "f:c": {'k:{"n":1,"p":"x"}': {".": {}}}, "f:d": {'v:"y"': {}}}
    paths = read_fields(nested)
    assert sorted(map(path_text, paths)) == [".a", ".a.b", '.c[n=1,p="x"]', '.d["y"]']
    assert read_fields(as_fields(paths)) == paths
    assert read_fields("nonsense") == frozenset()
