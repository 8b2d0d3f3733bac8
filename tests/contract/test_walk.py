"""The walk-through's calls against a running endpoint, by boto3."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.core.clock import system_clock
from podid.core.sigv4 import Credentials, sign

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


def test_the_administrator_is_an_iam_user(served: Served) -> None:
    told = served.client("sts").get_caller_identity()
    assert told["Arn"] == "arn:aws:iam::111122223333:user/podid-admin"


def test_buckets_are_made_and_listed(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="walk-one")
    assert "walk-one" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_a_role_is_made_and_associated(served: Served) -> None:
    iam, eks = served.client("iam"), served.client("eks")
    role = iam.create_role(RoleName="walk-role", AssumeRolePolicyDocument=TRUST)["Role"]
    iam.attach_role_policy(RoleName="walk-role", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    made = eks.create_pod_identity_association(
        clusterName="eksdemo1", namespace="default", serviceAccount="walk-sa", roleArn=role["Arn"]
    )["association"]
    assert made["associationId"].startswith("a-")


def node_session(served: Served, credentials: Credentials) -> tuple[int, dict[str, Any]]:
    url = f"{served.url}/_podid/nodes/i-0123456789abcdef0/session"
    headers = sign(
        credentials,
        method="POST",
        url=url,
        headers={},
        body=b"",
        service="podid",
        region="us-east-1",
        now=system_clock(),
    )
    request = urllib.request.Request(url, method="POST", data=b"", headers=headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_the_node_is_denied_s3_in_the_words_of_the_walk_through(served: Served) -> None:
    status, told = node_session(served, served.imds)
    assert status == 200
    node = Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"])
    with pytest.raises(ClientError) as denied:
        served.client("s3", node).list_buckets()
    error = denied.value.response["Error"]
    assert error["Code"] == "AccessDenied"
    assert error["Message"] == (
        "User: arn:aws:sts::111122223333:assumed-role/eksdemo1-node-role/i-0123456789abcdef0 is not authorized to perform: "
        "s3:ListAllMyBuckets because no identity-based policy allows the s3:ListAllMyBuckets action"
    )
    assert told["RoleName"] == "eksdemo1-node-role"
    assert served.client("eks", node).describe_cluster(name="eksdemo1")["cluster"]["status"] == "ACTIVE"


def test_only_who_may_gets_a_node_session(served: Served) -> None:
    status, told = node_session(served, served.user("walk-stranger"))
    assert status == 403
    assert "podid:GetNodeSession on resource: arn:aws:podid:us-east-1:111122223333:node/i-" in told["message"]
