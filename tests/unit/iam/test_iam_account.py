from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.tools import saml_idp

ACCOUNT = "111122223333"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    ],
}
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
THUMBPRINT = "a" * 40
METADATA = saml_idp.metadata()


def test_oidc_providers(aws: Any, refused: Any) -> None:
    arn = aws.create_open_id_connect_provider(
        Url="https://oidc.example.com/id/ABC",
        ClientIDList=["sts.amazonaws.com", "sts.amazonaws.com"],
        ThumbprintList=[THUMBPRINT],
        Tags=[{"Key": "k", "Value": "v"}],
    )["OpenIDConnectProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com/id/ABC"
    shown = aws.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert shown["Url"] == "oidc.example.com/id/ABC"
    assert shown["ClientIDList"] == ["sts.amazonaws.com"]
    assert shown["ThumbprintList"] == [THUMBPRINT]
    assert shown["Tags"] == [{"Key": "k", "Value": "v"}]
    with refused("EntityAlreadyExists", "Provider with url https://oidc.example.com/id/ABC already exists.", 409):
        aws.create_open_id_connect_provider(Url="https://oidc.example.com/id/ABC")
    aws.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="another")
    aws.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="sts.amazonaws.com")
    aws.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="never there")
    aws.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=arn, ThumbprintList=["b" * 40])
    shown = aws.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert (shown["ClientIDList"], shown["ThumbprintList"]) == (["another"], ["b" * 40])
    assert aws.list_open_id_connect_providers()["OpenIDConnectProviderList"] == [{"Arn": arn}]
    aws.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    with refused("NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}", 404):
        aws.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@pytest.mark.parametrize(
    "url", ["http://oidc.example.com", "oidc.example.com", "https://", "https://a@b/", "https://a?b=c", "https://[::1"]
)
def test_an_issuer_is_an_https_url(aws: Any, refused: Any, url: str) -> None:
    with refused("ValidationError", "Invalid Open ID Connect Provider URL", 400):
        aws.create_open_id_connect_provider(Url=url)


def test_thumbprints_and_client_ids_are_bounded(aws: Any, refused: Any) -> None:
    with refused("InvalidInput", "Thumbprint list must contain fewer than 5 entries.", 400):
        aws.create_open_id_connect_provider(Url="https://a.example.com", ThumbprintList=[THUMBPRINT] * 6)
    with refused("LimitExceeded", "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100", 409):
        aws.create_open_id_connect_provider(Url="https://a.example.com", ClientIDList=[f"c{n}" for n in range(101)])


def test_saml_providers(aws: Any, refused: Any) -> None:
    arn = aws.create_saml_provider(Name="idp", SAMLMetadataDocument=METADATA)["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"
    assert aws.get_saml_provider(SAMLProviderArn=arn)["SAMLMetadataDocument"] == METADATA
    assert [provider["Arn"] for provider in aws.list_saml_providers()["SAMLProviderList"]] == [arn]
    with refused("EntityAlreadyExists", "SAML provider idp already exists.", 409):
        aws.create_saml_provider(Name="idp", SAMLMetadataDocument=METADATA)
    with refused("InvalidInput", "Could not parse metadata", 400):
        aws.update_saml_provider(SAMLProviderArn=arn, SAMLMetadataDocument="x" * 1000)
    aws.tag_saml_provider(SAMLProviderArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert aws.list_saml_provider_tags(SAMLProviderArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    aws.delete_saml_provider(SAMLProviderArn=arn)
    with refused("NoSuchEntity", f"Manifest not found for arn {arn}", 404):
        aws.get_saml_provider(SAMLProviderArn=arn)


def test_the_alias(aws: Any, client_for: Any, refused: Any) -> None:
    aws.create_account_alias(AccountAlias="acme")
    with refused("EntityAlreadyExists", "The account alias acme already exists.", 409):
        client_for("444455556666").create_account_alias(AccountAlias="acme")
    aws.create_account_alias(AccountAlias="acme-2")
    assert aws.list_account_aliases()["AccountAliases"] == ["acme-2"]
    client_for("444455556666").create_account_alias(AccountAlias="acme")
    with refused("NoSuchEntity", "The account alias with name acme cannot be found.", 404):
        aws.delete_account_alias(AccountAlias="acme")
    aws.delete_account_alias(AccountAlias="acme-2")
    assert aws.list_account_aliases()["AccountAliases"] == []


def test_the_password_policy(aws: Any, refused: Any) -> None:
    missing = f"The Password Policy with domain name {ACCOUNT} cannot be found."
    with refused("NoSuchEntity", missing, 404):
        aws.get_account_password_policy()
    aws.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True, MaxPasswordAge=90)
    policy = aws.get_account_password_policy()["PasswordPolicy"]
    assert policy["MinimumPasswordLength"] == 12
    assert policy["RequireSymbols"] is True
    assert policy["RequireNumbers"] is False
    assert (policy["ExpirePasswords"], policy["MaxPasswordAge"]) == (True, 90)
    aws.delete_account_password_policy()
    with refused("NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.", 404):
        aws.delete_account_password_policy()


def test_the_summary_counts(aws: Any) -> None:
    aws.create_user(UserName="ann")
    aws.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
    aws.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW_ALL))
    aws.create_open_id_connect_provider(Url="https://oidc.example.com")
    summary = aws.get_account_summary()["SummaryMap"]
    counted = {
        key: summary[key] for key in ("Users", "Groups", "Roles", "Policies", "Providers", "PolicyVersionsInUse")
    }
    assert counted == {"Users": 1, "Groups": 0, "Roles": 1, "Policies": 1, "Providers": 1, "PolicyVersionsInUse": 1}
    assert summary["AccessKeysPerUserQuota"] == 2
    assert summary["AccountAccessKeysPresent"] == 0


def test_authorization_details(aws: Any) -> None:
    aws.create_group(GroupName="ops")
    aws.put_group_policy(GroupName="ops", PolicyName="gp", PolicyDocument=json.dumps(ALLOW_ALL))
    aws.create_user(UserName="ann", PermissionsBoundary=READ_ONLY, Tags=[{"Key": "a", "Value": "1"}])
    aws.add_user_to_group(GroupName="ops", UserName="ann")
    aws.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
    arn = aws.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW_ALL), Description="d")["Policy"]["Arn"]
    aws.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW_ALL))
    aws.attach_role_policy(RoleName="app", PolicyArn=arn)
    aws.create_instance_profile(InstanceProfileName="ip")
    aws.add_role_to_instance_profile(InstanceProfileName="ip", RoleName="app")
    whole = aws.get_account_authorization_details()
    (user,) = whole["UserDetailList"]
    assert (user["UserName"], user["GroupList"], user["Tags"]) == ("ann", ["ops"], [{"Key": "a", "Value": "1"}])
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == READ_ONLY
    (group,) = whole["GroupDetailList"]
    assert group["GroupPolicyList"] == [{"PolicyName": "gp", "PolicyDocument": ALLOW_ALL}]
    (role,) = whole["RoleDetailList"]
    assert role["AssumeRolePolicyDocument"] == TRUST
    assert role["AttachedManagedPolicies"] == [{"PolicyName": "p", "PolicyArn": arn}]
    assert [profile["InstanceProfileName"] for profile in role["InstanceProfileList"]] == ["ip"]
    own, managed = whole["Policies"]
    assert (own["Arn"], own["AttachmentCount"], own["Description"]) == (arn, 1, "d")
    assert [(version["VersionId"], version["Document"]) for version in own["PolicyVersionList"]] == [
        ("v2", ALLOW_ALL),
        ("v1", ALLOW_ALL),
    ]
    assert (managed["Arn"], managed["PermissionsBoundaryUsageCount"]) == (READ_ONLY, 1)
    assert managed["PolicyVersionList"][0]["Document"]["Statement"]

    pages = aws.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1})
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    seen = [item["Arn"] for page in pages for name in lists for item in page[name]]
    assert seen == [user["Arn"], group["Arn"], role["Arn"], arn, READ_ONLY]
    filtered = aws.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    assert [len(filtered[name]) for name in lists] == [0, 0, 1, 1]


TAGGED = [
    ("role", {"RoleName": "app"}),
    ("user", {"UserName": "ann"}),
    ("instance_profile", {"InstanceProfileName": "ip"}),
    ("policy", {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/p"}),
    (
        "open_id_connect_provider",
        {"OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"},
    ),
    ("saml_provider", {"SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}),
]


@pytest.fixture
def taggable(aws: Any) -> Any:
    aws.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
    aws.create_user(UserName="ann")
    aws.create_instance_profile(InstanceProfileName="ip")
    aws.create_policy(PolicyName="p", PolicyDocument=json.dumps(ALLOW_ALL))
    aws.create_open_id_connect_provider(Url="https://oidc.example.com")
    aws.create_saml_provider(Name="idp", SAMLMetadataDocument=METADATA)
    return aws


@pytest.mark.parametrize(("kind", "owner"), TAGGED)
def test_tags_are_set_replaced_listed_and_removed(taggable: Any, kind: str, owner: dict[str, str]) -> None:
    tag, untag, lists = (getattr(taggable, name) for name in (f"tag_{kind}", f"untag_{kind}", f"list_{kind}_tags"))
    tag(**owner, Tags=[{"Key": "Team", "Value": "a"}, {"Key": "empty", "Value": ""}])
    tag(**owner, Tags=[{"Key": "team", "Value": "b"}])
    assert lists(**owner)["Tags"] == [{"Key": "empty", "Value": ""}, {"Key": "team", "Value": "b"}]
    first = lists(**owner, MaxItems=1)
    assert first["IsTruncated"]
    assert lists(**owner, Marker=first["Marker"])["Tags"] == [{"Key": "team", "Value": "b"}]
    untag(**owner, TagKeys=["TEAM", "never"])
    assert lists(**owner)["Tags"] == [{"Key": "empty", "Value": ""}]


@pytest.mark.parametrize(("kind", "owner"), TAGGED)
def test_tags_of_what_is_not_there(aws: Any, kind: str, owner: dict[str, str]) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(aws, f"tag_{kind}")(**owner, Tags=[{"Key": "a", "Value": "b"}])
    assert caught.value.response["Error"]["Code"] == "NoSuchEntity"


def test_tags_keep_the_rules(taggable: Any, refused: Any) -> None:
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    taggable.tag_role(RoleName="app", Tags=many)
    with refused("LimitExceeded", "The number of tags has reached the maximum limit.", 409):
        taggable.tag_role(RoleName="app", Tags=[{"Key": "one more", "Value": "v"}])
    taggable.tag_role(RoleName="app", Tags=[{"Key": "K1", "Value": "changed"}])
    with refused("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.", 400):
        taggable.tag_user(UserName="ann", Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    with refused("InvalidInput", "The tag key prefix aws: is reserved.", 400):
        taggable.tag_user(UserName="ann", Tags=[{"Key": "aws:a", "Value": "1"}])
    with pytest.raises(ClientError) as caught:
        taggable.tag_user(UserName="ann", Tags=[{"Key": "a<b", "Value": "1"}])
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    taggable.tag_user(UserName="ann", Tags=[{"Key": "größe 漢字", "Value": "x@y.z:/=+-_ 1"}])
    assert taggable.list_user_tags(UserName="ann")["Tags"] == [{"Key": "größe 漢字", "Value": "x@y.z:/=+-_ 1"}]
