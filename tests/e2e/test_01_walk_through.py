"""The walk-through, twice in one installation: AWS's own course on Pod Identity, command by command, with aws v1 and with v2."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from tests.e2e.installed import ADDON, CLUSTER, Installed, Typed, pod, service_account, trust, until

from podid.local.tools import find_tools

pytestmark = [pytest.mark.tools, pytest.mark.namespaces]

ROLE = "EKS-PodIdentity-S3-ReadOnly-Role-101"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
BUCKETS = ("reports-of-the-walk", "uploads-of-the-walk")
NODE_IS_DENIED = re.compile(
    r"An error occurred \(AccessDenied\) when calling the ListBuckets operation: User: arn:aws:sts::111122223333:assumed-role/"
    r"[\w+=,.@-]+/i-[0-9a-f]{17} is not authorized to perform: s3:ListAllMyBuckets because no identity-based policy allows the"
    r" s3:ListAllMyBuckets action"
)
TOKEN_FILE = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"
VARIABLES = {
    "namespaces": (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials",
        f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={TOKEN_FILE}",
    ),
    "process": (
        r"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127\.0\.0\.1:\d+/v1/credentials",
        f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/.*{TOKEN_FILE}",
    ),
}


class Walker:
    """Types the steps, with one `aws` or another."""

    def __init__(self, installed: Installed, aws: Path) -> None:
        self.installed = installed
        self._path = (aws.parent,)
        self._denied = 255 if find_tools(lambda _: None).aws_is_v1 else 254  # how the `aws` in the pod ends
        (installed.folder / "trust.json").write_text(json.dumps(trust()))
        self.manifests = installed.folder / "kube-manifests"
        self.manifests.mkdir(exist_ok=True)
        (self.manifests / "01_k8s_service_account.yaml").write_text(json.dumps(service_account("aws-cli-sa")))
        (self.manifests / "02_k8s_aws_cli_pod.yaml").write_text(json.dumps(pod("aws-cli", "aws-cli-sa")))

    def does(self, command: str) -> Typed:
        """A command that must end with 0."""
        typed = self.installed.type(command, path=self._path)
        assert typed.code == 0, f"{command}\n{typed.output}"
        return typed

    def refused(self, command: str) -> str:
        """What is said by a command that must not end with 0."""
        typed = self.installed.type(command, path=self._path)
        assert typed.code != 0, f"{command}\n{typed.output}"
        return typed.output

    def in_pod(self, command: str) -> Typed:
        """`kubectl exec -it`, on a terminal."""
        return self.installed.type(f"kubectl exec -it aws-cli -- {command}", terminal=True)

    def sees_the_node_denied(self) -> None:
        typed = self.in_pod("aws s3 ls")
        assert NODE_IS_DENIED.search(typed.output), typed.output
        assert typed.code == self._denied
        assert f"command terminated with exit code {self._denied}" in typed.output

    def sees_the_pod_running(self) -> None:
        self.installed.wait_ready("aws-cli")
        assert re.search(r"^aws-cli\s+1/1\s+Running\s+0\s", self.does("kubectl get pods").output, re.MULTILINE)


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_walk_through(shared: Installed, pod_tools: Path, version: str) -> None:
    aws = {"v1": Path(sys.executable).with_name("aws"), "v2": pod_tools / "aws"}[version]
    if not aws.exists():
        pytest.skip(f"there is no aws {version} at {aws}")
    shared.have_no_addon()
    if version == "v1":
        for bucket in BUCKETS:
            shared.client("s3").create_bucket(Bucket=bucket)
    walker = Walker(shared, aws)
    step_1_the_add_on(walker)
    step_2_a_pod_without_an_association(walker)
    step_3_a_role_that_pods_may_assume(walker)
    association = step_4_the_association(walker)
    step_5_the_pod_with_its_own_identity(walker)
    step_6_clean_up(walker, association)


def step_1_the_add_on(walker: Walker) -> None:
    created = walker.does(f"aws eks create-addon --cluster-name {CLUSTER} --addon-name {ADDON}")
    assert created.json()["addon"]["status"] == "CREATING"
    until(lambda: walker.installed.addon_status() == "ACTIVE", "the add-on is ACTIVE")
    daemon_set = re.search(
        rf"^{ADDON}\s+1\s+1\s+1\s", walker.does("kubectl get daemonset -n kube-system").output, re.MULTILINE
    )
    assert daemon_set, "desired, current and ready are not the number of nodes"
    agents = walker.does("kubectl get pods -n kube-system").output
    assert re.search(rf"^{ADDON}-\w+\s+1/1\s+Running\s", agents, re.MULTILINE), agents


def step_2_a_pod_without_an_association(walker: Walker) -> None:
    applied = walker.does("kubectl apply -f kube-manifests/").output
    assert "serviceaccount/aws-cli-sa created" in applied
    assert "pod/aws-cli created" in applied
    walker.sees_the_pod_running()
    walker.sees_the_node_denied()


def step_3_a_role_that_pods_may_assume(walker: Walker) -> None:
    made = walker.does(f"aws iam create-role --role-name {ROLE} --assume-role-policy-document file://trust.json").json()
    assert made["Role"]["Arn"] == f"arn:aws:iam::111122223333:role/{ROLE}"
    assert made["Role"]["AssumeRolePolicyDocument"] == trust()
    walker.does(f"aws iam attach-role-policy --role-name {ROLE} --policy-arn {READ_ONLY}")


def step_4_the_association(walker: Walker) -> str:
    made = walker.does(
        f"aws eks create-pod-identity-association --cluster-name {CLUSTER} --namespace default"
        f" --service-account aws-cli-sa --role-arn arn:aws:iam::111122223333:role/{ROLE}"
    ).json()["association"]
    identity = str(made["associationId"])
    assert re.fullmatch(r"a-[a-z0-9]{17}", identity)
    assert made["associationArn"] == f"arn:aws:eks:us-east-1:111122223333:podidentityassociation/{CLUSTER}/{identity}"
    return identity


def step_5_the_pod_with_its_own_identity(walker: Walker) -> None:
    walker.sees_the_node_denied()  # what runs stays what it was
    assert 'pod "aws-cli" deleted' in walker.does("kubectl delete pod aws-cli -n default").output
    walker.does("kubectl apply -f kube-manifests/02_k8s_aws_cli_pod.yaml")
    walker.sees_the_pod_running()
    printed = [line for line in walker.in_pod("env").output.splitlines() if "AWS_CONTAINER" in line]
    patterns = VARIABLES[walker.installed.status()["isolation"]]
    assert len(printed) == 2
    assert all(map(re.fullmatch, patterns, printed)), printed
    listed = walker.in_pod("aws s3 ls")
    assert listed.code == 0
    assert all(bucket in listed.output for bucket in BUCKETS), listed.output
    who = walker.in_pod("aws sts get-caller-identity").json()
    assert re.fullmatch(
        rf"arn:aws:sts::111122223333:assumed-role/{ROLE}/eks-{CLUSTER}-aws-cli-[0-9a-f-]{{36}}", who["Arn"]
    )
    denied = walker.in_pod("aws s3 mb s3://not-allowed-here")
    assert denied.code != 0
    assert f"assumed-role/{ROLE}/" in denied.output
    assert "no identity-based policy allows the s3:CreateBucket action" in denied.output


def step_6_clean_up(walker: Walker, association: str) -> None:
    deleted = walker.does("kubectl delete -f kube-manifests/").output
    assert 'pod "aws-cli" deleted' in deleted
    assert 'serviceaccount "aws-cli-sa" deleted' in deleted
    walker.does(f"aws eks delete-pod-identity-association --cluster-name {CLUSTER} --association-id {association}")
    listed = walker.does(f"aws eks list-pod-identity-associations --cluster-name {CLUSTER}").json()
    assert association not in [each["associationId"] for each in listed["associations"]]
    assert "DeleteConflict" in walker.refused(f"aws iam delete-role --role-name {ROLE}")
    walker.does(f"aws iam detach-role-policy --role-name {ROLE} --policy-arn {READ_ONLY}")
    walker.does(f"aws iam delete-role --role-name {ROLE}")
    assert "NoSuchEntity" in walker.refused(f"aws iam get-role --role-name {ROLE}")
    deleting = walker.does(f"aws eks delete-addon --cluster-name {CLUSTER} --addon-name {ADDON}").json()
    assert deleting["addon"]["status"] == "DELETING"

    def is_gone() -> bool:
        return ADDON not in walker.does("kubectl get daemonset,pods -n kube-system").output

    until(is_gone, "the DaemonSet and its pods are gone")
