"""The members of a cluster that are kept as they were asked for: what creation makes of them, and what an update changes.

podid acts on none of them (there is no VPC and no control plane of its own); it keeps, checks and shows them, so that tools that set and
then compare them find what they set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from podid.core.errors import NotImplementedHere
from podid.eks.cluster import LOG_TYPES, default_config
from podid.eks.errors import InvalidParameter

_ENUMS: Final = {
    ("accessConfig", "authenticationMode"): ("API", "API_AND_CONFIG_MAP", "CONFIG_MAP"),
    ("upgradePolicy", "supportType"): ("STANDARD", "EXTENDED"),
    ("kubernetesNetworkConfig", "ipFamily"): ("ipv4", "ipv6"),
}

_MODES: Final = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""In the order in which a cluster may go through them."""

UPDATE_TYPES: Final = {
    "resourcesVpcConfig": "VpcConfigUpdate",
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
}
"""Which member of UpdateClusterConfig makes which type of update (an endpoint's access: EndpointAccessUpdate)."""

_ENDPOINT: Final = frozenset({"endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"})


def from_creation(asked: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    """The kept members of a new cluster: the defaults, and over them what was asked for.

    Raises InvalidParameter, and NotImplementedHere where Auto Mode is asked for; tools that say that it is off are told so again.
    """
    blocks = (asked.get("storageConfig") or {}).get("blockStorage") or {}
    if (asked.get("computeConfig") or {}).get("enabled") or blocks.get("enabled"):
        raise NotImplementedHere("podid does not implement EKS Auto Mode.")
    return _changed(default_config(), asked, cluster)


def from_update(
    config: Mapping[str, Any], asked: Mapping[str, Any], cluster: str
) -> tuple[dict[str, Any], str, list[dict[str, str]]]:
    """The kept members after UpdateClusterConfig, the type of the update, and its parameters as DescribeUpdate tells them.

    Raises InvalidParameter where not exactly one member is asked for (EKS API reference), or where nothing would change.
    """
    if not asked:
        raise InvalidParameter("Nothing to update: give one type of update.", clusterName=cluster)
    if len(asked) > 1:
        raise InvalidParameter("Only one type of update can be allowed.", clusterName=cluster)
    ((member, value),) = asked.items()
    _check_mode(config, value if member == "accessConfig" else {}, cluster)
    after = _changed(config, asked, cluster)
    if after == config:
        raise InvalidParameter(_nothing_changes(member, value, after[member]), clusterName=cluster)
    kind = UPDATE_TYPES[member]
    if member == "resourcesVpcConfig" and _ENDPOINT & set(value):
        kind = "EndpointAccessUpdate"
    return after, kind, _parameters(member, value)


def _nothing_changes(member: str, asked: Any, held: Any) -> str:
    """The texts that the service was seen to answer (issue trackers of eksctl and CDK), where it was seen."""
    if member == "logging":
        return "No changes needed for the logging config provided"
    if member == "resourcesVpcConfig" and _ENDPOINT & set(asked):
        private, public = (_text(held.get(name)) for name in ("endpointPrivateAccess", "endpointPublicAccess"))
        return (
            f"Cluster is already at the desired configuration with endpointPrivateAccess: {private} , "
            f"endpointPublicAccess: {public}, and Public Endpoint Restrictions: "
            f"[{', '.join(held.get('publicAccessCidrs') or ())}]"
        )
    return f"The cluster is already at the desired {member}."


def _changed(config: Mapping[str, Any], asked: Mapping[str, Any], cluster: str) -> dict[str, Any]:
    after = dict(config)
    for member, value in asked.items():
        _check(member, value, cluster)
        if member == "logging":
            after[member] = {"clusterLogging": _logging(config, value, cluster)}
        elif isinstance(value, Mapping):
            after[member] = {**(config.get(member) or {}), **value}
        else:
            after[member] = value
    return after


def _check(member: str, value: Any, cluster: str) -> None:
    for (of, name), allowed in _ENUMS.items():
        if of == member and (given := value.get(name)) is not None and given not in allowed:
            raise InvalidParameter(f"{member}.{name} must be one of {', '.join(allowed)}.", clusterName=cluster)


def _check_mode(config: Mapping[str, Any], asked: Mapping[str, Any], cluster: str) -> None:
    """Access entries that were let in stay in: a cluster does not go back to its ConfigMap (EKS user guide, "Change authentication mode")."""
    wanted = asked.get("authenticationMode")
    held = (config.get("accessConfig") or {}).get("authenticationMode")
    if wanted in _MODES and held in _MODES and _MODES.index(wanted) < _MODES.index(held):
        raise InvalidParameter(f"Unsupported authentication mode update from {held} to {wanted}", clusterName=cluster)


def _logging(config: Mapping[str, Any], asked: Mapping[str, Any], cluster: str) -> list[dict[str, Any]]:
    """Each type of log is on or off; types not named stay as they are."""
    on = {
        kind for setup in config["logging"]["clusterLogging"] if setup.get("enabled") for kind in setup.get("types", ())
    }
    for setup in asked.get("clusterLogging") or ():
        kinds = set(setup.get("types") or ())
        if strange := kinds - set(LOG_TYPES):
            raise InvalidParameter(f"There is no cluster log type {min(strange)!r}.", clusterName=cluster)
        on = on | kinds if setup.get("enabled") else on - kinds
    parts = [
        (True, [kind for kind in LOG_TYPES if kind in on]),
        (False, [kind for kind in LOG_TYPES if kind not in on]),
    ]
    return [{"types": kinds, "enabled": enabled} for enabled, kinds in parts if kinds]


def _parameters(member: str, value: Any) -> list[dict[str, str]]:
    names = {
        "endpointPublicAccess": "EndpointPublicAccess",
        "endpointPrivateAccess": "EndpointPrivateAccess",
        "publicAccessCidrs": "PublicAccessCidrs",
        "securityGroupIds": "SecurityGroups",
        "subnetIds": "Subnets",
        "authenticationMode": "AuthenticationMode",
    }
    if member == "logging":
        return [{"type": "ClusterLogging", "value": _text(value)}]
    if isinstance(value, Mapping) and set(value) <= set(names):
        return [{"type": names[name], "value": _text(each)} for name, each in value.items()]
    return [{"type": member[0].upper() + member[1:], "value": _text(value)}]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
