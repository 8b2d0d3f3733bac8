"""EKS: clusters, add-ons, pod identity associations, and their tags.

    eks = Eks(store, iam, authorizer, KubeconfigAccess())
    eks.register_cluster(account, region, ClusterRegistration(name="eksdemo1", issuer=..., jwks_file=..., kubeconfig=...))
    eks.handlers()                                        # operation name -> handler
    eks.find_association(account, region, cluster, ns, sa) # the hot path of EKS Auth
    eks.start(); eks.close()                              # the add-on worker

The room knows IAM (roles, and whether a caller may pass one) and Kubernetes as a client; not STS, and not HTTP.
"""

from __future__ import annotations

from podid.eks.access import ClusterAccess, KubeconfigAccess
from podid.eks.association import Association
from podid.eks.cluster import Cluster, ClusterRegistration, cluster_arn
from podid.eks.key_source import KeySource
from podid.eks.service import Eks

__all__ = [
    "Association",
    "Cluster",
    "ClusterAccess",
    "ClusterRegistration",
    "Eks",
    "KeySource",
    "KubeconfigAccess",
    "cluster_arn",
]
