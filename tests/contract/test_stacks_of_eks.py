"""CloudFormation: access entries and add-ons in a template, and templates as tools write them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

from podid.gateway.moto_services.stacks.kind import shortened

CLUSTER = "eksdemo1"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKS{}Policy"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def template(entry: dict[str, Any], **more: dict[str, Any]) -> str:
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "RoleName": "st-entry"}},
        "Entry": {
            "Type": "AWS::EKS::AccessEntry",
            "Properties": {"ClusterName": CLUSTER, "PrincipalArn": {"Fn::GetAtt": "Role.Arn"}, **entry},
        },
        **more,
    }
    outputs = {"Arn": {"Value": {"Fn::GetAtt": "Entry.AccessEntryArn"}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def given(name: str, kind: str = "cluster", *namespaces: str) -> dict[str, Any]:
    scope = {"Type": kind, **({"Namespaces": list(namespaces)} if namespaces else {})}
    return {"PolicyArn": POLICY.format(name), "AccessScope": scope}


def policies(eks: Any, principal: str) -> dict[str, list[str]]:
    told = eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=principal)
    return {each["policyArn"]: each["accessScope"]["namespaces"] for each in told["associatedAccessPolicies"]}


def test_an_access_entry_comes_changes_and_goes(served: Served) -> None:
    stacks, eks = served.client("cloudformation"), served.client("eks")
    asked: Any = {"StackName": "st-entries", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    stacks.create_stack(
        **asked,
        TemplateBody=template(
            {"AccessPolicies": [given("View"), given("Edit", "namespace", "a")], "Tags": [{"Key": "k", "Value": "v"}]}
        ),
    )
    (told,) = stacks.describe_stacks(StackName="st-entries")["Stacks"]
    assert (told["StackStatus"], told["Capabilities"]) == ("CREATE_COMPLETE", ["CAPABILITY_NAMED_IAM"])
    principal = "arn:aws:iam::111122223333:role/st-entry"
    entry = eks.describe_access_entry(clusterName=CLUSTER, principalArn=principal)["accessEntry"]
    assert told["Outputs"][0]["OutputValue"] == entry["accessEntryArn"]
    assert entry["tags"] == {"k": "v"}
    assert policies(eks, principal) == {POLICY.format("Edit"): ["a"], POLICY.format("View"): []}

    stacks.update_stack(
        **asked,
        TemplateBody=template({"AccessPolicies": [given("Edit", "namespace", "b")], "KubernetesGroups": ["team"]}),
    )
    changed = eks.describe_access_entry(clusterName=CLUSTER, principalArn=principal)["accessEntry"]
    assert changed["accessEntryArn"] == entry["accessEntryArn"]
    assert (changed["kubernetesGroups"], changed["tags"]) == (["team"], {})
    assert policies(eks, principal) == {POLICY.format("Edit"): ["b"]}

    stacks.delete_stack(StackName="st-entries")
    assert principal not in eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]


def test_an_entry_that_fails_leaves_nothing(served: Served) -> None:
    stacks, eks = served.client("cloudformation"), served.client("eks")
    body = template({"AccessPolicies": [given("View"), given("Nobody")]})
    stacks.create_stack(StackName="st-bad-entry", TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    (told,) = stacks.describe_stacks(StackName="st-bad-entry")["Stacks"]
    assert told["StackStatus"] == "ROLLBACK_COMPLETE"
    assert (
        "arn:aws:iam::111122223333:role/st-entry" not in eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]
    )


def test_an_addon_comes_is_tagged_and_goes(served: Served) -> None:
    stacks, eks = served.client("cloudformation"), served.client("eks")

    def body(**more: Any) -> str:
        properties = {"ClusterName": CLUSTER, "AddonName": "eks-pod-identity-agent", **more}
        outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Addon", "Arn"]}}}
        return json.dumps(
            {"Resources": {"Addon": {"Type": "AWS::EKS::Addon", "Properties": properties}}, "Outputs": outputs}
        )

    stacks.create_stack(StackName="st-addon", TemplateBody=body(Tags=[{"Key": "a", "Value": "b"}]))
    (told,) = stacks.describe_stacks(StackName="st-addon")["Stacks"]
    asked = {"clusterName": CLUSTER, "addonName": "eks-pod-identity-agent"}
    addon = eks.describe_addon(**asked)["addon"]
    assert (told["StackStatus"], told["Outputs"][0]["OutputValue"]) == ("CREATE_COMPLETE", addon["addonArn"])
    assert addon["tags"] == {"a": "b"}
    stacks.update_stack(StackName="st-addon", TemplateBody=body(Tags=[{"Key": "c", "Value": "d"}]))
    assert stacks.describe_stacks(StackName="st-addon")["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
    assert eks.describe_addon(**asked)["addon"]["tags"] == {"c": "d"}
    stacks.delete_stack(StackName="st-addon")
    eks.get_waiter("addon_deleted").wait(**asked, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def test_an_addon_in_a_template_that_podid_does_not_install(served: Served) -> None:
    stacks = served.client("cloudformation")
    addon = {"Type": "AWS::EKS::Addon", "Properties": {"ClusterName": CLUSTER, "AddonName": "coredns"}}
    stacks.create_stack(StackName="st-coredns", TemplateBody=json.dumps({"Resources": {"Addon": addon}}))
    events = stacks.describe_stack_events(StackName="st-coredns")["StackEvents"]
    reasons = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert any("podid does not install the add-on coredns" in reason for reason in reasons)


def test_a_name_that_breaks_the_model_fails_the_stack(served: Served) -> None:
    stacks, iam = served.client("cloudformation"), served.client("iam")
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "RoleName": "r" * 65}}
    stacks.create_stack(
        StackName="st-long", TemplateBody=json.dumps({"Resources": {"R": role}}), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert stacks.describe_stacks(StackName="st-long")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    with pytest.raises(ClientError):
        iam.get_role(RoleName="r" * 64)


@pytest.mark.parametrize(
    ("made_up", "name"),
    [
        ("short-Role-ABCDEFGHIJKL", "short-Role-ABCDEFGHIJKL"),
        (f"{'s' * 80}-Role-ABCDEFGHIJKL", f"{'s' * 46}-Role-ABCDEFGHIJKL"),
        (f"my-stack-{'L' * 90}-ABCDEFGHIJKL", f"m-{'L' * 49}-ABCDEFGHIJKL"),
    ],
)
def test_names_are_made_to_fit(made_up: str, name: str) -> None:
    assert shortened(made_up) == name
    assert len(name) <= 64


def test_json_with_tabs_is_a_template(served: Served) -> None:
    stacks = served.client("cloudformation")
    body = '{\n\t"Resources": {\n\t\t"User": {\n\t\t\t"Type": "AWS::IAM::User"\n\t\t}\n\t}\n}'
    stacks.create_stack(StackName="st-tabs", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    assert stacks.describe_stacks(StackName="st-tabs")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    stacks.delete_stack(StackName="st-tabs")


@pytest.mark.parametrize("kind", ["AWS::EKS::Nodegroup", "AWS::Nothing::Here"])
def test_a_type_that_nobody_makes_fails_the_stack(served: Served, kind: str) -> None:
    stacks, name = served.client("cloudformation"), f"st-{kind.replace(':', '')}"
    resources = {"User": {"Type": "AWS::IAM::User"}, "X": {"Type": kind, "DependsOn": "User"}}
    stacks.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_IAM"]
    )
    assert stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    reasons = [each.get("ResourceStatusReason") for each in stacks.describe_stack_events(StackName=name)["StackEvents"]]
    assert f"podid does not implement resources of type {kind} in a stack." in reasons


def test_a_remark_to_cloudformation_is_no_resource(served: Served) -> None:
    stacks = served.client("cloudformation")
    resources = {
        "User": {"Type": "AWS::IAM::User"},
        "M": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": "v2"}},
    }
    body = json.dumps({"Resources": resources})
    stacks.create_stack(StackName="st-cdk", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    assert stacks.describe_stacks(StackName="st-cdk")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    stacks.delete_stack(StackName="st-cdk")
