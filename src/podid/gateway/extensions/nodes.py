"""The session of a node's role, as EC2 gives it to the instance: what `podid imds` hands out.

The role is assumed as ec2.amazonaws.com, the only principal it trusts, under the instance's id, for six hours.
"""

from __future__ import annotations

from collections.abc import Mapping

from podid.core.arn import parse_arn
from podid.core.caller import Call, Output
from podid.core.errors import AwsError
from podid.core.operations import operation
from podid.gateway.installation import NodeRole
from podid.sts import Sts

SESSION_SECONDS = 6 * 3600
"""As long as the sessions that EC2 gives instances."""


class NodeNotFound(AwsError):
    """No node of that instance id in the caller's account."""

    code, status = "ResourceNotFoundException", 404


class NodeSessions:
    """Handlers of podid's extension for nodes."""

    def __init__(self, sts: Sts, nodes: Mapping[tuple[str, str], NodeRole]) -> None:
        self._sts = sts
        self._nodes = nodes

    @operation("GetNodeSession")
    def get_node_session(self, call: Call, *, instance_id: str) -> Output:
        """A session of the role that the node's instance profile holds."""
        node = self._nodes.get((call.account, instance_id))
        if node is None:
            raise NodeNotFound(f"No node with the instance id {instance_id} belongs to account {call.account}.")
        issued = self._sts.assume_role_as_service(
            service="ec2.amazonaws.com",
            role_arn=node.role_arn,
            session_name=instance_id,
            duration=SESSION_SECONDS,
            tags={},
            transitive=(),
            now=call.now,
        )
        role = parse_arn(node.role_arn)
        name = role.resource.rpartition("/")[2]
        return {
            "RoleName": name,
            "RoleArn": node.role_arn,
            "InstanceProfileArn": f"arn:{role.partition}:iam::{call.account}:instance-profile/{name}",
            "InstanceId": instance_id,
            "AccountId": call.account,
            "Region": node.region,
            "AccessKeyId": issued.credentials.access_key_id,
            "SecretAccessKey": issued.credentials.secret_access_key,
            "Token": issued.credentials.session_token,
            "Expiration": issued.expiration,
            "LastUpdated": call.now,
        }
