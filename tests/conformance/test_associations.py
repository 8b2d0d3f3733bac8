"""The association API of EKS, fact by fact: every field's form, every refusal's code, status and text."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.conformance.endpoint import ACCOUNT, CLUSTER, REGION, Endpoint

PATH = f"/clusters/{CLUSTER}/pod-identity-associations"
ANY_TARGET = "arn:aws:iam::444455556666:role/path/target"
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


@pytest.fixture(scope="module")
def made(endpoint: Endpoint, role: str) -> dict[str, Any]:
    """A plain association, as its raw answer tells it."""
    answer = endpoint.eks("POST", PATH, {"namespace": "plain", "serviceAccount": "plain", "roleArn": role})
    assert answer.status == 200, answer
    return dict(answer.json["association"])


@pytest.fixture(scope="module")
def full(endpoint: Endpoint, role: str) -> dict[str, Any]:
    """An association with everything that may be asked for."""
    asked = {
        "namespace": "full",
        "serviceAccount": "full.name",
        "roleArn": role,
        "targetRoleArn": ANY_TARGET,
        "disableSessionTags": True,
        "policy": POLICY,
        "tags": {"team": "a", "empty": ""},
        "clientRequestToken": "full-token",
    }
    answer = endpoint.eks("POST", PATH, asked)
    assert answer.status == 200, answer
    return dict(answer.json["association"])


FIELDS: dict[str, Callable[[Any], bool]] = {
    "clusterName": lambda value: value == CLUSTER,
    "namespace": lambda value: value == "plain",
    "serviceAccount": lambda value: value == "plain",
    "roleArn": lambda value: value == f"arn:aws:iam::{ACCOUNT}:role/conformance",
    "associationId": lambda value: re.fullmatch(r"a-[a-z0-9]{17}", value) is not None,
    "associationArn": lambda value: value.startswith(
        f"arn:aws:eks:{REGION}:{ACCOUNT}:podidentityassociation/{CLUSTER}/a-"
    ),
    "tags": lambda value: value == {},
    "createdAt": lambda value: isinstance(value, int | float) and abs(time.time() - value) < 120,
    "modifiedAt": lambda value: isinstance(value, int | float),
    "disableSessionTags": lambda value: value is False,
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_a_new_association(made: dict[str, Any], name: str) -> None:
    assert FIELDS[name](made[name])


@pytest.mark.parametrize("name", ["ownerArn", "targetRoleArn", "externalId", "policy"])
def test_a_field_that_was_not_asked_for_is_absent(made: dict[str, Any], name: str) -> None:
    assert name not in made


def test_created_and_modified_are_the_same_at_first(made: dict[str, Any]) -> None:
    assert made["createdAt"] == made["modifiedAt"]
    assert round(made["createdAt"] * 1000) == pytest.approx(made["createdAt"] * 1000, abs=1e-3), "whole milliseconds"


FULL: dict[str, Any] = {
    "targetRoleArn": ANY_TARGET,
    "disableSessionTags": True,
    "policy": POLICY,
    "tags": {"team": "a", "empty": ""},
    "externalId": f"{REGION}/{ACCOUNT}/{CLUSTER}/full/full.name",
}


@pytest.mark.parametrize("name", FULL)
def test_a_field_that_was_asked_for(full: dict[str, Any], name: str) -> None:
    assert full[name] == FULL[name]


def test_describe_tells_what_create_told(endpoint: Endpoint, full: dict[str, Any]) -> None:
    assert endpoint.eks("GET", f"{PATH}/{full['associationId']}").json == {"association": full}


def test_a_summary_has_the_names_and_no_more(endpoint: Endpoint, full: dict[str, Any]) -> None:
    (told,) = endpoint.eks("GET", f"{PATH}?namespace=full").json["associations"]
    names = {"clusterName", "namespace", "serviceAccount", "associationArn", "associationId"}
    assert told == {name: full[name] for name in names}


def test_the_answer_is_json_with_a_request_id(endpoint: Endpoint) -> None:
    answer = endpoint.eks("GET", PATH)
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.headers["x-amzn-requestid"])


# -- refusals ---------------------------------------------------------------------------------------------------------
Case = tuple[str, str, Any, int, str, str]
NEW = {"namespace": "refused", "serviceAccount": "sa", "roleArn": "ROLE"}
MISSING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/nobody"
REFUSALS: dict[str, Case] = {
    "the role does not exist": (
        "POST",
        PATH,
        NEW | {"roleArn": MISSING_ROLE},
        400,
        "InvalidParameterException",
        "Role provided in the request does not exist.",
    ),
    "the role trusts somebody else": (
        "POST",
        PATH,
        NEW | {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/untrusting"},
        400,
        "InvalidParameterException",
        "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
    ),
    "the triple is taken": (
        "POST",
        PATH,
        {"namespace": "plain", "serviceAccount": "plain", "roleArn": "ROLE"},
        409,
        "ResourceInUseException",
        "Association already exists: PLAIN",
    ),
    "a role of another account": (
        "POST",
        PATH,
        NEW | {"roleArn": "arn:aws:iam::444455556666:role/x"},
        400,
        "InvalidParameterException",
        "",
    ),
    "not an arn": ("POST", PATH, NEW | {"roleArn": "x"}, 400, "InvalidParameterException", ""),
    "a user's arn": (
        "POST",
        PATH,
        NEW | {"roleArn": f"arn:aws:iam::{ACCOUNT}:user/x"},
        400,
        "InvalidParameterException",
        "",
    ),
    "a target that is no arn": ("POST", PATH, NEW | {"targetRoleArn": "x"}, 400, "InvalidParameterException", ""),
    "no namespace": (
        "POST",
        PATH,
        {"serviceAccount": "sa", "roleArn": "ROLE"},
        400,
        "InvalidParameterException",
        "",
    ),
    "no service account": (
        "POST",
        PATH,
        {"namespace": "refused", "roleArn": "ROLE"},
        400,
        "InvalidParameterException",
        "",
    ),
    "no role": ("POST", PATH, {"namespace": "refused", "serviceAccount": "s"}, 400, "InvalidParameterException", ""),
    "no body": ("POST", PATH, b"", 400, "InvalidParameterException", ""),
    "an impossible namespace": ("POST", PATH, NEW | {"namespace": "A_b"}, 400, "InvalidParameterException", ""),
    "a namespace of 64": ("POST", PATH, NEW | {"namespace": "a" * 64}, 400, "InvalidParameterException", ""),
    "an impossible account": ("POST", PATH, NEW | {"serviceAccount": "a b"}, 400, "InvalidParameterException", ""),
    "an account of 254": ("POST", PATH, NEW | {"serviceAccount": "a" * 254}, 400, "InvalidParameterException", ""),
    "a policy beside tags": ("POST", PATH, NEW | {"policy": POLICY}, 400, "InvalidParameterException", ""),
    "a policy that is none": (
        "POST",
        PATH,
        NEW | {"policy": "{", "disableSessionTags": True},
        400,
        "InvalidParameterException",
        "",
    ),
    "a policy of 2 049": (
        "POST",
        PATH,
        NEW | {"policy": POLICY + " " * 2048, "disableSessionTags": True},
        400,
        "InvalidParameterException",
        "",
    ),
    "51 tags": (
        "POST",
        PATH,
        NEW | {"tags": {f"k{n}": "" for n in range(51)}},
        400,
        "InvalidParameterException",
        "",
    ),
    "a tag of AWS": ("POST", PATH, NEW | {"tags": {"aws:x": ""}}, 400, "InvalidParameterException", ""),
    "a tag key of 129": ("POST", PATH, NEW | {"tags": {"k" * 129: ""}}, 400, "InvalidParameterException", ""),
    "a tag value of 257": ("POST", PATH, NEW | {"tags": {"k": "v" * 257}}, 400, "InvalidParameterException", ""),
    "not json": ("POST", PATH, b"{", 400, "SerializationException", ""),
    "a list for a body": ("POST", PATH, b"[]", 400, "SerializationException", ""),
    "a number for a text": ("POST", PATH, NEW | {"namespace": 7}, 400, "SerializationException", ""),
    "a text for a flag": ("POST", PATH, NEW | {"disableSessionTags": "yes"}, 400, "SerializationException", ""),
    "no such cluster": (
        "POST",
        "/clusters/nowhere/pod-identity-associations",
        NEW,
        404,
        "ResourceNotFoundException",
        "No cluster found for name: nowhere.",
    ),
    "list: no such cluster": (
        "GET",
        "/clusters/nowhere/pod-identity-associations",
        None,
        404,
        "ResourceNotFoundException",
        "No cluster found for name: nowhere.",
    ),
    "describe: unknown": ("GET", f"{PATH}/a-00000000000000000", None, 404, "ResourceNotFoundException", ""),
    "update: unknown": (
        "POST",
        f"{PATH}/a-00000000000000000",
        {"disableSessionTags": True},
        404,
        "ResourceNotFoundException",
        "",
    ),
    "delete: unknown": ("DELETE", f"{PATH}/a-00000000000000000", None, 404, "ResourceNotFoundException", ""),
    "update: nothing": ("POST", f"{PATH}/PLAIN", {}, 400, "InvalidParameterException", ""),
    "update: a missing role": (
        "POST",
        f"{PATH}/PLAIN",
        {"roleArn": MISSING_ROLE},
        400,
        "InvalidParameterException",
        "Role provided in the request does not exist.",
    ),
    "update: an untrusting role": (
        "POST",
        f"{PATH}/PLAIN",
        {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/untrusting"},
        400,
        "InvalidParameterException",
        "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
    ),
    "update: a policy with tags on": (
        "POST",
        f"{PATH}/PLAIN",
        {"policy": POLICY},
        400,
        "InvalidParameterException",
        "",
    ),
    "list: maxResults 0": ("GET", f"{PATH}?maxResults=0", None, 400, "InvalidParameterException", ""),
    "list: maxResults 101": ("GET", f"{PATH}?maxResults=101", None, 400, "InvalidParameterException", ""),
    "list: a token of nobody": ("GET", f"{PATH}?nextToken=bm9uc2Vuc2U", None, 400, "InvalidParameterException", ""),
}


@pytest.fixture(scope="module")
def untrusting(endpoint: Endpoint) -> str:
    """A role that trusts EC2."""
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return endpoint.role("untrusting", {"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal(endpoint: Endpoint, made: dict[str, Any], role: str, untrusting: str, case: str) -> None:
    method, path, body, status, code, text = REFUSALS[case]
    if isinstance(body, dict):
        body = body | ({"roleArn": role} if body.get("roleArn") == "ROLE" else {})
    answer = endpoint.eks(method, path.replace("PLAIN", made["associationId"]), body)
    assert (answer.status, answer.code) == (status, code), answer
    assert answer.text, "every error says something"
    if text:
        assert answer.text == text.replace("PLAIN", made["associationId"])


def test_an_error_names_its_cluster_beside_the_message(endpoint: Endpoint) -> None:
    answer = endpoint.eks("GET", "/clusters/nowhere/pod-identity-associations")
    assert answer.json["clusterName"] == "nowhere"
    assert set(answer.json) <= {
        "message",
        "clusterName",
        "nodegroupName",
        "addonName",
        "subscriptionId",
        "fargateProfileName",
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-amzn-errortype"] == "ResourceNotFoundException"


# -- update and delete -------------------------------------------------------------------------------------------------
def test_an_empty_target_unsets_it_and_absence_leaves_it(endpoint: Endpoint, role: str) -> None:
    path = f"{PATH}/{endpoint.associate(role, 'target', targetRoleArn=ANY_TARGET)['associationId']}"
    assert endpoint.eks("POST", path, {"disableSessionTags": True}).json["association"]["targetRoleArn"] == ANY_TARGET
    after = endpoint.eks("POST", path, {"targetRoleArn": ""}).json["association"]
    assert "targetRoleArn" not in after
    assert after["disableSessionTags"] is True, "what is not named stays"


def test_an_update_moves_modified_alone(endpoint: Endpoint, role: str) -> None:
    association = endpoint.associate(role, "modified")
    path = f"{PATH}/{association['associationId']}"
    before = endpoint.eks("GET", path).json["association"]
    after = endpoint.eks("POST", path, {"disableSessionTags": True}).json["association"]
    assert after["createdAt"] == before["createdAt"]
    assert after["modifiedAt"] >= before["modifiedAt"]
    assert after["roleArn"] == role


def test_an_update_takes_another_role(endpoint: Endpoint, role: str) -> None:
    other = endpoint.role("conformance-other", path="/team/a/")
    path = f"{PATH}/{endpoint.associate(role, 'other-role')['associationId']}"
    assert endpoint.eks("POST", path, {"roleArn": other}).json["association"]["roleArn"] == other


def test_a_trust_policy_with_conditions_is_taken(endpoint: Endpoint) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}},
    }
    role = endpoint.role("conditional", {"Version": "2012-10-17", "Statement": [statement]})
    assert endpoint.associate(role, "conditional")["roleArn"] == role


def test_delete_tells_what_was_removed(endpoint: Endpoint, role: str) -> None:
    association = endpoint.associate(role, "deleted", tags={"a": "b"})
    path = f"{PATH}/{association['associationId']}"
    told = endpoint.eks("DELETE", path).json["association"]
    assert (told["associationId"], told["tags"]) == (association["associationId"], {"a": "b"})
    assert endpoint.eks("GET", path).status == 404


def test_the_id_of_another_cluster_is_not_found(endpoint: Endpoint, made: dict[str, Any]) -> None:
    answer = endpoint.eks("GET", f"/clusters/elsewhere/pod-identity-associations/{made['associationId']}")
    assert (answer.status, answer.code) == (404, "ResourceNotFoundException")


def test_one_of_fifty_at_once_wins(endpoint: Endpoint, role: str) -> None:
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"namespace": "ns", "serviceAccount": "fifty", "roleArn": role}).encode()
    signed = endpoint.signed("eks", "POST", PATH, body, headers=headers)
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: endpoint.send("POST", PATH, body, signed), range(50)))
    (winner,) = (answer for answer in answers if answer.status == 200)
    others = [answer for answer in answers if answer is not winner]
    assert {(answer.status, answer.code) for answer in others} == {(409, "ResourceInUseException")}
    id_ = winner.json["association"]["associationId"]
    assert {answer.text for answer in others} == {f"Association already exists: {id_}"}


# -- client request tokens ---------------------------------------------------------------------------------------------
def test_the_same_token_and_parameters_get_the_first_answer(endpoint: Endpoint, role: str) -> None:
    asked = {"namespace": "ns", "serviceAccount": "replay", "roleArn": role, "clientRequestToken": "replay"}
    first = endpoint.eks("POST", PATH, asked)
    assert endpoint.eks("POST", PATH, asked).json == first.json


def test_the_same_token_with_other_parameters_is_refused(endpoint: Endpoint, role: str) -> None:
    asked = {"namespace": "ns", "serviceAccount": "mismatch", "roleArn": role, "clientRequestToken": "mismatch"}
    assert endpoint.eks("POST", PATH, asked).status == 200
    answer = endpoint.eks("POST", PATH, asked | {"serviceAccount": "mismatch2"})
    assert (answer.status, answer.code) == (400, "InvalidParameterException")


def test_another_token_for_the_same_triple_is_in_use(endpoint: Endpoint, role: str) -> None:
    asked = {"namespace": "ns", "serviceAccount": "two-tokens", "roleArn": role, "clientRequestToken": "one"}
    assert endpoint.eks("POST", PATH, asked).status == 200
    assert endpoint.eks("POST", PATH, asked | {"clientRequestToken": "two"}).code == "ResourceInUseException"


def test_a_triple_can_be_made_again_after_its_end(endpoint: Endpoint, role: str) -> None:
    first = endpoint.associate(role, "again")["associationId"]
    assert endpoint.eks("DELETE", f"{PATH}/{first}").status == 200
    assert endpoint.associate(role, "again")["associationId"] != first


def test_unknown_members_are_passed_over(endpoint: Endpoint, role: str) -> None:
    asked = {"namespace": "ns", "serviceAccount": "newer", "roleArn": role, "memberOfNextYear": {"a": [1]}}
    assert endpoint.eks("POST", PATH, asked).status == 200
