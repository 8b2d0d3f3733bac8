"""Questions put as lines of JSON, as `podid policy evaluate --jsonl` takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from podid.policy_tools.cases import answer_lines

HERE, THERE = "111122223333", "444455556666"
ALICE = f"arn:aws:iam::{HERE}:user/alice"

AskLines = Callable[[Iterable[Mapping[str, Any] | str]], list[dict[str, Any]]]
AskOne = Callable[..., str]


def answers_to(lines: Iterable[Mapping[str, Any] | str]) -> list[dict[str, Any]]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    chunks = iter([("\n".join(texts) + "\n").encode(errors="surrogatepass"), b""])
    written: list[bytes] = []
    answer_lines(lambda: next(chunks), written.append)
    return [json.loads(line) for line in b"".join(written).splitlines()]


@pytest.fixture
def ask_lines() -> AskLines:
    return answers_to


@pytest.fixture
def ask_case() -> AskOne:
    """One case: "allowed", "explicit: layers" or "implicit: layers"."""

    def ask(request: Mapping[str, Any], **policies: Any) -> str:
        [answer] = answers_to([{"id": "x", "request": request, **policies}])
        assert answer.pop("id") == "x"
        assert "error" not in answer, answer["error"]
        decision, reasons = answer.pop("decision"), answer.pop("reasons")
        assert not answer
        if decision == "Allowed":
            assert reasons == []
            return "allowed"
        kind = {"ExplicitlyDenied": "explicit", "ImplicitlyDenied": "implicit"}[decision]
        assert {reason[1] for reason in reasons} == {kind}
        return f"{kind}: {' '.join(reason[0] for reason in reasons)}"

    return ask


@pytest.fixture
def holds(ask_case: AskOne) -> Callable[..., bool]:
    """Whether an Allow statement of a user's policy, given by its elements, applies to a request."""

    def ask(
        statement: Mapping[str, Any],
        *,
        action: str = "s3:GetObject",
        resource: str = "arn:aws:s3:::bucket/key",
        context: Mapping[str, Any] | None = None,
        version: str | None = "2012-10-17",
    ) -> bool:
        body = {"Effect": "Allow", "Action": "*", "Resource": "*", **statement}
        for name in ("Action", "Resource"):
            if f"Not{name}" in statement:
                del body[name]
        policy: dict[str, Any] = {"Statement": [body]}
        if version is not None:
            policy["Version"] = version
        request = {"principal": ALICE, "action": action, "resource": resource, "context": context or {}}
        return ask_case(request, identityPolicies=[{"name": "p", "policy": policy}]) == "allowed"

    return ask
