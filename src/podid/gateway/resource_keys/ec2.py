"""What EC2's condition keys say of things that moto holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podid.core.arn import Arn

Values = tuple[str, ...]


def keys_of(_ec2: Any, backend: Any, arn: Arn) -> dict[str, Values]:
    """The keys of a resource; none where there is no such thing."""
    kind, _, name = arn.resource.partition("/")
    reader = _READERS.get(kind)
    if reader is None or not name or "*" in name:
        return {}
    found = reader(backend, name, arn)
    return {f"ec2:{key}": (_text(value),) for key, value in found.items() if value not in (None, "")}


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _here(arn: Arn, resource: str) -> str:
    return str(Arn(arn.partition, "ec2", arn.region, arn.account, resource))


def find_subnet(backend: Any, name: str) -> Any:
    """A subnet of moto's, which keeps them by zone."""
    return next((subnets[name] for subnets in list(backend.subnets.values()) if name in subnets), None)


def find_group(backend: Any, name: str) -> Any:
    """A security group of moto's, which keeps them by VPC."""
    return next((groups[name] for groups in list(backend.groups.values()) if name in groups), None)


def _instance(backend: Any, name: str, _arn: Arn) -> dict[str, Any]:
    instances = (instance for batch in list(backend.reservations.values()) for instance in batch.instances)
    instance = next((instance for instance in instances if instance.id == name), None)
    if instance is None:
        return {}
    found: dict[str, Any] = {
        "InstanceID": name,
        "InstanceType": instance.instance_type,
        "EbsOptimized": bool(instance.ebs_optimized),
        "RootDeviceType": "ebs",
        "InstanceMarketType": instance.lifecycle or "on-demand",
        "Tenancy": getattr(instance.placement, "tenancy", None) or "default",
        "AvailabilityZone": getattr(instance.placement, "zone", None),
    }
    options = instance.metadata_options
    found["MetadataHttpTokens"] = options.http_tokens
    found["MetadataHttpEndpoint"] = options.http_endpoint
    found["MetadataHttpPutResponseHopLimit"] = options.http_put_response_hop_limit
    found["InstanceMetadataTags"] = options.instance_metadata_tags
    association = next(
        (one for one in list(backend.iam_instance_profile_associations.values()) if one.instance.id == name), None
    )
    if association is not None:
        found["InstanceProfile"] = association.iam_instance_profile.arn
    return found


def _volume(backend: Any, name: str, arn: Arn) -> dict[str, Any]:
    volume = backend.volumes.get(name)
    if volume is None:
        return {}
    parent = volume.snapshot_id
    return {
        "VolumeID": name,
        "VolumeType": volume.volume_type,
        "VolumeSize": volume.size,
        "VolumeIops": volume.iops,
        "VolumeThroughput": volume.throughput,
        "Encrypted": _flag(volume.encrypted),
        "AvailabilityZone": volume.zone.name,
        "ParentSnapshot": f"arn:{arn.partition}:ec2:{arn.region}::snapshot/{parent}" if parent else None,
    }


def _flag(value: Any) -> bool:
    """moto keeps some flags as the text that came."""
    return value is True or str(value).lower() == "true"


def _snapshot(backend: Any, name: str, arn: Arn) -> dict[str, Any]:
    snapshot = backend.snapshots.get(name)
    if snapshot is None:
        return {}
    return {
        "SnapshotID": name,
        "Owner": snapshot.owner_id,
        "Encrypted": _flag(snapshot.encrypted),
        "VolumeSize": snapshot.volume.size,
        "ParentVolume": f"arn:{arn.partition}:ec2:{arn.region}:{snapshot.owner_id}:volume/{snapshot.volume.id}",
        "SnapshotTime": snapshot.start_time.replace(microsecond=0, tzinfo=None).isoformat() + "Z",
    }


def _image(backend: Any, name: str, _arn: Arn) -> dict[str, Any]:
    image = backend.amis.get(name)
    if image is None:
        return {}
    return {
        "ImageID": name,
        "ImageType": image.image_type,
        "Owner": image.owner_alias or image.owner_id,
        "Public": _flag(image.is_public),
        "RootDeviceType": image.root_device_type,
    }


def _subnet(backend: Any, name: str, arn: Arn) -> dict[str, Any]:
    subnet = find_subnet(backend, name)
    if subnet is None:
        return {}
    return {
        "SubnetID": name,
        "AvailabilityZone": subnet.availability_zone,
        "AvailabilityZoneId": subnet.availability_zone_id,
        "Vpc": _here(arn, f"vpc/{subnet.vpc_id}"),
    }


def _group(backend: Any, name: str, arn: Arn) -> dict[str, Any]:
    group = find_group(backend, name)
    if group is None:
        return {}
    return {"SecurityGroupID": name, "Vpc": _here(arn, f"vpc/{group.vpc_id}") if group.vpc_id else None}


def _vpc(backend: Any, name: str, _arn: Arn) -> dict[str, Any]:
    vpc = backend.vpcs.get(name)
    return {} if vpc is None else {"VpcID": name, "Tenancy": vpc.instance_tenancy}


def _interface(backend: Any, name: str, arn: Arn) -> dict[str, Any]:
    interface = backend.enis.get(name)
    if interface is None:
        return {}
    return {
        "NetworkInterfaceID": name,
        "AvailabilityZone": interface.subnet.availability_zone,
        "AvailabilityZoneId": interface.subnet.availability_zone_id,
        "Subnet": _here(arn, f"subnet/{interface.subnet.id}"),
        "Vpc": _here(arn, f"vpc/{interface.subnet.vpc_id}"),
    }


def _key_pair(backend: Any, name: str, _arn: Arn) -> dict[str, Any]:
    pair = backend.key_pairs.get(name)
    return {} if pair is None else {"KeyPairName": name, "KeyPairType": pair.key_type}


def _address(backend: Any, name: str, _arn: Arn) -> dict[str, Any]:
    address = next((one for one in list(backend.addresses) if one.allocation_id == name), None)
    if address is None:
        return {}
    return {"AllocationId": name, "PublicIpAddress": address.public_ip, "Domain": address.domain}


def _named(key: str) -> Callable[[Any, str, Arn], dict[str, Any]]:
    """A kind of which its identifier is all that a key tells."""

    def read(_backend: Any, name: str, _arn: Arn) -> dict[str, Any]:
        return {key: name}

    return read


_READERS: Mapping[str, Callable[[Any, str, Arn], dict[str, Any]]] = {
    "instance": _instance,
    "volume": _volume,
    "snapshot": _snapshot,
    "image": _image,
    "subnet": _subnet,
    "security-group": _group,
    "vpc": _vpc,
    "network-interface": _interface,
    "key-pair": _key_pair,
    "elastic-ip": _address,
    "internet-gateway": _named("InternetGatewayID"),
    "route-table": _named("RouteTableID"),
    "network-acl": _named("NetworkAclID"),
    "dhcp-options": _named("DhcpOptionsID"),
    "vpc-peering-connection": _named("VpcPeeringConnectionID"),
    "transit-gateway": _named("transitGatewayId"),
    "transit-gateway-attachment": _named("transitGatewayAttachmentId"),
    "transit-gateway-route-table": _named("transitGatewayRouteTableId"),
}

KEYS = frozenset(
    f"ec2:{name}".lower()
    for name in [
        "AllocationId",
        "AvailabilityZone",
        "AvailabilityZoneId",
        "DhcpOptionsID",
        "Domain",
        "EbsOptimized",
        "Encrypted",
        "ImageID",
        "ImageType",
        "InstanceID",
        "InstanceMarketType",
        "InstanceMetadataTags",
        "InstanceProfile",
        "InstanceType",
        "InternetGatewayID",
        "KeyPairName",
        "KeyPairType",
        "MetadataHttpEndpoint",
        "MetadataHttpPutResponseHopLimit",
        "MetadataHttpTokens",
        "NetworkAclID",
        "NetworkInterfaceID",
        "Owner",
        "ParentSnapshot",
        "ParentVolume",
        "Public",
        "PublicIpAddress",
        "RootDeviceType",
        "RouteTableID",
        "SecurityGroupID",
        "SnapshotID",
        "SnapshotTime",
        "Subnet",
        "SubnetID",
        "Tenancy",
        "VolumeID",
        "VolumeIops",
        "VolumeSize",
        "VolumeThroughput",
        "VolumeType",
        "Vpc",
        "VpcID",
        "VpcPeeringConnectionID",
        "transitGatewayAttachmentId",
        "transitGatewayId",
        "transitGatewayRouteTableId",
    ]
)
"""All of them, in lower case."""
