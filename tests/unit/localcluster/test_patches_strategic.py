"""Strategic merge patch: lists merged by key, and the directives."""

from __future__ import annotations

from typing import Any

import pytest

from podid.localcluster.objects.fields import find_type
from podid.localcluster.patches.strategic import PatchProblem, strategic_patch


def patched(target: dict[str, Any], patch: dict[str, Any], type_name: str = "PodSpec") -> dict[str, Any]:
    return strategic_patch(target, patch, find_type(type_name))


A, B = {"name": "a", "image": "x"}, {"name": "b", "image": "y"}


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        # by key
        (
            {"containers": [A, B]},
            {"containers": [{"name": "a", "image": "z"}]},
            {"containers": [{"name": "a", "image": "z"}, B]},
        ),
        ({"containers": [A]}, {"containers": [B]}, {"containers": [A, B]}),
        ({}, {"containers": [A]}, {"containers": [A]}),
        # null
        ({"nodeName": "n", "hostNetwork": True}, {"nodeName": None}, {"hostNetwork": True}),
        ({"containers": [A]}, {"containers": [{"name": "a", "image": None}]}, {"containers": [{"name": "a"}]}),
        # an element goes
        ({"containers": [A, B]}, {"containers": [{"name": "a", "$patch": "delete"}]}, {"containers": [B]}),
        ({"containers": [B]}, {"containers": [{"name": "a", "$patch": "delete"}]}, {"containers": [B]}),
        # the list is replaced
        (
            {"containers": [A, B]},
            {"containers": [{"$patch": "replace"}, {"name": "c"}]},
            {"containers": [{"name": "c"}]},
        ),
        # an object is replaced
        (
            {"securityContext": {"runAsUser": 1}},
            {"securityContext": {"$patch": "replace", "fsGroup": 2}},
            {"securityContext": {"fsGroup": 2}},
        ),
        ({"securityContext": {"runAsUser": 1}}, {"securityContext": {"$patch": "delete"}}, {"securityContext": {}}),
        # order
        (
            {"containers": [A, B]},
            {
                "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}],
                "containers": [{"name": "a", "image": "z"}],
            },
            {"containers": [B, {"name": "a", "image": "z"}]},
        ),
        (
            {"containers": [A, {"name": "sidecar"}]},
            {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [B]},
            {"containers": [B, A, {"name": "sidecar"}]},
        ),
        (
            {"containers": [A, B]},
            {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]},
            {"containers": [B, A]},
        ),
        # atomic lists are replaced
        ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}]}, {"tolerations": [{"key": "b"}]}),
        # deep: env of a container, by name; its mounts by path
        (
            {
                "containers": [
                    {
                        "name": "a",
                        "env": [{"name": "X", "value": "1"}],
                        "volumeMounts": [{"mountPath": "/a", "name": "v"}],
                    }
                ]
            },
            {
                "containers": [
                    {
                        "name": "a",
                        "env": [{"name": "Y", "value": "2"}],
                        "volumeMounts": [{"mountPath": "/a", "name": "w"}],
                    }
                ]
            },
            {
                "containers": [
                    {
                        "name": "a",
                        "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "2"}],
                        "volumeMounts": [{"mountPath": "/a", "name": "w"}],
                    }
                ]
            },
        ),
        # a volume has one source: retainKeys drops the other
        (
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"volumes": [{"$retainKeys": ["name", "hostPath"], "name": "v", "hostPath": {"path": "/"}}]},
            {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]},
        ),
        # maps merge
        ({"nodeSelector": {"a": "1"}}, {"nodeSelector": {"b": "2"}}, {"nodeSelector": {"a": "1", "b": "2"}}),
    ],
)
def test_strategic_patch(target: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    assert patched(target, patch) == result


def test_sets_of_scalars() -> None:
    meta = {"finalizers": ["a", "b"]}
    assert patched(meta, {"finalizers": ["c"]}, "ObjectMeta") == {"finalizers": ["a", "b", "c"]}
    assert patched(meta, {"finalizers": ["a"]}, "ObjectMeta") == {"finalizers": ["a", "b"]}
    assert patched(meta, {"$deleteFromPrimitiveList/finalizers": ["a"]}, "ObjectMeta") == {"finalizers": ["b"]}
    ordered = {
        "$setElementOrder/finalizers": ["c", "b"],
        "$deleteFromPrimitiveList/finalizers": ["a"],
        "finalizers": ["c"],
    }
    assert patched(meta, ordered, "ObjectMeta") == {"finalizers": ["c", "b"]}


def test_neither_argument_is_changed() -> None:
    target = {"containers": [dict(A)]}
    patch = {"containers": [{"name": "a", "image": "z"}]}
    patched(target, patch)
    assert target == {"containers": [A]}
    assert patch == {"containers": [{"name": "a", "image": "z"}]}


@pytest.mark.parametrize(
    "patch",
    [
        {"$patch": "spam"},
        {"containers": [{"image": "x"}]},
        {"containers": ["a"]},
        {"$retainKeys": "a"},
    ],
)
def test_what_cannot_be_understood_is_refused(patch: dict[str, Any]) -> None:
    with pytest.raises(PatchProblem):
        patched({"containers": [A]}, patch)


def test_an_unknown_type_merges_like_a_plain_merge_patch() -> None:
    assert strategic_patch({"a": [1], "b": {"c": 1}}, {"a": [2], "b": {"d": 2, "c": None}}, None) == {
        "a": [2],
        "b": {"d": 2},
    }
