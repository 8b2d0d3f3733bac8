"""Which policies grant a service; settings of roles and accounts; metadata of SAML providers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.tools import saml_idp

from podid.core.policy import PolicyKind
from podid.iam import documents
from podid.iam.granting import grants
from podid.iam.saml_metadata import BadMetadata, parse_metadata

ACCOUNT = "111122223333"


@pytest.mark.parametrize(
    ("statement", "granted"),
    [
        ({"Effect": "Allow", "Action": "s3:GetObject"}, True),
        ({"Effect": "Allow", "Action": "S3:*"}, True),
        ({"Effect": "Allow", "Action": "*"}, True),
        ({"Effect": "Allow", "Action": "s*:Get"}, True),
        ({"Effect": "Allow", "Action": "sqs:*"}, False),
        ({"Effect": "Allow", "Action": "s3-outposts:*"}, False),
        ({"Effect": "Deny", "Action": "s3:*"}, False),
        ({"Effect": "Allow", "NotAction": "sqs:*"}, True),
        ({"Effect": "Allow", "NotAction": "s3:Get*"}, True),
        ({"Effect": "Allow", "NotAction": ["iam:*", "s3:*"]}, False),
        ({"Effect": "Allow", "NotAction": "*"}, False),
    ],
)
def test_a_statement_grants_a_service_where_it_allows_an_action_of_it(statement: dict[str, Any], granted: bool) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": "*"}]})
    assert grants(documents.stored(text, PolicyKind.IDENTITY), "s3") == granted


def test_a_users_policies_are_its_own_and_its_groups(aws: Any) -> None:
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    aws.create_user(UserName="ann")
    aws.create_group(GroupName="team")
    aws.add_user_to_group(UserName="ann", GroupName="team")
    aws.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=document)
    aws.put_group_policy(GroupName="team", PolicyName="ours", PolicyDocument=document)
    aws.attach_group_policy(GroupName="team", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")

    def told(kind: str, name: str) -> list[dict[str, str]]:
        answer = aws.list_policies_granting_service_access(
            Arn=f"arn:aws:iam::{ACCOUNT}:{kind}/{name}", ServiceNamespaces=["s3"]
        )
        policies: list[dict[str, str]] = answer["PoliciesGrantingServiceAccess"][0]["Policies"]
        return policies

    assert {
        (policy["PolicyName"], policy["PolicyType"], policy.get("EntityName")) for policy in told("user", "ann")
    } == {
        ("own", "INLINE", "ann"),
        ("ours", "INLINE", "team"),
        ("AmazonS3ReadOnlyAccess", "MANAGED", None),
    }
    assert {policy["PolicyName"] for policy in told("group", "team")} == {"ours", "AmazonS3ReadOnlyAccess"}


def test_reports_of_groups_and_policies_name_the_entities(aws: Any) -> None:
    managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    aws.create_user(UserName="ann")
    aws.create_group(GroupName="team")
    aws.add_user_to_group(UserName="ann", GroupName="team")
    aws.attach_group_policy(GroupName="team", PolicyArn=managed)
    for arn in (managed, f"arn:aws:iam::{ACCOUNT}:group/team"):
        job = aws.generate_service_last_accessed_details(Arn=arn)["JobId"]
        told = aws.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="s3")
        assert [entity["EntityInfo"]["Name"] for entity in told["EntityDetailsList"]] == ["ann"]
    job = aws.generate_service_last_accessed_details(Arn=f"arn:aws:iam::{ACCOUNT}:user/ann")["JobId"]
    with pytest.raises(aws.exceptions.InvalidInputException):
        aws.get_service_last_accessed_details_with_entities(JobId=job, ServiceNamespace="s3")


def test_a_roles_console_sessions_have_a_length_of_their_own(aws: Any, refused: Any) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
    made = aws.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust), MaxSigninSessionDuration=7200)
    assert made["Role"]["MaxSigninSessionDuration"] == 7200
    aws.update_role(RoleName="app", MaxSigninSessionDuration=3600)
    assert aws.get_role(RoleName="app")["Role"]["MaxSigninSessionDuration"] == 3600
    aws.update_role(RoleName="app", Description="x")
    assert aws.get_role(RoleName="app")["Role"]["MaxSigninSessionDuration"] == 3600
    aws.update_role(RoleName="app", ResetMaxSigninSessionDuration=True)
    assert "MaxSigninSessionDuration" not in aws.get_role(RoleName="app")["Role"]
    text = "MaxSigninSessionDuration and ResetMaxSigninSessionDuration cannot be given together."
    with refused("InvalidInput", text, 400):
        aws.update_role(RoleName="app", MaxSigninSessionDuration=3600, ResetMaxSigninSessionDuration=True)


def test_metadata_say_until_when_they_hold(aws: Any) -> None:
    document = saml_idp.metadata(valid_until="2030-01-02T03:04:05Z")
    arn = aws.create_saml_provider(Name="idp", SAMLMetadataDocument=document)["SAMLProviderArn"]
    assert aws.get_saml_provider(SAMLProviderArn=arn)["ValidUntil"] == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    for members in (
        {"AddPrivateKey": "x"},
        {"AssertionEncryptionMode": "Required"},
        {"IdentityCenterInstanceArn": "arn:x"},
    ):
        with pytest.raises(aws.exceptions.ClientError) as refusal:
            aws.create_saml_provider(Name="other", SAMLMetadataDocument=document, **members)
        assert refusal.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<EntityDescriptor", '<!DOCTYPE x [<!ENTITY e "y">]><EntityDescriptor'),
        ("EntityDescriptor xmlns", "EntityDescriptor xmlns2"),
        ('entityID="https://idp.example.com/saml"', ""),
        ("IDPSSODescriptor", "SPSSODescriptor"),
        ('use="signing"', 'use="encryption"'),
        ("<X509Certificate>", "<X509Certificate>!"),
        ("<EntityDescriptor", '<EntityDescriptor validUntil="soon"'),
    ],
)
def test_metadata_that_will_not_do(old: str, new: str) -> None:
    good = saml_idp.metadata()
    assert parse_metadata(good).entity_id == saml_idp.ISSUER
    with pytest.raises(BadMetadata):
        parse_metadata(good.replace(old, new).replace("</" + old[1:], "</" + new[1:]))
