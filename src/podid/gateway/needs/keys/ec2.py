"""Condition keys of EC2 that a request tells of what it makes: `ec2:InstanceType` of `instance/*`, `ec2:VolumeSize` of `volume/*`.

Of what exists already these keys tell what it is, whatever the request says; that is read from where it is kept (`resource_keys`).
Source: EC2's page of the service authorization reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podid.gateway.needs.keys.values import Reader, Values, as_flag, below, member, texts
from podid.gateway.needs.need import Asked, Need


def is_made(need: Need) -> bool:
    """Whether the resource of a need is one that the call makes."""
    return need.resource.endswith("/*") or need.resource == "*"


def of_what_is_made(read: Reader) -> Reader:
    """The same reader, silent about what exists."""

    def reader(asked: Asked, need: Need) -> Values:
        return read(asked, need) if is_made(need) else ()

    return reader


def _kind(need: Need) -> str:
    return need.resource.split(":", 5)[-1].partition("/")[0]


def _disks(asked: Asked) -> list[Mapping[str, Any]]:
    """The disks of an instance that a request describes."""
    found = (
        mapping.get("Ebs") for mapping in below(asked.members, ("BlockDeviceMappings",)) if isinstance(mapping, Mapping)
    )
    return [disk for disk in found if isinstance(disk, Mapping)]


def _of_volume(name: str, default: str | None = None, *, on_disks: str = "") -> Reader:
    """A member of CreateVolume, or (perhaps under another name) of every disk that RunInstances describes."""

    def read(asked: Asked, need: Need) -> Values:
        if _kind(need) not in ("volume", "snapshot"):
            return ()
        found = texts(asked.members, (name,)) or texts({"Disks": _disks(asked)}, ("Disks", on_disks or name))
        return found or (() if default is None else (default,))

    return read


def _encrypted(asked: Asked, need: Need) -> Values:
    if asked.operation == "RunInstances":
        disks = _disks(asked)
        return tuple(dict.fromkeys(value for disk in disks for value in as_flag(disk.get("Encrypted")))) or ("false",)
    return as_flag(asked.members.get("Encrypted") or asked.members.get("KmsKeyId"))


def _parent_snapshot(asked: Asked, _need: Need) -> Values:
    found = texts(asked.members, ("SnapshotId",)) or texts({"Disks": _disks(asked)}, ("Disks", "SnapshotId"))
    return tuple(asked.arn(f"snapshot/{snapshot}", account="") for snapshot in found)


def _parent_volume(asked: Asked, _need: Need) -> Values:
    return tuple(asked.arn(f"volume/{volume}") for volume in texts(asked.members, ("VolumeId",)))


def _instance_profile(asked: Asked, _need: Need) -> Values:
    profile = asked.members.get("IamInstanceProfile")
    if not isinstance(profile, Mapping):
        return ()
    if profile.get("Arn"):
        return (str(profile["Arn"]),)
    name = str(profile.get("Name") or "")
    if not name:
        return ()
    found = asked.lookup.iam_arn(asked.call.account, "instance-profile", name)
    return (found or asked.arn(f"instance-profile/{name}", service="iam", region=""),)


def _new_instance_profile(asked: Asked, need: Need) -> Values:
    """The profile that an instance is given later."""
    return _instance_profile(asked, need) if asked.operation.startswith(("Associate", "Replace")) else ()


def _placement_group(asked: Asked, _need: Need) -> Values:
    names = texts(asked.members, ("Placement", "GroupName"))
    return tuple(asked.arn(f"placement-group/{name}") for name in names)


def _market(asked: Asked, _need: Need) -> Values:
    return texts(asked.members, ("InstanceMarketOptions", "MarketType")) or ("on-demand",)


def _subnets(asked: Asked) -> Values:
    return texts(asked.members, ("SubnetId",), ("NetworkInterfaces", "SubnetId"))


def _subnet(asked: Asked, _need: Need) -> Values:
    return tuple(asked.arn(f"subnet/{name}") for name in _subnets(asked))


def _from_subnet(name: str) -> Callable[[Asked], Values]:
    def read(asked: Asked) -> Values:
        found: list[str] = []
        for subnet in _subnets(asked):
            found += asked.lookup.keys_of(asked.arn(f"subnet/{subnet}")).get(name, ())
        return tuple(dict.fromkeys(found))

    return read


_zone_of_subnet = _from_subnet("ec2:AvailabilityZone")
_vpc_of_subnet = _from_subnet("ec2:Vpc")


def _zone(asked: Asked, _need: Need) -> Values:
    return texts(asked.members, ("AvailabilityZone",), ("Placement", "AvailabilityZone")) or _zone_of_subnet(asked)


def _vpc(asked: Asked, _need: Need) -> Values:
    named = texts(asked.members, ("VpcId",))
    return tuple(asked.arn(f"vpc/{vpc}") for vpc in named) or _vpc_of_subnet(asked)


def _launch_template(asked: Asked, _need: Need) -> Values:
    template = asked.members.get("LaunchTemplate")
    if not isinstance(template, Mapping):
        return ()
    if template.get("LaunchTemplateId"):
        return (asked.arn(f"launch-template/{template['LaunchTemplateId']}"),)
    name = str(template.get("LaunchTemplateName") or "")
    found = asked.lookup.full_arn("ec2", asked.call.account, asked.call.region, "launch-template", name)
    return () if found is None else (found,)


_GIVEN_IN: Mapping[str, str] = {
    # kind of resource that a launch template may give: the member that it gives it in
    "image": "ImageId",
    "instance": "InstanceType",
    "key-pair": "KeyName",
    "security-group": "SecurityGroupIds",
    "subnet": "SubnetId",
    "network-interface": "NetworkInterfaces",
    "volume": "BlockDeviceMappings",
    "placement-group": "Placement",
}


def _is_of_launch_template(asked: Asked, need: Need) -> Values:
    if not asked.members.get("LaunchTemplate"):
        return ("false",)
    return as_flag(_kind(need) == "launch-template" or _GIVEN_IN.get(_kind(need), "") in asked.from_template)


def _region(asked: Asked, _need: Need) -> Values:
    return (asked.call.region,)


def _attribute(asked: Asked, _need: Need) -> Values:
    """The attributes that a Modify… changes, or the one a Describe…Attribute asks for."""
    if asked.text("Attribute"):
        return (asked.text("Attribute"),)
    return tuple(_attributes(asked))


def _attributes(asked: Asked) -> dict[str, Values]:
    """What a Modify… sets, by name: `{"InstanceType": {"Value": "t3.large"}}` and plain members alike."""
    if not asked.operation.startswith(("Modify", "Reset")):
        return {}
    found: dict[str, Values] = {}
    for name, value in asked.members.items():
        if not name.endswith(("Id", "Ids", "DryRun")):
            found[name] = texts({"v": value}, ("v",), ("v", "Value"))
    return found


def _attribute_values(asked: Asked, _need: Need) -> dict[str, Values]:
    return {f"ec2:Attribute/{name}": values for name, values in _attributes(asked).items() if values}


def _share(kind: str, what: str) -> Reader:
    """Who is added to, or removed from, those who may use an image or a snapshot."""

    def read(asked: Asked, _need: Need) -> Values:
        return texts(asked.members, ("LaunchPermission", kind, what), ("CreateVolumePermission", kind, what))

    return read


READERS: Mapping[str, Reader] = {
    "region": _region,
    "attribute": _attribute,
    "add/userid": _share("Add", "UserId"),
    "add/group": _share("Add", "Group"),
    "remove/userid": _share("Remove", "UserId"),
    "remove/group": _share("Remove", "Group"),
    "islaunchtemplateresource": _is_of_launch_template,
    "launchtemplate": _launch_template,
    "newinstanceprofile": _new_instance_profile,
    **{
        name: of_what_is_made(read)
        for name, read in {
            "availabilityzone": _zone,
            "ebsoptimized": member("EbsOptimized", default="false"),
            "encrypted": _encrypted,
            "instancemarkettype": _market,
            "instanceprofile": _instance_profile,
            "instancetype": member("InstanceType", default="m1.small"),
            "parentsnapshot": _parent_snapshot,
            "parentvolume": _parent_volume,
            "placementgroup": _placement_group,
            "subnet": _subnet,
            "tenancy": member("Placement", "Tenancy", default="default"),
            "volumeiops": _of_volume("Iops"),
            "volumesize": _of_volume("Size", on_disks="VolumeSize"),
            "volumethroughput": _of_volume("Throughput"),
            "volumetype": _of_volume("VolumeType", "gp2"),
            "vpc": _vpc,
        }.items()
    },
}
FAMILIES = {"ec2:attribute/${attributename}": _attribute_values}
