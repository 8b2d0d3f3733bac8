from __future__ import annotations

import json

import pytest

from podid.agent import answers
from podid.agent.failures import Busy, Failure, NoNodeCredentials, Refused, Unreachable


def grant(expires_at: float = 1764000000.0) -> answers.Grant:
    return answers.Grant(
        access_key_id="ASIA", secret_access_key="secret", session_token="session", account="1", expires_at=expires_at
    )


def test_keys_come_in_the_order_of_awss_agent() -> None:
    body = answers.credentials(grant()).body
    assert list(json.loads(body)) == ["AccessKeyId", "SecretAccessKey", "Token", "AccountId", "Expiration"]
    assert json.loads(body)["Expiration"] == "2025-11-24T16:00:00Z"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1.5, "1970-01-01T00:00:01.5Z"),
        (10.0, "1970-01-01T00:00:10Z"),
        (1764000000.123, "2025-11-24T16:00:00.123Z"),
    ],
)
def test_a_fraction_is_written_only_where_there_is_one(at: float, text: str) -> None:
    assert answers.timestamp(at) == text


def refused(status: int, code: str) -> Refused:
    return Refused(status=status, code=code, message="why", request_id="id")


@pytest.mark.parametrize(
    ("problem", "strict", "ours"),
    [
        (refused(400, "AccessDeniedException"), 400, 400),
        (refused(400, "ExpiredTokenException"), 400, 400),
        (refused(404, "ResourceNotFoundException"), 404, 404),
        (refused(400, "InvalidParameterException"), 400, 400),
        (refused(429, "ThrottlingException"), 429, 503),
        (refused(500, "InternalServerException"), 500, 500),
        (refused(503, "ServiceUnavailableException"), 503, 503),
        (refused(403, "UnrecognizedClientException"), 403, 503),
        (refused(403, "AccessDeniedException"), 403, 403),
        (Unreachable("no route"), 500, 503),
        (NoNodeCredentials("none"), 500, 503),
        (Busy("busy"), 429, 503),
    ],
)
def test_status_of_each_failure(problem: Failure, strict: int, ours: int) -> None:
    assert answers.failure(problem, strict=True).status == strict
    assert answers.failure(problem, strict=False).status == ours


@pytest.mark.parametrize(
    ("problem", "body"),
    [
        (refused(400, "AccessDeniedException"), "[id]: (AccessDeniedException): why, fault: client"),
        (refused(500, "InternalServerException"), "[id]: (InternalServerException): why, fault: server"),
        (Unreachable("no\r\nroute"), "no route"),
    ],
)
def test_text_of_each_failure(problem: Failure, body: str) -> None:
    answer = answers.failure(problem, strict=False)
    assert answer.body == body.encode() + b"\n"
    assert b"text/plain; charset=utf-8" in answer.head
    assert b"nosniff" in answer.head


@pytest.mark.parametrize(
    ("code", "status", "final"),
    [
        ("ResourceNotFoundException", 404, True),
        ("ExpiredTokenException", 400, True),
        ("InvalidTokenException", 400, True),
        ("AccessDeniedException", 400, True),
        ("InvalidRequestException", 400, False),
        ("ThrottlingException", 429, False),
        ("InternalServerException", 500, False),
    ],
)
def test_which_refusals_end_a_lease(code: str, status: int, final: bool) -> None:
    assert refused(status, code).final is final


def test_secrets_are_not_shown() -> None:
    for shown in (repr(grant()), repr(answers.credentials(grant()))):
        assert "secret" not in shown
        assert "session" not in shown
