"""Calls of EKS, EKS Auth, IAM and STS as CloudTrail has them, in the audit log; and denials whose details can be decoded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.contract.served import Served

from podid.audit import HIDDEN
from podid.core.sigv4 import Credentials
from podid.core.tokens import SigningKey, sign_token

ACCOUNT = "111122223333"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def events(served: Served, request_id: str) -> list[dict[str, Any]]:
    served.decisions.flush()
    return [json.loads(entry.event) for entry in served.decisions.find(request_id) if entry.event]


def event_of(served: Served, answer: dict[str, Any]) -> dict[str, Any]:
    found = events(served, answer["ResponseMetadata"]["RequestId"])
    assert len(found) == 1
    return found[0]


def denied(call: Any, **members: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as problem:
        call(**members)
    return dict(problem.value.response)


def test_a_call_that_changes_something(served: Served) -> None:
    answer = served.client("iam").create_role(RoleName="audit-role", AssumeRolePolicyDocument=TRUST, Path="/audit/")
    event = event_of(served, answer)
    assert (event["eventSource"], event["eventName"], event["readOnly"]) == ("iam.amazonaws.com", "CreateRole", False)
    assert event["requestParameters"]["roleName"] == "audit-role"
    assert event["responseElements"]["role"]["arn"] == answer["Role"]["Arn"]
    assert event["userIdentity"]["type"] == "IAMUser"
    assert event["userIdentity"]["userName"] == "podid-admin"
    assert event["requestID"] == answer["ResponseMetadata"]["RequestId"]
    assert (event["recipientAccountId"], event["eventCategory"]) == (ACCOUNT, "Management")


def test_a_call_that_reads(served: Served) -> None:
    event = event_of(served, served.client("eks").list_clusters())
    assert (event["eventSource"], event["eventName"], event["readOnly"]) == ("eks.amazonaws.com", "ListClusters", True)
    assert event["responseElements"] is None


def test_no_secret_stands_in_an_event(served: Served) -> None:
    iam = served.client("iam")
    iam.create_user(UserName="audit-key")
    answer = iam.create_access_key(UserName="audit-key")
    event = event_of(served, answer)
    assert event["responseElements"]["accessKey"]["accessKeyId"] == answer["AccessKey"]["AccessKeyId"]
    assert answer["AccessKey"]["SecretAccessKey"] not in json.dumps(event)


def test_a_session_begins_with_an_event_that_says_whose_it_is(served: Served) -> None:
    user = served.user("audit-assumer", served.allow("sts:AssumeRole"))
    role = served.client("iam").create_role(RoleName="audit-assumed", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    answer = served.client("sts", user).assume_role(RoleArn=role, RoleSessionName="one")
    event = event_of(served, answer)
    shown = event["responseElements"]
    assert shown["credentials"]["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    assert shown["credentials"]["sessionToken"] == HIDDEN
    assert answer["Credentials"]["SecretAccessKey"] not in json.dumps(event)
    assert event["resources"] == [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": role}]
    assert event["sharedEventID"]
    made = answer["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    identity = event_of(served, served.client("sts", session).get_caller_identity())["userIdentity"]
    assert identity["arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["accessKeyId"] == session.access_key_id
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role


def test_a_web_identity_is_who_its_token_names(served: Served) -> None:
    issuer = "oidc.example.com/id/AUDIT"
    private = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    key = SigningKey.from_pem(private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    provider = served.iam.ensure_oidc_provider(
        ACCOUNT, f"https://{issuer}", client_ids=("audit",), jwks=json.dumps({"keys": [key.public_jwk()]})
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
        ],
    }
    role = served.client("iam").create_role(RoleName="audit-web", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": f"https://{issuer}", "aud": "audit", "sub": "ann", "iat": now, "exp": now + 600}
    answer = served.client("sts").assume_role_with_web_identity(
        RoleArn=role["Arn"], RoleSessionName="web", WebIdentityToken=sign_token(key, claims)
    )
    event = event_of(served, answer)
    assert event["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{provider}:audit:ann",
        "userName": "ann",
        "identityProvider": provider,
    }
    assert event["requestParameters"]["webIdentityToken"] == HIDDEN
    assert event["recipientAccountId"] == ACCOUNT
    made = answer["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    identity = event_of(served, served.client("sts", session).get_caller_identity())["userIdentity"]
    assert identity["sessionContext"]["webIdFederationData"] == {"federatedProvider": provider, "attributes": {}}


def test_a_denial_and_a_failure_are_events_too(served: Served) -> None:
    powerless = served.user("audit-powerless")
    answer = denied(served.client("eks", powerless).describe_cluster, name="eksdemo1")
    event = event_of(served, answer)
    assert (event["errorCode"], event["errorMessage"]) == ("AccessDenied", answer["Error"]["Message"])
    missing = event_of(served, denied(served.client("eks").describe_cluster, name="audit-missing"))
    assert missing["errorCode"] == "ResourceNotFoundException"
    assert missing["requestParameters"] == {"name": "audit-missing"}


def test_other_services_have_decisions_and_no_events(served: Served) -> None:
    answer = served.client("s3").list_buckets()
    served.decisions.flush()
    entries = served.decisions.find(answer["ResponseMetadata"]["RequestId"])
    assert [entry.action for entry in entries] == ["s3:ListAllMyBuckets"]
    assert not entries[0].event


def test_a_node_is_told_apart_from_who_took_its_name(served: Served) -> None:
    role = served.client("iam").create_role(RoleName="audit-likeness", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    user = served.user("audit-likeness", served.allow("sts:AssumeRole"))
    made = served.client("sts", user).assume_role(RoleArn=role, RoleSessionName="i-0123456789abcdef0")["Credentials"]
    session = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    event = event_of(served, served.client("sts", session).get_caller_identity())
    assert "ec2RoleDelivery" not in event["userIdentity"]["sessionContext"]


def test_ec2s_denial_can_be_decoded_by_who_may(served: Served) -> None:
    powerless = served.user("audit-ec2", served.allow("ec2:Describe*"))
    client = served.client("ec2", powerless)
    text = denied(client.create_vpc, CidrBlock="10.0.0.0/16")["Error"]["Message"]
    assert text.startswith("You are not authorized to perform this operation. User: ")
    sentence, _, message = text.partition(". Encoded authorization failure message: ")
    assert sentence.endswith("no identity-based policy allows the ec2:CreateVpc action")
    told = served.client("sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"]
    details = json.loads(told)
    assert (details["allowed"], details["explicitDeny"]) == (False, False)
    assert details["context"]["action"] == "ec2:CreateVpc"
    assert details["context"]["principal"]["arn"].endswith(":user/audit-ec2")
    keys = {item["key"].lower() for item in details["context"]["conditions"]["items"]}
    assert "aws:requestedregion" in keys
    refused = denied(served.client("sts", powerless).decode_authorization_message, EncodedMessage=message)
    assert refused["Error"]["Code"] == "AccessDenied"
    wrong = denied(served.client("sts").decode_authorization_message, EncodedMessage=message[:-4] + "AAA=")
    assert wrong["Error"]["Code"] == "InvalidAuthorizationMessageException"


def test_what_cloudformation_does_is_told_as_its_doing(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    template = {
        "Resources": {
            "R": {
                "Type": "AWS::IAM::Role",
                "Properties": {"RoleName": "audit-of-stack", "AssumeRolePolicyDocument": json.loads(TRUST)},
            }
        }
    }
    with caplog.at_level("INFO", logger="podid"):
        answer = served.client("cloudformation").create_stack(
            StackName="audit", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
    made = [one for one in events(served, answer["ResponseMetadata"]["RequestId"]) if one["eventName"] == "CreateRole"]
    assert len(made) == 1
    assert made[0]["requestParameters"]["roleName"] == "audit-of-stack"
    assert made[0]["userIdentity"]["invokedBy"] == made[0]["sourceIPAddress"] == "cloudformation.amazonaws.com"
    assert made[0]["userIdentity"]["userName"] == "podid-admin"
    entries = served.decisions.find(answer["ResponseMetadata"]["RequestId"])
    decided = [entry.action for entry in entries if not entry.event]
    assert "cloudformation:CreateStack" in decided
    assert decided.count("iam:CreateRole") == len([one for one in inner(caplog) if one == "iam:CreateRole"]) > 0
    (line,) = [record for record in caplog.records if record.name == "podid.access"]
    assert "cloudformation:CreateStack" in [one["action"] for one in line.__dict__["decisions"]]


def inner(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was decided within requests, in lines of its own."""
    return [record.__dict__["action"] for record in caplog.records if record.name == "podid.decisions"]
