"""Requests that have to wait: what was decided for them is in the audit log even where their client leaves, and once where it does not."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.asking import asked
from tests.contract.served import Served

from podid.audit import Entry
from podid.core.clock import system_clock
from podid.core.http import HttpResponse
from podid.core.waiting import without_waiting
from podid.gateway.passage import Later
from podid.gateway.steps.values import Received

CLUSTER = "eksdemo1"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)


def signed(served: Served, service: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> Received:
    return asked(served.administrator, service, path, json.dumps(body).encode(), system_clock(), headers)


def entries(served: Served, received: Received, action: str) -> list[Entry]:
    served.decisions.flush()
    return [
        entry
        for entry in served.decisions.between(received.now, system_clock(), limit=1000)
        if entry.at == received.now and entry.action == action
    ]


def test_who_leaves_before_an_answer_leaves_the_decision(served: Served) -> None:
    url = served.client("sqs").create_queue(QueueName="audit-waiting")["QueueUrl"]
    received = signed(
        served,
        "sqs",
        "/",
        {"QueueUrl": url, "WaitTimeSeconds": 1},
        {"x-amz-target": "AmazonSQS.ReceiveMessage", "content-type": "application/x-amz-json-1.0"},
    )
    told = served.gateway.begin(received)
    assert isinstance(told, Later)
    (decision,) = entries(served, received, "sqs:ReceiveMessage")
    assert decision.outcome == "Allowed"
    served.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    told = told.again()
    assert isinstance(told, HttpResponse)
    assert told.status == 200
    assert entries(served, received, "sqs:ReceiveMessage") == [decision]


def test_what_is_taken_up_again_by_a_thread_is_written_once(served: Served) -> None:
    role = served.client("iam").create_role(RoleName="audit-waiting", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    received = signed(
        served,
        "eks",
        f"/clusters/{CLUSTER}/pod-identity-associations",
        {"namespace": "audit", "serviceAccount": "waiting", "roleArn": role, "clientRequestToken": "t"},
        {"content-type": "application/json"},
    )
    told = without_waiting(lambda: served.gateway.begin(received))
    assert isinstance(told, Later)
    told = told.again()
    assert isinstance(told, HttpResponse)
    assert told.status == 200, told.body
    for action, count in (("eks:CreatePodIdentityAssociation", 2), ("iam:PassRole", 1)):
        assert len(entries(served, received, action)) == count  # a decision; and for EKS's own the event, too
