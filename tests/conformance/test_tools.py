"""What tools do first: boto3's waiters, the calls that eksctl and Terraform were seen to make, and the AWS CLI's own commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from tests.conformance.endpoint import ACCOUNT, CLUSTER, REGION, TRUST, Endpoint


def refusal(call: Any, **arguments: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response: Any = refused.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_waiters_of_boto3(endpoint: Endpoint) -> None:
    eks = endpoint.client("eks")
    eks.get_waiter("cluster_active").wait(name=CLUSTER, WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    eks.get_waiter("addon_deleted").wait(
        clusterName=CLUSTER, addonName="coredns", WaiterConfig={"Delay": 1, "MaxAttempts": 2}
    )
    with pytest.raises(WaiterError):
        eks.get_waiter("cluster_active").wait(name="nowhere", WaiterConfig={"Delay": 1, "MaxAttempts": 2})


def test_exceptions_of_boto3_are_typed(endpoint: Endpoint, role: str) -> None:
    eks = endpoint.client("eks")
    asked = {"clusterName": CLUSTER, "namespace": "ns", "serviceAccount": "typed", "roleArn": role}
    eks.create_pod_identity_association(**asked)
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.create_pod_identity_association(**asked)
    with pytest.raises(eks.exceptions.ResourceNotFoundException) as missing:
        eks.describe_pod_identity_association(clusterName=CLUSTER, associationId="a-00000000000000000")
    assert missing.value.response["clusterName"] == CLUSTER


def test_what_eksctl_asks_before_it_begins(endpoint: Endpoint) -> None:
    assert endpoint.client("sts").get_caller_identity()["Account"] == ACCOUNT
    eks, iam = endpoint.client("eks"), endpoint.client("iam")
    cluster = eks.describe_cluster(name=CLUSTER)["cluster"]
    assert re.fullmatch(r"eks\.\d+", cluster["platformVersion"])
    issuer = cluster["identity"]["oidc"]["issuer"].removeprefix("https://")
    versions = eks.describe_cluster_versions()["clusterVersions"]
    assert cluster["version"] in {each["clusterVersion"] for each in versions}
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    asked = {"OpenIDConnectProviderArn": provider}
    assert refusal(iam.get_open_id_connect_provider, **asked) == (404, "NoSuchEntity")
    addon = {"clusterName": CLUSTER, "addonName": "eks-pod-identity-agent"}
    assert refusal(eks.describe_addon, **addon) == (404, "ResourceNotFoundException")
    known = eks.describe_addon_versions(addonName="eks-pod-identity-agent", kubernetesVersion="1.33")["addons"]
    assert known[0]["addonVersions"]


def test_a_stack_with_a_role_and_its_association(endpoint: Endpoint) -> None:
    template = {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
            "Association": {
                "Type": "AWS::EKS::PodIdentityAssociation",
                "Properties": {
                    "ClusterName": CLUSTER,
                    "Namespace": "stack",
                    "ServiceAccount": "stack",
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                },
            },
        },
        "Outputs": {"Id": {"Value": {"Fn::GetAtt": ["Association", "AssociationId"]}}},
    }
    stacks, eks = endpoint.client("cloudformation"), endpoint.client("eks")
    stacks.create_stack(StackName="conformance", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    stacks.get_waiter("stack_create_complete").wait(StackName="conformance", WaiterConfig={"Delay": 1})
    (stack,) = stacks.describe_stacks(StackName="conformance")["Stacks"]
    (listed,) = eks.list_pod_identity_associations(clusterName=CLUSTER, namespace="stack")["associations"]
    assert stack["Outputs"][0]["OutputValue"] == listed["associationId"]
    assert endpoint.assume(endpoint.issuer.token("stack", "stack")).status == 200
    stacks.delete_stack(StackName="conformance")
    stacks.get_waiter("stack_delete_complete").wait(StackName="conformance", WaiterConfig={"Delay": 1})
    assert eks.list_pod_identity_associations(clusterName=CLUSTER, namespace="stack")["associations"] == []


# -- the AWS CLI -------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def aws(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs `aws` as the administrator; gives its exit code and both outputs."""
    program = shutil.which("aws")
    if program is None:
        pytest.skip("aws is not installed")
    key, home = endpoint.administrator, tmp_path_factory.mktemp("aws")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "HOME": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_PAGER": "",
    }

    def run(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [program, *arguments], env=environment, cwd=home, capture_output=True, text=True, timeout=60
        )
        return done.returncode, done.stdout, done.stderr

    return run


def test_an_association_by_aws(aws: Any, role: str) -> None:
    asked = ("--cluster-name", CLUSTER, "--namespace", "cli", "--service-account", "sa", "--role-arn", role)
    code, out, _ = aws("eks", "create-pod-identity-association", *asked, "--tags", "a=b")
    assert code == 0
    made = json.loads(out)["association"]
    # version 1 of the CLI prints the number, version 2 a date
    assert re.fullmatch(r"\d{10}\.\d+|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d", str(made["createdAt"]))
    code, _, error = aws("eks", "create-pod-identity-association", *asked)
    assert code in (254, 255)
    assert (
        "An error occurred (ResourceInUseException) when calling the CreatePodIdentityAssociation operation: "
        f"Association already exists: {made['associationId']}"
    ) in error
    code, out, _ = aws(
        "eks", "list-pod-identity-associations", "--cluster-name", CLUSTER, "--query", "associations[?namespace=='cli']"
    )
    assert [each["associationId"] for each in json.loads(out)] == [made["associationId"]]


def test_a_kubeconfig_by_aws(aws: Any, endpoint: Endpoint) -> None:
    code, out, _ = aws("eks", "update-kubeconfig", "--name", CLUSTER)
    assert code == 0
    assert out.startswith(f"Added new context arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{CLUSTER} to ")
    code, out, _ = aws("eks", "get-token", "--cluster-name", CLUSTER, "--output", "json")
    shown = json.loads(out)
    assert shown["kind"] == "ExecCredential"
    body = json.dumps({"Token": shown["status"]["token"]}).encode()
    path = f"/_podid/clusters/{CLUSTER}/token-review"
    told = endpoint.call("podid", "POST", path, body, key=endpoint.reviewer).json
    assert (told["Authenticated"], told["Username"]) == (True, f"arn:aws:iam::{ACCOUNT}:user/admin")


def test_a_session_by_aws(aws: Any, endpoint: Endpoint, tmp_path: Path) -> None:
    code, out, _ = aws("s3", "mb", "s3://conformance-cli")
    assert code == 0
    (tmp_path / "file").write_bytes(b"x" * 9_000_000)
    code, _, error = aws("s3", "cp", str(tmp_path / "file"), "s3://conformance-cli/file", "--no-progress")
    assert code == 0, error
    code, out, _ = aws("s3", "ls", "s3://conformance-cli")
    assert out.split()[-2:] == ["9000000", "file"]
    code, out, _ = aws("s3", "presign", "s3://conformance-cli/file")
    assert len(endpoint.get(out.strip()).body) == 9_000_000


def test_an_access_entry_by_aws(aws: Any, endpoint: Endpoint) -> None:
    arn = endpoint.role("cli-entry")
    of = ("--cluster-name", CLUSTER, "--principal-arn", arn)
    code, made, problem = aws("eks", "create-access-entry", *of, "--kubernetes-groups", "one", "two", "--tags", "a=b")
    assert code == 0, problem
    assert json.loads(made)["accessEntry"]["kubernetesGroups"] == ["one", "two"]
    policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
    scope = ("--access-scope", "type=namespace,namespaces=dev-*")
    code, told, problem = aws("eks", "associate-access-policy", *of, "--policy-arn", policy, *scope)
    assert code == 0, problem
    assert json.loads(told)["associatedAccessPolicy"]["accessScope"] == {"type": "namespace", "namespaces": ["dev-*"]}
    code, _, problem = aws("eks", "create-access-entry", *of, "--kubernetes-groups", "system:masters")
    assert code != 0
    assert "The kubernetes group name system:masters is invalid, it cannot start with system:" in problem
