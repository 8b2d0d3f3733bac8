"""Which webhooks a request concerns."""

from __future__ import annotations

from typing import Any

import pytest

from podid.localcluster.admission.attributes import Attributes
from podid.localcluster.admission.webhooks.matching import concerns
from podid.localcluster.objects.kinds import BY_RESOURCE

RULE = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*"}


def asked(
    rule: dict[str, Any], resource: str = "pods", subresource: str = "", operation: Any = "CREATE", **webhook: Any
) -> bool:
    attributes = Attributes(
        operation=operation, kind=BY_RESOURCE[resource], namespace="n", name="x", subresource=subresource
    )
    obj = {"metadata": {"labels": {"app": "x"}}}
    return concerns(
        {"rules": [{**RULE, **rule}], **webhook}, attributes, obj=obj, old=None, namespace_labels={"env": "test"}
    )


@pytest.mark.parametrize(
    ("rule", "where", "is_asked"),
    [
        ({}, {}, True),
        ({"operations": ["UPDATE"]}, {}, False),
        ({"operations": ["*"]}, {"operation": "DELETE"}, True),
        ({"apiGroups": ["apps"]}, {}, False),
        ({"apiGroups": ["*"]}, {"resource": "daemonsets"}, False),
        ({"apiGroups": ["*"], "resources": ["*"]}, {"resource": "daemonsets"}, True),
        ({"apiVersions": ["v2"]}, {}, False),
        ({}, {"subresource": "status"}, False),
        ({"resources": ["pods/status"]}, {"subresource": "status"}, True),
        ({"resources": ["pods/status"]}, {}, False),
        ({"resources": ["pods/*"]}, {"subresource": "status"}, True),
        ({"resources": ["pods/*"]}, {}, True),
        ({"resources": ["*"]}, {"subresource": "status"}, False),
        ({"resources": ["*/*"]}, {"subresource": "status"}, True),
        ({"resources": ["*/status"]}, {"subresource": "status"}, True),
        ({"scope": "Namespaced"}, {}, True),
        ({"scope": "Cluster"}, {}, False),
        ({"scope": "Cluster", "resources": ["nodes"]}, {"resource": "nodes"}, True),
        ({"scope": "Cluster", "resources": ["namespaces"]}, {"resource": "namespaces"}, True),
    ],
)
def test_rules(rule: dict[str, Any], where: dict[str, Any], is_asked: bool) -> None:
    assert asked(rule, **where) is is_asked


def test_selectors() -> None:
    assert asked({}, namespaceSelector={}, objectSelector={})
    assert asked({}, namespaceSelector={"matchLabels": {"env": "test"}})
    assert not asked({}, namespaceSelector={"matchLabels": {"env": "prod"}})
    assert asked({}, objectSelector={"matchExpressions": [{"key": "app", "operator": "Exists"}]})
    assert not asked({}, objectSelector={"matchLabels": {"app": "y"}})
    # what lies in no namespace passes its selector
    assert asked({"resources": ["nodes"]}, resource="nodes", namespaceSelector={"matchLabels": {"env": "prod"}})


def test_of_an_update_either_object_may_match() -> None:
    attributes = Attributes(operation="UPDATE", kind=BY_RESOURCE["pods"], namespace="n", name="x")
    webhook = {"rules": [{**RULE, "operations": ["*"]}], "objectSelector": {"matchLabels": {"a": "1"}}}
    plain: dict[str, Any] = {"metadata": {}}
    labelled: dict[str, Any] = {"metadata": {"labels": {"a": "1"}}}
    assert concerns(webhook, attributes, obj=plain, old=labelled, namespace_labels={})
    assert concerns(webhook, attributes, obj=labelled, old=plain, namespace_labels={})
    assert not concerns(webhook, attributes, obj=plain, old=plain, namespace_labels={})
