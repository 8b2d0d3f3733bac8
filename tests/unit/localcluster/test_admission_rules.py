"""The pure rules of admission: the service account step, and what a DELETE does."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from podid.localcluster.admission.deletion import DeleteOptions, check_preconditions, plan_deletion, read_delete_options
from podid.localcluster.admission.service_accounts import MOUNT_PATH, account_name, missing, run_under
from podid.localcluster.objects.conform import conform
from podid.localcluster.objects.errors import BadRequest, Conflict, Invalid
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.ports import Object

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACCOUNT: Object = {"metadata": {"name": "sa", "namespace": "n"}}


def pod(**spec: Any) -> Object:
    spec.setdefault("containers", [{"name": "c"}])
    return {"metadata": {"name": "p", "namespace": "n", "uid": "u", "generation": 1}, "spec": spec, "status": {}}


def test_a_pod_gets_the_token_of_its_account() -> None:
    made = pod(containers=[{"name": "a"}, {"name": "b"}], initContainers=[{"name": "i"}])
    run_under(made, ACCOUNT, "xyz12")
    spec = made["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "sa"
    (volume,) = spec["volumes"]
    assert volume["name"] == "kube-api-access-xyz12"
    sources = volume["projected"]["sources"]
    assert sources[0] == {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    assert sources[1]["configMap"]["name"] == "kube-root-ca.crt"
    assert sources[2]["downwardAPI"]["items"][0]["path"] == "namespace"
    mount = {"name": "kube-api-access-xyz12", "readOnly": True, "mountPath": MOUNT_PATH}
    assert [one["volumeMounts"] for one in [*spec["initContainers"], *spec["containers"]]] == [[mount]] * 3
    # the volume is what conforming and defaulting would leave as it is
    assert conform({"spec": spec}, BY_RESOURCE["pods"]) == ({"spec": spec}, [])


def test_doing_it_again_changes_nothing_but_new_containers() -> None:
    made = pod()
    run_under(made, ACCOUNT, "first")
    once = copy.deepcopy(made)
    run_under(made, ACCOUNT, "other")
    assert made == once
    made["spec"]["containers"].append({"name": "late"})
    run_under(made, ACCOUNT, "other")
    assert made["spec"]["containers"][1]["volumeMounts"] == once["spec"]["containers"][0]["volumeMounts"]
    assert len(made["spec"]["volumes"]) == 1


@pytest.mark.parametrize(
    ("of_pod", "of_account", "mounted"),
    [(None, None, True), (None, False, False), (True, False, True), (False, None, False), (False, True, False)],
)
def test_the_pod_has_the_last_word_on_mounting(of_pod: bool | None, of_account: bool | None, mounted: bool) -> None:
    made = pod(**({} if of_pod is None else {"automountServiceAccountToken": of_pod}))
    account = {**ACCOUNT, **({} if of_account is None else {"automountServiceAccountToken": of_account})}
    run_under(made, account, "x")
    assert ("volumes" in made["spec"]) is mounted


def test_a_container_that_mounts_something_there_is_left_alone() -> None:
    made = pod(containers=[{"name": "c", "volumeMounts": [{"name": "own", "mountPath": MOUNT_PATH}]}])
    run_under(made, ACCOUNT, "x")
    assert "volumes" not in made["spec"]


def test_pull_secrets_of_the_account_are_taken_where_the_pod_has_none() -> None:
    account = {**ACCOUNT, "imagePullSecrets": [{"name": "s"}]}
    plain, own = pod(), pod(imagePullSecrets=[{"name": "mine"}])
    run_under(plain, account, "x")
    run_under(own, account, "x")
    assert plain["spec"]["imagePullSecrets"] == [{"name": "s"}]
    assert own["spec"]["imagePullSecrets"] == [{"name": "mine"}]


def test_whom_a_pod_runs_under_and_how_it_is_called() -> None:
    assert account_name(pod()) == "default"
    nameless = pod()
    nameless["metadata"] = {"generateName": "ds-", "namespace": "n"}
    assert missing(nameless, "x").public == (
        'pods "ds-" is forbidden: error looking up service account n/x: serviceaccount "x" not found'
    )


# deleting

PODS, CONFIG_MAPS, NAMESPACES = BY_RESOURCE["pods"], BY_RESOURCE["configmaps"], BY_RESOURCE["namespaces"]


def planned(obj: Object, kind: Any = PODS, **options: Any) -> Object | None:
    return plan_deletion(kind, obj, DeleteOptions(**options), NOW)


def test_a_running_pod_gets_its_time() -> None:
    marked = planned(pod(nodeName="n", terminationGracePeriodSeconds=20))
    assert marked is not None
    assert marked["metadata"]["deletionTimestamp"] == "2026-01-02T03:04:25Z"
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 20
    assert marked["metadata"]["generation"] == 2
    sooner = plan_deletion(PODS, marked, DeleteOptions(grace=5), NOW)
    assert sooner is not None
    assert sooner["metadata"]["deletionGracePeriodSeconds"] == 5
    later = plan_deletion(PODS, sooner, DeleteOptions(grace=50), NOW)
    assert later == sooner


@pytest.mark.parametrize(
    ("spec", "status", "grace"),
    [
        ({}, {}, None),
        ({"nodeName": "n"}, {}, 0),
        ({"nodeName": "n"}, {"phase": "Succeeded"}, None),
        ({"nodeName": "n"}, {"phase": "Failed"}, 30),
    ],
)
def test_a_pod_that_does_not_run_goes_at_once(spec: dict[str, Any], status: dict[str, Any], grace: int | None) -> None:
    obj = pod(**spec)
    obj["status"] = status
    assert planned(obj, grace=grace) is None


def test_other_kinds_go_at_once_unless_something_holds_them() -> None:
    obj = {"metadata": {"name": "c"}}
    assert planned(obj, CONFIG_MAPS) is None
    marked = planned({"metadata": {"name": "c", "finalizers": ["e.com/x"]}}, CONFIG_MAPS)
    assert marked is not None
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 0


def test_propagation_is_a_finalizer() -> None:
    obj = {"metadata": {"name": "c", "finalizers": ["orphan"]}}
    foreground = planned(obj, CONFIG_MAPS, propagation="Foreground")
    orphan = planned({"metadata": {"name": "c"}}, CONFIG_MAPS, propagation="Orphan")
    assert foreground is not None
    assert orphan is not None
    assert foreground["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert orphan["metadata"]["finalizers"] == ["orphan"]
    assert planned(obj, CONFIG_MAPS, propagation="Background") is None


def test_a_namespace_waits_for_its_contents() -> None:
    marked = planned(
        {"kind": "Namespace", "metadata": {"name": "n"}, "spec": {"finalizers": ["kubernetes"]}}, NAMESPACES
    )
    assert marked is not None
    assert marked["status"]["phase"] == "Terminating"


def test_preconditions() -> None:
    obj = pod()
    check_preconditions(PODS, obj, DeleteOptions(uid="u"))
    with pytest.raises(Conflict, match="UID in precondition: v, UID in object meta: u"):
        check_preconditions(PODS, obj, DeleteOptions(uid="v"))


def test_options_of_a_delete() -> None:
    assert read_delete_options({"gracePeriodSeconds": 0, "dryRun": ["All"]}) == DeleteOptions(grace=0, dry_run=True)
    assert read_delete_options({"gracePeriodSeconds": -5}).grace == 1
    assert read_delete_options({"orphanDependents": True}).propagation == "Orphan"
    assert read_delete_options({"orphanDependents": False}).propagation == "Background"
    assert read_delete_options({"preconditions": {"uid": "u"}}).uid == "u"
    with pytest.raises(BadRequest):
        read_delete_options({"orphanDependents": True, "propagationPolicy": "Orphan"})
    with pytest.raises(Invalid):
        read_delete_options({"propagationPolicy": "x"})
    with pytest.raises(Invalid):
        read_delete_options({"dryRun": ["Some"]})
