"""CloudFormation: IAM's and EKS's resources in a template are ours, made as the caller, and rolled back where a stack fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.served import Served

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}
READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
LIST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}


def template(**resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources, "Outputs": {}})


def role(**more: Any) -> dict[str, Any]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **more}}


def association(service_account: str, role_name: str = "Role") -> dict[str, Any]:
    return {
        "Type": "AWS::EKS::PodIdentityAssociation",
        "Properties": {
            "ClusterName": "eksdemo1",
            "Namespace": "stacks",
            "ServiceAccount": service_account,
            "RoleArn": {"Fn::GetAtt": [role_name, "Arn"]},
        },
    }


def status(cloudformation: Any, name: str) -> str:
    return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def associations(served: Served) -> dict[str, str]:
    listed = served.client("eks").list_pod_identity_associations(clusterName="eksdemo1", namespace="stacks")
    return {one["serviceAccount"]: one["associationId"] for one in listed["associations"]}


def test_a_role_and_its_association_come_change_and_go(served: Served) -> None:
    cloudformation, iam, eks = served.client("cloudformation"), served.client("iam"), served.client("eks")
    first = template(
        Role=role(
            RoleName="st-role", ManagedPolicyArns=[READ], Policies=[{"PolicyName": "in", "PolicyDocument": LIST}]
        ),
        Association=association("st-sa"),
    )
    cloudformation.create_stack(StackName="st-one", TemplateBody=first, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert status(cloudformation, "st-one") == "CREATE_COMPLETE"
    assert iam.get_role(RoleName="st-role")["Role"]["AssumeRolePolicyDocument"] == TRUST
    attached = iam.list_attached_role_policies(RoleName="st-role")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [READ]
    assert iam.list_role_policies(RoleName="st-role")["PolicyNames"] == ["in"]
    made = eks.describe_pod_identity_association(clusterName="eksdemo1", associationId=associations(served)["st-sa"])[
        "association"
    ]
    assert made["roleArn"] == "arn:aws:iam::111122223333:role/st-role"

    second = template(
        Role=role(RoleName="st-role", Description="changed", MaxSessionDuration=7200),
        Other=role(RoleName="st-other"),
        Association=association("st-sa", "Other"),
    )
    cloudformation.update_stack(StackName="st-one", TemplateBody=second, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert status(cloudformation, "st-one") == "UPDATE_COMPLETE"
    changed = iam.get_role(RoleName="st-role")["Role"]
    assert (changed["Description"], changed["MaxSessionDuration"]) == ("changed", 7200)
    assert iam.list_attached_role_policies(RoleName="st-role")["AttachedPolicies"] == []
    assert iam.list_role_policies(RoleName="st-role")["PolicyNames"] == []
    again = eks.describe_pod_identity_association(clusterName="eksdemo1", associationId=associations(served)["st-sa"])[
        "association"
    ]
    assert again["associationId"] == made["associationId"]
    assert again["roleArn"].endswith("role/st-other")

    cloudformation.delete_stack(StackName="st-one")
    assert "st-sa" not in associations(served)
    for name in ("st-role", "st-other"):
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_role(RoleName=name)


def test_a_stack_that_fails_leaves_nothing(served: Served) -> None:
    cloudformation, iam = served.client("cloudformation"), served.client("iam")
    failing = template(
        Role=role(RoleName="st-gone"),
        Association=association("st-gone"),
        Bad={
            "Type": "AWS::IAM::Policy",
            "DependsOn": "Association",
            "Properties": {"PolicyName": "p", "PolicyDocument": {"Version": "nonsense"}, "Roles": [{"Ref": "Role"}]},
        },
    )
    cloudformation.create_stack(StackName="st-two", TemplateBody=failing, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert status(cloudformation, "st-two") == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="st-two")["StackEvents"]
    assert any(event["ResourceStatus"] == "CREATE_FAILED" and event["ResourceStatusReason"] for event in events)
    assert "st-gone" not in associations(served)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="st-gone")


def test_a_change_that_fails_is_undone(served: Served) -> None:
    cloudformation, iam = served.client("cloudformation"), served.client("iam")
    good = template(Role=role(RoleName="st-kept", Description="one"), Old=role(RoleName="st-old"))
    cloudformation.create_stack(StackName="st-three", TemplateBody=good, Capabilities=["CAPABILITY_NAMED_IAM"])
    bad = template(
        Role=role(RoleName="st-kept", Description="two"),
        New=role(RoleName="st-new"),
        Bad=role(RoleName="st-bad", ManagedPolicyArns=["arn:aws:iam::aws:policy/NoSuchPolicy"]),
    )
    cloudformation.update_stack(StackName="st-three", TemplateBody=bad, Capabilities=["CAPABILITY_NAMED_IAM"])
    assert status(cloudformation, "st-three") == "UPDATE_ROLLBACK_COMPLETE"
    names = {one["RoleName"] for one in iam.list_roles()["Roles"]}
    assert {"st-kept", "st-old"} <= names
    assert not {"st-new", "st-bad"} & names
    assert iam.get_role(RoleName="st-kept")["Role"]["Description"] == "one"
    cloudformation.update_stack(
        StackName="st-three",
        TemplateBody=template(Role=role(RoleName="st-kept")),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert status(cloudformation, "st-three") == "UPDATE_COMPLETE"
    assert "st-old" not in {one["RoleName"] for one in iam.list_roles()["Roles"]}


def test_a_change_set_makes_what_it_says(served: Served) -> None:
    cloudformation, iam = served.client("cloudformation"), served.client("iam")
    cloudformation.create_change_set(
        StackName="st-set",
        ChangeSetName="make",
        ChangeSetType="CREATE",
        TemplateBody=template(
            Role=role(RoleName="st-set-role"),
            Profile={
                "Type": "AWS::IAM::InstanceProfile",
                "Properties": {"InstanceProfileName": "st-profile", "Roles": [{"Ref": "Role"}]},
            },
        ),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.execute_change_set(StackName="st-set", ChangeSetName="make")
    assert status(cloudformation, "st-set") == "CREATE_COMPLETE"
    held = iam.get_instance_profile(InstanceProfileName="st-profile")["InstanceProfile"]["Roles"]
    assert [one["RoleName"] for one in held] == ["st-set-role"]


def test_a_stack_acts_as_its_caller(served: Served) -> None:
    some = served.client("cloudformation", served.user("st-user", served.allow("cloudformation:*")))
    some.create_stack(
        StackName="st-denied",
        TemplateBody=template(Role=role(RoleName="st-denied")),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert status(some, "st-denied") == "ROLLBACK_COMPLETE"
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in some.describe_stack_events(StackName="st-denied")["StackEvents"]
    ]
    assert any("user/st-user is not authorized to perform: iam:CreateRole" in reason for reason in reasons)


def test_a_stack_acts_as_the_role_it_was_given(served: Served) -> None:
    iam = served.client("iam")
    trust = served.document(
        {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    arn = iam.create_role(RoleName="st-service", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="st-service", PolicyArn="arn:aws:iam::aws:policy/IAMFullAccess")
    some = served.client(
        "cloudformation", served.user("st-passer", served.allow("cloudformation:*"), served.allow("iam:PassRole", arn))
    )
    some.create_stack(
        StackName="st-given",
        RoleARN=arn,
        TemplateBody=template(Role=role(RoleName="st-given")),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert status(some, "st-given") == "CREATE_COMPLETE"
    some.delete_stack(StackName="st-given")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="st-given")


def test_yaml_with_short_tags_and_an_unquoted_version(served: Served) -> None:
    cloudformation, iam = served.client("cloudformation"), served.client("iam")
    body = """
Parameters:
  Name: {Type: String}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: !Ref Name
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: !Sub "pods.eks.${AWS::URLSuffix}"}
            Action: [sts:AssumeRole, sts:TagSession]
  Policy:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: st-yaml
      Roles: [!Ref Role]
      PolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Action: s3:*, Resource: "*"}]
Outputs:
  Arn: {Value: !GetAtt Role.Arn}
"""
    cloudformation.create_stack(
        StackName="st-yaml",
        TemplateBody=body,
        Parameters=[{"ParameterKey": "Name", "ParameterValue": "st-yaml-role"}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    told = cloudformation.describe_stacks(StackName="st-yaml")["Stacks"][0]
    assert told["StackStatus"] == "CREATE_COMPLETE"
    assert told["Outputs"][0]["OutputValue"] == "arn:aws:iam::111122223333:role/st-yaml-role"
    attached = iam.list_attached_role_policies(RoleName="st-yaml-role")["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == ["st-yaml"]


def test_a_template_builds_no_python_objects(served: Served, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    body = f"Resources:\n  A: !!python/object/apply:os.system ['touch {witness}']\n"
    with pytest.raises(ClientError):
        served.client("cloudformation").create_stack(StackName="st-evil", TemplateBody=body)
    with pytest.raises(ClientError):
        served.client("cloudformation").get_template_summary(TemplateBody=body)
    assert not witness.exists()
