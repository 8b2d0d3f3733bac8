"""Whom Principal and NotPrincipal name, as AWS documents it, asked through lines of JSON: a statement that denies shows who is meant.

Source: the IAM user guide, "AWS JSON policy elements: Principal" and "… NotPrincipal".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

AskOne = Callable[..., str]

HERE, THERE = "111122223333", "444455556666"
BOB = f"arn:aws:iam::{THERE}:user/Bob"
AUDIT_ROLE = f"arn:aws:iam::{THERE}:role/audit"
AUDIT = f"arn:aws:sts::{THERE}:assumed-role/audit/app"
FED = f"arn:aws:sts::{THERE}:federated-user/fed"
OF_THERE = f"arn:aws:iam::{THERE}:root"
ANONYMOUS = {"type": "Anonymous"}
EVERYBODY: list[Any] = [BOB, AUDIT, AUDIT_ROLE, FED, OF_THERE, THERE, "sns.amazonaws.com", ANONYMOUS]


@pytest.fixture
def denied(ask_case: AskOne) -> Callable[..., bool]:
    """Whether a statement that denies means the caller."""

    def ask(element: dict[str, Any], who: Any, context: dict[str, Any] | None = None, **policies: Any) -> bool:
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*", **element}
        request = {"principal": who, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "context": context or {}}
        answer = ask_case(request, resourcePolicy={"Version": "2012-10-17", "Statement": statement}, **policies)
        return answer == "explicit: resource"

    return ask


NAMED: list[tuple[Any, list[Any]]] = [
    ("*", EVERYBODY),
    ({"AWS": "*"}, EVERYBODY),
    ({"AWS": THERE}, [BOB, AUDIT, AUDIT_ROLE, FED, OF_THERE, THERE]),
    ({"AWS": OF_THERE}, [BOB, AUDIT, AUDIT_ROLE, FED, OF_THERE, THERE]),
    ({"AWS": [HERE, THERE]}, [BOB, AUDIT, AUDIT_ROLE, FED, OF_THERE, THERE]),
    ({"AWS": HERE}, []),
    ({"AWS": BOB}, [BOB]),
    ({"AWS": BOB.replace("Bob", "bob")}, []),
    ({"AWS": BOB.replace("Bob", "*")}, []),
    ({"AWS": AUDIT_ROLE}, [AUDIT, AUDIT_ROLE]),
    ({"AWS": AUDIT}, [AUDIT]),
    ({"AWS": AUDIT.replace("app", "*")}, []),
    ({"AWS": FED}, [FED]),
    ({"Service": "sns.amazonaws.com"}, ["sns.amazonaws.com"]),
    ({"Service": ["sns.amazonaws.com", "sqs.amazonaws.com"]}, ["sns.amazonaws.com"]),
    ({"Service": "sqs.amazonaws.com"}, []),
    ({"AWS": BOB, "Service": "sns.amazonaws.com"}, [BOB, "sns.amazonaws.com"]),
]


@pytest.mark.parametrize(("element", "named"), NAMED)
def test_principal(denied: Callable[..., bool], element: Any, named: list[Any]) -> None:
    assert [who for who in EVERYBODY if denied({"Principal": element}, who)] == named


BUT: list[tuple[Any, list[Any]]] = [
    # who is left out
    ({"AWS": [BOB, OF_THERE]}, [BOB, OF_THERE, THERE]),
    ({"AWS": [AUDIT, AUDIT_ROLE, OF_THERE]}, [AUDIT, AUDIT_ROLE, OF_THERE, THERE]),
    ({"AWS": [AUDIT_ROLE, OF_THERE]}, [AUDIT_ROLE, OF_THERE, THERE]),
    ({"AWS": [AUDIT, OF_THERE]}, [OF_THERE, THERE]),
    # "you must also specify the account ARN … Otherwise, the policy might deny access to the entire account": a role by itself is not its account's
    ({"AWS": [AUDIT, AUDIT_ROLE]}, [AUDIT_ROLE]),
    ({"AWS": OF_THERE}, [OF_THERE, THERE]),
    ({"AWS": BOB}, []),
    ({"Service": "sns.amazonaws.com"}, ["sns.amazonaws.com"]),
]


@pytest.mark.parametrize(("element", "left_out"), BUT)
def test_not_principal(denied: Callable[..., bool], element: Any, left_out: list[Any]) -> None:
    assert [who for who in EVERYBODY if not denied({"NotPrincipal": element}, who)] == left_out


def test_not_principal_denies_whoever_has_a_boundary(denied: Callable[..., bool]) -> None:
    everything = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    assert not denied({"NotPrincipal": {"AWS": [BOB, OF_THERE]}}, BOB)
    assert denied({"NotPrincipal": {"AWS": [BOB, OF_THERE]}}, BOB, boundary=everything)


def test_a_role_with_a_path(denied: Callable[..., bool]) -> None:
    role = f"arn:aws:iam::{THERE}:role/team/red/audit"
    of_role = {"aws:PrincipalArn": role}
    assert denied({"Principal": {"AWS": role}}, AUDIT, of_role)
    assert not denied({"Principal": {"AWS": AUDIT_ROLE}}, AUDIT, of_role)
    assert denied({"Principal": {"AWS": AUDIT}}, AUDIT, of_role)
    # names are unique within an account: where no key says otherwise, this is the role of that name
    assert denied({"Principal": {"AWS": role}}, AUDIT)
    assert not denied({"Principal": {"AWS": f"{role}2"}}, AUDIT)
    assert denied({"Principal": {"AWS": role}}, role)


def test_a_user_with_a_path(denied: Callable[..., bool]) -> None:
    with_path = f"arn:aws:iam::{THERE}:user/division/Bob"
    assert denied({"Principal": {"AWS": with_path}}, with_path)
    assert not denied({"Principal": {"AWS": BOB}}, with_path)


def test_unique_ids(denied: Callable[..., bool]) -> None:
    assert denied({"Principal": {"AWS": "AIDABOB"}}, BOB, {"aws:userid": "AIDABOB"})
    assert denied({"Principal": {"AWS": "AROAAUDIT"}}, AUDIT, {"aws:userid": "AROAAUDIT:app"})
    assert not denied({"Principal": {"AWS": "AROAAUDIT"}}, AUDIT, {"aws:userid": "AROAOTHER:app"})


def test_the_canonical_user(denied: Callable[..., bool]) -> None:
    canonical = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
    assert denied({"Principal": {"CanonicalUser": canonical}}, {"AWS": BOB, "canonicalUser": canonical})
    assert not denied({"Principal": {"CanonicalUser": canonical}}, BOB)
