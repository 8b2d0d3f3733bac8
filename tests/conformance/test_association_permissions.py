"""Who may do what with associations: actions and resources, iam:PassRole, tags; and what the decision log says of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from tests.conformance.endpoint import ACCOUNT, CLUSTER, CLUSTER_ARN, REGION, Endpoint, Key

PATH = f"/clusters/{CLUSTER}/pod-identity-associations"
MISSING_ROLE = f"arn:aws:iam::{ACCOUNT}:role/nobody"


@pytest.fixture(scope="module")
def made(endpoint: Endpoint, role: str) -> dict[str, Any]:
    """An association that is asked about."""
    return endpoint.associate(role, "permissions")


ASSOCIATION_ARN = f"arn:aws:eks:{REGION}:{ACCOUNT}:podidentityassociation/{CLUSTER}/"
DENIED: dict[str, tuple[str, str, Any, str, str]] = {
    "create": ("POST", PATH, {"namespace": "n", "serviceAccount": "s", "roleArn": MISSING_ROLE}, "Create", CLUSTER_ARN),
    "list": ("GET", PATH, None, "List", CLUSTER_ARN),
    "describe": ("GET", f"{PATH}/PLAIN", None, "Describe", f"{ASSOCIATION_ARN}PLAIN"),
    "update": ("POST", f"{PATH}/PLAIN", {"disableSessionTags": True}, "Update", f"{ASSOCIATION_ARN}PLAIN"),
    "delete": ("DELETE", f"{PATH}/PLAIN", None, "Delete", f"{ASSOCIATION_ARN}PLAIN"),
}


@pytest.mark.parametrize("operation", DENIED)
def test_who_may_not_is_told_which_action_on_what(
    endpoint: Endpoint, powerless: Key, made: dict[str, Any], operation: str
) -> None:
    method, path, body, verb, resource = DENIED[operation]
    answer = endpoint.eks(method, path.replace("PLAIN", made["associationId"]), body, key=powerless)
    action = f"eks:{verb}PodIdentityAssociation{'s' if verb == 'List' else ''}"
    assert (answer.status, answer.code) == (403, "AccessDeniedException")
    assert answer.text == (
        f"User: arn:aws:iam::{ACCOUNT}:user/powerless is not authorized to perform: {action} on resource: "
        f"{resource.replace('PLAIN', made['associationId'])} because no identity-based policy allows the {action} action"
    )


def test_making_an_association_takes_pass_role(endpoint: Endpoint, role: str) -> None:
    key = endpoint.user(
        "creator", {"Effect": "Allow", "Action": "eks:CreatePodIdentityAssociation", "Resource": CLUSTER_ARN}
    )
    asked = {"namespace": "ns", "serviceAccount": "pass-role", "roleArn": role}
    answer = endpoint.eks("POST", PATH, asked, key=key)
    assert (answer.status, answer.code) == (403, "AccessDeniedException")
    assert f"is not authorized to perform: iam:PassRole on resource: {role} " in answer.text
    endpoint.client("iam").put_user_policy(
        UserName="creator",
        PolicyName="pass",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": "iam:PassRole",
                    "Resource": role,
                    "Condition": {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}},
                },
            }
        ),
    )
    assert endpoint.eks("POST", PATH, asked, key=key).status == 200


def test_a_permission_on_an_association_is_for_that_one(endpoint: Endpoint, role: str) -> None:
    mine, other = endpoint.associate(role, "mine"), endpoint.associate(role, "not-mine")
    statement = {
        "Effect": "Allow",
        "Action": "eks:DescribePodIdentityAssociation",
        "Resource": mine["associationArn"],
    }
    key = endpoint.user("describer", statement)
    assert endpoint.eks("GET", f"{PATH}/{mine['associationId']}", key=key).status == 200
    assert endpoint.eks("GET", f"{PATH}/{other['associationId']}", key=key).status == 403


def test_a_permission_by_resource_tag(endpoint: Endpoint, role: str) -> None:
    red, blue = (endpoint.associate(role, colour, tags={"colour": colour}) for colour in ("red", "blue"))
    statement = {
        "Effect": "Allow",
        "Action": "eks:DeletePodIdentityAssociation",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/colour": "red"}},
    }
    key = endpoint.user("red-deleter", statement)
    assert endpoint.eks("DELETE", f"{PATH}/{blue['associationId']}", key=key).status == 403
    assert endpoint.eks("DELETE", f"{PATH}/{red['associationId']}", key=key).status == 200


def test_passing_a_role_is_in_the_decision_log(endpoint: Endpoint, role: str) -> None:
    """It is decided inside the call, and noted like what is decided before it."""
    key = endpoint.user("logged", {"Effect": "Allow", "Action": "eks:*", "Resource": "*"})
    asked = {"namespace": "ns", "serviceAccount": "logged", "roleArn": role}
    assert endpoint.eks("POST", PATH, asked, key=key).status == 403
    assert endpoint.eks("POST", PATH, asked).status == 200
    outcomes: dict[str, str] = {}
    until = time.monotonic() + 20  # the log is written behind the answers
    while not {"logged", "admin"} <= outcomes.keys() and time.monotonic() < until:
        time.sleep(0.05)
        lines = (endpoint.home / "serve.log").read_text().splitlines()
        noted = [json.loads(line) for line in lines if '"iam:PassRole"' in line and line.endswith("}")]
        outcomes = {
            each["caller"].rpartition("/")[2]: decision["outcome"]
            for each in noted
            for decision in each.get("decisions", ())
            if (decision["action"], decision["resource"]) == ("iam:PassRole", role)
        }
    assert outcomes["logged"] == "ImplicitlyDenied"
    assert outcomes["admin"] == "Allowed"
