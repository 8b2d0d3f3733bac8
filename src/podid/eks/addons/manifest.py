"""The DaemonSet of the Pod Identity agent, as a function of what was asked for.

The fields are those of AWS's chart (EKS Pod Identity Agent, `charts/eks-pod-identity-agent`) with podid's program in it, so that what
people look for in the cluster is where they look: the name, the namespace, host networking, priority, probes and ports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, field

NAME: Final = "eks-pod-identity-agent"
IMAGE: Final = "podid/podid"
MANAGER: Final = "podid"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
PORT: Final = 80
PROBE_PORT: Final = 2703
METRICS_PORT: Final = 2705


class AgentManifest(Struct, frozen=True, kw_only=True):
    """What the agent's DaemonSet depends on. The optional parts come from the add-on's configuration values."""

    cluster: str
    region: str
    version: str
    """podid's own, the tag of the image."""
    namespace: str = "kube-system"
    additional_args: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ({"operator": "Exists"},)
    pod_annotations: Mapping[str, str] = field(default_factory=dict)
    pod_labels: Mapping[str, str] = field(default_factory=dict)


def daemon_set(of: AgentManifest) -> dict[str, Any]:
    """The DaemonSet object."""
    selector = {"app.kubernetes.io/instance": NAME, "app.kubernetes.io/name": NAME}
    labels = selector | {"app.kubernetes.io/version": of.version, MANAGED_BY: MANAGER}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": NAME, "namespace": of.namespace, "labels": labels},
        "spec": {
            "selector": {"matchLabels": selector},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "template": {
                "metadata": {
                    "labels": {**of.pod_labels, **selector},
                    **({"annotations": dict(of.pod_annotations)} if of.pod_annotations else {}),
                },
                "spec": _pod(of),
            },
        },
    }


def _pod(of: AgentManifest) -> dict[str, Any]:
    image = f"{IMAGE}:{of.version}"
    return {
        "affinity": _affinity(),
        **({"nodeSelector": dict(of.node_selector)} if of.node_selector else {}),
        "tolerations": [dict(each) for each in of.tolerations],
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        # The agent checks tokens it is given; it needs none of its own.
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 30,
        "initContainers": [
            {
                "name": f"{NAME}-init",
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["podid", "agent", "initialize"],
                # It adds a link, two addresses and two routes to the node.
                "securityContext": {"privileged": True},
            }
        ],
        "containers": [
            {
                "name": NAME,
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["podid", "agent", "server"],
                "args": [*_arguments(of)],
                "ports": [
                    {"name": "proxy", "containerPort": PORT, "protocol": "TCP"},
                    {"name": "probes-port", "containerPort": PROBE_PORT, "protocol": "TCP"},
                    {"name": "metrics-port", "containerPort": METRICS_PORT, "protocol": "TCP"},
                ],
                "env": [{"name": "AWS_REGION", "value": of.region}],
                "securityContext": {"capabilities": {"add": ["CAP_NET_BIND_SERVICE"]}},
                **({"resources": dict(of.resources)} if of.resources else {}),
                "livenessProbe": _probe("/healthz", delay=30, failures=3),
                "readinessProbe": _probe("/readyz", delay=1, failures=30),
            }
        ],
    }


def _arguments(of: AgentManifest) -> list[str]:
    arguments = ["--port", str(PORT), "--cluster-name", of.cluster, "--probe-port", str(PROBE_PORT)]
    for flag, value in of.additional_args.items():
        arguments += [flag, value] if value else [flag]
    return arguments


def _probe(path: str, *, delay: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"host": "localhost", "path": path, "port": PROBE_PORT, "scheme": "HTTP"},
        "initialDelaySeconds": delay,
        "timeoutSeconds": 10,
        "failureThreshold": failures,
    }


def _affinity() -> dict[str, Any]:
    expressions = [
        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]},
        {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate", "hybrid", "auto"]},
    ]
    terms = [{"matchExpressions": expressions}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
