from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from podid.webhook.identities import IdentitiesUnavailable
from podid.webhook.mutate import MutateConfig
from podid.webhook.review import FailurePolicy, Reviewer


class Known:
    """default/s3 has an association; or nothing can be said."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.asked: list[tuple[str, str]] = []

    async def has(self, namespace: str, service_account: str) -> bool:
        self.asked.append((namespace, service_account))
        if self.problem:
            raise IdentitiesUnavailable(self.problem)
        return (namespace, service_account) in {("default", "s3"), ("default", "default")}

    async def check(self) -> None:
        pass


class Accounts:
    def __init__(self, annotations: Mapping[str, str] | None) -> None:
        self._annotations = annotations

    async def annotations(self, namespace: str, name: str) -> Mapping[str, str] | None:
        return self._annotations


def review(
    body: Any,
    known: Known | None = None,
    accounts: Mapping[str, str] | str | None = "unread",
    policy: FailurePolicy = "allow",
) -> tuple[dict[str, Any], Any]:
    reviewer = Reviewer(
        known or Known(),
        MutateConfig(),
        service_accounts=None if isinstance(accounts, str) else Accounts(accounts),
        failure_policy=policy,
        random=lambda: 0.0,
    )
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    result = asyncio.run(reviewer.review(raw))
    return json.loads(result.body), result


def request(**changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "uid": "705ab4f5",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "name": "",
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {"username": "admin"},
        "object": {
            "metadata": {"generateName": "p-"},
            "spec": {"serviceAccountName": "s3", "containers": [{"name": "a"}]},
        },
        "oldObject": None,
        "dryRun": False,
        "options": None,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {**given, **changes}}


def patch_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    response = answer["response"]
    assert response["patchType"] == "JSONPatch"
    found = json.loads(base64.b64decode(response["patch"]))
    assert isinstance(found, list)
    return found


def test_a_pod_with_an_association_is_mutated() -> None:
    known = Known()
    answer, result = review(request(), known)
    assert (answer["apiVersion"], answer["kind"]) == ("admission.k8s.io/v1", "AdmissionReview")
    assert (answer["response"]["uid"], answer["response"]["allowed"]) == ("705ab4f5", True)
    assert patch_of(answer)[0] == {
        "op": "add",
        "path": "/metadata/labels",
        "value": {"eks.amazonaws.com/pod-identity": "enabled"},
    }
    assert result.method == "container_credentials"
    assert known.asked == [("default", "s3")]


def test_a_pod_without_one_is_allowed_as_it_is() -> None:
    answer, result = review(request(namespace="other"))
    assert answer["response"] == {"uid": "705ab4f5", "allowed": True}
    assert result.method is None


def test_a_pod_that_names_no_service_account_has_the_default_one() -> None:
    known = Known()
    review(request(object={"spec": {"containers": []}}), known)
    assert known.asked == [("default", "default")]


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "UPDATE"},
        {"operation": "DELETE", "object": None},
        {"subResource": "ephemeralcontainers"},
        {
            "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "kind": {"group": "apps", "kind": "Deployment"},
        },
        {"resource": {"group": "metrics.k8s.io", "version": "v1", "resource": "pods"}},
    ],
)
def test_only_the_creation_of_pods_is_looked_at(change: dict[str, Any]) -> None:
    known = Known()
    answer, _ = review(request(**change), known)
    assert answer["response"] == {"uid": "705ab4f5", "allowed": True}
    assert known.asked == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the review cannot be read"),
        (b"\xff\xfe", "the review cannot be read"),
        (b"[" * 100_000, "the review cannot be read"),
        (b"[]", "the review cannot be read"),
        ({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"}, "bad content"),
        (request(object={"spec": {"containers": {}}}), "spec.containers of the pod is not a list"),
        (request(object=[]), "the review cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_answer(body: Any, message: str) -> None:
    answer, _ = review(body)
    assert answer["response"]["allowed"] is False
    assert message in answer["response"]["status"]["message"]


def test_a_beta_review_is_answered_as_one() -> None:
    answer, _ = review({**request(), "apiVersion": "admission.k8s.io/v1beta1"})
    assert answer["apiVersion"] == "admission.k8s.io/v1beta1"
    assert patch_of(answer)


def test_when_associations_cannot_be_read_a_pod_is_admitted_with_a_warning() -> None:
    answer, result = review(request(), Known("EKS cannot be reached: " + "x" * 500))
    assert answer["response"]["allowed"] is True
    assert "patch" not in answer["response"]
    (warning,) = answer["response"]["warnings"]
    assert warning.startswith("this pod got no Pod Identity")
    assert len(warning) <= 250
    assert result.unavailable


def test_or_refused_where_the_policy_says_so() -> None:
    answer, _ = review(request(), Known("down"), policy="deny")
    assert answer["response"]["allowed"] is False
    assert answer["response"]["status"]["message"] == "Pod Identity associations cannot be read: down"


def test_an_annotated_role_is_web_identity_and_an_association_beats_it() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r"}
    answer, result = review(request(namespace="other"), accounts=role)
    assert result.method == "sts_web_identity"
    assert "AWS_ROLE_ARN" in json.dumps(patch_of(answer))
    answer, result = review(request(), accounts=role)
    assert result.method == "container_credentials"
    assert "AWS_ROLE_ARN" not in json.dumps(patch_of(answer))


def test_a_missing_service_account_is_counted_and_stops_nothing() -> None:
    answer, result = review(request(), accounts=None)
    assert result.missing_service_account
    assert patch_of(answer)
