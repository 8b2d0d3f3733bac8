"""The calls that Terraform's AWS provider makes, in its order, for a role with all that hangs on it and an association of it.

For each resource: create, read until nothing differs from what was configured, change, read, delete, read that it is gone. The order of calls,
the errors it tries again on and the forms it compares are those of the provider's public source (hashicorp/terraform-provider-aws,
internal/service/iam and internal/service/eks).
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError
from tests.tools.test_boto3_sweep import Boto3

ACCOUNT = "111122223333"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}
READ = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a+b/*"}],
}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}
TAGS = [{"Key": "Environment", "Value": "test"}]


@pytest.fixture
def clients(standing: Any) -> Any:
    boto = Boto3(standing.url)
    yield boto.client("iam", standing.administrator), boto.client("eks", standing.administrator)
    boto.close()


def written(document: Any) -> str:
    """As the provider sends documents: normalised, without blanks."""
    return json.dumps(document, separators=(",", ":"))


def read_document(text: Any) -> Any:
    """As it reads them: boto3 has undone the percent encoding already, and undoing it once more must not change anything."""
    document = json.loads(text) if isinstance(text, str) else text
    assert json.loads(unquote_plus(json.dumps(document).replace("+", "%2B"))) == document
    return document


def code_of(call: Any, **members: Any) -> str:
    """The code that a call is refused with."""
    with pytest.raises(ClientError) as refusal:
        call(**members)
    return str(refusal.value.response["Error"]["Code"])


def read_role(iam: Any, name: str) -> dict[str, Any]:
    """aws_iam_role: the role, its inline policies one by one, its attachments."""
    role = iam.get_role(RoleName=name)["Role"]
    assert role["Arn"].startswith(f"arn:aws:iam::{ACCOUNT}:role/")
    names = [
        each for page in iam.get_paginator("list_role_policies").paginate(RoleName=name) for each in page["PolicyNames"]
    ]
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
    return {
        "assume_role_policy": read_document(role["AssumeRolePolicyDocument"]),
        "description": role.get("Description", ""),
        "max_session_duration": role["MaxSessionDuration"],
        "path": role["Path"],
        "permissions_boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "tags": {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])},
        "inline_policy": {
            each: read_document(iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"]) for each in names
        },
        "managed_policy_arns": {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]},
    }


def delete_role(iam: Any, name: str, *, force: bool) -> None:
    for profile in iam.list_instance_profiles_for_role(RoleName=name)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=name)
    if force:
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=each)
    iam.delete_role(RoleName=name)


def test_a_role_with_inline_and_managed_policies(clients: Any) -> None:
    iam, _ = clients
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert code_of(iam.get_role, RoleName="app") == "NoSuchEntity"
    iam.create_role(
        RoleName="app",
        Path="/",
        AssumeRolePolicyDocument=written(TRUST),
        Description="an app",
        MaxSessionDuration=3600,
        Tags=TAGS,
    )
    iam.put_role_policy(RoleName="app", PolicyName="read", PolicyDocument=written(READ))
    iam.attach_role_policy(RoleName="app", PolicyArn=managed)
    configured: dict[str, Any] = {
        "assume_role_policy": TRUST,
        "description": "an app",
        "max_session_duration": 3600,
        "path": "/",
        "permissions_boundary": "",
        "tags": {"Environment": "test"},
        "inline_policy": {"read": READ},
        "managed_policy_arns": {managed},
    }
    assert read_role(iam, "app") == configured

    trust = {"Version": "2012-10-17", "Statement": [{**TRUST["Statement"][0], "Action": "sts:AssumeRole"}]}  # type: ignore[dict-item]
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=written(trust))
    iam.update_role_description(RoleName="app", Description="")
    iam.update_role(RoleName="app", MaxSessionDuration=7200)
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=managed)
    iam.delete_role_policy(RoleName="app", PolicyName="read")
    iam.put_role_policy(RoleName="app", PolicyName="write", PolicyDocument=written(WRITE))
    iam.detach_role_policy(RoleName="app", PolicyArn=managed)
    iam.untag_role(RoleName="app", TagKeys=["Environment"])
    iam.tag_role(RoleName="app", Tags=[{"Key": "Team", "Value": "a"}])
    changed = {
        "assume_role_policy": trust,
        "description": "",
        "max_session_duration": 7200,
        "path": "/",
        "permissions_boundary": managed,
        "tags": {"Team": "a"},
        "inline_policy": {"write": WRITE},
        "managed_policy_arns": set(),
    }
    assert read_role(iam, "app") == changed

    assert code_of(iam.delete_role, RoleName="app") == "DeleteConflict"  # it tries again on this one
    delete_role(iam, "app", force=True)
    assert code_of(iam.get_role, RoleName="app") == "NoSuchEntity"
    assert code_of(iam.list_instance_profiles_for_role, RoleName="app") == "NoSuchEntity"


def test_a_principal_that_is_made_at_the_same_time_is_waited_for(clients: Any) -> None:
    """The provider tries again while the text says `Invalid principal in policy`."""
    iam, _ = clients
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/later"},
        "Action": "sts:AssumeRole",
    }
    document = written({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(ClientError, match="Invalid principal in policy") as refusal:
        iam.create_role(RoleName="sooner", AssumeRolePolicyDocument=document)
    assert refusal.value.response["Error"]["Code"] == "MalformedPolicyDocument"
    iam.create_role(RoleName="later", AssumeRolePolicyDocument=written(TRUST))
    iam.create_role(RoleName="sooner", AssumeRolePolicyDocument=document)
    assert read_role(iam, "sooner")["assume_role_policy"]["Statement"] == [statement]


def test_a_policy_and_its_attachment(clients: Any) -> None:
    iam, _ = clients
    iam.create_role(RoleName="holder", AssumeRolePolicyDocument=written(TRUST))
    made = iam.create_policy(PolicyName="own", Path="/", Description="", PolicyDocument=written(READ), Tags=TAGS)
    arn = made["Policy"]["Arn"]

    def read() -> Any:
        policy = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        assert policy["Tags"] == TAGS
        assert policy.get("Description", "") == ""
        return read_document(version["Document"])

    assert read() == READ
    iam.attach_role_policy(RoleName="holder", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="holder")["AttachedPolicies"]
    assert attached == [{"PolicyName": "own", "PolicyArn": arn}]
    for turn in range(6):
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= 5:
            oldest = min(
                (version for version in versions if not version["IsDefaultVersion"]),
                key=lambda version: (version["CreateDate"], int(version["VersionId"][1:])),
            )
            iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        document = {**WRITE, "Id": str(turn)}
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=written(document), SetAsDefault=False)
        iam.set_default_policy_version(PolicyArn=arn, VersionId=made["PolicyVersion"]["VersionId"])
        assert read() == document
    iam.detach_role_policy(RoleName="holder", PolicyArn=arn)
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    assert code_of(iam.get_policy, PolicyArn=arn) == "NoSuchEntity"


def test_an_instance_profile(clients: Any) -> None:
    iam, _ = clients
    for name in ("one", "two"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=written(TRUST))
    iam.create_instance_profile(InstanceProfileName="machine", Path="/", Tags=TAGS)

    def roles() -> list[str]:
        profile = iam.get_instance_profile(InstanceProfileName="machine")["InstanceProfile"]
        assert profile["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/machine"
        assert profile["Tags"] == TAGS
        return [iam.get_role(RoleName=role["RoleName"])["Role"]["RoleName"] for role in profile["Roles"]]

    assert roles() == []
    missing = {"InstanceProfileName": "machine", "RoleName": "none"}
    with pytest.raises(ClientError, match="The role with name"):  # what the provider tries again on
        iam.add_role_to_instance_profile(**missing)
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="one")
    assert roles() == ["one"]
    iam.remove_role_from_instance_profile(InstanceProfileName="machine", RoleName="one")
    iam.add_role_to_instance_profile(InstanceProfileName="machine", RoleName="two")
    assert roles() == ["two"]
    delete_role(iam, "two", force=False)  # destroyed first, where the configuration does not say otherwise
    assert (
        code_of(iam.remove_role_from_instance_profile, InstanceProfileName="machine", RoleName="two") == "NoSuchEntity"
    )
    iam.delete_instance_profile(InstanceProfileName="machine")
    assert code_of(iam.get_instance_profile, InstanceProfileName="machine") == "NoSuchEntity"


def test_an_open_id_connect_provider(clients: Any) -> None:
    iam, _ = clients
    made = iam.create_open_id_connect_provider(
        Url="https://oidc.eks.us-east-1.amazonaws.com/id/ABC", ClientIDList=["sts.amazonaws.com"], Tags=TAGS
    )
    arn = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    read = iam.get_open_id_connect_provider(**arn)
    assert read["Url"] == "oidc.eks.us-east-1.amazonaws.com/id/ABC"  # compared without its scheme
    assert (read["ClientIDList"], read["ThumbprintList"], read["Tags"]) == (["sts.amazonaws.com"], [], TAGS)
    iam.update_open_id_connect_provider_thumbprint(**arn, ThumbprintList=["a" * 40])
    assert code_of(iam.update_open_id_connect_provider_thumbprint, **arn, ThumbprintList=[]) in (
        "InvalidInput",
        "ValidationError",
    )
    iam.add_client_id_to_open_id_connect_provider(**arn, ClientID="other")
    iam.remove_client_id_from_open_id_connect_provider(**arn, ClientID="sts.amazonaws.com")
    read = iam.get_open_id_connect_provider(**arn)
    assert (read["ClientIDList"], read["ThumbprintList"]) == (["other"], ["a" * 40])
    iam.delete_open_id_connect_provider(**arn)
    assert code_of(iam.get_open_id_connect_provider, **arn) == "NoSuchEntity"


def test_a_pod_identity_association(clients: Any) -> None:
    iam, eks = clients
    where = {"clusterName": "demo"}
    arns = {name: f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("pod", "other")}
    wanted: dict[str, Any] = {
        **where,
        "namespace": "default",
        "serviceAccount": "app",
        "roleArn": arns["pod"],
        "disableSessionTags": False,
        "tags": {"Environment": "test"},
    }
    with pytest.raises(ClientError, match="Role provided in the request does not exist") as refusal:
        eks.create_pod_identity_association(**wanted, clientRequestToken="terraform-1")
    assert refusal.value.response["Error"]["Code"] == "InvalidParameterException"
    for name in arns:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=written(TRUST))
    made = eks.create_pod_identity_association(**wanted, clientRequestToken="terraform-2")["association"]
    key = {**where, "associationId": made["associationId"]}
    read = eks.describe_pod_identity_association(**key)["association"]
    assert {name: read[name] for name in wanted} == wanted
    assert read["associationArn"] == made["associationArn"]
    eks.update_pod_identity_association(
        **key, roleArn=arns["other"], disableSessionTags=True, clientRequestToken="terraform-3"
    )
    eks.untag_resource(resourceArn=made["associationArn"], tagKeys=["Environment"])
    eks.tag_resource(resourceArn=made["associationArn"], tags={"Team": "a"})
    read = eks.describe_pod_identity_association(**key)["association"]
    changed = {**wanted, "roleArn": arns["other"], "disableSessionTags": True, "tags": {"Team": "a"}}
    assert {name: read[name] for name in wanted} == changed
    eks.delete_pod_identity_association(**key)
    assert code_of(eks.describe_pod_identity_association, **key) == "ResourceNotFoundException"
    assert code_of(eks.delete_pod_identity_association, **key) == "ResourceNotFoundException"
