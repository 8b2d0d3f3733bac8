"""Two replicas on one PostgreSQL: what one changes, the other sees."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests import postgresql
from tests.replicas import replica
from tests.replicas.replica import CLUSTER, ISSUER, Replica, Site, eventually

from podid.core.tokens import sign_token

SOON = 1.0
"""Seconds after which whoever asks another replica must be told of a change."""
WRITTEN = 10.0
"""Seconds for what is written now and then, and about which nothing is promised: the audit log."""


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[tuple[Site, Replica, Replica]]:
    with replica.site(tmp_path_factory.mktemp("two"), postgresql.new_database(postgres_server)) as site:
        first = site.replica()
        site.role(first, "shared")
        yield site, first, site.replica()


def allowed(client: Any, operation: str, **members: Any) -> bool:
    try:
        getattr(client, operation)(**members)
    except ClientError as error:
        assert error.response["Error"]["Code"] in (
            "AccessDenied",
            "AccessDeniedException",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "NoSuchEntity",
        )
        return False
    return True


def test_admission_reads_see_a_change_of_the_other_replica_at_once(two: tuple[Site, Replica, Replica]) -> None:
    _, first, second = two
    clients = [first.client("eks"), second.client("eks")]
    role = first.client("iam").get_role(RoleName="shared")["Role"]["Arn"]
    for number in range(20):
        writer, reader = clients[number % 2], clients[1 - number % 2]
        asked = {"clusterName": CLUSTER, "namespace": "at-once", "serviceAccount": f"sa-{number}"}
        assert reader.list_pod_identity_associations(**asked)["associations"] == []
        made = writer.create_pod_identity_association(**asked, roleArn=role)["association"]
        told = reader.list_pod_identity_associations(**asked)["associations"]
        assert [one["associationId"] for one in told] == [made["associationId"]]
        writer.delete_pod_identity_association(clusterName=CLUSTER, associationId=made["associationId"])
        assert reader.list_pod_identity_associations(**asked)["associations"] == []


def test_permissions_and_keys_are_seen_soon(two: tuple[Site, Replica, Replica]) -> None:
    _, first, second = two
    iam = first.client("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    there = second.client("eks", {name: key[name] for name in ("AccessKeyId", "SecretAccessKey")})
    assert not allowed(there, "list_clusters")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "eks:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(policy))
    eventually(lambda: allowed(there, "list_clusters"), within=SOON)
    iam.delete_user_policy(UserName="ann", PolicyName="p")
    eventually(lambda: not allowed(there, "list_clusters"), within=SOON)
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    eventually(lambda: not allowed(second.client("sts", key), "get_caller_identity"), within=SOON)


def pod_token(site: Site) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": ISSUER,
        "aud": ["pods.eks.amazonaws.com"],
        "sub": "system:serviceaccount:default:worker",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "jti": "one",
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": "worker", "uid": "u-1"},
            "pod": {"name": "worker-0", "uid": "p-1"},
        },
    }
    return sign_token(site.signing_key, claims)


def test_sessions_are_good_on_every_replica_and_outlive_a_rotation(two: tuple[Site, Replica, Replica]) -> None:
    site, first, second = two
    role = first.client("iam").get_role(RoleName="shared")["Role"]["Arn"]
    first.client("eks").create_pod_identity_association(
        clusterName=CLUSTER, namespace="default", serviceAccount="worker", roleArn=role
    )
    given = second.client("eks-auth").assume_role_for_pod_identity(clusterName=CLUSTER, token=pod_token(site))
    session = {name[0].upper() + name[1:]: value for name, value in given["credentials"].items()}
    arn = given["assumedRoleUser"]["arn"]
    assert first.client("sts", session).get_caller_identity()["Arn"] == arn

    done = site.podid("keys", "rotate")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["secrets_renewed"] >= 1
    for each in (first, second):
        assert each.client("sts", session).get_caller_identity()["Arn"] == arn
        assert each.client("sts").get_caller_identity()["Arn"].endswith(":user/admin")
    again = first.client("eks-auth").assume_role_for_pod_identity(clusterName=CLUSTER, token=pod_token(site))
    fresh = {name[0].upper() + name[1:]: value for name, value in again["credentials"].items()}
    assert second.client("sts", fresh).get_caller_identity()["Arn"] == again["assumedRoleUser"]["arn"]


def test_both_write_one_audit_log(two: tuple[Site, Replica, Replica]) -> None:
    from podid.audit import DecisionLog
    from podid.store import MasterKey, open_store

    site, first, second = two
    ids = [
        each.client("iam").list_roles(PathPrefix="/audit/")["ResponseMetadata"]["RequestId"] for each in (first, second)
    ]
    store = open_store(site.store_url, master_key=MasterKey.load(site.master_key))
    log = DecisionLog(store)
    try:
        eventually(lambda: all(any(entry.event for entry in log.find(each)) for each in ids), within=WRITTEN)
        now = datetime.now(UTC)
        assert log.between(now - timedelta(minutes=5), now + timedelta(minutes=1), limit=1)
    finally:
        log.close()
        store.close()


def test_a_master_key_may_be_in_the_environment(tmp_path: Path) -> None:
    with replica.site(tmp_path, f"sqlite:///{tmp_path}/state.db") as site:
        site.replica().end()
        text = site.master_key.read_text()
        command = [sys.executable, "-m", "podid", "state", "check", "-o", "json", "--store-url", site.store_url]
        for environment, code in (({"PODID_MASTER_KEY": text}, 0), ({"PODID_MASTER_KEY": "A" * 43 + "="}, 1), ({}, 3)):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin", **environment}
            )
            assert done.returncode == code, done.stdout + done.stderr
            assert text.strip() not in done.stdout + done.stderr


def test_no_request_fails_while_keys_are_rotated(two: tuple[Site, Replica, Replica]) -> None:
    site, first, second = two
    rotated = threading.Event()

    def work(number: int, own: Replica, other: Replica) -> int:
        iam, user, done = own.client("iam"), f"rotating-{number}", 0
        iam.create_user(UserName=user)
        while not rotated.is_set() or not done:
            key = iam.create_access_key(UserName=user)["AccessKey"]
            given = own.client("sts", key).get_session_token()["Credentials"]
            assert other.client("sts", given).get_caller_identity()["Arn"].endswith(user)
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
            done += 1
        return done

    with ThreadPoolExecutor(2) as pool:
        pairs = ((first, second), (second, first))
        working = [pool.submit(work, number, *pair) for number, pair in enumerate(pairs)]
        try:
            assert site.podid("keys", "rotate").returncode == 0
        finally:
            rotated.set()
        assert all(each.result() for each in working)


def test_two_processes_may_share_one_file_of_sqlite(tmp_path: Path) -> None:
    with replica.site(tmp_path, f"sqlite:///{tmp_path}/state.db") as site:
        first, second = site.replica(), site.replica()
        role = site.role(first, "shared")
        one, other = first.client("eks"), second.client("eks")
        for number in range(10):
            writer, reader = (one, other) if number % 2 else (other, one)
            asked = {"clusterName": CLUSTER, "namespace": "file", "serviceAccount": f"sa-{number}"}
            made = writer.create_pod_identity_association(**asked, roleArn=role)["association"]
            told = reader.list_pod_identity_associations(**asked)["associations"]
            assert [each["associationId"] for each in told] == [made["associationId"]]
        first.client("iam").delete_role(RoleName="shared")
        eventually(lambda: not allowed(second.client("iam"), "get_role", RoleName="shared"), within=SOON)
        checked = site.podid("state", "check")
        assert json.loads(checked.stdout)["sound"], checked.stdout + checked.stderr
