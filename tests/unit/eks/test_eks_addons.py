"""Add-ons: the API, the worker, and a cluster that behaves or does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from podid.core.errors import AccessDenied, AwsError
from podid.eks.addons import addon_rows
from podid.eks.addons.installer import Installer
from podid.eks.addons.worker import AddonWorker
from podid.eks.errors import InvalidParameter, ResourceInUse, ResourceNotFound
from podid.kube import AlreadyExists, Conflict, Forbidden, Invalid, KubeError, NotFound, Unreachable
from podid.store import Store

ACCOUNT, AGENT = "111122223333", "eks-pod-identity-agent"
OF = {"clusterName": "eksdemo1", "addonName": AGENT}


class OneDaemonSet:
    """As much of a cluster as an add-on meets: one DaemonSet, which a test makes ready; `trouble` is raised at the next calls."""

    def __init__(self) -> None:
        self.found: dict[str, Any] | None = None
        self.trouble: KubeError | None = None
        self.calls: list[str] = []
        self.lingers = False
        self.meanwhile: Callable[[], Any] | None = None

    def get(self, kind: Any, name: str, namespace: str = "") -> dict[str, Any]:
        self._note("get")
        if self.meanwhile is not None:
            ask, self.meanwhile = self.meanwhile, None
            ask()
        if self.found is None:
            raise NotFound(f'daemonsets.apps "{name}" not found', status=404)
        return copy.deepcopy(self.found)

    def create(self, kind: Any, obj: dict[str, Any]) -> dict[str, Any]:
        self._note("create")
        if self.found is not None:
            raise AlreadyExists("exists", status=409)
        self.found = copy.deepcopy(obj)
        self.found["metadata"] |= {"uid": "u1", "generation": 1, "resourceVersion": "1"}
        return self.found

    def replace(self, kind: Any, obj: dict[str, Any]) -> dict[str, Any]:
        self._note("replace")
        assert self.found is not None
        before, after = self.found["metadata"], copy.deepcopy(obj)
        if after["metadata"]["resourceVersion"] != before["resourceVersion"]:
            raise Conflict("changed", status=409)
        changed = after["spec"] != self.found["spec"]
        after["metadata"] |= {"uid": before["uid"], "generation": before["generation"] + changed}
        after["metadata"]["resourceVersion"] = str(int(before["resourceVersion"]) + 1)
        self.found = after | {"status": self.found.get("status", {})}
        return self.found

    def delete(self, kind: Any, name: str, namespace: str = "", *, uid: str = "", **_: Any) -> None:
        self._note("delete")
        assert self.found is not None and uid == self.found["metadata"]["uid"]
        if self.lingers:
            self.found["metadata"]["deletionTimestamp"] = "2026-11-24T10:00:00Z"
        else:
            self.found = None

    def ready(self, ready: int = 1, wanted: int = 1) -> None:
        assert self.found is not None
        self.found["status"] = {
            "observedGeneration": self.found["metadata"]["generation"],
            "desiredNumberScheduled": wanted,
            "updatedNumberScheduled": ready,
            "numberReady": ready,
        }

    def _note(self, what: str) -> None:
        self.calls.append(what)
        if self.trouble is not None:
            raise self.trouble


@pytest.fixture
def kubernetes(clients: Any, cluster: Any) -> OneDaemonSet:
    made = OneDaemonSet()
    clients.by_name["eksdemo1"] = made
    return made


@pytest.fixture
def worker(store: Store, clients: Any, clock: Any, eks: Any) -> AddonWorker:
    """The worker, moved by hand: the thread of `eks` is kept from starting."""
    eks.close()
    return AddonWorker(store, clients, Installer("0.1.0"), clock)


@pytest.fixture
def status(api: Any, worker: AddonWorker) -> Callable[[], str]:
    """The add-on's status after another look of the worker."""

    def look() -> str:
        worker.look()
        return str(api("DescribeAddon", **OF)["addon"]["status"])

    return look


@pytest.fixture
def create(api: Any, kubernetes: OneDaemonSet) -> Callable[..., Any]:
    return lambda **members: api("CreateAddon", **(OF | members))["addon"]


@pytest.fixture
def active(create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str]) -> Any:
    made = create()
    status()
    kubernetes.ready()
    assert status() == "ACTIVE"
    return made


class TestCreate:
    def test_creating_then_active_when_every_node_has_it(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        made = create(tags={"a": "b"})
        assert (made["status"], made["addonVersion"], made["health"]) == (
            "CREATING",
            "v1.3.10-eksbuild.3",
            {"issues": []},
        )
        assert made["addonArn"].startswith(f"arn:aws:eks:us-east-1:{ACCOUNT}:addon/eksdemo1/{AGENT}/")
        assert made["tags"] == {"a": "b"} and made["podIdentityAssociations"] is None
        assert status() == "CREATING" and kubernetes.found is not None
        kubernetes.ready(ready=1, wanted=2)
        assert status() == "CREATING"
        kubernetes.ready(ready=2, wanted=2)
        assert status() == "ACTIVE"
        assert kubernetes.calls.count("create") == 1 and "replace" not in kubernetes.calls
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == [AGENT]

    def test_a_status_of_an_older_generation_does_not_count(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str]
    ) -> None:
        create()
        status()
        kubernetes.ready()
        assert kubernetes.found is not None
        kubernetes.found["metadata"]["generation"] = 2
        assert status() == "CREATING"

    def test_twice(self, create: Callable[..., Any]) -> None:
        create()
        with pytest.raises(ResourceInUse, match=r"^Addon already exists\.$") as refused:
            create()
        assert refused.value.members == OF

    def test_client_request_token(self, create: Callable[..., Any]) -> None:
        first = create(clientRequestToken="one")
        assert create(clientRequestToken="one") == first
        with pytest.raises(InvalidParameter, match="other parameters"):
            create(clientRequestToken="one", tags={"a": "b"})

    @pytest.mark.parametrize(
        ("members", "code", "text"),
        [
            ({"clusterName": "none"}, "ResourceNotFoundException", "No cluster found"),
            ({"addonName": "no-such"}, "InvalidParameterException", "Addon no-such specified is not supported"),
            ({"addonName": "vpc-cni"}, "InvalidParameterException", "podid does not install the add-on vpc-cni"),
            ({"addonVersion": "v9"}, "InvalidParameterException", "Addon version v9 specified is not supported"),
            ({"resolveConflicts": "MAYBE"}, "InvalidParameterException", "resolveConflicts"),
            ({"serviceAccountRoleArn": "x"}, "InvalidParameterException", "serviceAccountRoleArn"),
            ({"namespaceConfig": {"namespace": "A"}}, "InvalidParameterException", "namespace"),
            ({"tags": {"aws:a": ""}}, "InvalidParameterException", "reserved"),
            ({"configurationValues": '{"x": 1}'}, "InvalidParameterException", "Json schema validation failed"),
            (
                {"podIdentityAssociations": [{"serviceAccount": "x", "roleArn": "y"}]},
                "InvalidParameterException",
                f"Service account x in pod identity configuration is not supported for addon {AGENT}",
            ),
        ],
    )
    def test_what_cannot_be(self, create: Callable[..., Any], members: Any, code: str, text: str) -> None:
        with pytest.raises(AwsError, match=text) as refused:
            create(**members)
        assert refused.value.code == code

    def test_configuration_reaches_the_daemon_set(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str]
    ) -> None:
        create(
            configurationValues="agent:\n  additionalArgs:\n    -b: 169.254.170.23\n    --rotate-credentials: true\n"
        )
        status()
        assert kubernetes.found is not None
        (container,) = kubernetes.found["spec"]["template"]["spec"]["containers"]
        assert container["args"] == [
            "--port", "80", "--cluster-name", "eksdemo1", "--probe-port", "2703",
            "-b", "169.254.170.23", "--rotate-credentials",
        ]  # fmt: skip


class TestTrouble:
    def test_unreachable_cluster_is_waited_for(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str], api: Any, clock: Any
    ) -> None:
        create()
        kubernetes.trouble = Unreachable("no answer")
        assert status() == "CREATING"
        issue = {"code": "ClusterUnreachable", "message": "no answer", "resourceIds": []}
        assert api("DescribeAddon", **OF)["addon"]["health"] == {"issues": [issue]}
        kubernetes.trouble = None
        assert status() == "CREATING"
        kubernetes.ready()
        assert status() == "ACTIVE"
        assert api("DescribeAddon", **OF)["addon"]["health"] == {"issues": []}

    def test_and_given_up_after_a_while(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any
    ) -> None:
        create()
        kubernetes.trouble = Unreachable("no answer")
        assert status() == "CREATING"
        clock.move(minutes=5)
        assert status() == "CREATE_FAILED"

    def test_time_spent_stopped_does_not_count(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any
    ) -> None:
        create()
        clock.move(days=1)  # the worker has not looked before
        kubernetes.trouble = Unreachable("no answer")
        assert status() == "CREATING"

    @pytest.mark.parametrize(
        ("trouble", "code"),
        [
            (Forbidden("no"), "AccessDenied"),
            (Invalid("webhook says no"), "AdmissionRequestDenied"),
        ],
    )
    def test_refusals_fail_at_once(
        self,
        create: Callable[..., Any],
        kubernetes: OneDaemonSet,
        status: Callable[[], str],
        api: Any,
        trouble: KubeError,
        code: str,
    ) -> None:
        create()
        kubernetes.trouble = trouble
        assert status() == "CREATE_FAILED"
        assert api("DescribeAddon", **OF)["addon"]["health"]["issues"][0]["code"] == code

    def test_cluster_without_access(
        self, create: Callable[..., Any], clients: Any, status: Callable[[], str], api: Any, worker: AddonWorker
    ) -> None:
        create()
        clients.by_name.clear()
        assert status() == "CREATE_FAILED"
        assert api("DescribeAddon", **OF)["addon"]["health"]["issues"][0]["code"] == "ClusterUnreachable"
        api("DeleteAddon", **OF)
        worker.look()
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == []

    def test_nodes_that_never_get_ready(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str], api: Any, clock: Any
    ) -> None:
        create()
        status()
        kubernetes.ready(ready=0, wanted=1)
        clock.move(minutes=6)
        assert status() == "DEGRADED"
        (issue,) = api("DescribeAddon", **OF)["addon"]["health"]["issues"]
        assert issue["code"] == "InsufficientNumberOfReplicas" and issue["resourceIds"] == [AGENT]
        kubernetes.ready()
        clock.move(minutes=1)
        assert status() == "ACTIVE"

    def test_somebody_elses_daemon_set_is_a_conflict_unless_overwritten(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        kubernetes.create(None, {"metadata": {"name": AGENT, "namespace": "kube-system"}, "spec": {"theirs": True}})
        create()
        assert status() == "CREATE_FAILED"
        (issue,) = api("DescribeAddon", **OF)["addon"]["health"]["issues"]
        assert issue["code"] == "ConfigurationConflict" and "Conflicts found" in issue["message"]
        api("DeleteAddon", **OF)
        with pytest.raises(ResourceNotFound):
            status()
        assert kubernetes.found is not None  # it was not ours to remove
        create(resolveConflicts="OVERWRITE")
        assert status() == "CREATING"
        assert "theirs" not in kubernetes.found["spec"]

    def test_deleted_under_our_hands_it_is_applied_again(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, status: Callable[[], str]
    ) -> None:
        create()
        status()
        kubernetes.found = None
        status()
        status()
        assert kubernetes.found is not None


class TestActive:
    def test_short_trouble_is_not_shown_long_trouble_is(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any
    ) -> None:
        kubernetes.ready(ready=0)
        clock.move(seconds=30)
        assert status() == "ACTIVE"
        clock.move(seconds=30)
        assert status() == "ACTIVE"
        clock.move(seconds=30)
        assert status() == "DEGRADED"
        kubernetes.ready()
        clock.move(seconds=30)
        assert status() == "ACTIVE"

    def test_trouble_must_last_without_a_break(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any
    ) -> None:
        for ready in (0, 1, 0, 1):
            kubernetes.ready(ready=ready)
            clock.move(seconds=40)
            assert status() == "ACTIVE"

    def test_deleted_daemon_set(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], clock: Any, api: Any
    ) -> None:
        kubernetes.found = None
        clock.move(seconds=30)
        status()
        clock.move(seconds=61)
        assert status() == "DEGRADED"
        assert api("DescribeAddon", **OF)["addon"]["health"]["issues"][0]["code"] == "K8sResourceNotFound"

    def test_cluster_is_not_asked_at_every_look(
        self, active: Any, kubernetes: OneDaemonSet, worker: AddonWorker, clock: Any
    ) -> None:
        clock.move(seconds=31)
        worker.look()
        asked = len(kubernetes.calls)
        for _ in range(5):
            assert worker.look() == 30
        assert len(kubernetes.calls) == asked


class TestUpdate:
    def test_in_progress_then_successful(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        values = '{"agent": {"additionalArgs": {"-v": "trace"}}}'
        update = api("UpdateAddon", **OF, configurationValues=values, resolveConflicts="OVERWRITE")["update"]
        assert (update["status"], update["type"]) == ("InProgress", "AddonUpdate")
        assert update["params"] == [
            {"type": "ResolveConflicts", "value": "OVERWRITE"},
            {"type": "ConfigurationValues", "value": values},
        ]
        assert api("DescribeAddon", **OF)["addon"]["status"] == "UPDATING"
        with pytest.raises(ResourceInUse, match="currently in UPDATING state"):
            api("UpdateAddon", **OF, configurationValues="")
        assert status() == "UPDATING"  # the cluster has not looked at the new generation yet
        kubernetes.ready()
        assert status() == "ACTIVE"
        done = api("DescribeUpdate", name="eksdemo1", updateId=update["id"], addonName=AGENT)["update"]
        assert done == update | {"status": "Successful"}
        assert api("ListUpdates", name="eksdemo1", addonName=AGENT)["updateIds"] == [update["id"]]
        assert api("ListUpdates", name="eksdemo1")["updateIds"] == []

    def test_failure_is_told_by_the_update(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        update = api("UpdateAddon", **OF, addonVersion="v1.3.8-eksbuild.2")["update"]
        kubernetes.trouble = Forbidden("no")
        assert status() == "UPDATE_FAILED"
        done = api("DescribeUpdate", name="eksdemo1", updateId=update["id"], addonName=AGENT)["update"]
        assert done["status"] == "Failed"
        assert done["errors"] == [{"errorCode": "AccessDenied", "errorMessage": "no", "resourceIds": []}]
        kubernetes.trouble = None
        api("UpdateAddon", **OF, addonVersion="v1.3.10-eksbuild.3")
        kubernetes.ready()
        assert status() == "ACTIVE"

    def test_preserve_keeps_what_people_changed(
        self, active: Any, kubernetes: OneDaemonSet, status: Callable[[], str], api: Any
    ) -> None:
        assert kubernetes.found is not None
        kubernetes.found["spec"]["template"]["spec"]["tolerations"] = [{"key": "mine"}]
        values = '{"agent": {"additionalArgs": {"-v": "trace"}}}'
        api("UpdateAddon", **OF, configurationValues=values, resolveConflicts="PRESERVE")
        status()
        pod = kubernetes.found["spec"]["template"]["spec"]
        assert pod["tolerations"] == [{"key": "mine"}] and pod["containers"][0]["args"][-2:] == ["-v", "trace"]

    def test_nothing_to_change(self, active: Any, api: Any) -> None:
        with pytest.raises(InvalidParameter, match="Nothing to update"):
            api("UpdateAddon", **OF)
        with pytest.raises(ResourceNotFound, match="No addon: vpc-cni found"):
            api("UpdateAddon", clusterName="eksdemo1", addonName="vpc-cni", addonVersion="v1")


class TestDelete:
    def test_deleting_then_gone(
        self, active: Any, kubernetes: OneDaemonSet, api: Any, worker: AddonWorker, create: Callable[..., Any]
    ) -> None:
        kubernetes.lingers = True
        assert api("DeleteAddon", **OF)["addon"]["status"] == "DELETING"
        worker.look()
        assert api("DeleteAddon", **OF)["addon"]["status"] == "DELETING"
        assert kubernetes.calls.count("delete") == 1
        kubernetes.found = None
        worker.look()
        with pytest.raises(ResourceNotFound, match=f"^No addon: {AGENT} found in cluster: eksdemo1$") as gone:
            api("DescribeAddon", **OF)
        assert gone.value.members == OF
        assert create()["addonArn"] != active["addonArn"]

    def test_preserve_leaves_the_software(
        self, active: Any, kubernetes: OneDaemonSet, api: Any, worker: AddonWorker
    ) -> None:
        api("DeleteAddon", **OF, preserve=True)
        worker.look()
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == [] and kubernetes.found is not None

    def test_what_does_not_go_fails_after_a_while_and_can_be_asked_again(
        self,
        active: Any,
        kubernetes: OneDaemonSet,
        api: Any,
        status: Callable[[], str],
        clock: Any,
        worker: AddonWorker,
    ) -> None:
        kubernetes.lingers = True
        api("DeleteAddon", **OF)
        assert status() == "DELETING"
        clock.move(minutes=5)
        assert status() == "DELETE_FAILED"
        api("DeleteAddon", **OF)
        kubernetes.found = None
        worker.look()
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == []

    def test_deletion_asked_for_during_a_step_wins(
        self, create: Callable[..., Any], kubernetes: OneDaemonSet, api: Any, worker: AddonWorker
    ) -> None:
        create()
        worker.look()
        kubernetes.ready()
        kubernetes.meanwhile = lambda: api("DeleteAddon", **OF)
        worker.look()
        assert api("DescribeAddon", **OF)["addon"]["status"] == "DELETING"
        worker.look()
        assert kubernetes.found is None


class TestOwnedAssociations:
    @pytest.fixture
    def wish(self, make_role: Callable[..., str]) -> Callable[[str], Any]:
        return lambda role: [{"serviceAccount": AGENT, "roleArn": make_role(role)}]

    def associations(self, api: Any) -> Any:
        return api("ListPodIdentityAssociations", clusterName="eksdemo1")["associations"]

    def test_made_with_the_add_on_and_gone_with_it(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, worker: AddonWorker
    ) -> None:
        made = create(podIdentityAssociations=wish("one"))
        (association,) = self.associations(api)
        assert made["podIdentityAssociations"] == [association["associationArn"]]
        assert association["ownerArn"] == made["addonArn"]
        assert (association["namespace"], association["serviceAccount"]) == ("kube-system", AGENT)
        api("DeleteAddon", **OF)
        worker.look()
        assert self.associations(api) == []

    def test_kept_with_preserve_as_anyones(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, worker: AddonWorker
    ) -> None:
        create(podIdentityAssociations=wish("one"))
        api("DeleteAddon", **OF, preserve=True)
        worker.look()
        (association,) = self.associations(api)
        assert association["ownerArn"] is None

    def test_one_that_exists_is_not_adopted_and_nothing_is_half_made(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, make_role: Callable[..., str]
    ) -> None:
        theirs = api(
            "CreatePodIdentityAssociation",
            clusterName="eksdemo1",
            namespace="kube-system",
            serviceAccount=AGENT,
            roleArn=make_role("one"),
        )["association"]
        with pytest.raises(ResourceInUse, match=f"Association already exists: {theirs['associationId']}"):
            create(podIdentityAssociations=wish("one"))
        assert api("ListAddons", clusterName="eksdemo1")["addons"] == []

    def test_update_changes_leaves_or_removes(
        self, active: Any, wish: Callable[[str], Any], api: Any, status: Callable[[], str]
    ) -> None:
        def update(**members: Any) -> Any:
            told = api("UpdateAddon", **OF, **members)["update"]
            assert status() == "ACTIVE"
            return told

        told = update(podIdentityAssociations=wish("one"))
        assert [each["type"] for each in told["params"]] == ["PodIdentityAssociations"]
        (first,) = self.associations(api)
        update(addonVersion="v1.3.8-eksbuild.2")
        assert self.associations(api) == [first]
        update(podIdentityAssociations=wish("two"))
        (second,) = self.associations(api)
        assert second == first
        full = api("DescribePodIdentityAssociation", clusterName="eksdemo1", associationId=first["associationId"])
        assert full["association"]["roleArn"].endswith(":role/two")
        update(podIdentityAssociations=[])
        assert self.associations(api) == []

    def test_role_is_checked_and_must_be_passed(
        self, create: Callable[..., Any], wish: Callable[[str], Any], api: Any, make_user: Callable[..., Any]
    ) -> None:
        missing = [{"serviceAccount": AGENT, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/none"}]
        with pytest.raises(InvalidParameter, match=r"^Role provided in the request does not exist\.$"):
            create(podIdentityAssociations=missing)
        asked = wish("one")
        api.caller = make_user("clerk", {"Effect": "Allow", "Action": "eks:*", "Resource": "*"})
        with pytest.raises(AccessDenied, match="iam:PassRole"):
            create(podIdentityAssociations=asked)
        with pytest.raises(AccessDenied, match="iam:PassRole"):
            create(serviceAccountRoleArn=asked[0]["roleArn"])

    def test_named_twice(self, create: Callable[..., Any], wish: Callable[[str], Any]) -> None:
        with pytest.raises(InvalidParameter, match="more than once"):
            create(podIdentityAssociations=wish("one") * 2)


class TestDescriptions:
    def test_versions(self, api: Any) -> None:
        (told,) = api("DescribeAddonVersions", addonName=AGENT, kubernetesVersion="1.33")["addons"]
        assert told["type"] == "security" and told["owner"] == "aws"
        versions = told["addonVersions"]
        assert versions[0]["compatibilities"] == [
            {"clusterVersion": "1.33", "platformVersions": ["*"], "defaultVersion": True}
        ]
        assert [each["compatibilities"][0]["defaultVersion"] for each in versions[1:]] == [False] * (len(versions) - 1)
        assert api("DescribeAddonVersions")["addons"][0]["addonName"] == AGENT
        for members in ({"types": ["storage"]}, {"owners": ["community"]}, {"kubernetesVersion": "1.2"}):
            assert api("DescribeAddonVersions", **members)["addons"] == []
        with pytest.raises(InvalidParameter):
            api("DescribeAddonVersions", addonName="no-such")

    def test_configuration(self, api: Any) -> None:
        import json

        told = api("DescribeAddonConfiguration", addonName=AGENT, addonVersion="v1.3.8-eksbuild.2")
        assert "additionalArgs" in json.loads(told["configurationSchema"])["properties"]["agent"]["properties"]
        with pytest.raises(ResourceNotFound):
            api("DescribeAddonConfiguration", addonName=AGENT, addonVersion="v0")


def test_every_created_add_on_survives_a_new_worker(
    create: Callable[..., Any], kubernetes: OneDaemonSet, store: Store, clients: Any, clock: Any
) -> None:
    """A restart in the middle: the next worker goes on where the first one was."""
    create()
    AddonWorker(store, clients, Installer("0.1.0"), clock).look()
    kubernetes.ready()
    AddonWorker(store, clients, Installer("0.1.0"), clock).look()
    with store.read() as connection:
        (addon,) = addon_rows.everywhere(connection)
    assert addon.status == "ACTIVE" and kubernetes.calls.count("create") == 1
