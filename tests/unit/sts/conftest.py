"""An STS over an IAM over a fresh store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podid.core.caller import Call, Caller, Output
from podid.core.operations import invoke
from podid.iam import Authorizer, Iam
from podid.store import MasterKey, Store, open_store
from podid.sts import KeyRing, Sts

ACCOUNT = "111122223333"
OTHER = "444455556666"


class Hand:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class World:
    """Everything a test of STS needs, with the shortest of names."""

    def __init__(self, store: Store, clock: Hand) -> None:
        self.clock = clock
        self.store = store
        self.iam = Iam(store, clock=clock)
        self.authorizer = Authorizer(self.iam)
        self.ring = KeyRing.generate(clock())
        self.sts = Sts(self.iam, self.authorizer, self.ring)

    def trust(self, *statements: dict[str, Any]) -> str:
        filled = [
            {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], **statement}
            for statement in statements
        ]
        return json.dumps({"Version": "2012-10-17", "Statement": filled})

    def allow(self, action: str | list[str], resource: str = "*", **more: Any) -> str:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def user(self, name: str = "ann", account: str = ACCOUNT, **policies: str) -> Caller:
        self.iam.ensure_user(account, name, inline=policies)
        key = self.iam.find_key(self.iam.ensure_access_key(account, name).access_key_id)
        assert key is not None
        return key.caller

    def role(self, trust: str, name: str = "app", account: str = ACCOUNT, **policies: str) -> str:
        return self.iam.ensure_role(account, name, trust=trust, inline=policies).arn

    def iam_call(self, operation: str, account: str = ACCOUNT, **members: Any) -> Output:
        return invoke(self.iam.handlers(), self.call(operation, Caller(kind="root", account=account), "iam"), members)

    def sts_call(
        self, operation: str, caller: Caller, context: dict[str, tuple[str, ...]] | None = None, **members: Any
    ) -> Output:
        return invoke(self.sts.handlers(), self.call(operation, caller, "sts", context), members)

    def assume(self, caller: Caller, role_arn: str, **members: Any) -> Caller:
        """AssumeRole, and who one is then."""
        members = {"RoleArn": role_arn, "RoleSessionName": "session", **members}
        return self.open(self.sts_call("AssumeRole", caller, **members)["Credentials"])

    def open(self, credentials: Any) -> Caller:
        opened = self.sts.open_session(credentials["AccessKeyId"], credentials["SessionToken"], self.clock())
        assert opened.secret == credentials["SecretAccessKey"]
        return opened.caller

    def call(
        self, operation: str, caller: Caller, service: str, context: dict[str, tuple[str, ...]] | None = None
    ) -> Call:
        return Call(
            caller=caller,
            account=caller.account,
            region="us-east-1",
            partition="aws",
            now=self.clock(),
            request_id="a-request",
            service=service,
            operation=operation,
            context=context or {},
        )


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store, clock: Hand) -> World:
    return World(store, clock)
