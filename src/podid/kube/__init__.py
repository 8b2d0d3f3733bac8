"""A Kubernetes cluster as a client sees it: the port the other rooms speak to, and the adapter behind it.

`Kubernetes` is what they may ask for, `Kind` names what they ask about, and every failure is one of `errors`. Nothing here knows AWS.
`connect` brings the HTTP client and with it a quarter of a second of imports, so it loads them when it is first called.
"""

from __future__ import annotations

from podid.kube.connect import connect
from podid.kube.errors import (
    AlreadyExists,
    BadKubeconfig,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    NotFound,
    ServerTrouble,
    Unauthorized,
    Unreachable,
)
from podid.kube.kinds import (
    CONFIG_MAPS,
    DAEMON_SETS,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    NODES,
    PODS,
    SECRETS,
    SERVICE_ACCOUNTS,
    Kind,
)
from podid.kube.port import Change, Kubernetes, Object, ObjectList

__all__ = [
    "CONFIG_MAPS",
    "DAEMON_SETS",
    "MUTATING_WEBHOOKS",
    "NAMESPACES",
    "NODES",
    "PODS",
    "SECRETS",
    "SERVICE_ACCOUNTS",
    "AlreadyExists",
    "BadKubeconfig",
    "Change",
    "Conflict",
    "Forbidden",
    "Gone",
    "Invalid",
    "Kind",
    "KubeError",
    "Kubernetes",
    "NotFound",
    "Object",
    "ObjectList",
    "ServerTrouble",
    "Unauthorized",
    "Unreachable",
    "connect",
]
