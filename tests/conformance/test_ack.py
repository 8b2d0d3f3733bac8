"""The calls of ACK's PodIdentityAssociation controller: reconcile until what is there is what was asked for.

Source: aws-controllers-k8s/eks-controller, `pkg/resource/pod_identity_association` (sdk.go, hooks.go) and `pkg/tags`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conformance.endpoint import CLUSTER, Endpoint

TARGET = "arn:aws:iam::444455556666:role/target"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


class Controller:
    """One custom resource, reconciled against the endpoint as the controller does it."""

    def __init__(self, endpoint: Endpoint, **spec: Any) -> None:
        self._eks = endpoint.client("eks")
        self.spec = {"clusterName": CLUSTER, "namespace": "ack", **spec}
        self.id = ""
        self.calls: list[str] = []

    def find(self) -> dict[str, Any] | None:
        """What is there; a 404 means that nothing is."""
        if not self.id:
            return None
        try:
            return dict(self._call("describe", clusterName=CLUSTER, associationId=self.id)["association"])
        except self._eks.exceptions.ResourceNotFoundException:
            return None

    def adopt(self) -> None:
        """Take over what exists for the triple: there must be exactly one."""
        found = self._eks.list_pod_identity_associations(
            clusterName=CLUSTER, namespace=self.spec["namespace"], serviceAccount=self.spec["serviceAccount"]
        )["associations"]
        assert len(found) == 1
        self.id = found[0]["associationId"]

    def reconcile(self) -> dict[str, Any]:
        """One round; gives what is there then."""
        latest = self.find()
        if latest is None:
            latest = dict(self._call("create", **self.spec)["association"])
            self.id = latest["associationId"]
            return latest
        self._tags(latest)
        wanted = {name: self.spec.get(name) for name in ("roleArn", "disableSessionTags", "policy")}
        changes = {name: value for name, value in wanted.items() if value is not None}
        differs = any(latest.get(name) != value for name, value in changes.items())
        if differs or latest.get("targetRoleArn") != self.spec.get("targetRoleArn"):
            # nil does not unset a target: the controller sends the empty text
            changes["targetRoleArn"] = self.spec.get("targetRoleArn") or ""
            self._call("update", clusterName=CLUSTER, associationId=self.id, **changes)
        found = self.find()
        assert found is not None
        return found

    def delete(self) -> None:
        self._call("delete", clusterName=CLUSTER, associationId=self.id)

    def _tags(self, latest: dict[str, Any]) -> None:
        wanted, held = self.spec.get("tags") or {}, latest["tags"]
        gone = [key for key in held if key not in wanted]
        new = {key: value for key, value in wanted.items() if held.get(key) != value}
        if gone:
            self._eks.untag_resource(resourceArn=latest["associationArn"], tagKeys=gone)
        if new:
            self._eks.tag_resource(resourceArn=latest["associationArn"], tags=new)

    def _call(self, what: str, **asked: Any) -> Any:
        self.calls.append(what)
        return getattr(self._eks, f"{what}_pod_identity_association")(**asked)


def test_a_resource_through_its_life(endpoint: Endpoint, role: str) -> None:
    other = endpoint.role("ack-other")
    resource = Controller(
        endpoint, serviceAccount="ack-life", roleArn=role, tags={"a": "1"}, clientRequestToken="ack-1"
    )
    made = resource.reconcile()
    assert {"associationArn", "associationId", "createdAt", "modifiedAt"} <= set(made)

    resource.calls.clear()
    assert resource.reconcile() == made
    assert resource.calls == ["describe", "describe"], "what is as it should be is left alone"

    resource.spec |= {"roleArn": other, "targetRoleArn": TARGET, "tags": {"b": "2"}}
    changed = resource.reconcile()
    assert (changed["roleArn"], changed["targetRoleArn"], changed["tags"]) == (other, TARGET, {"b": "2"})
    assert changed["externalId"].endswith(f"/{CLUSTER}/ack/ack-life")

    del resource.spec["targetRoleArn"]
    assert "targetRoleArn" not in resource.reconcile()

    resource.spec |= {"disableSessionTags": True, "policy": POLICY}
    narrowed = resource.reconcile()
    assert (narrowed["disableSessionTags"], json.loads(narrowed["policy"])) == (True, json.loads(POLICY))
    resource.calls.clear()
    assert resource.reconcile() == narrowed
    assert "update" not in resource.calls, "the policy comes back as it was sent"

    resource.delete()
    assert resource.find() is None


def test_what_was_deleted_behind_its_back_is_made_again(endpoint: Endpoint, role: str) -> None:
    """The spec's clientRequestToken is fixed: it must not stand in the way of a second creation."""
    resource = Controller(endpoint, serviceAccount="ack-again", roleArn=role, clientRequestToken="ack-2")
    first = resource.reconcile()
    resource.delete()
    second = resource.reconcile()
    assert second["associationId"] != first["associationId"]
    assert resource.find() == second


def test_a_crash_before_the_status_was_kept(endpoint: Endpoint, role: str) -> None:
    """The controller made it and forgot: the same token gives the same association, another one a conflict."""
    spec = {"serviceAccount": "ack-crash", "roleArn": role}
    first = Controller(endpoint, **spec, clientRequestToken="ack-3").reconcile()
    assert Controller(endpoint, **spec, clientRequestToken="ack-3").reconcile() == first
    stranger = Controller(endpoint, **spec)
    with pytest.raises(endpoint.client("eks").exceptions.ClientError) as refused:
        stranger.reconcile()
    assert refused.value.response["Error"]["Message"] == f"Association already exists: {first['associationId']}"
    stranger.adopt()
    assert stranger.reconcile() == first
