"""The calls of `eksctl create addon` and `eksctl create / get / update / delete podidentityassociation`, in their order.

eksctl keeps a role it made in a CloudFormation stack of its own, named after cluster, namespace and service account, and finds it again by
listing stacks; service accounts it makes through the cluster's API server, with a presigned GetCallerIdentity for a token.
Source: eksctl, `pkg/actions/podidentityassociation`, `pkg/actions/addon`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conformance.api_server import ApiServer, token
from tests.conformance.endpoint import ACCOUNT, CLUSTER, TRUST, Endpoint

NAMESPACE, NAME = "default", "eksctl-sa"
STACK = f"eksctl-{CLUSTER}-podidentityrole-{NAMESPACE}-{NAME}"
ALIVE = [
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "CREATE_IN_PROGRESS",
    "DELETE_FAILED",
    "DELETE_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
]
QUICKLY: Any = {"Delay": 1, "MaxAttempts": 10}


def template(**properties: Any) -> str:
    return json.dumps(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": "IAM role for pod identity association [created and managed by eksctl]",
            "Resources": {
                "Role1": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, **properties}}
            },
            # eksctl writes the attribute as one text.
            "Outputs": {"Role1": {"Value": {"Fn::GetAtt": "Role1.Arn"}}},
        }
    )


def stacks_of(cloudformation: Any, name: str) -> list[str]:
    pages = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=ALIVE)
    return [each["StackId"] for page in pages for each in page["StackSummaries"] if each["StackName"] == name]


def output_of(cloudformation: Any, stack: str) -> str:
    (told,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return str(told["Outputs"][0]["OutputValue"])


def test_create_get_update_delete_of_an_association(endpoint: Endpoint, api_server: ApiServer) -> None:
    eks, cloudformation = endpoint.client("eks"), endpoint.client("cloudformation")

    # every command begins so
    assert endpoint.client("sts").get_caller_identity()["Account"] == ACCOUNT
    cluster = eks.describe_cluster(name=CLUSTER)["cluster"]
    assert cluster["status"] == "ACTIVE"
    assert {"endpoint", "certificateAuthority", "identity", "platformVersion", "version"} <= set(cluster)
    assert cluster["version"] in {each["clusterVersion"] for each in eks.describe_cluster_versions()["clusterVersions"]}
    status, version = api_server.send("GET", "/version", token(endpoint.administrator))
    assert (status, version["major"]) == (200, "1")

    # create: role, service account, association
    assert stacks_of(cloudformation, STACK) == []
    made = cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=template(ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]),
        Capabilities=["CAPABILITY_IAM"],
        DisableRollback=False,
        Tags=[
            {"Key": "alpha.eksctl.io/cluster-name", "Value": CLUSTER},
            {"Key": "alpha.eksctl.io/podidentityassociation-name", "Value": f"{NAMESPACE}/{NAME}"},
        ],
    )["StackId"]
    cloudformation.get_waiter("stack_create_complete").wait(StackName=made, WaiterConfig=QUICKLY)
    role = output_of(cloudformation, made)
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": NAME, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "eksctl"}},
    }
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    assert api_server.send("GET", f"/api/v1/namespaces/{NAMESPACE}", token(endpoint.administrator))[0] == 200
    assert api_server.send("GET", f"{path}/{NAME}", token(endpoint.administrator))[0] == 404
    assert api_server.send("POST", path, token(endpoint.administrator), account)[0] == 201
    eks.create_pod_identity_association(
        clusterName=CLUSTER, namespace=NAMESPACE, serviceAccount=NAME, roleArn=role, tags={"a": "b"}
    )

    # get
    (listed,) = eks.list_pod_identity_associations(clusterName=CLUSTER, namespace=NAMESPACE, serviceAccount=NAME)[
        "associations"
    ]
    asked = {"clusterName": CLUSTER, "associationId": listed["associationId"]}
    assert eks.describe_pod_identity_association(**asked)["association"]["roleArn"] == role

    # update: the stack by a change set, found by listing, then the association
    (stack,) = stacks_of(cloudformation, STACK)
    (told,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    assert told["Capabilities"] == ["CAPABILITY_IAM"]
    changes = {"StackName": STACK, "ChangeSetName": "eksctl-update-1"}
    cloudformation.create_change_set(
        **changes, TemplateBody=template(), Capabilities=["CAPABILITY_IAM"], ChangeSetType="UPDATE"
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**changes, WaiterConfig=QUICKLY)
    cloudformation.execute_change_set(**changes)
    cloudformation.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig=QUICKLY)
    attached = endpoint.client("iam").list_attached_role_policies(RoleName=role.rpartition("/")[2])
    assert attached["AttachedPolicies"] == []
    updated = eks.update_pod_identity_association(**asked, roleArn=output_of(cloudformation, stack))["association"]
    assert updated["roleArn"] == role

    # delete: the association, the stack by its id, the service account if it is eksctl's
    eks.delete_pod_identity_association(**asked)
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=QUICKLY)
    assert stacks_of(cloudformation, STACK) == []
    shown = token(endpoint.administrator)
    held = api_server.send("GET", f"{path}/{NAME}", shown)[1]
    assert held["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "eksctl"
    assert api_server.send("DELETE", f"{path}/{NAME}", shown)[0] == 200
    iam = endpoint.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=role.rpartition("/")[2])


def test_a_stack_that_would_not_change_says_so(endpoint: Endpoint) -> None:
    """eksctl takes these words for success: there is nothing to do."""
    cloudformation = endpoint.client("cloudformation")
    name = f"{STACK}-same"
    cloudformation.create_stack(StackName=name, TemplateBody=template(), Capabilities=["CAPABILITY_IAM"])
    changes = {"StackName": name, "ChangeSetName": "eksctl-update-2"}
    cloudformation.create_change_set(
        **changes, TemplateBody=template(), Capabilities=["CAPABILITY_IAM"]
    )  # an update where nothing else is said
    told = cloudformation.describe_change_set(**changes)
    assert told["Status"] == "FAILED"
    assert told["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create a change set."
    )
    cloudformation.delete_stack(StackName=name)


def test_create_addon(endpoint: Endpoint) -> None:
    eks = endpoint.client("eks")
    asked = {"Issuer": endpoint.other_issuer.url, "Jwks": endpoint.other_issuer.jwks()}
    path, body = "/_podid/clusters/eksctl-addon/registration", json.dumps(asked).encode()
    assert endpoint.call("podid", "POST", path, body).status == 200
    addon = {"clusterName": "eksctl-addon", "addonName": "eks-pod-identity-agent"}
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.describe_addon(**addon)
    (known,) = eks.describe_addon_versions(addonName=addon["addonName"], kubernetesVersion="1.33")["addons"]
    newest = known["addonVersions"][0]
    assert newest["compatibilities"][0]["defaultVersion"] is True
    assert newest["requiresIamPermissions"] is False
    assert newest["requiresConfiguration"] is False
    configuration = eks.describe_addon_configuration(addonName=addon["addonName"], addonVersion=newest["addonVersion"])
    assert json.loads(configuration["configurationSchema"])
    assert "podIdentityConfiguration" in configuration
    made = eks.create_addon(**addon, addonVersion=newest["addonVersion"], resolveConflicts="OVERWRITE")["addon"]
    assert made["status"] == "CREATING"
    assert eks.describe_addon(**addon)["addon"]["addonVersion"] == newest["addonVersion"]
    with pytest.raises(ClientError) as refused:
        eks.create_addon(**addon)
    assert refused.value.response["Error"]["Code"] == "ResourceInUseException"
    eks.delete_addon(**addon, preserve=True)


def test_an_association_of_an_addon_is_told_apart(endpoint: Endpoint, role: str) -> None:
    """eksctl refuses to update what an add-on owns: it looks at ownerArn."""
    listed = endpoint.client("eks").list_pod_identity_associations(clusterName=CLUSTER, namespace="kube-system")
    endpoint.associate(role, "eksctl-own")
    (plain,) = endpoint.client("eks").list_pod_identity_associations(clusterName=CLUSTER, serviceAccount="eksctl-own")[
        "associations"
    ]
    assert "ownerArn" not in plain
    assert all("ownerArn" in each for each in listed["associations"] if each["serviceAccount"].startswith("eks-pod"))
