"""How stacks end, and what is refused before they begin: failures with exports, deletions that fail, changes that change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}
NO_CLUSTER = {
    "Type": "AWS::EKS::PodIdentityAssociation",
    "Properties": {
        "ClusterName": "nowhere",
        "Namespace": "ns",
        "ServiceAccount": "sa",
        "RoleArn": {"Fn::GetAtt": "Role.Arn"},
    },
}
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}}
PARAMETERS = {"Seconds": {"Type": "String", "Default": "30"}, "Unused": {"Type": "String", "Default": "a"}}


def body(resources: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Resources": resources, **more})


def exporting(reference: str, name: str) -> dict[str, Any]:
    return {"O": {"Value": {"Ref": reference}, "Export": {"Name": name}}}


def end_of(stacks: Any, name: str) -> tuple[str, str]:
    """The status of a stack and the first reason that its events give, newest first, but for the user's own wish."""
    reasons = [
        event.get("ResourceStatusReason") for event in stacks.describe_stack_events(StackName=name)["StackEvents"]
    ]
    told = next((reason for reason in reasons if reason and reason != "User Initiated"), "")
    return stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"], told


def text_of(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**members)
    assert raised.value.response["Error"]["Code"] == "ValidationError"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(raised.value.response["Error"]["Message"])


def roles_of(served: Served, stack: str) -> list[str]:
    pages = served.client("iam").get_paginator("list_roles").paginate()
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    return [name for name in names if name.startswith(f"{stack}-")]


def test_a_stack_that_fails_is_not_made_again_by_asking_about_it(served: Served) -> None:
    stacks = served.client("cloudformation")
    template = body({"Role": ROLE, "Association": NO_CLUSTER}, Outputs=exporting("Association", "en-failed"))
    stacks.create_stack(StackName="en-failed", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    assert end_of(stacks, "en-failed") == ("ROLLBACK_COMPLETE", "No cluster found for name: nowhere.")
    assert stacks.list_stack_resources(StackName="en-failed")["StackResourceSummaries"] == []
    assert stacks.describe_stack_resources(StackName="en-failed")["StackResources"] == []
    assert "en-failed" not in [export["Name"] for export in stacks.list_exports()["Exports"]]
    assert roles_of(served, "en-failed") == []
    stacks.delete_stack(StackName="en-failed")
    assert "does not exist" in text_of(stacks.describe_stacks, StackName="en-failed")


def test_a_stack_left_as_it_failed_has_what_was_made(served: Served) -> None:
    stacks = served.client("cloudformation")
    template = body({"Role": ROLE, "Association": NO_CLUSTER})
    stacks.create_stack(
        StackName="en-left", TemplateBody=template, OnFailure="DO_NOTHING", Capabilities=["CAPABILITY_IAM"]
    )
    assert end_of(stacks, "en-left")[0] == "CREATE_FAILED"
    made = stacks.list_stack_resources(StackName="en-left")["StackResourceSummaries"]
    assert [one["LogicalResourceId"] for one in made] == ["Role"]
    stacks.delete_stack(StackName="en-left")
    assert roles_of(served, "en-left") == []


def test_a_stack_that_cannot_be_deleted_is_there_still(served: Served) -> None:
    stacks, iam = served.client("cloudformation"), served.client("iam")
    template = body({"Role": ROLE}, Outputs=exporting("Role", "en-held"))
    stack = stacks.create_stack(StackName="en-held", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])["StackId"]
    [name] = roles_of(served, "en-held")
    iam.put_role_policy(
        RoleName=name, PolicyName="from-outside", PolicyDocument=served.document(served.allow("s3:GetObject"))
    )
    iam.create_instance_profile(InstanceProfileName="en-held")
    iam.add_role_to_instance_profile(InstanceProfileName="en-held", RoleName=name)
    stacks.delete_stack(StackName="en-held")
    status, reason = end_of(stacks, "en-held")
    assert (status, "Cannot delete entity" in reason) == ("DELETE_FAILED", True)
    iam.remove_role_from_instance_profile(InstanceProfileName="en-held", RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="from-outside")
    stacks.delete_stack(StackName="en-held")
    assert end_of(stacks, stack)[0] == "DELETE_COMPLETE"
    assert stacks.list_stack_resources(StackName=stack)["StackResourceSummaries"] == []
    assert roles_of(served, "en-held") == []
    iam.delete_instance_profile(InstanceProfileName="en-held")


def test_stacks_of_change_sets_export_too(served: Served) -> None:
    stacks = served.client("cloudformation")
    template = body({"Queue": QUEUE}, Parameters=PARAMETERS, Outputs=exporting("Queue", "en-exported"))
    change: dict[str, Any] = {"StackName": "en-exporter", "ChangeSetName": "one", "TemplateBody": template}
    stacks.create_change_set(**change, ChangeSetType="CREATE")
    stacks.execute_change_set(StackName="en-exporter", ChangeSetName="one")
    [output] = stacks.describe_stacks(StackName="en-exporter")["Stacks"][0]["Outputs"]
    assert output["ExportName"] == "en-exported"
    importing = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": [{"Key": "k", "Value": "v"}]}}}
    importing["Queue"]["Properties"]["Tags"][0]["Value"] = {"Fn::ImportValue": "en-exported"}  # type: ignore[index]
    stacks.create_stack(StackName="en-importer", TemplateBody=body(importing))
    assert end_of(stacks, "en-importer")[0] == "CREATE_COMPLETE"
    stacks.create_stack(StackName="en-twice", TemplateBody=template)
    status, reason = end_of(stacks, "en-twice")
    assert status == "ROLLBACK_COMPLETE"
    assert reason.startswith("Export with name en-exported is already exported by stack en-exporter.")
    for name in ("en-twice", "en-importer", "en-exporter"):
        stacks.delete_stack(StackName=name)
    assert "en-exported" not in [export["Name"] for export in stacks.list_exports()["Exports"]]


def test_a_change_that_changes_nothing(served: Served) -> None:
    stacks = served.client("cloudformation")
    template = body({"Queue": QUEUE}, Parameters=PARAMETERS)
    stacks.create_stack(StackName="en-same", TemplateBody=template)
    same: dict[str, Any] = {"StackName": "en-same", "TemplateBody": template}
    kept = [{"ParameterKey": "Seconds", "UsePreviousValue": True}]
    other = [{"ParameterKey": "Seconds", "ParameterValue": "40"}]
    for parameters in ([], kept, [{"ParameterKey": "Seconds", "ParameterValue": "30"}]):
        assert text_of(stacks.update_stack, **same, Parameters=parameters) == "No updates are to be performed."
    stacks.create_change_set(**same, ChangeSetName="same", Parameters=kept)
    told = stacks.describe_change_set(StackName="en-same", ChangeSetName="same")
    assert (told["Status"], told["StatusReason"].startswith("The submitted information didn't contain changes.")) == (
        "FAILED",
        True,
    )
    stacks.update_stack(**same, Parameters=other)
    assert end_of(stacks, "en-same")[0] == "UPDATE_COMPLETE"
    assert text_of(stacks.update_stack, **same, Parameters=kept) == "No updates are to be performed."
    stacks.delete_stack(StackName="en-same")


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"TemplateBody": "{"}, "Template format error: JSON not well-formed. (line 1, column 2)"),
        ({"TemplateBody": "a: [b"}, "Template format error: YAML not well-formed. (line 1, column 6)"),
        ({"TemplateBody": "just text"}, "Template format error: unsupported structure."),
        ({"TemplateBody": "{}"}, "Template format error: At least one Resources member must be defined."),
        ({"TemplateBody": "Resources: {}"}, "Template format error: At least one Resources member must be defined."),
        ({}, "Either Template URL or Template Body must be specified."),
        (
            {
                "TemplateBody": body({"Queue": {"Type": "AWS::SQS::Queue"}}),
                "Parameters": [{"ParameterKey": "Nobody", "ParameterValue": "x"}],
            },
            "Parameters: [Nobody] do not exist in the template",
        ),
    ],
)
def test_what_is_no_template(served: Served, members: dict[str, Any], told: str) -> None:
    assert text_of(served.client("cloudformation").create_stack, StackName="en-none", **members) == told


@pytest.mark.parametrize("name", ["1begins", "under_score", "a" * 129])
def test_what_is_no_name(served: Served, name: str) -> None:
    create = served.client("cloudformation", parameter_validation=False).create_stack
    told = text_of(create, StackName=name, TemplateBody=body({"Queue": {"Type": "AWS::SQS::Queue"}}))
    assert f"Value '{name}' at 'stackName' failed to satisfy constraint" in told


@pytest.mark.parametrize(
    ("resource", "given", "needed"),
    [
        ({"Type": "AWS::IAM::Role"}, [], "CAPABILITY_IAM"),
        ({"Type": "AWS::IAM::User", "Properties": {"UserName": "en-may"}}, [], "CAPABILITY_NAMED_IAM"),
        ({"Type": "AWS::IAM::User", "Properties": {"UserName": "en-may"}}, ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ],
)
def test_who_makes_things_of_iam_has_to_say_so(
    served: Served, resource: dict[str, Any], given: list[str], needed: str
) -> None:
    stacks = served.client("cloudformation")
    template, wanted = body({"Thing": resource}), f"Requires capabilities : [{needed}]"
    asked: dict[str, Any] = {"StackName": "en-may", "TemplateBody": template, "Capabilities": given}
    for call, more in (
        (stacks.create_stack, {}),
        (stacks.create_change_set, {"ChangeSetName": "c", "ChangeSetType": "CREATE"}),
    ):
        with pytest.raises(stacks.exceptions.InsufficientCapabilitiesException) as refused:
            call(**asked, **more)
        assert refused.value.response["Error"]["Message"] == wanted
    stacks.create_stack(StackName="en-may", TemplateBody=body({"Queue": {"Type": "AWS::SQS::Queue"}}))
    with pytest.raises(stacks.exceptions.InsufficientCapabilitiesException):
        stacks.update_stack(**asked)
    stacks.delete_stack(StackName="en-may")
