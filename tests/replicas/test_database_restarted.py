"""PostgreSQL goes away under a running replica, as at a crash or a fail-over, and comes back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests import postgresql
from tests.replicas import replica
from tests.replicas.replica import CLUSTER, eventually, whole_associations

from podid.audit import DecisionLog
from podid.store import MasterKey, open_store


def test_a_replica_says_try_again_and_goes_on_once_the_database_is_back(tmp_path: Path) -> None:
    with (
        postgresql.server() as server,
        replica.site(tmp_path, url := postgresql.new_database(server.address)) as site,
    ):
        one = site.replica()
        role = site.role(one)
        eks, iam, sts = one.client("eks"), one.client("iam"), one.client("sts")

        def create(name: str) -> None:
            eks.create_pod_identity_association(
                clusterName=CLUSTER, namespace="default", serviceAccount=name, roleArn=role
            )

        create("before")
        server.stop()
        refusals: list[str] = []
        for code, ask in (
            ("ServiceUnavailableException", lambda: create("meanwhile")),
            ("ServiceUnavailableException", lambda: eks.list_pod_identity_associations(clusterName=CLUSTER)),
            ("ServiceUnavailable", lambda: iam.list_roles()),
        ):
            with pytest.raises(ClientError) as refused:
                ask()
            told = refused.value.response
            assert told["ResponseMetadata"]["HTTPStatusCode"] == 503, told
            assert told["Error"]["Code"] == code
            refusals.append(told["ResponseMetadata"]["RequestId"])
            assert "127.0.0.1" not in told["Error"]["Message"]
        server.start()

        def answers() -> bool:
            try:
                return bool(sts.get_caller_identity()["Arn"])
            except ClientError as error:
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
                return False

        eventually(answers, within=30)
        create("after")
        assert set(whole_associations(eks)) == {"before", "after"}
        for request_id in refusals:
            eventually(partial(is_in_audit_log, url, request_id), within=30)


def is_in_audit_log(url: str, request_id: str) -> bool:
    """What came while the database was away waited for it."""
    store = open_store(url, master_key=MasterKey.generate())
    log = DecisionLog(store)
    try:
        return bool(log.find(request_id))
    finally:
        log.close()
        store.close()
