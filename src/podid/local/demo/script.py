"""The six steps: what is typed, what it must show, and which question about the inside is answered after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import msgspec

ROLE = "EKS-PodIdentity-S3-ReadOnly-Role-101"
BUCKETS = ("podid-demo-reports", "podid-demo-uploads")
_ADDON = "eks-pod-identity-agent"

Question = Literal["", "denied", "role", "association", "identity", "allowed", "injected"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One command. `shows` is a regular expression that its output must match; `code` what it must end with (None: v2's 254 or v1's 255)."""

    command: str
    says: str
    shows: str = ""
    code: int | None = 0
    terminal: bool = False
    asks: Question = ""
    again_until: str = ""
    """Typed again until its output matches this: something is under way. Only the last time is shown."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    lines: tuple[Line, ...]


def write_files(folder: Path) -> None:
    """The files that the walk-through applies, as a person would have them beside the shell."""
    manifests = folder / "kube-manifests"
    manifests.mkdir(exist_ok=True)
    (manifests / "01_k8s_service_account.yaml").write_text(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: aws-cli-sa\n  namespace: default\n"
    )
    (manifests / "02_k8s_aws_cli_pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: aws-cli\n  namespace: default\nspec:\n  serviceAccountName: aws-cli-sa\n"
        '  containers:\n  - name: aws-cli\n    image: amazon/aws-cli\n    command: ["sleep", "infinity"]\n'
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
    (folder / "trust.json").write_text(json.dumps(trust, indent=2) + "\n")


def script(account: str, cluster: str, environment_lines: tuple[str, str]) -> tuple[Step, ...]:
    """The steps for one installation. `environment_lines` are patterns of the two injected variables, which differ by isolation."""
    role_arn = f"arn:aws:iam::{account}:role/{ROLE}"
    denied = r"AccessDenied.*assumed-role/[\w+=,.@-]+/i-[0-9a-f]{17} is not authorized to perform: s3:ListAllMyBuckets"
    s3_ls = "kubectl exec -it aws-cli -- aws s3 ls"
    apply_pod = "kubectl apply -f kube-manifests/02_k8s_aws_cli_pod.yaml"
    ready = Line(
        command="kubectl wait --for=condition=Ready pod/aws-cli --timeout=60s",
        says="The kubelet makes the container and writes the pod's projected tokens.",
        shows="condition met",
    )
    return (
        Step(
            title="Something to look at: two buckets",
            lines=tuple(
                Line(
                    command=f"aws s3 mb s3://{bucket}",
                    says="S3 is served by moto, behind podid's own IAM.",
                    shows="make_bucket",
                )
                for bucket in BUCKETS
            ),
        ),
        Step(
            title="Step 1: install the add-on EKS Pod Identity Agent",
            lines=(
                Line(
                    command=f"aws eks create-addon --cluster-name {cluster} --addon-name {_ADDON}",
                    says="EKS notes the add-on and installs its DaemonSet through the cluster's own API.",
                    shows="CREATING",
                ),
                Line(
                    command=f"aws eks describe-addon --cluster-name {cluster} --addon-name {_ADDON} --query addon.status --output text",
                    says="It is ACTIVE once every node runs the agent: the production program, at its production address.",
                    shows="ACTIVE",
                    again_until="ACTIVE",
                ),
                Line(
                    command="kubectl get daemonset,pods -n kube-system",
                    says="One agent for each node.",
                    shows=rf"{_ADDON}.*\n(.*\n)*.*Running",
                ),
            ),
        ),
        Step(
            title="Step 2: a pod without an association",
            lines=(
                Line(
                    command="kubectl apply -f kube-manifests/",
                    says="A service account and a pod that runs as it.",
                    shows="pod/aws-cli created",
                ),
                ready,
                Line(
                    command=s3_ls,
                    says="No association: the SDK finds no variables, falls back to the node's metadata service, and is the node.",
                    shows=denied,
                    code=None,
                    terminal=True,
                    asks="denied",
                ),
            ),
        ),
        Step(
            title="Step 3: a role that pods may assume",
            lines=(
                Line(
                    command=f"aws iam create-role --role-name {ROLE} --assume-role-policy-document file://trust.json",
                    says="The trust policy lets pods.eks.amazonaws.com assume the role and tag the session.",
                    shows="AROA",
                    asks="role",
                ),
                Line(
                    command=f"aws iam attach-role-policy --role-name {ROLE} --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
                    says="What the role may do is AWS's own managed policy, word for word.",
                ),
            ),
        ),
        Step(
            title="Step 4: the association",
            lines=(
                Line(
                    command=f"aws eks create-pod-identity-association --cluster-name {cluster} --namespace default"
                    f" --service-account aws-cli-sa --role-arn {role_arn}",
                    says="EKS checked that the role exists and trusts the service. Nothing was written into the cluster.",
                    shows=r"a-[a-z0-9]{17}",
                    asks="association",
                ),
                Line(
                    command=s3_ls,
                    says="The running pod is as it was created: the variables are set at creation, so it is still the node.",
                    shows=denied,
                    code=None,
                    terminal=True,
                    asks="denied",
                ),
            ),
        ),
        Step(
            title="Step 5: the pod again, now with its own identity",
            lines=(
                Line(
                    command="kubectl delete pod aws-cli -n default",
                    says="The same pod is made anew.",
                    shows='pod "aws-cli" deleted',
                ),
                Line(
                    command=apply_pod,
                    says="At its creation the webhook found the association.",
                    shows="pod/aws-cli created",
                    asks="injected",
                ),
                ready,
                Line(
                    command="kubectl exec -it aws-cli -- env | grep AWS_CONTAINER",
                    says="The two variables that every AWS SDK of today reads.",
                    shows=rf"{environment_lines[0]}(.|\n)*{environment_lines[1]}",
                    terminal=True,
                ),
                Line(
                    command=s3_ls,
                    says="The SDK asked the agent, the agent asked EKS Auth, EKS Auth had STS assume the role.",
                    shows=rf"{BUCKETS[0]}(.|\n)*{BUCKETS[1]}",
                    terminal=True,
                    asks="allowed",
                ),
                Line(
                    command="kubectl exec -it aws-cli -- aws sts get-caller-identity",
                    says="Who the pod is now.",
                    shows=rf"assumed-role/{ROLE}/eks-{cluster}-aws-cli-",
                    terminal=True,
                    asks="identity",
                ),
            ),
        ),
        Step(
            title="Step 6: clean up",
            lines=(
                Line(
                    command="kubectl delete -f kube-manifests/",
                    says="Pod and service account go.",
                    shows='pod "aws-cli" deleted',
                ),
                Line(
                    command=f"aws eks delete-pod-identity-association --cluster-name {cluster} --association-id"
                    f" $(aws eks list-pod-identity-associations --cluster-name {cluster} --query 'associations[0].associationId' --output text)",
                    says="Sessions already issued live on until they expire; no new one is made.",
                    shows=r"a-[a-z0-9]{17}",
                ),
                Line(
                    command=f"aws iam detach-role-policy --role-name {ROLE} --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
                    says="A role with a policy attached cannot be deleted.",
                ),
                Line(
                    command=f"aws iam delete-role --role-name {ROLE}",
                    says="Deleting a role ends its sessions at their next call.",
                ),
                Line(
                    command=f"aws eks delete-addon --cluster-name {cluster} --addon-name {_ADDON}",
                    says="The DaemonSet goes with it.",
                    shows="DELETING",
                ),
            ),
        ),
    )
