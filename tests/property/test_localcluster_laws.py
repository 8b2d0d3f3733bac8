"""Laws of the local cluster's pure parts: patches, selectors, the store against a model of itself, readers of hostile bytes."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podid.localcluster.apiserver.bodies import read_json, read_object, read_yaml
from podid.localcluster.apiserver.protobuf import ENVELOPE, Unreadable, read_envelope
from podid.localcluster.apiserver.spdy import BadFrame, FrameReader
from podid.localcluster.objects.conform import conform
from podid.localcluster.objects.defaults import apply_defaults
from podid.localcluster.objects.errors import ApiError, BadRequest, Conflict
from podid.localcluster.objects.fields import find_type
from podid.localcluster.objects.journal import Journal
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.objects.metadata import name_of
from podid.localcluster.objects.selectors import parse_label_selector, selects
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.objects.validation import validate_new
from podid.localcluster.patches import json_patch as json_patches
from podid.localcluster.patches.apply import apply_patch
from podid.localcluster.patches.field_sets import as_fields, read_fields
from podid.localcluster.patches.merge import merge_patch
from podid.localcluster.patches.strategic import strategic_patch

NOW = "2026-01-02T03:04:05Z"
names = st.sampled_from(["a", "b", "c", "d"])
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text("xyz", max_size=2)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
objects = st.dictionaries(names, values, max_size=4)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


@given(objects, objects)
def test_a_merge_patch_is_idempotent_and_changes_no_argument(target: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((target, patch))
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once
    assert (target, patch) == before


@given(objects, objects)
def test_of_an_unknown_type_a_strategic_patch_is_a_merge_patch(target: dict[str, Any], patch: dict[str, Any]) -> None:
    assert without_nulls(strategic_patch(target, patch, None)) == without_nulls(merge_patch(target, patch))


operations = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "test", "move", "copy", "spam"])},
        optional={
            "path": st.lists(names | st.sampled_from(["0", "1", "-", "~0"]), max_size=3).map(
                lambda p: "".join("/" + x for x in p)
            ),
            "from": st.lists(names, max_size=2).map(lambda p: "".join("/" + x for x in p)),
            "value": values,
        },
    ),
    max_size=4,
)


@given(objects, operations)
def test_a_json_patch_applies_or_is_refused_and_changes_no_argument(target: dict[str, Any], patch: list[Any]) -> None:
    before = copy.deepcopy((target, patch))
    with contextlib.suppress(json_patches.PatchProblem):
        json_patches.json_patch(target, patch)
    assert (target, patch) == before


env = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"value": st.text("xy", max_size=2)}),
    max_size=3,
    unique_by=lambda e: e["name"],
)
containers = st.lists(
    st.fixed_dictionaries(
        {"name": names, "image": st.sampled_from(["x", "y:1"])},
        optional={"env": env, "command": st.lists(names, max_size=2)},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda container: container["name"],
)
pods = st.fixed_dictionaries(
    {"containers": containers},
    optional={
        "nodeSelector": st.dictionaries(names, names, max_size=2),
        "hostNetwork": st.booleans(),
        "tolerations": st.just([{"key": "a"}]),
    },
).map(lambda spec: {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec})
POD = BY_RESOURCE["pods"]


def settled(pod: dict[str, Any]) -> dict[str, Any]:
    return conform(pod, POD)[0]


@given(pods, pods)
def test_a_strategic_patch_is_idempotent(target: dict[str, Any], patch: dict[str, Any]) -> None:
    before = copy.deepcopy((target, patch))
    once = strategic_patch(target, patch, find_type("Pod"))
    assert strategic_patch(once, patch, find_type("Pod")) == once
    assert (target, patch) == before


def apply(
    current: dict[str, Any] | None, applied: dict[str, Any], manager: str, *, force: bool = False
) -> dict[str, Any]:
    return apply_patch(POD, current, settled(applied), manager, force=force, now=NOW)


def in_order(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod with its keyed lists sorted: their order belongs to whoever applied last."""
    made = copy.deepcopy(pod)
    made["spec"]["containers"].sort(key=lambda container: container["name"])
    for container in made["spec"]["containers"]:
        container.get("env", []).sort(key=lambda variable: variable["name"])
    return made


@given(pods, pods)
def test_applying_twice_is_applying_once(first: dict[str, Any], second: dict[str, Any]) -> None:
    once = apply(apply(None, first, "me"), second, "me")
    assert apply(once, second, "me") == once


@given(pods, pods)
def test_one_manager_alone_has_exactly_what_it_applied_last(first: dict[str, Any], second: dict[str, Any]) -> None:
    made = apply(apply(None, first, "me"), second, "me")
    made["metadata"].pop("managedFields")
    wanted = settled(second)
    assert in_order(made) == in_order(wanted)


@given(pods, pods)
def test_force_never_conflicts_and_without_it_nothing_of_another_changes(
    mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    current = apply(None, mine, "me")
    apply(current, theirs, "you", force=True)
    try:
        both = apply(current, theirs, "you")
    except Conflict:
        return
    # what I applied is still so: applying it again changes nothing but the order of a list
    assert in_order(apply(both, mine, "me")) == in_order(both)


@given(pods)
def test_owned_fields_have_two_forms_that_agree(pod: dict[str, Any]) -> None:
    fields = apply(None, pod, "me")["metadata"]["managedFields"][0]["fieldsV1"]
    assert as_fields(read_fields(fields)) == fields


@given(pods)
def test_conforming_and_defaulting_twice_change_nothing_more(pod: dict[str, Any]) -> None:
    once, unknown = conform(pod, POD)
    apply_defaults("pods", once)
    again, _ = conform(once, POD)
    apply_defaults("pods", again)
    assert (unknown, again) == ([], once)


hostile = st.recursive(
    scalars | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metadata", "spec", "containers", "name", "labels", "volumes", "env", "ports", "selector", "template"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(
    st.sampled_from(["pods", "daemonsets", "configmaps", "services", "mutatingwebhookconfigurations"]),
    st.dictionaries(st.sampled_from(["metadata", "spec", "data", "webhooks"]), hostile),
)
def test_whatever_is_sent_is_stored_whole_or_refused(resource: str, given_: dict[str, Any]) -> None:
    kind = BY_RESOURCE[resource]
    with contextlib.suppress(ApiError):
        obj, _ = conform(given_, kind)
        apply_defaults(resource, obj)
        validate_new(kind, obj)


@given(st.binary(max_size=200))
def test_readers_of_bytes_refuse_in_their_own_words(data: bytes) -> None:
    for read in (read_json, read_yaml, lambda body: read_object(body, "application/json")):
        with contextlib.suppress(ApiError):
            read(data)
    with contextlib.suppress(Unreadable):
        read_envelope(ENVELOPE + data, "Pod")
    with contextlib.suppress(BadFrame):
        list(FrameReader().feed(data))


@given(st.text("ab=!,() in", max_size=20))
def test_a_selector_is_read_or_refused(text: str) -> None:
    try:
        selector = parse_label_selector(text)
    except BadRequest:
        return
    selects(selector, {"a": "b"})


@given(st.dictionaries(names, names), names, names)
def test_a_requirement_and_its_opposite_split_the_world(labels: dict[str, str], key: str, value: str) -> None:
    for positive, negative in (
        (f"{key}={value}", f"{key}!={value}"),
        (key, f"!{key}"),
        (f"{key} in ({value},x)", f"{key} notin ({value},x)"),
    ):
        assert selects(parse_label_selector(positive), labels) is not selects(parse_label_selector(negative), labels)


steps = st.lists(
    st.tuples(st.sampled_from(["create", "update", "remove", "reopen"]), names, st.integers(0, 3)), max_size=25
)


@given(steps)
def test_the_store_is_a_dictionary_that_survives(steps: list[tuple[str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "objects.db"

        def reopen() -> ObjectStore:
            return ObjectStore(Journal(path), clock=lambda: datetime(2026, 1, 1, tzinfo=UTC), random=os.urandom)

        store, model, told, revision = reopen(), dict[str, int](), list[tuple[str, str]](), 0
        expected: list[tuple[str, str]] = []
        start = store.revision
        for action, name, value in steps:
            if action == "reopen":
                store.close()
                store = reopen()
                start, expected = store.revision, []
            elif action == "create" and name not in model:
                store.create("configmaps", {"metadata": {"name": name}, "data": {"v": str(value)}})
                model[name] = value
                expected.append(("ADDED", name))
            elif action == "update" and name in model:
                store.update("configmaps", "", name, lambda obj, value=value: obj["data"].update(v=str(value)))  # type: ignore[misc]
                if model[name] != value:
                    expected.append(("MODIFIED", name))
                model[name] = value
            elif action == "remove":
                assert store.remove("configmaps", "", name) is (name in model)
                if model.pop(name, None) is not None:
                    expected.append(("DELETED", name))
            assert store.revision >= revision
            revision = store.revision
            assert {name_of(obj): int(obj["data"]["v"]) for obj in store.list("configmaps")} == model
        told = [(change.type, name_of(change.object)) for change in store.log("configmaps").since(start)]
        assert told == expected
        store.close()


@given(st.lists(st.integers(0, 255), max_size=5))
def test_json_is_read_as_json(numbers: list[int]) -> None:
    assert read_json(json.dumps({"n": numbers}).encode()) == ({"n": numbers}, [])
