"""A stack makes what its creator, or the role it was given, may make: each resource as if it had been called for."""

from __future__ import annotations

import json
from typing import Any

from tests.contract.served import Served

ACCOUNT = "111122223333"


def template(**resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources})


def queue(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}


def made(client: Any, name: str, body: str) -> tuple[str, str]:
    """Status of a stack that was asked for, and the reason of its first failure."""
    client.create_stack(StackName=name, TemplateBody=body)
    status = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    return status, next((event["ResourceStatusReason"] for event in events if "ResourceStatusReason" in event), "")


def test_a_queue_needs_the_permission_to_make_queues(served: Served) -> None:
    stacks = served.allow("cloudformation:*")
    without = served.client("cloudformation", served.user("sp-without", stacks))
    status, reason = made(without, "sp-without", template(Queue=queue("sp-without")))
    assert status == "ROLLBACK_COMPLETE"
    assert f"sqs:CreateQueue on resource: arn:aws:sqs:us-east-1:{ACCOUNT}:sp-without" in reason
    mine = f"arn:aws:sqs:us-east-1:{ACCOUNT}:sp-mine"
    some = served.client(
        "cloudformation", served.user("sp-some", stacks, served.allow(["sqs:CreateQueue", "sqs:DeleteQueue"], mine))
    )
    assert made(some, "sp-some", template(Queue=queue("sp-mine")))[0] == "CREATE_COMPLETE"
    some.delete_stack(StackName="sp-some")
    assert not served.client("sqs").list_queues(QueueNamePrefix="sp-").get("QueueUrls")
    assert made(some, "sp-other", template(Queue=queue("sp-other")))[0] == "ROLLBACK_COMPLETE"


def test_it_comes_by_way_of_cloudformation(served: Served) -> None:
    by_way = {"StringEquals": {"aws:CalledViaLast": "cloudformation.amazonaws.com"}}
    who = served.user("sp-via", served.allow("cloudformation:*"), served.allow("sqs:*", Condition=by_way))
    assert made(served.client("cloudformation", who), "sp-via", template(Queue=queue("sp-via")))[0] == "CREATE_COMPLETE"
    try:
        served.client("sqs", who).create_queue(QueueName="sp-direct")
    except Exception as error:
        assert "not authorized" in str(error)
    else:
        raise AssertionError("a queue was made without CloudFormation")


def test_a_role_goes_into_a_stack_only_from_who_may_pass_it(served: Served) -> None:
    trust = served.document(
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = served.client("iam").create_role(RoleName="sp-role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    body = template(
        Machine={
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"StateMachineName": "sp-machine", "RoleArn": role, "DefinitionString": definition},
        }
    )
    most = (served.allow("cloudformation:*"), served.allow("states:*"))
    status, reason = made(served.client("cloudformation", served.user("sp-pass-0", *most)), "sp-pass-0", body)
    assert status == "ROLLBACK_COMPLETE"
    assert f"iam:PassRole on resource: {role}" in reason
    passer = served.client("cloudformation", served.user("sp-pass-1", *most, served.allow("iam:PassRole", role)))
    assert made(passer, "sp-pass-1", body)[0] == "CREATE_COMPLETE"


def test_an_api_is_asked_for_by_its_own_path(served: Served) -> None:
    apis = "arn:aws:apigateway:us-east-1::/restapis"
    who = served.user("sp-api", served.allow("cloudformation:*"), served.allow("apigateway:POST", apis))
    body = template(Api={"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "sp"}})
    assert made(served.client("cloudformation", who), "sp-api", body)[0] == "CREATE_COMPLETE"
