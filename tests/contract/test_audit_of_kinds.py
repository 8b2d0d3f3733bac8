"""Requests of every kind, each written down once: what was decided, what was done, what failed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.audit import Entry
from podid.core.sigv4 import Credentials

ROLE = "arn:aws:iam::111122223333:role/audit-kinds-none"


def told(served: Served, request_id: str) -> list[tuple[str, str, str]]:
    """Action, outcome and code of what is written of a request; found alike by its id and by its time."""
    served.decisions.flush()
    entries = served.decisions.find(request_id)
    by_time = [one for at in {one.at for one in entries} for one in _at(served, at) if one.request_id == request_id]
    assert by_time == entries[::-1]
    for one in entries:
        event = json.loads(one.event) if one.event else {"requestID": request_id, "errorCode": "x"}
        assert event["requestID"] == request_id
        assert ("errorCode" in event) == (not one.event or one.outcome == "Failed")
    return [(one.action, one.outcome, one.error_code) for one in entries]


def _at(served: Served, at: datetime) -> list[Entry]:
    return served.decisions.between(at, at + timedelta(microseconds=1), limit=10_000)


def ask(call: Callable[..., Any], **members: Any) -> str:
    """The id of a request, however it was answered."""
    try:
        answer = call(**members)
    except ClientError as problem:
        answer = problem.response
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def raw(served: Served, path: str, headers: dict[str, str] | None = None) -> str:
    try:
        with urllib.request.urlopen(urllib.request.Request(served.url + path, headers=headers or {}), timeout=5) as got:
            told = got.headers
    except urllib.error.HTTPError as problem:
        told = problem.headers
        problem.close()
    found: str = told["x-amzn-requestid"] or told["x-amz-request-id"]
    return found


def test_calls_of_podids_own(served: Served) -> None:
    iam = served.client("iam")
    assert told(served, ask(iam.list_users)) == [("iam:ListUsers", "Allowed", ""), ("iam:ListUsers", "Completed", "")]
    missing = ask(iam.get_user, UserName="audit-no")
    assert told(served, missing) == [("iam:GetUser", "Allowed", ""), ("iam:GetUser", "Failed", "NoSuchEntity")]
    powerless = served.user("audit-kinds-powerless", served.allow("sqs:ListQueues"))
    refused = ask(served.client("iam", powerless).list_users)
    assert told(served, refused) == [
        ("iam:ListUsers", "ImplicitlyDenied", ""),
        ("iam:ListUsers", "Failed", "AccessDenied"),
    ]


def test_calls_of_motos(served: Served) -> None:
    sqs = served.client("sqs")
    assert told(served, ask(sqs.list_queues)) == [("sqs:ListQueues", "Allowed", "")]
    missing = ask(served.client("s3").get_object, Bucket="audit-kinds-missing", Key="k")
    assert told(served, missing)[-1] == ("s3:GetObject", "Failed", "NoSuchBucket")
    powerless = served.user("audit-kinds-none")
    assert told(served, ask(served.client("sqs", powerless).list_queues)) == [
        ("sqs:ListQueues", "ImplicitlyDenied", "")
    ]


def test_a_refusal_that_no_decision_tells(served: Served) -> None:
    """Of an operation that nobody knows the permissions for."""
    unmapped = ask(served.client("athena").list_system_table_statuses)
    assert told(served, unmapped) == [("athena:ListSystemTableStatuses", "Failed", "AccessDenied")]


def test_requests_that_never_become_a_call(served: Served) -> None:
    wrong = Credentials(served.administrator.access_key_id, "wrong")
    assert told(served, ask(served.client("iam", wrong).list_users)) == [("iam:ListUsers", "Failed", "BAD_SIGNATURE")]
    unknown = Credentials("AKIAAUDITKINDSUNKNOW", "wrong")
    assert told(served, ask(served.client("eks", unknown).list_clusters)) == [
        ("eks:ListClusters", "Failed", "UNKNOWN_KEY")
    ]
    invalid = ask(served.client("iam", parameter_validation=False).get_role, RoleName="x" * 70)
    assert told(served, invalid) == [("iam:GetRole", "Failed", "ValidationError")]
    assert [one[1:] for one in told(served, raw(served, "/clusters"))] == [("Failed", "MISSING")]
    nothing = told(
        served, raw(served, "/?Action=NoSuchThing&Version=2011-06-15", {"authorization": "AWS4-HMAC-SHA256"})
    )
    assert [outcome for _, outcome, _ in nothing] == ["Failed"]


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("assume_role_with_web_identity", {"WebIdentityToken": "head.body.tail"}),
        ("assume_role_with_saml", {"SAMLAssertion": "PD94bWw+", "PrincipalArn": ROLE.replace("role", "saml-provider")}),
    ],
)
def test_calls_that_nobody_signs(served: Served, name: str, members: dict[str, str]) -> None:
    sts = served.client("sts", Credentials("AKIANOBODY", "x"), signature_version=UNSIGNED)
    session = {"RoleSessionName": "audit"} if name.endswith("identity") else {}
    ((action, outcome, code),) = told(served, ask(getattr(sts, name), RoleArn=ROLE, **session, **members))
    assert (action.lower(), outcome) == (f"sts:{name.replace('_', '')}", "Failed")
    assert code


def test_anybodys_calls_of_a_public_bucket(served: Served) -> None:
    s3 = served.client("s3")
    s3.create_bucket(Bucket="audit-kinds")
    s3.delete_public_access_block(Bucket="audit-kinds")
    policy = served.document(served.allow("s3:GetObject", "arn:aws:s3:::audit-kinds/*", Principal="*"))
    s3.put_bucket_policy(Bucket="audit-kinds", Policy=policy)
    put = s3.put_object(Bucket="audit-kinds", Key="k", Body=b"x" * 2_000_000)
    assert told(served, put["ResponseMetadata"]["RequestId"]) == [("s3:PutObject", "Allowed", "")]
    assert told(served, raw(served, "/audit-kinds/k")) == [("s3:GetObject", "Allowed", "")]
    assert told(served, raw(served, "/audit-kinds")) == [("s3:ListBucket", "ImplicitlyDenied", "")]


def test_many_keys_at_once_are_decided_one_by_one(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """All of them are in the audit log; the request's line in the log has no end of its own."""
    s3 = served.client("s3")
    s3.create_bucket(Bucket="audit-kinds-many")
    keys = [{"Key": f"k{number}"} for number in range(300)]
    with caplog.at_level("INFO", logger="podid.access"):
        answer = s3.delete_objects(Bucket="audit-kinds-many", Delete={"Objects": keys})
    (line,) = [record for record in caplog.records if record.name == "podid.access"]
    assert len(line.__dict__["decisions"]) == 50
    written = told(served, answer["ResponseMetadata"]["RequestId"])
    assert written == [("s3:DeleteObject", "Allowed", "")] * 300


def test_what_a_stack_makes(served: Served) -> None:
    """Of podid's own kinds and of moto's, allowed and denied."""
    resources = {
        "Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "audit-kinds"}},
        "U": {"Type": "AWS::IAM::User", "Properties": {"UserName": "audit-kinds-of-stack"}},
    }
    body = json.dumps({"Resources": resources})
    made = told(
        served,
        ask(
            served.client("cloudformation").create_stack,
            StackName="audit-kinds",
            TemplateBody=body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
        ),
    )
    assert sorted(made) == [
        ("cloudformation:CreateStack", "Allowed", ""),
        ("iam:CreateUser", "Allowed", ""),
        ("iam:CreateUser", "Completed", ""),
        ("sqs:CreateQueue", "Allowed", ""),
    ]
    few = served.user("audit-kinds-few", served.allow("cloudformation:*"))
    del resources["U"]
    body = json.dumps({"Resources": resources})
    denied = told(
        served, ask(served.client("cloudformation", few).create_stack, StackName="audit-kinds-few", TemplateBody=body)
    )
    assert [one for one in denied if one[0] == "sqs:CreateQueue"] == [("sqs:CreateQueue", "ImplicitlyDenied", "")]
