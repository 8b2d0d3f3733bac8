"""The golden table of EKS's access policies at the API server: what each lets its principal do."""

from __future__ import annotations

import pytest

from podid.localcluster.apiserver.access_policies import EXTRA, is_granted
from podid.localcluster.apiserver.attributes import Attributes
from podid.localcluster.apiserver.authorization import is_allowed
from podid.localcluster.users import AUTHENTICATED, User

# verb, resource, namespace, subresource: Admin, AdminView, ClusterAdmin, Edit, SecretReader, View
TABLE: list[tuple[str, str, str, str, str]] = [
    ("get", "pods", "ns", "", "y y y y n y"),
    ("list", "pods", "", "", "y y y y n y"),
    ("get", "pods", "ns", "log", "y y y y n y"),
    ("get", "pods", "ns", "exec", "y n y y n n"),
    ("create", "pods", "ns", "exec", "y n y y n n"),
    ("create", "pods", "ns", "portforward", "y n y y n n"),
    ("create", "pods", "ns", "", "y n y y n n"),
    ("patch", "deployments", "ns", "scale", "y n y y n n"),
    ("create", "pods", "ns", "eviction", "y n y y n n"),
    ("update", "pods", "ns", "status", "n n y n n n"),
    ("create", "pods", "ns", "binding", "n n y n n n"),
    ("get", "secrets", "ns", "", "y y y y y n"),
    ("list", "secrets", "", "", "y y y y y n"),
    ("delete", "secrets", "ns", "", "y n y y n n"),
    ("create", "serviceaccounts", "ns", "token", "y n y y n n"),
    ("get", "namespaces", "ns", "", "y y y y n y"),
    ("create", "namespaces", "ns", "", "n n y n n n"),
    ("list", "nodes", "", "", "n y y n n n"),
    ("patch", "nodes", "", "", "n n y n n n"),
    ("create", "tokenreviews", "", "", "n n y n n n"),
    ("create", "mutatingwebhookconfigurations", "", "", "n n y n n n"),
    ("create", "localsubjectaccessreviews", "ns", "", "y n y n n n"),
    ("impersonate", "users", "", "", "n n y n n n"),
]
NAMES = ("Admin", "AdminView", "ClusterAdmin", "Edit", "SecretReader", "View")


@pytest.mark.parametrize(("verb", "resource", "namespace", "subresource", "row"), TABLE)
def test_what_a_policy_gives(verb: str, resource: str, namespace: str, subresource: str, row: str) -> None:
    wanted = Attributes(verb=verb, resource=resource, namespace=namespace, subresource=subresource)
    given = {name: is_granted((f"AmazonEKS{name}Policy",), wanted) for name in NAMES}
    assert given == {name: cell == "y" for name, cell in zip(NAMES, row.split(), strict=True)}


@pytest.mark.parametrize(
    ("grant", "namespace", "allowed"),
    [
        ("AmazonEKSViewPolicy@dev", "dev", True),
        ("AmazonEKSViewPolicy@dev", "dev-1", False),
        ("AmazonEKSViewPolicy@dev", "", False),
        ("AmazonEKSViewPolicy@dev*", "dev-1", True),
        ("AmazonEKSViewPolicy@*", "any", True),
        ("AmazonEKSViewPolicy@*", "", False),
        ("AmazonEKSClusterAdminPolicy@dev", "", False),
        ("AmazonEKSClusterAdminPolicy@dev", "dev", True),
        ("AmazonEKSNobodyPolicy", "dev", False),
        ("", "dev", False),
    ],
)
def test_where_a_policy_holds(grant: str, namespace: str, allowed: bool) -> None:
    wanted = Attributes(verb="list", resource="pods", namespace=namespace)
    assert is_granted((grant,), wanted) is allowed
    user = User(username="u", groups=(AUTHENTICATED,), extra={EXTRA: (grant,)})
    assert is_allowed(user, wanted) is allowed
    assert not is_allowed(user, Attributes(verb="get", path="/metrics"))


def test_policies_of_nobody_count_for_nothing() -> None:
    user = User(username="u", extra={EXTRA: ("AmazonEKSClusterAdminPolicy",)})
    assert not is_allowed(user, Attributes(verb="list", resource="pods", namespace="ns"))
