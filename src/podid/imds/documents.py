"""What can be read from IMDS, as a tree of names: a folder lists what is in it, a leaf is its text.

Pure: built from the settings and the node's session for one request. Paths and forms: the EC2 user guide, "Instance metadata categories".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from podid.core.arn import partition_of
from podid.imds.session import NodeSession
from podid.imds.settings import ImdsSettings

Tree = Mapping[str, Any]
"""Names to texts or further trees."""


def tree(settings: ImdsSettings, session: NodeSession | None) -> Tree:
    """Everything below `/latest/`. Without a session the instance has, for now, no role."""
    meta: dict[str, Any] = {
        "instance-id": settings.instance_id,
        "placement": {"availability-zone": settings.zone, "region": settings.region},
        "services": {"domain": _domain(settings.region), "partition": partition_of(settings.region)},
    }
    if settings.hostname:
        meta["hostname"] = meta["local-hostname"] = settings.hostname
    if settings.private_ip:
        meta["local-ipv4"] = settings.private_ip
    if session is not None:
        meta["iam"] = {
            "info": _document(
                Code="Success",
                LastUpdated=session.last_updated,
                InstanceProfileArn=session.instance_profile_arn,
                InstanceProfileId=session.instance_profile_id,
            ),
            "security-credentials": {
                session.role_name: _document(
                    Code="Success",
                    LastUpdated=session.last_updated,
                    Type="AWS-HMAC",
                    AccessKeyId=session.access_key_id,
                    SecretAccessKey=session.secret_access_key,
                    Token=session.token,
                    Expiration=session.expiration,
                )
            },
        }
    identity: dict[str, Any] = {}
    if session is not None:
        identity["document"] = _document(
            accountId=session.account_id,
            architecture="x86_64",
            availabilityZone=settings.zone,
            instanceId=settings.instance_id,
            privateIp=settings.private_ip or None,
            region=settings.region,
            version="2017-09-30",
        )
    return {"dynamic": {"instance-identity": identity} if identity else {}, "meta-data": meta}


def find(root: Tree, path: str) -> str | None:
    """The text at a path, the list of names for a folder, None where there is nothing.

    A slash at the end makes no difference: botocore asks for `placement/availability-zone/`.
    """
    node: Any = root
    for name in path.split("/"):
        if not name:
            continue
        if not isinstance(node, Mapping) or name not in node:
            return None
        node = node[name]
    if isinstance(node, Mapping):
        return "\n".join(f"{name}/" if isinstance(child, Mapping) else name for name, child in sorted(node.items()))
    return str(node)


def _document(**members: object) -> str:
    return msgspec.json.format(msgspec.json.encode(members), indent=2).decode()


def _domain(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
