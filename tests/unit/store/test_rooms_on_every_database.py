"""IAM, STS and the decision log on every database: the same calls, the same answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podid.audit import DecisionLog, Entry
from podid.core.caller import Call, Caller
from podid.core.errors import AwsError
from podid.core.operations import invoke
from podid.iam import Authorizer, Iam
from podid.store import MasterKey, Store, TransferProblem, check_state, export_state, import_state, open_store
from podid.sts import KeyRing, Sts

ACCOUNT = "111122223333"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
        ],
    }
)
OpenStore = Callable[[], Store]


def ask(iam: Iam, operation: str, **members: Any) -> Any:
    call = Call(
        caller=Caller(kind="root", account=ACCOUNT),
        account=ACCOUNT,
        region="us-east-1",
        partition="aws",
        now=NOW,
        request_id="r",
        service="iam",
        operation=operation,
    )
    return invoke(iam.handlers(), call, members)


def furnish(iam: Iam) -> None:
    """Something of everything."""
    ask(iam, "CreateUser", UserName="ann", Tags=[{"Key": "Größe", "Value": "漢"}])
    ask(iam, "CreateAccessKey", UserName="ann")
    ask(iam, "CreateGroup", GroupName="ops")
    ask(iam, "AddUserToGroup", GroupName="ops", UserName="ann")
    ask(iam, "PutGroupPolicy", GroupName="ops", PolicyName="gp", PolicyDocument=ALLOW)
    ask(iam, "CreateRole", RoleName="app", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=READ_ONLY)
    ask(iam, "AttachRolePolicy", RoleName="app", PolicyArn=READ_ONLY)
    arn = ask(iam, "CreatePolicy", PolicyName="p", PolicyDocument=ALLOW)["Policy"]["Arn"]
    ask(iam, "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=ALLOW, SetAsDefault=True)
    ask(iam, "AttachUserPolicy", UserName="ann", PolicyArn=arn)
    ask(iam, "CreateInstanceProfile", InstanceProfileName="ip")
    ask(iam, "AddRoleToInstanceProfile", InstanceProfileName="ip", RoleName="app")
    ask(iam, "CreateOpenIDConnectProvider", Url="https://oidc.example.com", ClientIDList=["x"])
    ask(iam, "CreateAccountAlias", AccountAlias="acme")
    ask(iam, "GenerateCredentialReport")


def seen(iam: Iam) -> Any:
    details = ask(iam, "GetAccountAuthorizationDetails")
    return (
        details,
        ask(iam, "ListAccessKeys", UserName="ann"),
        ask(iam, "ListOpenIDConnectProviders"),
        ask(iam, "ListAccountAliases"),
        ask(iam, "GetCredentialReport"),
        ask(iam, "GetAccountSummary"),
    )


def test_everything_of_iam(store: Store) -> None:
    iam = Iam(store, clock=lambda: NOW)
    furnish(iam)
    summary = ask(iam, "GetAccountSummary")["SummaryMap"]
    assert (summary["Users"], summary["Roles"], summary["Policies"], summary["InstanceProfiles"]) == (1, 1, 1, 1)
    users = [f"user{number:02}" for number in range(12)]
    for name in users:
        ask(iam, "CreateUser", UserName=name)
    found, marker = [], None
    while True:
        page = ask(iam, "ListUsers", MaxItems=5, **({"Marker": marker} if marker else {}))
        found += [user["UserName"] for user in page["Users"]]
        marker = page.get("Marker")
        if not marker:
            break
    assert found == ["ann", *users]
    iam.note_key_use(
        ask(iam, "ListAccessKeys", UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"],
        service="s3",
        region="r",
        now=NOW,
    )
    iam.close()
    with pytest.raises(AwsError):
        ask(iam, "DeleteUser", UserName="ann")


def test_a_session_made_by_one_replica_opens_on_another(open_another: OpenStore) -> None:
    ring = KeyRing.generate(NOW)
    iams = [Iam(open_another(), clock=lambda: NOW) for _ in range(2)]
    one, other = (Sts(iam, Authorizer(iam), ring) for iam in iams)
    iams[0].ensure_role(
        ACCOUNT, "app", trust=TRUST.replace('"AWS": "111122223333"', '"Service": "pods.eks.amazonaws.com"')
    )
    session = one.assume_role_as_service(
        service="pods.eks.amazonaws.com",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/app",
        session_name="pod",
        duration=3600,
        now=NOW,
    )
    keys = session.credentials.access_key_id, session.credentials.session_token
    assert other.open_session(*keys, NOW).secret == session.credentials.secret_access_key
    ask(iams[1], "DeleteRole", RoleName="app")
    with pytest.raises(AwsError):
        other.open_session(*keys, NOW)


@pytest.mark.parametrize("operation", ["CreateRole", "CreateUser"])
def test_of_many_that_create_one_name_one_wins(open_another: OpenStore, operation: str) -> None:
    iams = [Iam(open_another()) for _ in range(2)]
    outcomes: list[str] = []
    members = (
        {"RoleName": "app", "AssumeRolePolicyDocument": TRUST} if operation == "CreateRole" else {"UserName": "app"}
    )

    def create(iam: Iam) -> None:
        try:
            ask(iam, operation, **members)
            outcomes.append("made")
        except AwsError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=create, args=(iams[number % 2],)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["EntityAlreadyExists"] * 15 + ["made"]


def test_the_decision_log(store: Store) -> None:
    log = DecisionLog(store)
    for number in range(700):
        log.record(Entry(at=NOW + timedelta(seconds=number), request_id=f"r{number}", decided_by=("a", "b")))
    log.close()
    assert log.dropped == 0
    assert log.find("r699")[0].decided_by == ("a", "b")
    assert [one.request_id for one in log.between(NOW, NOW + timedelta(seconds=2))] == ["r1", "r0"]


def test_an_export_brings_everything_back(store: Store, tmp_path: Any, store_url: str) -> None:
    key = store.master_key
    iam = Iam(store, clock=lambda: NOW)
    furnish(iam)
    log = DecisionLog(store)
    log.record(Entry(at=NOW, request_id="r"))
    log.close()
    lines = list(export_state(store))
    copy = open_store(f"sqlite:///{tmp_path}/copy.db", master_key=key)
    try:
        assert import_state(copy, lines) == len(lines) - 2
        assert seen(Iam(copy, clock=lambda: NOW)) == seen(iam)
        access_key = ask(iam, "ListAccessKeys", UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"]
        assert Iam(copy).find_key(access_key) == iam.find_key(access_key)
        assert list(export_state(copy)) == lines
        assert check_state(copy) == check_state(store) == []
        assert not any('"audit_' in line for line in export_state(copy, without=("audit_",)))
        with pytest.raises(TransferProblem, match="not empty"):
            import_state(copy, lines)
    finally:
        copy.close()


def test_from_sqlite_to_this_database(store: Store, tmp_path: Any) -> None:
    source = open_store(f"sqlite:///{tmp_path}/source.db", master_key=store.master_key)
    try:
        furnish(Iam(source, clock=lambda: NOW))
        log = DecisionLog(source)
        log.record(Entry(at=NOW, request_id="r"))
        log.close()
        target = Iam(store, clock=lambda: NOW)
        assert target.role(ACCOUNT, "app") is None
        import_state(store, export_state(source))
        assert target.role(ACCOUNT, "app") is not None
        assert seen(target) == seen(Iam(source, clock=lambda: NOW))
    finally:
        source.close()
    log = DecisionLog(store)
    log.record(Entry(at=NOW, request_id="after"))
    log.close()
    assert log.dropped == 0
    assert log.find("after")


def test_a_broken_export_changes_nothing(store: Store, tmp_path: Any) -> None:
    source = open_store(f"sqlite:///{tmp_path}/source.db", master_key=MasterKey.generate())
    furnish(Iam(source, clock=lambda: NOW))
    lines = list(export_state(source))
    source.close()
    for broken in (
        [],
        ["nonsense"],
        ["[]"],
        lines[1:],
        lines[:-1],
        [lines[0].replace("0006", "0009"), *lines[1:]],
        [*lines[:3], *lines[4:]],
        [lines[0], '{"table":"nothing","row":{}}', *lines[1:]],
        [lines[0], '{"table":"iam_users","row":{"nothing":1}}', *lines[1:]],
        [lines[0], '{"table":"iam_users","row":7}', *lines[1:]],
    ):
        with pytest.raises(TransferProblem):
            import_state(store, broken)
    assert ask(Iam(store), "ListUsers")["Users"] == []


def test_a_damaged_reference_is_found(store_url: str, open_another: OpenStore) -> None:
    if not store_url.startswith("sqlite"):
        pytest.skip("PostgreSQL lets nobody damage a reference")
    store = open_another()
    with store._engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("INSERT INTO iam_memberships VALUES ('AGPA', 'AIDA', 0)")
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql("BEGIN")
    assert any("iam_memberships refers to" in line for line in check_state(store))
