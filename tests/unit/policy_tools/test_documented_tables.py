"""The tables in which AWS's own pages show how a condition is evaluated, row by row, asked through lines of JSON.

Source: the IAM user guide: "Condition operators", "Conditions with multiple context keys or values", "Single-valued vs. multivalued context keys",
"Multivalued context key examples", "Variables and tags" (its part on variables with no value). One table is left out: the one of `aws:ResourceOrgPaths`, whose rows contradict the
sentence above it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Holds = Callable[..., bool]
Row = tuple[dict[str, Any], bool]

TOPIC = "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"
SUPPORT = "arn:aws::cloudfront:123456789012:distribution"
MARY, NIKKI = (f"arn:aws:iam::222222222222:user/{name}" for name in ("Mary", "Nikki"))
TAGGED = {"StringEqualsIgnoreCase": {"aws:RequestTag/environment": ["preprod", "storage"]}, "ForAnyValue:StringEquals": {"aws:TagKeys": "environment"}}  # fmt: skip
TEAM = {"aws:PrincipalTag/department": ["finance", "hr", "legal"], "aws:PrincipalTag/role": ["audit", "security"]}
TWO = [f"arn:aws:iam::222222222222:user/{name}" for name in ("Ana", "Mary")]
KEYS = ["environment", "cost-center"]


def of(department: str, role: str | None, arn: str) -> dict[str, str]:
    found = {"aws:PrincipalTag/department": department, "aws:PrincipalArn": arn}
    return found if role is None else {**found, "aws:PrincipalTag/role": role}


TABLES: dict[str, tuple[dict[str, Any], list[Row]]] = {
    "StringEquals": (
        {"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}},
        [
            ({"aws:PrincipalTag/job-category": "iamuser-admin"}, True),
            ({"aws:PrincipalTag/job-category": "dev-ops"}, False),
            ({}, False),
        ],
    ),
    "StringLike with a variable": (
        {"StringLike": {"s3:prefix": ["home/", "home/${aws:username}/"]}},
        [
            ({"s3:prefix": "home/martha_rivera/", "aws:username": "martha_rivera"}, True),
            ({"s3:prefix": "home/martha_rivera/", "aws:username": "nikki_wolf"}, False),
            ({"s3:prefix": "home/", "aws:username": "nikki_wolf"}, True),
            ({"s3:prefix": "home/martha_rivera/"}, False),
            ({"aws:username": "martha_rivera"}, False),
        ],
    ),
    "ForAnyValue beside StringEqualsIgnoreCase": (
        TAGGED,
        [
            ({"aws:TagKeys": ["environment"], "aws:RequestTag/environment": "preprod"}, True),
            ({"aws:TagKeys": ["environment", "costcenter"], "aws:RequestTag/environment": "PreProd"}, True),
            ({"aws:TagKeys": ["Environment"], "aws:RequestTag/Environment": "preprod"}, False),
            ({"aws:TagKeys": ["costcenter"], "aws:RequestTag/environment": "preprod"}, False),
            ({"aws:RequestTag/environment": "storage"}, False),
            ({"aws:TagKeys": ["environment"]}, False),
            ({}, False),
        ],
    ),
    "NumericLessThanEquals": (
        {"NumericLessThanEquals": {"s3:max-keys": "10"}},
        [({"s3:max-keys": 10}, True), ({"s3:max-keys": "9"}, True), ({"s3:max-keys": 11}, False), ({}, False)],
    ),
    "DateGreaterThan": (
        {"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}},
        [
            ({"aws:TokenIssueTime": "2020-01-01T00:00:02Z"}, True),
            ({"aws:TokenIssueTime": "2020-01-01T00:00:01Z"}, False),
            ({"aws:TokenIssueTime": "2019-12-31T23:59:59Z"}, False),
            ({}, False),
        ],
    ),
    "Bool": (
        {"Bool": {"aws:SecureTransport": "false"}},
        [({"aws:SecureTransport": "false"}, True), ({"aws:SecureTransport": "true"}, False), ({}, False)],
    ),
    "BinaryEquals": (
        {"BinaryEquals": {"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}},
        [({"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}, True), ({"key": "ASIAIOSFODNN7EXAMPLE"}, False), ({}, False)],
    ),
    "IpAddress": (
        {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        [({"aws:SourceIp": "203.0.113.1"}, True), ({"aws:SourceIp": "198.51.100.1"}, False), ({}, False)],
    ),
    "IpAddress of both families": (
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}},
        [
            ({"aws:SourceIp": "203.0.113.9"}, True),
            ({"aws:SourceIp": "2001:db8:1234:5678::9"}, True),
            ({"aws:SourceIp": "2001:db8:1234:5679::9"}, False),
            ({"aws:SourceIp": "198.51.100.1"}, False),
        ],
    ),
    "ArnEquals": (
        {"ArnEquals": {"aws:SourceArn": TOPIC}},
        [({"aws:SourceArn": TOPIC}, True), ({"aws:SourceArn": TOPIC.replace("1234", "7777")}, False), ({}, False)],
    ),
    "ForAllValues:ArnLike": (
        {"ForAllValues:ArnLike": {"logs:LogGeneratingResourceArns": [f"{SUPPORT}/*", f"{SUPPORT}/support*"]}},
        [
            ({"logs:LogGeneratingResourceArns": [f"{SUPPORT}/costcenter"]}, True),
            ({"logs:LogGeneratingResourceArns": [f"{SUPPORT}/costcenter", f"{SUPPORT}/support2025"]}, True),
            ({"logs:LogGeneratingResourceArns": ["arn:aws::cloudfront:777788889999:distribution/costcenter"]}, False),
            ({}, True),
        ],
    ),
    "StringLikeIfExists": (
        {"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}},
        [({"ec2:InstanceType": "t1.micro"}, True), ({"ec2:InstanceType": "m2.micro"}, False), ({}, True)],
    ),
    "Null": (
        {"Null": {"aws:TokenIssueTime": "false"}},
        [({"aws:TokenIssueTime": "2024-01-01T00:00:00Z"}, True), ({}, False), ({"aws:TokenIssueTime": None}, False)],
    ),
    "several operators, keys and values": (
        {"StringEquals": TEAM, "ArnLike": {"aws:PrincipalArn": TWO}},
        [
            (of("legal", "audit", MARY), True),
            (of("hr", "audit", NIKKI), False),
            (of("hr", "payroll", MARY), False),
            (of("hr", None, MARY), False),
            ({"aws:PrincipalArn": MARY}, False),
        ],
    ),
    "a negated one among them": (
        {"StringEquals": TEAM, "ArnNotLike": {"aws:PrincipalArn": TWO}},
        [
            (of("legal", "audit", NIKKI), True),
            (of("hr", "audit", MARY), False),
            (of("hr", "payroll", NIKKI), False),
            (of("hr", None, NIKKI), False),
            ({"aws:PrincipalArn": NIKKI}, False),
        ],
    ),
    "ForAllValues with Null": (
        {"ForAllValues:StringEquals": {"aws:TagKeys": KEYS}, "Null": {"aws:TagKeys": "false"}},
        [
            ({"aws:TagKeys": ["environment"]}, True),
            ({"aws:TagKeys": ["cost-center"]}, True),
            ({"aws:TagKeys": ["environment", "cost-center"]}, True),
            ({"aws:TagKeys": ["environment", "dept"]}, False),
            ({"aws:TagKeys": []}, False),
            ({"aws:TagKeys": ""}, False),
            ({}, False),
        ],
    ),
    "ForAnyValue": (
        {"ForAnyValue:StringEquals": {"aws:TagKeys": KEYS}},
        [
            ({"aws:TagKeys": ["environment"]}, True),
            ({"aws:TagKeys": ["cost-center"]}, True),
            ({"aws:TagKeys": ["environment", "cost-center"]}, True),
            ({"aws:TagKeys": ["environment", "dept"]}, True),
            ({"aws:TagKeys": ["dept"]}, False),
            ({}, False),
        ],
    ),
    "ForAllValues, negated": (
        {"ForAllValues:StringNotLike": {"aws:TagKeys": ["key1*", "key2*"]}},
        [
            ({"aws:TagKeys": ["key1:legal"]}, False),
            ({"aws:TagKeys": ["key1:hr", "key1:personnel"]}, False),
            ({"aws:TagKeys": ["key1:hr", "key2:audit"]}, False),
            ({"aws:TagKeys": ["key3:legal"]}, True),
            ({"aws:TagKeys": ["key3:legal", "key1:hr"]}, False),
            ({}, True),
        ],
    ),
    "ForAnyValue of one": (
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "webserver"}},
        [
            ({"aws:TagKeys": ["webserver"]}, True),
            ({"aws:TagKeys": ["environment", "webserver", "test"]}, True),
            ({"aws:TagKeys": ["environment", "test"]}, False),
            ({}, False),
        ],
    ),
    "no set operator": (
        {"StringEquals": {"aws:TagKeys": KEYS}},
        [({"aws:TagKeys": ["environment", "cost-center"]}, False), ({"aws:TagKeys": ["environment"]}, True)],
    ),
    "a variable with no value": (
        {"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}},
        [
            ({"s3:ExistingObjectTag/Team": "red", "aws:PrincipalTag/Team": "red"}, False),
            ({"s3:ExistingObjectTag/Team": "red", "aws:PrincipalTag/Team": "blue"}, True),
            ({"s3:ExistingObjectTag/Team": "red"}, True),
        ],
    ),
    "a policy whose type does not fit": (
        {"NumericEquals": {"x:n": "ten"}},
        [({"x:n": "ten"}, False), ({"x:n": 10}, False)],
    ),
}
ROWS = [(name, condition, *row) for name, (condition, rows) in TABLES.items() for row in rows]


@pytest.mark.parametrize(("name", "condition", "context", "matches"), ROWS)
def test_a_row(holds: Holds, name: str, condition: dict[str, Any], context: dict[str, Any], matches: bool) -> None:
    assert holds({"Condition": condition}, context=context) is matches, name


HOME = "arn:aws:s3:::amzn-s3-demo-bucket"


@pytest.mark.parametrize(("element", "matches"), [("Resource", False), ("NotResource", True)])
def test_a_resource_whose_variable_has_no_value_matches_no_resource(holds: Holds, element: str, matches: bool) -> None:
    for resource in (f"{HOME}/jane/x", f"{HOME}//x", f"{HOME}/${{aws:username}}/x"):
        assert holds({element: f"{HOME}/${{aws:username}}/*"}, resource=resource) is matches


def test_a_default_stands_in_for_a_missing_tag(holds: Holds) -> None:
    statement = {"Resource": f"{HOME}-${{aws:PrincipalTag/team, 'company-wide'}}"}
    yellow = {"aws:PrincipalTag/team": "yellow"}
    assert holds(statement, resource=f"{HOME}-yellow", context=yellow)
    assert not holds(statement, resource=f"{HOME}-company-wide", context=yellow)
    assert holds(statement, resource=f"{HOME}-company-wide")
    assert not holds(statement, resource=f"{HOME}-yellow")


@pytest.mark.parametrize(
    ("resource", "matches"),
    [("*", True), ("arn:aws:s3:::*", True), ("arn:aws:s3:::b", False), ("arn:aws:s3:::b*", False), ("arn:aws:sqs:*:*:*", False)],
)  # fmt: skip
def test_the_list_of_buckets_may_be_granted_on_every_bucket(holds: Holds, resource: str, matches: bool) -> None:
    assert holds({"Resource": resource}, action="s3:ListAllMyBuckets", resource="*") is matches
    assert holds({"NotResource": resource}, action="s3:ListAllMyBuckets", resource="*") is not matches
    assert not holds({"Resource": "arn:aws:s3:::*"}, action="s3:CreateJob", resource="*")
