"""An IAM over a fresh store, and boto3 clients that reach it through podid's own reader and writer, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from podid.core.caller import Call, Caller
from podid.core.errors import AwsError
from podid.core.http import HttpRequest, HttpResponse
from podid.core.operations import invoke
from podid.core.wire import load_service, read_input, write_error, write_output
from podid.iam import Iam
from podid.store import MasterKey, Store, open_store

ACCOUNT = "111122223333"
OTHER = "444455556666"
SERVICE_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Hand:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    yield opened
    opened.close()


@pytest.fixture
def iam(store: Store, clock: Hand) -> Iam:
    return Iam(store, clock=clock)


ClientFor = Callable[..., Any]


@pytest.fixture
def client_for(iam: Iam, clock: Hand) -> ClientFor:
    """Makes an IAM client of boto3 for an account, or for a caller."""

    def make(account: str = ACCOUNT, caller: Caller | None = None) -> Any:
        who = caller or Caller(kind="root", account=account, arn=f"arn:aws:iam::{account}:root", user_id=account)
        client = boto3.client(
            "iam",
            region_name="us-east-1",
            endpoint_url="http://podid.test",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="never looked at",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

        def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
            response = _serve(iam, request, who, clock.now)
            return AWSResponse(str(request.url), response.status, dict(response.headers), _Raw(response.body))

        client.meta.events.register("before-send", answer)
        return client

    return make


@pytest.fixture
def aws(client_for: ClientFor) -> Any:
    """IAM of the account, as its root calls it."""
    return client_for()


class _Refused:
    """A check that an answer is IAM's refusal: code, exact text, status."""

    def __init__(self, code: str, text: str, status: int) -> None:
        self._expected = (code, text, status)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, problem: BaseException | None, trace: object) -> bool:
        assert isinstance(problem, ClientError), problem or "nothing was refused"
        answer = problem.response
        told = (answer["Error"]["Code"], answer["Error"]["Message"], answer["ResponseMetadata"]["HTTPStatusCode"])
        assert told == self._expected
        return True


@pytest.fixture
def refused() -> type[_Refused]:
    return _Refused


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._body


def _serve(iam: Iam, prepared: AWSPreparedRequest, caller: Caller, now: datetime) -> HttpResponse:
    url = urlsplit(str(prepared.url))
    body = prepared.body or b""
    request = HttpRequest(
        method=str(prepared.method),
        path=url.path or "/",
        query=url.query,
        headers=tuple(
            (name.lower(), value.decode("latin-1") if isinstance(value, bytes) else str(value))
            for name, value in prepared.headers.items()
        ),
        body=body if isinstance(body, bytes) else str(body).encode(),
    )
    model = load_service("iam")
    match = model.match(request)
    assert match is not None
    call = Call(
        caller=caller,
        account=caller.account,
        region="us-east-1",
        partition="aws",
        now=now,
        request_id="a-request",
        service="iam",
        operation=match.operation.name,
    )
    try:
        output = invoke(iam.handlers(), call, read_input(model, match, request))
        return write_output(model, match.operation, output, request_id="a-request")
    except AwsError as error:
        return write_error(model, match.operation, error, request_id="a-request", request=request)
