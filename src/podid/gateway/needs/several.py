"""Operations that need several things, or something else than one action of their own name.

DynamoDB's transactions and PartiQL, EventBridge's events, EKS and EKS Auth (their resource ARNs hold identifiers the reference cannot fill),
and podid's own extensions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from podid.gateway.needs import request_tags
from podid.gateway.needs.need import Asked, Need, Rule
from podid.gateway.needs.partiql import statement_need


def _table(asked: Asked, name: str) -> str:
    return name if name.startswith("arn:") else asked.arn(f"table/{name}")


def _transact_get(asked: Asked) -> Iterator[Need]:
    for item in asked.members.get("TransactItems") or ():
        get = item.get("Get") or {}
        yield Need(action="dynamodb:GetItem", resource=_table(asked, str(get.get("TableName", ""))))


_WRITES = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


def _transact_write(asked: Asked) -> Iterator[Need]:
    for item in asked.members.get("TransactItems") or ():
        for kind, action in _WRITES.items():
            if item.get(kind):
                yield Need(action=action, resource=_table(asked, str(item[kind].get("TableName", ""))))


def _batch_tables(action: str) -> Rule:
    def rule(asked: Asked) -> Iterator[Need]:
        for name in asked.members.get("RequestItems") or {}:
            yield Need(action=action, resource=_table(asked, str(name)))

    return rule


def _execute(asked: Asked) -> Iterator[Need]:
    statements: list[Any] = [asked.members.get("Statement")]
    entries = asked.members.get("Statements") or asked.members.get("TransactStatements") or ()
    statements.extend(entry.get("Statement") for entry in entries)
    for statement in statements:
        if isinstance(statement, str):
            yield statement_need(asked, statement)


def _put_events(asked: Asked) -> Iterator[Need]:
    """Each event on its bus, with its own source and kind."""
    seen: set[tuple[str, str, str]] = set()
    for entry in asked.members.get("Entries") or ():
        bus, source, kind = (str(entry.get(name) or "") for name in ("EventBusName", "Source", "DetailType"))
        if (bus, source, kind) not in seen:
            seen.add((bus, source, kind))
            yield Need(
                action="events:PutEvents",
                resource=bus if bus.startswith("arn:") else asked.arn(f"event-bus/{bus or 'default'}"),
                context={"events:source": (source,), "events:detail-type": (kind,)},
            )


def _eks(kind: str, *members: str, also: str = "") -> Rule:
    """An action of the operation's own name, on a thing of EKS below its cluster."""

    def rule(asked: Asked) -> Iterator[Need]:
        cluster = asked.text("clusterName") or asked.text("name") or "*"
        parts = [asked.text(member) or "*" for member in members]
        resource = asked.arn("/".join([kind, cluster, *parts]), service="eks")
        yield Need(action=f"eks:{asked.operation}", resource=resource, context=request_tags.conditions(asked.members))
        if also:
            yield Need(action=f"eks:{asked.operation}", resource=asked.arn(f"cluster/{cluster}", service="eks"))

    return rule


def _eks_on_everything(asked: Asked) -> Iterator[Need]:
    yield Need(action=f"eks:{asked.operation}", context=request_tags.conditions(asked.members))


def _eks_tags(asked: Asked) -> Iterator[Need]:
    yield Need(
        action=f"eks:{asked.operation}",
        resource=asked.text("resourceArn") if asked.text("resourceArn").startswith("arn:") else "*",
        context=request_tags.conditions(asked.members),
    )


def _assume_for_pod(asked: Asked) -> Iterator[Need]:
    yield Need(
        action="eks-auth:AssumeRoleForPodIdentity",
        resource=asked.arn(f"cluster/{asked.text('clusterName')}", service="eks"),
    )


def _access_entry(asked: Asked) -> Iterator[Need]:
    arn = asked.text("principalArn")
    account, (kind, _, path) = arn.split(":")[4:5], arn.rpartition(":")[2].partition("/")
    named = [kind or "*", *(account or ["*"]), path.rpartition("/")[2] or "*"]
    resource = asked.arn("/".join(["access-entry", asked.text("clusterName") or "*", *named, "*"]), service="eks")
    yield Need(action=f"eks:{asked.operation}", resource=resource, context=request_tags.conditions(asked.members))


def _node_session(asked: Asked) -> Iterator[Need]:
    yield Need(action="podid:GetNodeSession", resource=asked.arn(f"node/{asked.text('InstanceId')}", service="podid"))


def _cluster_of_podid(asked: Asked) -> Iterator[Need]:
    resource = asked.arn(f"cluster/{asked.text('ClusterName')}", service="podid")
    yield Need(action=f"podid:{asked.operation}", resource=resource)


_ASSOCIATION = _eks("podidentityassociation", "associationId")
_ADDON = _eks("addon", "addonName", "")
_CLUSTER = _eks("cluster")
RULES: Mapping[str, Mapping[str, Rule]] = {
    "events": {"PutEvents": _put_events},
    "dynamodb": {
        "TransactGetItems": _transact_get,
        "TransactWriteItems": _transact_write,
        "BatchGetItem": _batch_tables("dynamodb:BatchGetItem"),
        "BatchWriteItem": _batch_tables("dynamodb:BatchWriteItem"),
        "ExecuteStatement": _execute,
        "BatchExecuteStatement": _execute,
        "ExecuteTransaction": _execute,
    },
    "eks": {
        "CreatePodIdentityAssociation": _CLUSTER,
        "ListPodIdentityAssociations": _CLUSTER,
        "DescribePodIdentityAssociation": _ASSOCIATION,
        "UpdatePodIdentityAssociation": _ASSOCIATION,
        "DeletePodIdentityAssociation": _ASSOCIATION,
        "CreateCluster": _CLUSTER,
        "DescribeCluster": _CLUSTER,
        "DeleteCluster": _CLUSTER,
        "UpdateClusterConfig": _CLUSTER,
        "UpdateClusterVersion": _CLUSTER,
        "ListClusters": _eks_on_everything,
        "RegisterCluster": _eks_on_everything,
        "DescribeClusterVersions": _eks_on_everything,
        "DescribeAddonVersions": _eks_on_everything,
        "DescribeAddonConfiguration": _eks_on_everything,
        "CreateAddon": _CLUSTER,
        "ListAddons": _CLUSTER,
        "ListUpdates": _CLUSTER,
        "DescribeUpdate": _CLUSTER,
        "DescribeAddon": _ADDON,
        "UpdateAddon": _ADDON,
        "DeleteAddon": _ADDON,
        "DescribeAccessEntry": _access_entry,
        "UpdateAccessEntry": _access_entry,
        "DeleteAccessEntry": _access_entry,
        "AssociateAccessPolicy": _access_entry,
        "DisassociateAccessPolicy": _access_entry,
        "ListAssociatedAccessPolicies": _access_entry,
        "TagResource": _eks_tags,
        "UntagResource": _eks_tags,
        "ListTagsForResource": _eks_tags,
    },
    "eks-auth": {"AssumeRoleForPodIdentity": _assume_for_pod},
    "podid": {
        "GetNodeSession": _node_session,
        "RegisterCluster": _cluster_of_podid,
        "ReviewClusterToken": _cluster_of_podid,
    },
}
