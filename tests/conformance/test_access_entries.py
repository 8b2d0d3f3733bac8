"""Access entries: the API's facts, and what a cluster's own API server makes of them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tests.conformance.api_server import ApiServer, token
from tests.conformance.endpoint import ACCOUNT, CLUSTER, REGION, Endpoint, Key

PATH = f"/clusters/{CLUSTER}/access-entries"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKS{}Policy"


def entry(arn: str) -> str:
    """The path of a principal's entry."""
    return f"{PATH}/{quote(arn, safe='')}"


@pytest.fixture(scope="module")
def person(endpoint: Endpoint) -> tuple[str, Key]:
    """The ARN of a user without any permission of IAM, and a key of theirs."""
    return f"arn:aws:iam::{ACCOUNT}:user/entered", endpoint.user("entered")


@pytest.fixture(scope="module")
def made(endpoint: Endpoint, person: tuple[str, Key]) -> dict[str, Any]:
    answer = endpoint.eks("POST", PATH, {"principalArn": person[0], "clientRequestToken": "entry"})
    assert answer.status == 200, answer
    return dict(answer.json["accessEntry"])


FIELDS: dict[str, Callable[[Any], bool]] = {
    "clusterName": lambda value: value == CLUSTER,
    "principalArn": lambda value: value == f"arn:aws:iam::{ACCOUNT}:user/entered",
    "kubernetesGroups": lambda value: value == [],
    "accessEntryArn": lambda value: (
        re.fullmatch(
            rf"arn:aws:eks:{REGION}:{ACCOUNT}:access-entry/{CLUSTER}/user/{ACCOUNT}/entered/[0-9a-f-]{{36}}", value
        )
        is not None
    ),
    "createdAt": lambda value: abs(time.time() - value) < 120,
    "modifiedAt": lambda value: isinstance(value, int | float),
    "tags": lambda value: value == {},
    "username": lambda value: value == f"arn:aws:iam::{ACCOUNT}:user/entered",
    "type": lambda value: value == "STANDARD",
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_a_new_entry(made: dict[str, Any], name: str) -> None:
    assert FIELDS[name](made[name])


def test_it_has_no_other_fields(made: dict[str, Any]) -> None:
    assert set(made) == set(FIELDS)


def test_the_same_token_gets_the_first_answer(endpoint: Endpoint, made: dict[str, Any]) -> None:
    asked = {"principalArn": made["principalArn"], "clientRequestToken": "entry"}
    assert endpoint.eks("POST", PATH, asked).json["accessEntry"] == made
    other = endpoint.eks("POST", PATH, asked | {"kubernetesGroups": ["x"]})
    assert (other.status, other.code) == (400, "InvalidParameterException")


def test_a_role_has_the_name_of_its_sessions(endpoint: Endpoint) -> None:
    arn = endpoint.role("entered-role", path="/a/b/")
    told = endpoint.eks("POST", PATH, {"principalArn": arn, "kubernetesGroups": ["viewers"]}).json["accessEntry"]
    assert told["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/entered-role/{{{{SessionName}}}}"
    assert f"/role/{ACCOUNT}/entered-role/" in told["accessEntryArn"]
    changed = endpoint.eks("POST", entry(arn), {"username": "us:{{SessionName}}", "kubernetesGroups": []})
    assert changed.json["accessEntry"]["username"] == "us:{{SessionName}}"
    assert changed.json["accessEntry"]["kubernetesGroups"] == []
    deleted = endpoint.eks("DELETE", entry(arn))
    assert (deleted.status, deleted.json) == (200, {})
    assert endpoint.eks("GET", entry(arn)).code == "ResourceNotFoundException"


def test_a_nodes_entry_has_its_names(endpoint: Endpoint) -> None:
    arn = endpoint.role("entered-node")
    told = endpoint.eks("POST", PATH, {"principalArn": arn, "type": "EC2_LINUX"}).json["accessEntry"]
    assert told["username"] == "system:node:{{EC2PrivateDNSName}}"
    assert told["kubernetesGroups"] == ["system:nodes"]
    refused = endpoint.eks("POST", entry(arn), {"kubernetesGroups": []})
    assert refused.text == 'This operation can only be performed on Access Entries with a type of "STANDARD".'


GONE = f"arn:aws:iam::{ACCOUNT}:role/gone"
SCOPE = {"type": "cluster"}
Case = tuple[str, str, Any, int, str, str]
REFUSALS: dict[str, Case] = {
    "again": (
        "POST",
        PATH,
        {"principalArn": "ARN"},
        409,
        "ResourceInUseException",
        "The specified access entry resource is already in use on this cluster.",
    ),
    "nobody": (
        "POST",
        PATH,
        {"principalArn": GONE},
        400,
        "InvalidParameterException",
        "The specified principalArn is invalid: invalid principal.",
    ),
    "a session": (
        "POST",
        PATH,
        {"principalArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b"},
        400,
        "InvalidParameterException",
        "The specified principalArn is invalid: invalid principal.",
    ),
    "a service-linked role": (
        "POST",
        PATH,
        {"principalArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"},
        400,
        "InvalidParameterException",
        "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
    ),
    "a group of the system": (
        "POST",
        PATH,
        {"principalArn": "ARN", "kubernetesGroups": ["system:masters"]},
        400,
        "InvalidParameterException",
        "The kubernetes group name system:masters is invalid, it cannot start with system:",
    ),
    "a name of the system": (
        "POST",
        "ENTRY",
        {"username": "system:admin"},
        400,
        "InvalidParameterException",
        "The username must not begin with system:",
    ),
    "a session's name without a colon": (
        "POST",
        "ENTRY",
        {"username": "{{SessionName}}"},
        400,
        "InvalidParameterException",
        "",
    ),
    "no principal": ("POST", PATH, {}, 400, "InvalidParameterException", ""),
    "an unknown type": ("POST", PATH, {"principalArn": "ARN", "type": "X"}, 400, "InvalidParameterException", ""),
    "a node that is a user": (
        "POST",
        PATH,
        {"principalArn": "ARN", "type": "EC2_LINUX"},
        400,
        "InvalidParameterException",
        "",
    ),
    "no such cluster": (
        "GET",
        "/clusters/nowhere/access-entries",
        None,
        404,
        "ResourceNotFoundException",
        "No cluster found for name: nowhere.",
    ),
    "no such entry": (
        "GET",
        entry(GONE),
        None,
        404,
        "ResourceNotFoundException",
        "The specified principalArn could not be found. You can view your available access entries with "
        "'list-access-entries'.",
    ),
    "delete of none": ("DELETE", entry(GONE), None, 404, "ResourceNotFoundException", ""),
    "a policy that is none": (
        "POST",
        "ENTRY/access-policies",
        {"policyArn": "x", "accessScope": SCOPE},
        400,
        "InvalidParameterException",
        "The policyArn parameter format is not valid",
    ),
    "a policy of IAM": (
        "POST",
        "ENTRY/access-policies",
        {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess", "accessScope": SCOPE},
        400,
        "InvalidParameterException",
        "",
    ),
    "a policy that is not there": (
        "POST",
        "ENTRY/access-policies",
        {"policyArn": POLICY.format("Nobody"), "accessScope": SCOPE},
        404,
        "ResourceNotFoundException",
        "",
    ),
    "a scope without namespaces": (
        "POST",
        "ENTRY/access-policies",
        {"policyArn": POLICY.format("View"), "accessScope": {"type": "namespace"}},
        400,
        "InvalidParameterException",
        "",
    ),
    "a scope of no type": (
        "POST",
        "ENTRY/access-policies",
        {"policyArn": POLICY.format("View"), "accessScope": {}},
        400,
        "InvalidParameterException",
        "",
    ),
    "taking what was not given": (
        "DELETE",
        f"ENTRY/access-policies/{quote(POLICY.format('Edit'), safe='')}",
        None,
        404,
        "ResourceNotFoundException",
        "",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal(endpoint: Endpoint, made: dict[str, Any], case: str) -> None:
    method, path, body, status, code, text = REFUSALS[case]
    if isinstance(body, dict) and body.get("principalArn") == "ARN":
        body = body | {"principalArn": made["principalArn"]}
    answer = endpoint.eks(method, path.replace("ENTRY", entry(made["principalArn"])), body)
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.text == (text or answer.text) != ""


def test_pages_of_entries(endpoint: Endpoint, made: dict[str, Any]) -> None:
    told: list[str] = []
    for page in (
        endpoint.client("eks")
        .get_paginator("list_access_entries")
        .paginate(clusterName=CLUSTER, PaginationConfig={"PageSize": 1})
    ):
        assert len(page["accessEntries"]) == 1
        told += page["accessEntries"]
    assert made["principalArn"] in told
    assert f"arn:aws:iam::{ACCOUNT}:user/admin" in told
    assert told == sorted(set(told))


def test_an_entry_has_tags(endpoint: Endpoint, made: dict[str, Any]) -> None:
    tags = f"/tags/{quote(made['accessEntryArn'], safe='')}"
    assert endpoint.eks("POST", tags, {"tags": {"a": "b"}}).status == 200
    assert endpoint.eks("GET", entry(made["principalArn"])).json["accessEntry"]["tags"] == {"a": "b"}
    assert endpoint.eks("DELETE", f"{tags}?tagKeys=a").status == 200


def test_the_policies_there_are(endpoint: Endpoint) -> None:
    told = endpoint.client("eks").list_access_policies()["accessPolicies"]
    names = {each["name"] for each in told}
    assert {f"AmazonEKS{kind}Policy" for kind in ("Admin", "ClusterAdmin", "Edit", "View", "AdminView")} <= names
    assert all(each["arn"].endswith(f"::aws:cluster-access-policy/{each['name']}") for each in told)


def test_who_may_not_is_told_so(endpoint: Endpoint, powerless: Key) -> None:
    answer = endpoint.eks("POST", PATH, {"principalArn": GONE}, key=powerless)
    assert (answer.status, answer.code) == (403, "AccessDeniedException")
    assert "eks:CreateAccessEntry on resource: " in answer.text


def test_a_permission_for_some_policies_in_some_namespaces(endpoint: Endpoint, made: dict[str, Any]) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "eks:AssociateAccessPolicy",
        "Resource": f"arn:aws:eks:{REGION}:{ACCOUNT}:access-entry/{CLUSTER}/user/{ACCOUNT}/entered/*",
        "Condition": {
            "StringEquals": {"eks:policyArn": POLICY.format("View"), "eks:accessScope": "namespace"},
            "ForAllValues:StringLike": {"eks:namespaces": ["dev-*"]},
        },
    }
    key, path = endpoint.user("granter", statement), f"{entry(made['principalArn'])}/access-policies"

    def grant(name: str, scope: dict[str, Any]) -> int:
        return endpoint.eks("POST", path, {"policyArn": POLICY.format(name), "accessScope": scope}, key=key).status

    dev = {"type": "namespace", "namespaces": ["dev-1"]}
    assert grant("View", dev) == 200
    assert grant("Edit", dev) == 403
    assert grant("View", {"type": "namespace", "namespaces": ["dev-1", "prod"]}) == 403
    assert grant("View", {"type": "cluster"}) == 403
    assert endpoint.eks("DELETE", f"{path}/{quote(POLICY.format('View'), safe='')}", key=key).status == 403
    assert endpoint.eks("DELETE", f"{path}/{quote(POLICY.format('View'), safe='')}").status == 200


# -- at the API server -------------------------------------------------------------------------------------------------
def test_an_entry_opens_the_cluster_and_a_policy_gives_rights(
    endpoint: Endpoint, api_server: ApiServer, made: dict[str, Any], person: tuple[str, Key]
) -> None:
    arn, key = person
    stamps = [int(time.time()) + 2]

    def shown() -> str:
        """A token that the API server, which keeps answers for seconds, has not seen: each is older than the one before."""
        stamps.append(min(int(time.time()), stamps[-1] - 2))
        return token(key, age=int(time.time()) - stamps[-1])

    told = api_server.who(shown())
    assert told["username"] == arn
    assert told["groups"] == ["system:authenticated"]
    assert not api_server.may(shown(), "list", "pods", "default")

    scope = {"type": "namespace", "namespaces": ["default", "dev-*"]}
    given = {"policyArn": POLICY.format("View"), "accessScope": scope}
    answer = endpoint.eks("POST", f"{entry(arn)}/access-policies", given)
    assert answer.json["associatedAccessPolicy"]["accessScope"] == scope
    listed = endpoint.eks("GET", f"{entry(arn)}/access-policies").json
    assert [each["policyArn"] for each in listed["associatedAccessPolicies"]] == [POLICY.format("View")]
    assert endpoint.eks("GET", f"{PATH}?associatedPolicyArn={quote(POLICY.format('View'))}").json["accessEntries"] == [
        arn
    ]

    assert api_server.may(shown(), "list", "pods", "default")
    assert api_server.may(shown(), "get", "pods", "dev-7", "log")
    for verb, resource, namespace in (
        ("list", "pods", "kube-system"),
        ("list", "pods", ""),
        ("list", "secrets", "default"),
        ("create", "pods", "default"),
        ("list", "nodes", ""),
    ):
        assert not api_server.may(shown(), verb, resource, namespace), (verb, resource, namespace)
    assert api_server.send("GET", "/api/v1/namespaces/default/pods", shown())[0] == 200
    status, refused = api_server.send("GET", "/api/v1/namespaces/kube-system/pods", shown())
    assert (status, refused["reason"]) == (403, "Forbidden")

    everywhere = {"policyArn": POLICY.format("Edit"), "accessScope": SCOPE}
    assert endpoint.eks("POST", f"{entry(arn)}/access-policies", everywhere).status == 200
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "by-entry"}, "data": {"a": "b"}}
    assert api_server.send("POST", "/api/v1/namespaces/kube-system/configmaps", shown(), settings)[0] == 201
    assert api_server.send("GET", "/api/v1/nodes", shown())[0] == 403

    for name in ("View", "Edit"):
        taken = endpoint.eks("DELETE", f"{entry(arn)}/access-policies/{quote(POLICY.format(name), safe='')}")
        assert (taken.status, taken.json) == (200, {})
    assert not api_server.may(shown(), "list", "pods", "default")


def test_a_role_made_again_is_somebody_else(endpoint: Endpoint, api_server: ApiServer) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
    arn = endpoint.role("entered-again", trust)
    made = endpoint.eks("POST", PATH, {"principalArn": arn, "kubernetesGroups": ["team"]})
    assert made.status == 200, made
    endpoint.eks(
        "POST",
        f"{entry(arn)}/access-policies",
        {"policyArn": POLICY.format("ClusterAdmin"), "accessScope": SCOPE},
    )

    def session() -> Key:
        told = endpoint.client("sts").assume_role(RoleArn=arn, RoleSessionName="a@b")["Credentials"]
        return Key(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])

    told = api_server.who(token(session()))
    assert told["username"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/entered-again/a-b"
    assert told["groups"] == ["team", "system:masters", "system:authenticated"]
    endpoint.client("iam").delete_role(RoleName="entered-again")
    assert endpoint.role("entered-again", trust) == arn
    assert api_server.who(token(session())) == 401


def test_an_entry_outlives_a_restart(endpoint: Endpoint, made: dict[str, Any]) -> None:
    """The rows are told by the store, not by memory."""
    assert endpoint.stop() == 0
    endpoint.start()
    told = json.loads(endpoint.eks("GET", entry(made["principalArn"])).body)["accessEntry"]
    assert told["accessEntryArn"] == made["accessEntryArn"]
