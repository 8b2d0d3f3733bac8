"""iam:PassRole wherever a role goes in: over every operation of every service, and the exceptions one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.gateway.asking import ACCOUNT, Things, needs, whole_needs

from podid.core.wire import load_service
from podid.core.wire.shapes import Shape
from podid.gateway.catalog import SERVICES
from podid.gateway.needs.passed_roles import _MEMBER, _PASS_NOTHING, _PROFILES, _READS, _READS_NOT, passed_roles
from podid.gateway.needs.table import is_mapped

ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
TAKEN_AWAY = "RemoveIamRoles"


def places(shape: Shape, depth: int = 0) -> Iterator[tuple[str, ...]]:
    """The paths of an input's members that are named for a role and hold text."""
    for name, member in shape.members.items():
        inner = member.shape
        while inner.type == "list":
            inner = inner.item.shape
        if inner.type == "string" and _MEMBER.search(name) and name not in (TAKEN_AWAY, *_PROFILES):
            yield (name,)
        elif inner.type == "structure" and depth < 3 and name != "LaunchTemplate":
            yield from ((name, *rest) for rest in places(inner, depth + 1))


def input_with(shape: Shape, path: tuple[str, ...]) -> dict[str, Any]:
    """An input that holds a role at one place, and nothing else."""
    name, *rest = path
    inner, lists = shape.members[name].shape, 0
    while inner.type == "list":
        inner, lists = inner.item.shape, lists + 1
    value: Any = input_with(inner, tuple(rest)) if rest else ROLE
    for _ in range(lists):
        value = [value]
    return {name: value}


def test_every_member_that_is_named_for_a_role_passes_it() -> None:
    seen = 0
    for service in SERVICES.values():
        if service.own:
            continue
        for operation in load_service(service.model).operations.values():
            reads = _READS.match(operation.name) and (service.model, operation.name) not in _READS_NOT
            if operation.input is None or reads or not is_mapped(service.model, operation.name):
                continue
            for path in places(operation.input):
                members = input_with(operation.input, path)
                passed = [n.resource for n in _passed(service.model, operation.name, members)]
                expected = [] if (service.model, operation.name) in _PASS_NOTHING else [ROLE]
                assert passed == expected, (service.model, operation.name, path)
                seen += 1
    assert seen > 600


def _passed(model: str, operation: str, members: dict[str, Any]) -> list[Any]:
    from tests.unit.gateway.asking import CALL

    from podid.core.http import HttpRequest
    from podid.gateway.needs import Asked

    asked = Asked(
        service=SERVICES[model],
        operation=operation,
        members=members,
        call=CALL,
        request=HttpRequest(method="POST", path="/"),
        lookup=Things(),
    )
    return list(passed_roles(asked))


@pytest.mark.parametrize(
    ("service", "operation", "members", "receiver"),
    [
        ("ec2", "CreateFlowLogs", {"DeliverLogsPermissionArn": ROLE}, "vpc-flow-logs.amazonaws.com"),
        ("apigateway", "PutIntegration", {"credentials": ROLE}, "apigateway.amazonaws.com"),
        (
            "apigateway",
            "UpdateAccount",
            {"patchOperations": [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ROLE}]},
            "apigateway.amazonaws.com",
        ),
        (
            "sns",
            "SetTopicAttributes",
            {"AttributeName": "LambdaSuccessFeedbackRoleArn", "AttributeValue": ROLE},
            "sns.amazonaws.com",
        ),
        ("cognito-idp", "CreateUserPool", {"SmsConfiguration": {"SnsCallerArn": ROLE}}, "cognito-idp.amazonaws.com"),
        ("ssm", "StartAutomationExecution", {"Parameters": {"AutomationAssumeRole": [ROLE]}}, "ssm.amazonaws.com"),
        ("emr", "RunJobFlow", {"ServiceRole": "r"}, "elasticmapreduce.amazonaws.com"),
        ("ecs", "RegisterTaskDefinition", {"taskRoleArn": "r"}, "ecs-tasks.amazonaws.com"),
        ("ecs", "CreateService", {"role": "r"}, "ecs.amazonaws.com"),
        ("glue", "CreateJob", {"Role": "r"}, "glue.amazonaws.com"),
        ("rds", "CreateDBInstance", {"MonitoringRoleArn": ROLE}, "monitoring.rds.amazonaws.com"),
        ("cloudformation", "DeleteStack", {"RoleARN": ROLE}, "cloudformation.amazonaws.com"),
        ("autoscaling", "CreateLaunchConfiguration", {"IamInstanceProfile": "p"}, "ec2.amazonaws.com"),
        (
            "ec2",
            "AssociateIamInstanceProfile",
            {"IamInstanceProfile": {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/p"}},
            "ec2.amazonaws.com",
        ),
        ("ec2", "RunInstances", {"LaunchTemplate": {"LaunchTemplateName": "t"}}, "ec2.amazonaws.com"),
        ("autoscaling", "CreateAutoScalingGroup", {"LaunchTemplate": {"LaunchTemplateName": "t"}}, "ec2.amazonaws.com"),
    ],
)
def test_to_whom_a_role_goes(service: str, operation: str, members: dict[str, Any], receiver: str) -> None:
    template = {"t:$Default": {"IamInstanceProfile": {"Name": "p"}}}
    things = Things(profiles={"p": (ROLE,)}, templates=template)
    passed = [need for need in whole_needs(service, operation, things, **members) if need.action == "iam:PassRole"]
    assert [(need.resource, need.context["iam:PassedToService"]) for need in passed] == [(ROLE, (receiver,))]


@pytest.mark.parametrize(
    ("service", "operation", "members"),
    [
        ("rds", "RemoveRoleFromDBCluster", {"RoleArn": ROLE}),
        ("redshift", "ModifyClusterIamRoles", {"ClusterIdentifier": "c", "RemoveIamRoles": [ROLE]}),
        ("ec2", "CreateLaunchTemplate", {"LaunchTemplateData": {"IamInstanceProfile": {"Name": "p"}}}),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Description": ROLE}),
        (
            "autoscaling",
            "CreateAutoScalingGroup",
            {"ServiceLinkedRoleARN": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/y"},
        ),
    ],
)
def test_who_passes_nothing(service: str, operation: str, members: dict[str, Any]) -> None:
    things = Things(profiles={"p": (ROLE,)})
    assert not [action for action, _ in needs(service, operation, things, **members) if action == "iam:PassRole"]
