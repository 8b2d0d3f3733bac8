"""What podid answers under `/_podid/` beside AWS's own APIs, in AWS's own manner: a service model, SigV4, IAM actions `podid:…`."""

from podid.gateway.extensions.cluster_registrations import ClusterRegistrations
from podid.gateway.extensions.cluster_tokens import ClusterTokens
from podid.gateway.extensions.model import EXTENSION, extension_model
from podid.gateway.extensions.nodes import NodeSessions

__all__ = ["EXTENSION", "ClusterRegistrations", "ClusterTokens", "NodeSessions", "extension_model"]
