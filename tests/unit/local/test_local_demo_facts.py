"""What the demo tells of a step is what the endpoint's log says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from podid.local.demo.facts import Facts
from podid.local.demo.script import Question
from podid.local.home import Home

NODE = "arn:aws:sts::111122223333:assumed-role/node/i-0"
DECIDED = {
    "action": "s3:ListAllMyBuckets",
    "resource": "*",
    "outcome": "Allowed",
    "decided_by": ["identity:arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess[0]"],
    "reason": "",
}
REQUEST = {"logger": "podid.access", "message": "request", "caller": "arn:aws:iam::111122223333:user/ann"}
EXCHANGE = {
    "pod": "default/p",
    "service_account": "sa",
    "association": "a-1",
    "role": "arn:aws:iam::111122223333:role/reader",
    "session": "arn:aws:sts::111122223333:assumed-role/reader/eks-c-p-1",
    "session_tags": "eks-cluster-arn,eks-cluster-name",
}


def told(tmp_path: Path, asks: Question, *lines: dict[str, Any]) -> str:
    home = Home(tmp_path)
    log = home.log_of("serve")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("an earlier line\n")
    facts = Facts(home)
    mark = facts.mark()
    with log.open("a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines) + "no JSON\n7\n")
    return "\n".join(facts.answer(asks, since=mark, output="an a-0123456789abcdefg"))


def test_who_may_what_and_by_which_statement(tmp_path: Path) -> None:
    passed = {**DECIDED, "action": "iam:PassRole"}
    other = {**DECIDED, "action": "eks:CreatePodIdentityAssociation"}
    text = told(tmp_path, "association", {**REQUEST, "decisions": [other, passed]}, REQUEST)
    assert "user/ann may iam:PassRole; it says so in statement 1 of policy/AmazonS3ReadOnlyAccess" in text
    assert "is a-0123456789abcdefg's role" in text


def test_who_may_not(tmp_path: Path) -> None:
    denied = {**DECIDED, "outcome": "ImplicitlyDenied", "decided_by": [], "reason": "identity implicit"}
    text = told(tmp_path, "denied", {**REQUEST, "decisions": [denied]})
    assert "user/ann may not s3:ListAllMyBuckets; reason: identity implicit" in text


def test_whose_token_became_which_session(tmp_path: Path) -> None:
    exchanged = {**REQUEST, "caller": NODE, "exchange": EXCHANGE}
    text = told(tmp_path, "allowed", exchanged, {**REQUEST, "decisions": [DECIDED]})
    assert "the token of pod default/p is good, its service account sa has association a-1" in text
    assert "with 2 session tags: eks-cluster-arn, eks-cluster-name" in text
    assert "user/ann may s3:ListAllMyBuckets" in text


@pytest.mark.parametrize("exchanged", [True, False])
def test_a_lease_that_was_served_again(tmp_path: Path, exchanged: bool) -> None:
    text = told(tmp_path, "identity", {**REQUEST, "exchange": EXCHANGE} if exchanged else REQUEST)
    assert ("from its lease" in text) is not exchanged


def test_what_the_webhook_asked(tmp_path: Path) -> None:
    asked = {**DECIDED, "action": "eks:ListPodIdentityAssociations"}
    text = told(tmp_path, "injected", {**REQUEST, "decisions": [asked]})
    assert "the webhook (user/ann) asked EKS" in text
