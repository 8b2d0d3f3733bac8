from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from podid.iam.statement_places import statement_spans

ACCOUNT = "111122223333"
BUCKET = "arn:aws:s3:::bucket/key"


def policy(*statements: dict[str, Any]) -> str:
    filled = [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


def decisions(answer: Any) -> dict[str, str]:
    return {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}


def test_a_custom_policy_is_asked(aws: Any) -> None:
    answer = aws.simulate_custom_policy(
        PolicyInputList=[policy({"Action": "s3:Get*"}, {"Effect": "Deny", "Action": "s3:GetBucketAcl"})],
        ActionNames=["s3:GetObject", "s3:GetBucketAcl", "s3:PutObject"],
    )
    assert decisions(answer) == {
        "s3:GetObject": "allowed",
        "s3:GetBucketAcl": "explicitDeny",
        "s3:PutObject": "implicitDeny",
    }
    allowed, denied, silent = answer["EvaluationResults"]
    assert allowed["EvalResourceName"] == "*"
    assert [statement["SourcePolicyId"] for statement in allowed["MatchedStatements"]] == ["PolicyInputList.1"]
    assert (
        denied["MatchedStatements"][0]["StartPosition"]["Column"]
        > allowed["MatchedStatements"][0]["EndPosition"]["Column"]
    )
    assert silent["MatchedStatements"] == []


def test_context_decides_and_what_is_missing_is_told(aws: Any) -> None:
    document = policy({"Action": "s3:*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}}})
    silent = aws.simulate_custom_policy(PolicyInputList=[document], ActionNames=["s3:GetObject"])
    (result,) = silent["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:PrincipalTag/team"])
    told = aws.simulate_custom_policy(
        PolicyInputList=[document],
        ActionNames=["s3:GetObject"],
        ContextEntries=[
            {"ContextKeyName": "AWS:principaltag/team", "ContextKeyValues": ["a"], "ContextKeyType": "string"}
        ],
    )
    (result,) = told["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_each_resource_has_a_result_and_the_strictest_is_on_top(aws: Any) -> None:
    answer = aws.simulate_custom_policy(
        PolicyInputList=[policy({"Action": "s3:*", "Resource": BUCKET})],
        ActionNames=["s3:GetObject"],
        ResourceArns=[BUCKET, "arn:aws:s3:::other/key"],
    )
    (result,) = answer["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert [(one["EvalResourceName"], one["EvalResourceDecision"]) for one in result["ResourceSpecificResults"]] == [
        (BUCKET, "allowed"),
        ("arn:aws:s3:::other/key", "implicitDeny"),
    ]


def test_boundary_and_organization_narrow(aws: Any) -> None:
    answer = aws.simulate_custom_policy(
        PolicyInputList=[policy({"Action": "*"})],
        PermissionsBoundaryPolicyInputList=[policy({"Action": ["s3:*", "sqs:*"]})],
        OrderedOrganizationPolicyInputList=[
            {"ServiceControlPolicyInputList": [policy({"Action": "*"})]},
            {"ServiceControlPolicyInputList": [policy({"Action": "s3:*"})]},
        ],
        ActionNames=["s3:GetObject", "sqs:SendMessage", "iam:GetUser"],
    )
    assert decisions(answer) == {
        "s3:GetObject": "allowed",
        "sqs:SendMessage": "implicitDeny",
        "iam:GetUser": "implicitDeny",
    }
    told = [
        (
            result["PermissionsBoundaryDecisionDetail"]["AllowedByPermissionsBoundary"],
            result["OrganizationsDecisionDetail"]["AllowedByOrganizations"],
        )
        for result in answer["EvaluationResults"]
    ]
    assert told == [(True, True), (True, False), (False, False)]


def test_a_resource_policy_needs_a_caller(aws: Any, refused: Any) -> None:
    resource = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"},
                    "Action": "s3:GetObject",
                    "Resource": BUCKET,
                }
            ],
        }
    )
    asked = {
        "PolicyInputList": [policy({"Action": "sqs:*"})],
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": [BUCKET],
        "ResourcePolicy": resource,
    }
    with refused("InvalidInput", "CallerArn must be provided when a ResourcePolicy is provided.", 400):
        aws.simulate_custom_policy(**asked)
    answer = aws.simulate_custom_policy(**asked, CallerArn=f"arn:aws:iam::{ACCOUNT}:user/ann")
    (result,) = answer["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"
    assert result["MatchedStatements"][0]["SourcePolicyType"] == "resource"
    assert decisions(aws.simulate_custom_policy(**asked, CallerArn=f"arn:aws:iam::{ACCOUNT}:user/bob")) == {
        "s3:GetObject": "implicitDeny"
    }
    across = aws.simulate_custom_policy(
        **asked, CallerArn=f"arn:aws:iam::{ACCOUNT}:user/ann", ResourceOwner="444455556666"
    )
    assert decisions(across) == {"s3:GetObject": "implicitDeny"}


@pytest.fixture
def people(aws: Any) -> Any:
    aws.create_user(UserName="ann")
    aws.create_group(GroupName="ops")
    aws.add_user_to_group(GroupName="ops", UserName="ann")
    aws.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=policy({"Action": "s3:Get*"}))
    aws.put_group_policy(GroupName="ops", PolicyName="shared", PolicyDocument=policy({"Action": "sqs:*"}))
    aws.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonSNSFullAccess")
    return aws


ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"


def test_a_users_policies_are_its_own_its_groups_and_those_attached(people: Any) -> None:
    answer = people.simulate_principal_policy(
        PolicySourceArn=ANN, ActionNames=["s3:GetObject", "sqs:SendMessage", "sns:Publish", "ec2:RunInstances"]
    )
    assert [result["EvalDecision"] for result in answer["EvaluationResults"]] == ["allowed"] * 3 + ["implicitDeny"]
    sources = [
        (statement["SourcePolicyId"], statement["SourcePolicyType"])
        for result in answer["EvaluationResults"]
        for statement in result["MatchedStatements"]
    ]
    assert sources == [("user_ann_own", "user"), ("group_ops_shared", "group"), ("AmazonSNSFullAccess", "aws-managed")]


def test_given_policies_are_added_and_named_ones_left_out(people: Any) -> None:
    def simulated(**members: Any) -> dict[str, str]:
        return decisions(
            people.simulate_principal_policy(
                PolicySourceArn=ANN, ActionNames=["s3:GetObject", "sqs:SendMessage", "sns:Publish"], **members
            )
        )

    denied = simulated(PolicyInputList=[policy({"Effect": "Deny", "Action": "s3:*"})])
    assert denied == {"s3:GetObject": "explicitDeny", "sqs:SendMessage": "allowed", "sns:Publish": "allowed"}
    inline = simulated(PolicyExclusionList=[{"PolicyType": "inline"}])
    assert inline == {"s3:GetObject": "implicitDeny", "sqs:SendMessage": "implicitDeny", "sns:Publish": "allowed"}
    by_arn = simulated(PolicyExclusionList=[{"PolicyArn": "arn:aws:iam::aws:policy/AmazonSNSFullAccess"}])
    assert by_arn["sns:Publish"] == "implicitDeny"
    by_name = simulated(
        PolicyExclusionList=[
            {"InlinePolicyIdentifier": {"PolicyName": "shared", "AttachmentType": "group", "AttachmentName": "ops"}}
        ]
    )
    assert by_name == {"s3:GetObject": "allowed", "sqs:SendMessage": "implicitDeny", "sns:Publish": "allowed"}


def test_a_users_boundary_counts_and_can_be_replaced(people: Any) -> None:
    people.put_user_permissions_boundary(
        UserName="ann", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    asked = {"PolicySourceArn": ANN, "ActionNames": ["s3:GetObject", "sqs:SendMessage"]}
    assert decisions(people.simulate_principal_policy(**asked)) == {
        "s3:GetObject": "allowed",
        "sqs:SendMessage": "implicitDeny",
    }
    other = people.simulate_principal_policy(**asked, PermissionsBoundaryPolicyInputList=[policy({"Action": "sqs:*"})])
    assert decisions(other) == {"s3:GetObject": "implicitDeny", "sqs:SendMessage": "allowed"}


def test_results_come_in_pages(aws: Any) -> None:
    actions = [f"s3:Action{number}" for number in range(25)]
    pages = aws.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[policy({"Action": "s3:*"})], ActionNames=actions, PaginationConfig={"PageSize": 10}
    )
    assert [result["EvalActionName"] for page in pages for result in page["EvaluationResults"]] == actions


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/nobody"}, "NoSuchEntity"),
        ({"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:policy/p-of-somebody"}, "InvalidInput"),
        ({"PolicySourceArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"}, "InvalidInput"),
        ({"PolicySourceArn": ANN, "ActionNames": ["nonsense"]}, "InvalidInput"),
        ({"PolicySourceArn": ANN, "PolicyInputList": ["{"]}, "InvalidInput"),
        ({"PolicySourceArn": ANN, "CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/app/session"}, "InvalidInput"),
    ],
)
def test_what_cannot_be_simulated(people: Any, members: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        people.simulate_principal_policy(**{"ActionNames": ["s3:GetObject"], **members})
    assert caught.value.response["Error"]["Code"] == code


def test_context_keys_of_policies(people: Any) -> None:
    document = policy(
        {
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::bucket/${aws:username}/*",
            "Condition": {
                "StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team, 'none'}", "AWS:Username": "ann"},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            },
        }
    )
    keys = ["aws:PrincipalTag/team", "AWS:Username", "aws:SourceIp", "aws:ResourceTag/team"]
    assert people.get_context_keys_for_custom_policy(PolicyInputList=[document])["ContextKeyNames"] == keys
    people.put_group_policy(GroupName="ops", PolicyName="more", PolicyDocument=document)
    answer = people.get_context_keys_for_principal_policy(PolicySourceArn=ANN)
    assert answer["ContextKeyNames"] == [*keys, "aws:CalledViaLast"]  # the attached policy asks for one, too


@given(st.lists(st.text(max_size=8), max_size=5), st.integers(0, 4), st.booleans())
def test_statements_are_found_where_they_stand(sids: list[str], indent: int, after: bool) -> None:
    statements = [{"Sid": sid, "Effect": "Allow", "Action": "*", "Resource": "*"} for sid in sids]
    document = (
        {"Id": 'a"{}[]', "Statement": statements} if after else {"Statement": statements, "Version": "2012-10-17"}
    )
    text = json.dumps(document, indent=indent or None)
    lines = text.split("\n")
    found = []
    for span in statement_spans(text):
        start = sum(len(line) + 1 for line in lines[: span.start.line - 1]) + span.start.column - 1
        end = sum(len(line) + 1 for line in lines[: span.end.line - 1]) + span.end.column - 1
        found.append(json.loads(text[start:end]))
    assert found == statements


def test_a_lone_statement_is_found() -> None:
    text = '{\n "Version": "2012-10-17",\n "Statement" : {"Effect": "Allow"}}'
    (span,) = statement_spans(text)
    assert (span.start.line, span.start.column, span.end.line) == (3, 16, 3)
    assert statement_spans('{"Version":"2012-10-17"}') == []
