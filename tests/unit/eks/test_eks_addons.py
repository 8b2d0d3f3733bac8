"""Add-ons: made, by the API and the worker, on a cluster that behaves or does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.eks.one_daemonset import ACCOUNT, AGENT, OF, OneDaemonSet

from podid.core.errors import AwsError
from podid.eks.addons import addon_rows
from podid.eks.addons.installer import Installer
from podid.eks.addons.worker import AddonWorker
from podid.eks.errors import InvalidParameter, ResourceInUse, ResourceNotFound
from podid.kube import Forbidden, Invalid, KubeError, Unreachable
from podid.store import Store


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
