from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "111122223333"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
)


def allowing(action: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


@pytest.fixture
def owners(aws: Any) -> Any:
    aws.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    aws.create_user(UserName="ann")
    aws.create_group(GroupName="ops")
    return aws


OWNERS = [("role", "RoleName", "app"), ("user", "UserName", "ann"), ("group", "GroupName", "ops")]


@pytest.mark.parametrize(("kind", "member", "name"), OWNERS)
def test_inline_policies_are_kept_word_for_word(owners: Any, refused: Any, kind: str, member: str, name: str) -> None:
    put, get = getattr(owners, f"put_{kind}_policy"), getattr(owners, f"get_{kind}_policy")
    lists, delete = getattr(owners, f"list_{kind}_policies"), getattr(owners, f"delete_{kind}_policy")
    put(**{member: name}, PolicyName="p", PolicyDocument=allowing("s3:*"))
    put(**{member: name}, PolicyName="p", PolicyDocument=allowing("s3:Get*"))
    put(**{member: name}, PolicyName="a", PolicyDocument=allowing("sqs:*"))
    answer = get(**{member: name}, PolicyName="p")
    assert answer["PolicyDocument"] == json.loads(allowing("s3:Get*"))
    assert (answer[member], answer["PolicyName"]) == (name, "p")
    assert lists(**{member: name})["PolicyNames"] == ["a", "p"]
    first = lists(**{member: name}, MaxItems=1)
    assert lists(**{member: name}, Marker=first["Marker"])["PolicyNames"] == ["p"]
    delete(**{member: name}, PolicyName="p")
    with refused("NoSuchEntity", f"The {kind} policy with name p cannot be found.", 404):
        get(**{member: name}, PolicyName="p")
    with refused("NoSuchEntity", f"The {kind} policy with name p cannot be found.", 404):
        delete(**{member: name}, PolicyName="p")
    with refused("NoSuchEntity", f"The {kind} with name x cannot be found.", 404):
        put(**{member: "x"}, PolicyName="p", PolicyDocument=allowing("s3:*"))


@pytest.mark.parametrize(
    ("kind", "member", "name", "limit"), [(*OWNERS[0], 10_240), (*OWNERS[1], 2048), (*OWNERS[2], 5120)]
)
def test_inline_policies_of_one_owner_share_a_quota(
    owners: Any, refused: Any, kind: str, member: str, name: str, limit: int
) -> None:
    put = getattr(owners, f"put_{kind}_policy")

    def sized(characters: int) -> str:
        empty = allowing("")
        text = empty.replace(
            '"Action": ""', '"Action": "s3:' + "a" * (characters - len("".join(empty.split())) - 3) + '"'
        )
        return text.replace(", ", ",\n        ")  # white space is not counted

    half = limit // 2
    put(**{member: name}, PolicyName="a", PolicyDocument=sized(half))
    put(**{member: name}, PolicyName="b", PolicyDocument=sized(limit - half))
    with refused("LimitExceeded", f"Maximum policy size of {limit} bytes exceeded for {kind} {name}", 409):
        put(**{member: name}, PolicyName="b", PolicyDocument=sized(limit - half + 1))
    put(**{member: name}, PolicyName="b", PolicyDocument=sized(limit - half))


@pytest.mark.parametrize(("kind", "member", "name"), OWNERS)
def test_attach_and_detach(owners: Any, refused: Any, kind: str, member: str, name: str) -> None:
    attach, detach = getattr(owners, f"attach_{kind}_policy"), getattr(owners, f"detach_{kind}_policy")
    attached = getattr(owners, f"list_attached_{kind}_policies")
    attach(**{member: name}, PolicyArn=READ_ONLY)
    attach(**{member: name}, PolicyArn=READ_ONLY)
    attach(**{member: name}, PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy")
    assert attached(**{member: name})["AttachedPolicies"] == [
        {"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY},
        {
            "PolicyName": "AmazonEBSCSIDriverPolicy",
            "PolicyArn": "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy",
        },
    ]
    by_path = attached(**{member: name}, PathPrefix="/service-role/")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in by_path] == ["AmazonEBSCSIDriverPolicy"]
    assert owners.get_policy(PolicyArn=READ_ONLY)["Policy"]["AttachmentCount"] == 1
    detach(**{member: name}, PolicyArn=READ_ONLY)
    with refused("NoSuchEntity", f"Policy {READ_ONLY} was not found.", 404):
        detach(**{member: name}, PolicyArn=READ_ONLY)
    missing = f"arn:aws:iam::{ACCOUNT}:policy/nothing"
    with refused("NoSuchEntity", f"Policy {missing} does not exist or is not attachable.", 404):
        attach(**{member: name}, PolicyArn=missing)
    with refused("InvalidInput", "ARN arn:aws:s3:::bucket-of-somebody is not valid.", 400):
        attach(**{member: name}, PolicyArn="arn:aws:s3:::bucket-of-somebody")


def test_ten_policies_can_be_attached(owners: Any, refused: Any) -> None:
    arns = [
        owners.create_policy(PolicyName=f"p{n}", PolicyDocument=allowing("s3:*"))["Policy"]["Arn"] for n in range(11)
    ]
    for arn in arns[:10]:
        owners.attach_role_policy(RoleName="app", PolicyArn=arn)
    with refused("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10", 409):
        owners.attach_role_policy(RoleName="app", PolicyArn=arns[10])
    owners.attach_role_policy(RoleName="app", PolicyArn=arns[9])


def test_a_service_role_policy_is_not_for_customers(owners: Any, refused: Any) -> None:
    with refused("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.", 400):
        owners.attach_role_policy(
            RoleName="app", PolicyArn="arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy"
        )


def test_a_policy_is_shown_as_it_was_made(aws: Any) -> None:
    made = aws.create_policy(
        PolicyName="p", Path="/x/", PolicyDocument=allowing("s3:*"), Description="d", Tags=[{"Key": "k", "Value": "v"}]
    )["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:policy/x/p"
    assert made["PolicyId"].startswith("ANPA")
    policy = aws.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert policy["DefaultVersionId"] == "v1"
    assert policy["AttachmentCount"] == 0
    assert policy["IsAttachable"] is True
    assert policy["Description"] == "d"
    assert policy["Tags"] == [{"Key": "k", "Value": "v"}]
    document = aws.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert document["Document"] == json.loads(allowing("s3:*"))
    assert document["IsDefaultVersion"] is True


def test_a_policy_name_is_taken_whatever_its_path(aws: Any, refused: Any) -> None:
    aws.create_policy(PolicyName="p", PolicyDocument=allowing("s3:*"))
    with refused("EntityAlreadyExists", "A policy called P already exists. Duplicate names are not allowed.", 409):
        aws.create_policy(PolicyName="P", Path="/x/", PolicyDocument=allowing("s3:*"))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("nonsense", "MalformedPolicyDocument"),
        (json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}), "MalformedPolicyDocument"),
        (
            json.dumps({**ALLOW_ALL, "Statement": [{"Effect": "Allow", "Action": "s3", "Resource": "*"}]}),
            "MalformedPolicyDocument",
        ),
        (TRUST, "MalformedPolicyDocument"),
        (allowing("s3:" + "a" * 6144), "LimitExceeded"),
    ],
)
def test_a_bad_policy_is_refused(aws: Any, document: str, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        aws.create_policy(PolicyName="p", PolicyDocument=document)
    assert caught.value.response["Error"]["Code"] == code
    assert aws.list_policies(Scope="Local")["Policies"] == []


def test_versions(aws: Any, refused: Any) -> None:
    arn = aws.create_policy(PolicyName="p", PolicyDocument=allowing("s3:v1"))["Policy"]["Arn"]
    for number in (2, 3, 4):
        made = aws.create_policy_version(PolicyArn=arn, PolicyDocument=allowing(f"s3:v{number}"))["PolicyVersion"]
        assert (made["VersionId"], made["IsDefaultVersion"]) == (f"v{number}", False)
    aws.create_policy_version(PolicyArn=arn, PolicyDocument=allowing("s3:v5"), SetAsDefault=True)
    assert aws.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v5"
    too_many = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    with refused("LimitExceeded", too_many, 409):
        aws.create_policy_version(PolicyArn=arn, PolicyDocument=allowing("s3:v6"))
    with refused("DeleteConflict", "Cannot delete the default version of a policy.", 409):
        aws.delete_policy_version(PolicyArn=arn, VersionId="v5")
    aws.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    aws.delete_policy_version(PolicyArn=arn, VersionId="v5")
    made = aws.create_policy_version(PolicyArn=arn, PolicyDocument=allowing("s3:v6"))["PolicyVersion"]
    assert made["VersionId"] == "v6"  # numbers are not used again
    pages = aws.get_paginator("list_policy_versions").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 2})
    listed = [(version["VersionId"], version["IsDefaultVersion"]) for page in pages for version in page["Versions"]]
    assert listed == [("v6", False), ("v4", False), ("v3", False), ("v2", True), ("v1", False)]
    for version in ("v5", "v99", "v" + "9" * 30):
        with refused("NoSuchEntity", f"Policy {arn} version {version} does not exist or is not attachable.", 404):
            aws.get_policy_version(PolicyArn=arn, VersionId=version)


def test_a_policy_in_use_is_not_deleted(owners: Any, refused: Any) -> None:
    arn = owners.create_policy(PolicyName="p", PolicyDocument=allowing("s3:*"))["Policy"]["Arn"]
    owners.attach_group_policy(GroupName="ops", PolicyArn=arn)
    with refused("DeleteConflict", "Cannot delete a policy attached to entities.", 409):
        owners.delete_policy(PolicyArn=arn)
    owners.detach_group_policy(GroupName="ops", PolicyArn=arn)
    owners.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    with refused("DeleteConflict", "Cannot delete a policy attached to entities.", 409):
        owners.delete_policy(PolicyArn=arn)
    owners.delete_user_permissions_boundary(UserName="ann")
    owners.create_policy_version(PolicyArn=arn, PolicyDocument=allowing("s3:*"))
    versions = (
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
        "The default version is deleted with the policy."
    )
    with refused("DeleteConflict", versions, 409):
        owners.delete_policy(PolicyArn=arn)
    owners.delete_policy_version(PolicyArn=arn, VersionId="v2")
    owners.delete_policy(PolicyArn=arn)
    with refused("NoSuchEntity", f"Policy {arn} was not found.", 404):
        owners.get_policy(PolicyArn=arn)


def test_what_aws_manages_can_be_read_and_not_changed(aws: Any, refused: Any) -> None:
    policy = aws.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]
    assert policy["PolicyName"] == "AdministratorAccess"
    version = aws.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"] == ALLOW_ALL
    assert len(aws.list_policy_versions(PolicyArn=ADMINISTRATOR)["Versions"]) == 1
    with pytest.raises(ClientError) as caught:
        aws.create_policy_version(PolicyArn=ADMINISTRATOR, PolicyDocument=allowing("s3:*"))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError):
        aws.delete_policy(PolicyArn=ADMINISTRATOR)
    with refused("NoSuchEntity", "Policy arn:aws:iam::aws:policy/Nothing was not found.", 404):
        aws.get_policy(PolicyArn="arn:aws:iam::aws:policy/Nothing")


def test_lists_of_policies(owners: Any) -> None:
    own = owners.create_policy(PolicyName="zz", Path="/x/", PolicyDocument=allowing("s3:*"))["Policy"]["Arn"]
    owners.attach_role_policy(RoleName="app", PolicyArn=READ_ONLY)
    owners.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=own)

    def arns(**members: Any) -> list[str]:
        pages = owners.get_paginator("list_policies").paginate(**members)
        return [policy["Arn"] for page in pages for policy in page["Policies"]]

    everything = arns(PaginationConfig={"PageSize": 700})
    assert len(everything) == len(set(everything)) > 1000
    assert arns(Scope="Local") == [own]
    assert arns(OnlyAttached=True) == [READ_ONLY, own]
    assert arns(Scope="AWS", OnlyAttached=True) == [READ_ONLY]
    assert arns(PolicyUsageFilter="PermissionsBoundary") == [own]
    assert arns(PathPrefix="/x/") == [own]
    assert len(owners.list_policies()["Policies"]) == 100


def test_who_has_a_policy(owners: Any) -> None:
    owners.attach_role_policy(RoleName="app", PolicyArn=READ_ONLY)
    owners.attach_group_policy(GroupName="ops", PolicyArn=READ_ONLY)
    owners.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=READ_ONLY)
    found = owners.list_entities_for_policy(PolicyArn=READ_ONLY)
    assert [role["RoleName"] for role in found["PolicyRoles"]] == ["app"]
    assert [group["GroupName"] for group in found["PolicyGroups"]] == ["ops"]
    assert [user["UserName"] for user in found["PolicyUsers"]] == ["ann"]
    found = owners.list_entities_for_policy(PolicyArn=READ_ONLY, PolicyUsageFilter="PermissionsPolicy")
    assert found["PolicyUsers"] == []
    found = owners.list_entities_for_policy(PolicyArn=READ_ONLY, EntityFilter="User")
    assert (found["PolicyRoles"], found["PolicyGroups"], len(found["PolicyUsers"])) == ([], [], 1)
    pages = owners.get_paginator("list_entities_for_policy").paginate(
        PolicyArn=READ_ONLY, PaginationConfig={"PageSize": 1}
    )
    assert sum(len(page["PolicyRoles"]) + len(page["PolicyGroups"]) + len(page["PolicyUsers"]) for page in pages) == 3


def test_another_accounts_policy_cannot_be_attached(owners: Any, client_for: Any, refused: Any) -> None:
    other = client_for("444455556666")
    arn = other.create_policy(PolicyName="p", PolicyDocument=allowing("s3:*"))["Policy"]["Arn"]
    with refused("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", 404):
        owners.attach_role_policy(RoleName="app", PolicyArn=arn)
    with pytest.raises(ClientError):
        owners.delete_policy(PolicyArn=arn)
    assert other.get_policy(PolicyArn=arn)
