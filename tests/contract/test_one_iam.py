"""One truth for IAM: what moto's services see and make is podid's."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from tests.contract.served import Served


def trust(service: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
    )


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("lambda_function.py", "def lambda_handler(event, context): return event")
    return buffer.getvalue()


def function(name: str, role: str) -> dict[str, Any]:
    return {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Role": role,
        "Handler": "lambda_function.lambda_handler",
        "Code": {"ZipFile": archive()},
    }


def test_lambda_finds_a_role_of_ours(served: Served) -> None:
    role = served.client("iam").create_role(
        RoleName="one-lambda", Path="/svc/", AssumeRolePolicyDocument=trust("lambda.amazonaws.com")
    )["Role"]["Arn"]
    made = served.client("lambda").create_function(**function("one-fn", role))
    assert made["Role"] == role
    assert served.client("lambda").get_function(FunctionName="one-fn")["Configuration"]["Role"] == role


def test_lambda_refuses_a_role_that_is_not_there(served: Served) -> None:
    client = served.client("lambda")
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.create_function(**function("one-fn2", "arn:aws:iam::111122223333:role/one-missing"))


def test_passing_a_role_needs_permission(served: Served) -> None:
    role = served.client("iam").create_role(
        RoleName="one-passed", AssumeRolePolicyDocument=trust("lambda.amazonaws.com")
    )["Role"]["Arn"]
    some = served.client("lambda", served.user("one-passer", served.allow("lambda:*")))
    with pytest.raises(some.exceptions.ClientError) as denied:
        some.create_function(**function("one-fn3", role))
    assert f"iam:PassRole on resource: {role}" in denied.value.response["Error"]["Message"]


def test_an_instance_finds_a_profile_of_ours(served: Served) -> None:
    iam, ec2 = served.client("iam"), served.client("ec2")
    iam.create_role(RoleName="one-ec2", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))
    iam.create_instance_profile(InstanceProfileName="one-profile")
    iam.add_role_to_instance_profile(InstanceProfileName="one-profile", RoleName="one-ec2")
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", IamInstanceProfile={"Name": "one-profile"}
    )["Instances"][0]
    assert made["IamInstanceProfile"]["Arn"] == "arn:aws:iam::111122223333:instance-profile/one-profile"
