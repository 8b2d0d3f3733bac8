"""What a trust policy asks decides whether a pod gets its role; where it does not, the pod gets nothing, and never the node's role instead."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from tests.e2e.installed import (
    CLUSTER,
    Answer,
    Installed,
    Typed,
    ask_agent,
    pod,
    service_account,
    trust,
)

pytestmark = [pytest.mark.tools, pytest.mark.namespaces, pytest.mark.usefixtures("curl")]

CLUSTER_ARN = f"arn:aws:eks:us-east-1:111122223333:cluster/{CLUSTER}"
NOT_ASSUMED = "(AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role., fault: client"


class Case(NamedTuple):
    """A trust policy, and whether it lets a pod of namespace default in this cluster in."""

    trust: dict[str, Any]
    lets_in: bool


def when(operator: str, key: str, value: str) -> dict[str, Any]:
    return trust({operator: {key: value}})


CASES = {
    "plain": Case(trust(), True),
    "source-account": Case(when("StringEquals", "aws:SourceAccount", "111122223333"), True),
    "source-account-of-another": Case(when("StringEquals", "aws:SourceAccount", "444455556666"), False),
    "source-arn": Case(when("ArnEquals", "aws:SourceArn", CLUSTER_ARN), True),
    "source-arn-of-another": Case(when("ArnEquals", "aws:SourceArn", CLUSTER_ARN + "-two"), False),
    "namespace": Case(when("StringEquals", "aws:RequestTag/kubernetes-namespace", "default"), True),
    "namespace-of-another": Case(when("StringEquals", "aws:RequestTag/kubernetes-namespace", "payments"), False),
    "no-tag-session": Case(trust(tag=False), False),
}


class Seen(NamedTuple):
    """What a pod was answered by the agent, and, where that is no, what its `aws` makes of it."""

    agent: Answer
    aws: Typed | None


@pytest.fixture(scope="module")
def seen(with_agent: Installed) -> Iterator[Mapping[str, Seen]]:
    """All cases at once: for each a role, an association and a pod."""
    pods = list(CASES)
    for name, case in CASES.items():
        with_agent.associate(name, with_agent.make_role(f"trust-{name}", case.trust))
    applied = with_agent.apply(*map(service_account, pods), *map(pod, pods))
    assert applied.code == 0, applied.output
    with_agent.wait_ready(*pods)

    def ask(name: str) -> Seen:
        answer = ask_agent(with_agent, name)
        return Seen(answer, None if CASES[name].lets_in else with_agent.exec(name, "aws sts get-caller-identity"))

    with ThreadPoolExecutor(4) as pool:
        yield dict(zip(pods, pool.map(ask, pods), strict=True))
    with_agent.kubectl("delete", "pod", "--wait=false", *pods)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.lets_in])
def test_a_trust_policy_that_matches_lets_the_pod_in(
    name: str, seen: Mapping[str, Seen], with_agent: Installed
) -> None:
    assert seen[name].agent.status == 200, seen[name].agent.body
    who = with_agent.client("sts", json.loads(seen[name].agent.body)).get_caller_identity()
    assert f":assumed-role/trust-{name}/eks-{CLUSTER}-" in who["Arn"]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.lets_in])
def test_one_that_does_not_is_told_as_aws_tells_it(name: str, seen: Mapping[str, Seen]) -> None:
    assert seen[name].agent.status == 400
    assert seen[name].agent.body.endswith(NOT_ASSUMED + "\n")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.lets_in])
def test_and_the_sdk_raises_and_does_not_become_the_node(name: str, seen: Mapping[str, Seen]) -> None:
    aws = seen[name].aws
    assert aws is not None
    assert aws.code != 0
    assert "Error when retrieving credentials from container-role" in aws.output
    assert "Received non 200 response 400" in aws.output
    assert "assumed-role" not in aws.output
