"""EKS Auth: a pod's token for the credentials of its role.

    eks_auth = EksAuth(eks, iam, sts, authorizer)
    eks_auth.handlers()        # AssumeRoleForPodIdentity

The room knows EKS (clusters and associations), STS and the clusters' keys. Who may call it is the gateway's business.
"""

from __future__ import annotations

from podid.eks_auth.keys import ClusterKeys
from podid.eks_auth.liveness import PodLiveness
from podid.eks_auth.service import EksAuth

__all__ = ["ClusterKeys", "EksAuth", "PodLiveness"]
