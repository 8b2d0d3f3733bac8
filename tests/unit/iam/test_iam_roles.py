from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from podid.iam import Iam

SERVICE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
ACCOUNT = "111122223333"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def trusting(*arns: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": list(arns)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def create(aws: Any, name: str = "app", **members: Any) -> Any:
    members.setdefault("AssumeRolePolicyDocument", json.dumps(SERVICE_TRUST))
    return aws.create_role(RoleName=name, **members)["Role"]


def test_a_role_is_shown_as_it_was_made(aws: Any) -> None:
    made = create(
        aws, Path="/team/a/", Description="an app", MaxSessionDuration=7200, Tags=[{"Key": "a", "Value": "1"}]
    )
    role = aws.get_role(RoleName="app")["Role"]
    assert role["Arn"] == made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/a/app"
    assert role["RoleId"].startswith("AROA")
    assert len(role["RoleId"]) == 21
    assert role["Path"] == "/team/a/"
    assert role["CreateDate"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert role["AssumeRolePolicyDocument"] == SERVICE_TRUST
    assert role["Description"] == "an app"
    assert role["MaxSessionDuration"] == 7200
    assert role["Tags"] == [{"Key": "a", "Value": "1"}]
    assert role["RoleLastUsed"] == {}


def test_the_same_name_in_another_case_is_taken(aws: Any, refused: Any) -> None:
    create(aws, "App")
    with refused("EntityAlreadyExists", "Role with name APP already exists.", 409):
        create(aws, "APP")


def test_an_unknown_role(aws: Any, refused: Any) -> None:
    with refused("NoSuchEntity", "The role with name nobody cannot be found.", 404):
        aws.get_role(RoleName="nobody")
    with refused("NoSuchEntity", "The role with name nobody cannot be found.", 404):
        aws.delete_role(RoleName="nobody")


def test_accounts_do_not_see_each_other(aws: Any, client_for: Any) -> None:
    create(aws)
    other = client_for("444455556666")
    assert other.list_roles()["Roles"] == []
    assert create(other)["Arn"] == "arn:aws:iam::444455556666:role/app"
    other.delete_role(RoleName="app")
    assert aws.get_role(RoleName="app")


def test_lists_come_by_path_and_in_pieces(aws: Any) -> None:
    for number in range(7):
        create(aws, f"R{number}", Path="/x/" if number % 2 else "/")
    create(aws, "r10")
    first = aws.list_roles(MaxItems=3)
    assert [role["RoleName"] for role in first["Roles"]] == ["R0", "R1", "r10"]
    assert first["IsTruncated"]
    assert "Tags" not in first["Roles"][0]
    pages = aws.get_paginator("list_roles").paginate(PathPrefix="/x/", PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == ["R1", "R3", "R5"]
    assert aws.list_roles(PathPrefix="/X/")["Roles"] == []
    assert aws.list_roles(PathPrefix="/%/")["Roles"] == []


def test_a_marker_is_good_for_its_own_list_alone(aws: Any, refused: Any) -> None:
    for number in range(3):
        create(aws, f"r{number}")
    marker = aws.list_roles(MaxItems=1)["Marker"]
    with refused("ValidationError", "Invalid Marker.", 400):
        aws.list_users(Marker=marker)
    with refused("ValidationError", "Invalid Marker.", 400):
        aws.list_roles(Marker="bm9uc2Vuc2U=")


def test_update_changes_only_what_is_given(aws: Any) -> None:
    create(aws, Description="before", MaxSessionDuration=7200)
    aws.update_role(RoleName="app", Description="after")
    role = aws.get_role(RoleName="app")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("after", 7200)
    aws.update_role(RoleName="app", MaxSessionDuration=43_200)
    assert aws.get_role(RoleName="app")["Role"]["MaxSessionDuration"] == 43_200
    assert aws.update_role_description(RoleName="app", Description="last")["Role"]["Description"] == "last"


def test_a_role_with_policies_is_not_deleted(aws: Any, refused: Any) -> None:
    create(aws)
    aws.attach_role_policy(RoleName="app", PolicyArn=READ_ONLY)
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409):
        aws.delete_role(RoleName="app")
    aws.detach_role_policy(RoleName="app", PolicyArn=READ_ONLY)
    aws.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=ALLOW_ALL)
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first.", 409):
        aws.delete_role(RoleName="app")
    aws.delete_role_policy(RoleName="app", PolicyName="p")
    aws.create_instance_profile(InstanceProfileName="app")
    aws.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    with refused("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", 409):
        aws.delete_role(RoleName="app")
    aws.remove_role_from_instance_profile(InstanceProfileName="app", RoleName="app")
    aws.delete_role(RoleName="app")
    with refused("NoSuchEntity", "The role with name app cannot be found.", 404):
        aws.get_role(RoleName="app")


def test_a_role_made_again_has_nothing_of_the_first(aws: Any) -> None:
    first = create(aws, Tags=[{"Key": "a", "Value": "1"}])
    aws.delete_role(RoleName="app")
    second = create(aws)
    assert second["RoleId"] != first["RoleId"]
    assert aws.list_role_tags(RoleName="app")["Tags"] == []


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("{", "This policy contains invalid Json"),
        (json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}), None),
        (
            trusting(f"arn:aws:iam::{ACCOUNT}:role/nobody"),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:role/nobody"',
        ),
        (
            trusting(f"arn:aws:iam::{ACCOUNT}:user/nobody"),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:user/nobody"',
        ),
        (trusting("AROAAAAAAAAAAAAAAAAAA"), 'Invalid principal in policy: "AWS":"AROAAAAAAAAAAAAAAAAAA"'),
        (
            trusting(f"arn:aws:iam::{ACCOUNT}:role/*"),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:role/*"',
        ),
        (
            json.dumps(SERVICE_TRUST).replace("pods.eks.amazonaws.com", "pods"),
            'Invalid principal in policy: "SERVICE":"pods"',
        ),
    ],
)
def test_a_bad_trust_policy_is_refused_and_nothing_made(aws: Any, document: str, text: str | None) -> None:
    with pytest.raises(ClientError) as caught:
        create(aws, AssumeRolePolicyDocument=document)
    assert caught.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    if text is not None and "Json" not in text:
        assert caught.value.response["Error"]["Message"] == text
    assert aws.list_roles()["Roles"] == []


def test_a_trust_policy_too_large_is_over_quota(aws: Any, refused: Any) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": ["x" * 100] * 21}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with refused("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409):
        create(aws, AssumeRolePolicyDocument=document)


def test_an_account_number_is_shown_as_its_root(aws: Any) -> None:
    create(aws, AssumeRolePolicyDocument=trusting(ACCOUNT))
    shown = aws.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]}


def test_a_trusted_role_made_again_is_another_one(aws: Any, iam: Iam) -> None:
    friend = create(aws, "friend")
    create(aws, AssumeRolePolicyDocument=trusting(friend["Arn"]))
    assert friend["Arn"] in json.dumps(aws.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"])
    aws.delete_role(RoleName="friend")
    create(aws, "friend")
    shown = aws.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": [friend["RoleId"]]}
    role = iam.role(ACCOUNT, "app")
    assert role is not None
    assert friend["RoleId"] in role.trust_text
    assert friend["Arn"] not in role.trust_text
    listed = next(role for role in aws.list_roles()["Roles"] if role["RoleName"] == "app")
    assert listed["AssumeRolePolicyDocument"] == shown


def test_a_trusted_user_that_is_renamed_stays_trusted(aws: Any) -> None:
    user = aws.create_user(UserName="ann")["User"]
    create(aws, AssumeRolePolicyDocument=trusting(user["Arn"]))
    aws.update_user(UserName="ann", NewUserName="anna", NewPath="/x/")
    shown = aws.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": [f"arn:aws:iam::{ACCOUNT}:user/x/anna"]}


def test_a_role_of_another_account_can_be_trusted_if_it_exists(aws: Any, client_for: Any, refused: Any) -> None:
    friend = create(client_for("444455556666"), "friend", Path="/p/")
    create(aws, AssumeRolePolicyDocument=trusting(friend["Arn"]))
    with refused(
        "MalformedPolicyDocument", 'Invalid principal in policy: "AWS":"arn:aws:iam::444455556666:role/friend"', 400
    ):
        aws.update_assume_role_policy(RoleName="app", PolicyDocument=trusting("arn:aws:iam::444455556666:role/friend"))


def test_the_trust_policy_can_be_replaced(aws: Any) -> None:
    create(aws)
    aws.update_assume_role_policy(RoleName="app", PolicyDocument=trusting(ACCOUNT))
    shown = aws.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    assert shown == json.loads(trusting(f"arn:aws:iam::{ACCOUNT}:root"))


def test_boundaries_are_policies_that_exist(aws: Any, refused: Any) -> None:
    with refused(
        "NoSuchEntity", "Scope ARN: arn:aws:iam::aws:policy/Nothing does not exist or is not attachable.", 404
    ):
        create(aws, PermissionsBoundary="arn:aws:iam::aws:policy/Nothing")
    create(aws, PermissionsBoundary=READ_ONLY)
    shown = aws.get_role(RoleName="app")["Role"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == READ_ONLY
    aws.delete_role_permissions_boundary(RoleName="app")
    assert "PermissionsBoundary" not in aws.get_role(RoleName="app")["Role"]
    aws.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=READ_ONLY)
    assert aws.get_policy(PolicyArn=READ_ONLY)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    invalid = "Value (arn:aws:iam::444455556666:policy/x) for parameter PermissionsBoundary is invalid."
    with refused("InvalidParameterValue", invalid, 400):
        aws.put_role_permissions_boundary(RoleName="app", PermissionsBoundary="arn:aws:iam::444455556666:policy/x")


@pytest.mark.parametrize("seconds", [3599, 43_201])
def test_the_longest_session_is_bounded(aws: Any, seconds: int) -> None:
    with pytest.raises(ClientError) as caught:
        create(aws, MaxSessionDuration=seconds)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_service_linked_roles_are_their_services_own(aws: Any, refused: Any) -> None:
    role = aws.create_service_linked_role(AWSServiceName="eks.amazonaws.com")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
    attached = aws.list_attached_role_policies(RoleName="AWSServiceRoleForAmazonEKS")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["AmazonEKSServiceRolePolicy"]
    text = "Cannot perform the operation on the protected role 'AWSServiceRoleForAmazonEKS' - this role is only modifiable by AWS"
    name = "AWSServiceRoleForAmazonEKS"
    with refused("UnmodifiableEntity", text, 400):
        aws.delete_role(RoleName=name)
    with refused("UnmodifiableEntity", text, 400):
        aws.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=ALLOW_ALL)
    with refused("UnmodifiableEntity", text, 400):
        aws.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
    with refused("UnmodifiableEntity", text, 400):
        aws.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(SERVICE_TRUST))
    with refused(
        "InvalidInput",
        "Service role name AWSServiceRoleForAmazonEKS has been taken in this account, please try a different suffix.",
        400,
    ):
        aws.create_service_linked_role(AWSServiceName="eks.amazonaws.com")
    task = aws.delete_service_linked_role(RoleName="AWSServiceRoleForAmazonEKS")["DeletionTaskId"]
    assert aws.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with refused("NoSuchEntity", "The role with name AWSServiceRoleForAmazonEKS cannot be found.", 404):
        aws.get_role(RoleName="AWSServiceRoleForAmazonEKS")
