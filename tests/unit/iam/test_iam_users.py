from __future__ import annotations

import base64
import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from podid.core.caller import Caller
from podid.iam import Iam
from podid.iam.key_ids import account_of_access_key
from podid.store import Store

ACCOUNT = "111122223333"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def test_a_user_is_shown_as_it_was_made(aws: Any) -> None:
    made = aws.create_user(UserName="ann", Path="/x/", Tags=[{"Key": "a", "Value": "1"}], PermissionsBoundary=READ_ONLY)
    user = aws.get_user(UserName="ann")["User"]
    assert user == made["User"]
    assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/x/ann"
    assert user["UserId"].startswith("AIDA")
    assert user["Tags"] == [{"Key": "a", "Value": "1"}]
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY


def test_users_exist_once_in_any_case(aws: Any, refused: Any) -> None:
    aws.create_user(UserName="Ann")
    with refused("EntityAlreadyExists", "User with name ann already exists.", 409):
        aws.create_user(UserName="ann")
    aws.create_user(UserName="bob")
    with refused("EntityAlreadyExists", "User with name ANN already exists.", 409):
        aws.update_user(UserName="bob", NewUserName="ANN")
    aws.update_user(UserName="Ann", NewUserName="ANN")
    assert [user["UserName"] for user in aws.list_users()["Users"]] == ["ANN", "bob"]


def test_a_user_without_a_name_is_the_caller(client_for: Any, iam: Iam, refused: Any) -> None:
    arn = iam.ensure_user(ACCOUNT, "ann")
    key = iam.find_key(iam.ensure_access_key(ACCOUNT, "ann").access_key_id)
    assert key is not None
    own = client_for(caller=key.caller)
    assert own.get_user()["User"]["Arn"] == arn
    assert own.create_access_key()["AccessKey"]["UserName"] == "ann"
    assert len(own.list_access_keys()["AccessKeyMetadata"]) == 2
    session = client_for(caller=Caller(kind="role-session", account=ACCOUNT))
    with refused("ValidationError", "Must specify userName when calling with non-User credentials", 400):
        session.get_user()


def test_a_user_is_deleted_once_nothing_hangs_on_it(aws: Any, refused: Any) -> None:
    aws.create_user(UserName="ann")
    aws.create_group(GroupName="ops")
    aws.add_user_to_group(GroupName="ops", UserName="ann")
    key = aws.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    aws.attach_user_policy(UserName="ann", PolicyArn=READ_ONLY)
    aws.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=ALLOW_ALL)
    with refused("DeleteConflict", "Cannot delete entity, must delete access keys first.", 409):
        aws.delete_user(UserName="ann")
    aws.delete_access_key(UserName="ann", AccessKeyId=key)
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409):
        aws.delete_user(UserName="ann")
    aws.detach_user_policy(UserName="ann", PolicyArn=READ_ONLY)
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first.", 409):
        aws.delete_user(UserName="ann")
    aws.delete_user_policy(UserName="ann", PolicyName="p")
    with refused("DeleteConflict", "Cannot delete entity, must remove users from group first.", 409):
        aws.delete_user(UserName="ann")
    aws.remove_user_from_group(GroupName="ops", UserName="ann")
    aws.delete_user(UserName="ann")
    with refused("NoSuchEntity", "The user with name ann cannot be found.", 404):
        aws.get_user(UserName="ann")


def test_what_tools_ask_before_they_delete_a_user(aws: Any, refused: Any) -> None:
    aws.create_user(UserName="ann")
    assert aws.list_mfa_devices(UserName="ann")["MFADevices"] == []
    assert aws.list_ssh_public_keys(UserName="ann")["SSHPublicKeys"] == []
    assert aws.list_signing_certificates(UserName="ann")["Certificates"] == []
    assert aws.list_service_specific_credentials(UserName="ann")["ServiceSpecificCredentials"] == []
    assert aws.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert aws.list_server_certificates()["ServerCertificateMetadataList"] == []
    with refused("NoSuchEntity", "Login Profile for User ann cannot be found.", 404):
        aws.get_login_profile(UserName="ann")
    with refused("NoSuchEntity", "The user with name bob cannot be found.", 404):
        aws.list_mfa_devices(UserName="bob")


def test_groups_and_their_users(aws: Any, refused: Any) -> None:
    aws.create_group(GroupName="ops", Path="/x/")
    for name in ("ann", "bob", "cy"):
        aws.create_user(UserName=name)
        aws.add_user_to_group(GroupName="ops", UserName=name)
        aws.add_user_to_group(GroupName="ops", UserName=name)
    with refused("EntityAlreadyExists", "Group with name OPS already exists.", 409):
        aws.create_group(GroupName="OPS")
    pages = list(aws.get_paginator("get_group").paginate(GroupName="ops", PaginationConfig={"PageSize": 2}))
    assert [user["UserName"] for page in pages for user in page["Users"]] == ["ann", "bob", "cy"]
    assert pages[0]["Group"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/x/ops"
    assert [group["GroupName"] for group in aws.list_groups_for_user(UserName="ann")["Groups"]] == ["ops"]
    assert [group["GroupName"] for group in aws.list_groups(PathPrefix="/x/")["Groups"]] == ["ops"]
    assert aws.list_groups(PathPrefix="/y/")["Groups"] == []
    with refused("DeleteConflict", "Cannot delete entity, must remove users from group first.", 409):
        aws.delete_group(GroupName="ops")
    aws.update_group(GroupName="ops", NewGroupName="dev", NewPath="/")
    for name in ("ann", "bob", "cy"):
        aws.remove_user_from_group(GroupName="dev", UserName=name)
    aws.remove_user_from_group(GroupName="dev", UserName="ann")  # no error in AWS either
    with refused("NoSuchEntity", "The user with name eve cannot be found.", 404):
        aws.remove_user_from_group(GroupName="dev", UserName="eve")
    aws.delete_group(GroupName="dev")
    with refused("NoSuchEntity", "The group with name dev cannot be found.", 404):
        aws.get_group(GroupName="dev")


def test_a_user_is_in_ten_groups_at_most(aws: Any, refused: Any) -> None:
    aws.create_user(UserName="ann")
    for number in range(11):
        aws.create_group(GroupName=f"g{number}")
    for number in range(10):
        aws.add_user_to_group(GroupName=f"g{number}", UserName="ann")
    with refused("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10", 409):
        aws.add_user_to_group(GroupName="g10", UserName="ann")


def test_access_keys(aws: Any, iam: Iam, refused: Any) -> None:
    aws.create_user(UserName="ann")
    first = aws.create_access_key(UserName="ann")["AccessKey"]
    assert (len(first["AccessKeyId"]), len(first["SecretAccessKey"])) == (20, 40)
    assert first["AccessKeyId"].startswith("AKIA")
    assert account_of_access_key(first["AccessKeyId"]) == ACCOUNT
    assert first["Status"] == "Active"
    aws.create_access_key(UserName="ann")
    with refused("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409):
        aws.create_access_key(UserName="ann")
    found = iam.find_key(first["AccessKeyId"])
    assert found is not None
    assert (found.secret, found.active, found.caller.user_name) == (first["SecretAccessKey"], True, "ann")
    aws.update_access_key(UserName="ann", AccessKeyId=first["AccessKeyId"], Status="Inactive")
    found = iam.find_key(first["AccessKeyId"])
    assert found is not None
    assert not found.active
    aws.delete_access_key(UserName="ann", AccessKeyId=first["AccessKeyId"])
    assert iam.find_key(first["AccessKeyId"]) is None
    with refused("NoSuchEntity", f"The Access Key with id {first['AccessKeyId']} cannot be found.", 404):
        aws.delete_access_key(UserName="ann", AccessKeyId=first["AccessKeyId"])


def test_a_key_belongs_to_its_user(aws: Any, refused: Any) -> None:
    aws.create_user(UserName="ann")
    aws.create_user(UserName="bob")
    key = aws.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    with refused("NoSuchEntity", f"The Access Key with id {key} cannot be found.", 404):
        aws.update_access_key(UserName="bob", AccessKeyId=key, Status="Inactive")


def test_secrets_are_encrypted_at_rest(aws: Any, store: Store, tmp_path: Any) -> None:
    aws.create_user(UserName="ann")
    secret = aws.create_access_key(UserName="ann")["AccessKey"]["SecretAccessKey"]
    with store.write():
        pass
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("state.db*"))
    assert secret.encode() not in kept
    assert base64.b64decode(secret) not in kept


def test_no_secret_in_a_repr(iam: Iam) -> None:
    iam.ensure_user(ACCOUNT, "ann")
    credentials = iam.ensure_access_key(ACCOUNT, "ann")
    key = iam.find_key(credentials.access_key_id)
    assert key is not None
    assert key.secret not in repr(key)
    assert credentials.secret_access_key not in repr(credentials)


def test_when_a_key_was_last_used(aws: Any, iam: Iam, refused: Any) -> None:
    aws.create_user(UserName="ann")
    key = aws.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    answer = aws.get_access_key_last_used(AccessKeyId=key)
    assert answer["UserName"] == "ann"
    assert answer["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    assert answer["AccessKeyLastUsed"]["Region"] == "N/A"
    assert "LastUsedDate" not in answer["AccessKeyLastUsed"]
    iam.note_key_use(key, service="s3", region="eu-west-1", now=datetime(2026, 3, 1, 1, 2, 3, 4, tzinfo=UTC))
    used = aws.get_access_key_last_used(AccessKeyId=key)["AccessKeyLastUsed"]
    assert used == {
        "LastUsedDate": datetime(2026, 3, 1, 1, 2, 3, tzinfo=UTC),
        "ServiceName": "s3",
        "Region": "eu-west-1",
    }
    with refused("NoSuchEntity", "The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found.", 404):
        aws.get_access_key_last_used(AccessKeyId="AKIAAAAAAAAAAAAAAAAA")


def test_noting_uses_keeps_caches_full(iam: Iam, store: Store) -> None:
    iam.ensure_user(ACCOUNT, "ann")
    key = iam.ensure_access_key(ACCOUNT, "ann").access_key_id
    before = store.revision("iam")
    for second in range(200):
        iam.note_key_use(
            key, service="s3", region="us-east-1", now=datetime(2026, 1, 1, 0, second // 60, second % 60, tzinfo=UTC)
        )
    iam.close()
    assert store.revision("iam") == before


def test_instance_profiles(aws: Any, refused: Any) -> None:
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    aws.create_role(RoleName="node", AssumeRolePolicyDocument=trust)
    made = aws.create_instance_profile(InstanceProfileName="p", Path="/x/", Tags=[{"Key": "a", "Value": "b"}])
    assert made["InstanceProfile"]["Roles"] == []
    assert made["InstanceProfile"]["InstanceProfileId"].startswith("AIPA")
    aws.add_role_to_instance_profile(InstanceProfileName="p", RoleName="node")
    with refused("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409):
        aws.add_role_to_instance_profile(InstanceProfileName="p", RoleName="node")
    shown = aws.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]
    assert [role["RoleName"] for role in shown["Roles"]] == ["node"]
    assert shown["Tags"] == [{"Key": "a", "Value": "b"}]
    assert len(aws.list_instance_profiles(PathPrefix="/x/")["InstanceProfiles"]) == 1
    assert len(aws.list_instance_profiles_for_role(RoleName="node")["InstanceProfiles"]) == 1
    with refused("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", 409):
        aws.delete_instance_profile(InstanceProfileName="p")
    aws.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="node")
    with refused("NoSuchEntity", "The role with name node cannot be found.", 404):
        aws.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="node")
    aws.delete_instance_profile(InstanceProfileName="p")
    with refused("NoSuchEntity", "Instance Profile p cannot be found.", 404):
        aws.get_instance_profile(InstanceProfileName="p")


def test_the_credential_report(aws: Any, clock: Any, iam: Iam, refused: Any) -> None:
    aws.create_user(UserName="ann")
    key = aws.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.note_key_use(key, service="s3", region="us-east-1", now=clock())
    with pytest.raises(ClientError) as caught:
        aws.get_credential_report()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
    assert caught.value.response["Error"]["Code"] == "ReportNotPresent"
    assert aws.generate_credential_report()["State"] == "STARTED"
    assert aws.generate_credential_report()["State"] == "COMPLETE"
    report = aws.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(report["Content"].decode()))}
    assert set(rows) == {"<root_account>", "ann"}
    assert rows["<root_account>"]["arn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert rows["ann"]["access_key_1_active"] == "true"
    assert rows["ann"]["access_key_1_last_used_service"] == "s3"
    assert rows["ann"]["access_key_2_active"] == "false"
    clock.move(hours=4)
    with pytest.raises(ClientError) as caught:
        aws.get_credential_report()
    assert caught.value.response["Error"]["Code"] == "ReportExpired"
    assert aws.generate_credential_report()["State"] == "STARTED"
