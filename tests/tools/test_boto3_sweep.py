"""boto3 drives every operation of IAM and STS against a running endpoint: each succeeds where AWS's would, and each refuses something."""

from __future__ import annotations

import os
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from tests.tools.steps import Memory, Step, at, resolved
from tests.tools.stories import CANNOT_SUCCEED, CHAPTERS, begin

from podid.core.sigv4 import Credentials
from podid.core.wire import load_service

SERVICES = ("iam", "sts")


class Boto3:
    """Clients of an endpoint, one for each service and caller."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = boto3.session.Session()
        self._made: dict[tuple[str, str], Any] = {}

    def client(self, service: str, who: Credentials) -> Any:
        key = (service, who.access_key_id)
        if key not in self._made:
            self._made[key] = self._session.client(
                service,
                region_name="us-east-1",
                endpoint_url=self._url,
                aws_access_key_id=who.access_key_id,
                aws_secret_access_key=who.secret_access_key,
                aws_session_token=who.session_token or None,
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            )
        return self._made[key]

    def call(self, step: Step, memory: Memory, who: Credentials) -> tuple[str, Any]:
        """The code of the refusal, empty where there was none, and the answer or the message."""
        client = self.client(step.service, who)
        method = client.meta.method_to_api_mapping
        name = next(python for python, operation in method.items() if operation == step.operation)
        try:
            return "", getattr(client, name)(**resolved(step.members, memory))
        except ClientError as refusal:
            return refusal.response["Error"]["Code"], refusal.response["Error"]["Message"]

    def close(self) -> None:
        for client in self._made.values():
            client.close()


def caller(step: Step, memory: Memory, administrator: Credentials) -> Credentials:
    """Whose keys sign a step."""
    if step.who == "ann":
        return Credentials(memory["ann_key"], memory["ann_secret"])
    if step.who == "stranger":
        return Credentials("AKIAIOSFODNN7EXAMPLE", "nobody knows")
    return administrator


def remember(step: Step, answer: Any, memory: Memory) -> None:
    for name, path in step.keep.items():
        memory[name] = at(answer, path)


def test_every_operation_is_driven() -> None:
    told = {"": set[str](), "refused": set[str]()}
    for step in (step for steps in CHAPTERS.values() for step in steps):
        told["refused" if step.refused else ""].add(f"{step.service}:{step.operation}")
    known = {f"{service}:{operation}" for service in SERVICES for operation in load_service(service).operations}
    assert told[""] == known - CANNOT_SUCCEED
    # What neither names anything nor can be given a wrong value is refused to whoever may not ask: the last test.
    assert known - told["refused"] == {
        "iam:GenerateCredentialReport",
        "iam:GetAccountProperties",
        "iam:GetAccountSummary",
        "iam:ListOpenIDConnectProviders",
        "iam:ListSAMLProviders",
    }


def test_the_stories_hold(endpoint: Any) -> None:
    tell(endpoint)


@pytest.mark.skipif(os.environ.get("PODID_TOOLS") != "1", reason="set PODID_TOOLS=1: the same once more on PostgreSQL")
def test_the_stories_hold_on_postgresql(on_postgresql: Any) -> None:
    tell(on_postgresql)


def tell(endpoint: Any) -> None:
    memory = begin(endpoint.iam, endpoint.ring)
    boto = Boto3(endpoint.url)
    wrong = []
    for chapter, steps in CHAPTERS.items():
        for step in steps:
            code, answer = boto.call(step, memory, caller(step, memory, endpoint.administrator))
            if code != step.refused:
                wrong.append(f"{chapter}: {step.label}: {code} {answer if code else ''}")
            elif not code:
                remember(step, answer, memory)
                found = {path: at(answer, path) for path in step.expect}
                if found != dict(step.expect):
                    wrong.append(f"{chapter}: {step.label}: {found}, not {dict(step.expect)}")
            elif not answer:
                wrong.append(f"{chapter}: {step.label}: the refusal says nothing")
    boto.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("service", SERVICES)
def test_who_may_do_nothing_is_refused_every_operation(endpoint: Any, service: str) -> None:
    endpoint.iam.ensure_user("111122223333", "powerless")
    powerless = endpoint.iam.ensure_access_key("111122223333", "powerless")
    memory = {**begin(endpoint.iam, endpoint.ring), "seed": "A" * 64}
    memory.update(dict.fromkeys(("ann_key", "ssh_id", "credential_id", "certificate_id", "task", "job"), "A" * 36))
    boto = Boto3(endpoint.url)
    told = [step for chapter in CHAPTERS.values() for step in chapter if step.service == service]
    # Of each the one that succeeds, where there is one: members that the model refuses are not what this is about.
    steps = {step.operation: step for step in sorted(told, key=lambda step: not step.refused)}
    codes = {name: boto.call(step, memory, powerless) for name, step in steps.items()}
    boto.close()
    # STS's own: nobody can be denied the first two; the others prove who asks in what they bring.
    free = {"GetCallerIdentity", "GetSessionToken", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"}
    assert {name: told for name, told in codes.items() if told[0] != "AccessDenied" and name not in free} == {}
