"""Condition keys of the other services that no member of the request is named for.

Source: each service's page of the service authorization reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from podid.gateway.needs import request_tags
from podid.gateway.needs.keys import mail
from podid.gateway.needs.keys.values import Reader, Values, always, as_flag, first_of, member, texts
from podid.gateway.needs.need import Asked, Need
from podid.gateway.needs.s3_conditions import signature_conditions


def _arns(kind: str, *paths: tuple[str, ...], account: str | None = None) -> Reader:
    """Members that hold names or ARNs, as ARNs."""

    def read(asked: Asked, _need: Need) -> Values:
        found = texts(asked.members, *paths)
        return tuple(name if name.startswith("arn:") else asked.arn(f"{kind}{name}", account=account) for name in found)

    return read


def _cluster(asked: Asked, _need: Need) -> Values:
    """ECS takes a cluster by name or ARN, and the one called default where none is given."""
    name = asked.text("cluster") or asked.text("clusterName") or "default"
    return (name if name.startswith("arn:") else asked.arn(f"cluster/{name}"),)


def _task_definition(asked: Asked, _need: Need) -> Values:
    name = asked.text("taskDefinition")
    if not name or name.startswith("arn:"):
        return (name,) if name else ()
    found = asked.lookup.full_arn("ecs", asked.call.account, asked.call.region, "task-definition", name)
    return (found or asked.arn(f"task-definition/{name}"),)


def _pattern(*path: str) -> Reader:
    """What the event pattern of a rule asks for."""

    def read(asked: Asked, _need: Need) -> Values:
        try:
            pattern: Any = json.loads(asked.text("EventPattern") or "{}")
        except (ValueError, RecursionError):
            return ()
        return texts(pattern, path) if isinstance(pattern, Mapping) else ()

    return read


def _event(name: str, pattern: str) -> Reader:
    """Of an event that is put, or of those that a rule is for."""
    of_rule = _pattern(pattern)

    def read(asked: Asked, need: Need) -> Values:
        return (
            need.context.get(f"events:{pattern}", ()) or texts(asked.members, ("Entries", name)) or of_rule(asked, need)
        )

    return read


def _records(name: str) -> Reader:
    """What the changes of ChangeResourceRecordSets do, and to which records."""

    def read(asked: Asked, _need: Need) -> Values:
        path = ("ChangeBatch", "Changes")
        if name == "Action":
            return texts(asked.members, (*path, "Action"))
        found = texts(asked.members, (*path, "ResourceRecordSet", name))
        return tuple(text.lower().rstrip(".") for text in found) if name == "Name" else found

    return read


def _vpcs(asked: Asked, _need: Need) -> Values:
    vpc = asked.members.get("VPC")
    if not isinstance(vpc, Mapping) or not vpc.get("VPCId"):
        return ()
    return (f"VPCId={vpc['VPCId']},VPCRegion={vpc.get('VPCRegion') or asked.call.region}",)


def _zones(asked: Asked, _need: Need) -> Values:
    return tuple(
        part.strip() for text in texts(asked.members, ("VPCZoneIdentifier",)) for part in text.split(",") if part
    )


def _has_version(asked: Asked, _need: Need) -> Values:
    template = asked.members.get("LaunchTemplate")
    return as_flag(template.get("Version")) if isinstance(template, Mapping) else ()


def _security_groups_of_balancer(asked: Asked, _need: Need) -> Values:
    return texts(asked.members, ("SecurityGroups",))


def _qualifier(asked: Asked, _need: Need) -> Values:
    """The version or alias at the end of a state machine's ARN."""
    parts = (asked.text("stateMachineArn") or asked.text("resourceArn")).split(":")
    return (parts[7],) if len(parts) == 8 else ()


def _function(asked: Asked, _need: Need) -> Values:
    name = asked.text("FunctionName")
    if not name or name.startswith("arn:"):
        return (name,) if name else ()
    return (asked.arn(f"function:{name.removeprefix('function:')}"),)


def _region(asked: Asked, _need: Need) -> Values:
    return (asked.call.region,)


def _account(asked: Asked, _need: Need) -> Values:
    return (asked.call.account,)


def _secret_key(asked: Asked, _need: Need) -> Values:
    key = asked.text("KmsKeyId")
    if not key or key.startswith("arn:"):
        return (key,) if key else ()
    return (asked.arn(key if key.startswith("alias/") else f"key/{key}", service="kms"),)


def _of_signature(name: str) -> Reader:
    """What S3 tells of a signature."""

    def read(asked: Asked, _need: Need) -> Values:
        return signature_conditions(asked).get(name, ())

    return read


def _domains(asked: Asked, _need: Need) -> Values:
    return texts(asked.members, ("DomainName",), ("SubjectAlternativeNames",))


def _given(name: str) -> Reader:
    """Whether a member is there at all."""

    def read(asked: Asked, _need: Need) -> Values:
        return as_flag(asked.members.get(name))

    return read


def _vpcs_of_subnets(asked: Asked, _need: Need) -> Values:
    found: list[str] = []
    for subnet in texts(asked.members, ("VpcConfig", "SubnetIds")):
        found += asked.lookup.keys_of(asked.arn(f"subnet/{subnet}", service="ec2")).get("ec2:Vpc", ())
    return tuple(dict.fromkeys(arn.rpartition("/")[2] for arn in found))


def _tag_at(index: int) -> Reader:
    """SWF's tags by their place in the list."""

    def read(asked: Asked, _need: Need) -> Values:
        tags = texts(asked.members, ("tagList",))
        return tags[index : index + 1]

    return read


def _log_types(asked: Asked, _need: Need) -> dict[str, Values]:
    """EKS's kinds of logs that are switched on or off."""
    found: dict[str, Values] = {}
    for setup in (asked.members.get("logging") or {}).get("clusterLogging") or ():
        for kind in setup.get("types") or ():
            found[f"eks:loggingType/{kind}"] = as_flag(setup.get("enabled"))
    return found


def _request_tags(name: str) -> Any:
    """`rds:req-tag/KEY` and its like: the tags of the request under the service's own name."""

    def read(asked: Asked, _need: Need) -> dict[str, Values]:
        return {f"{name}/{key}": (value,) for key, value in request_tags.tags_of(asked.members)}

    return read


READERS: Mapping[str, Mapping[str, Reader]] = {
    "acm": {
        "domainnames": _domains,
        "certificatetransparencylogging": member(
            "Options", "CertificateTransparencyLoggingPreference", default="ENABLED"
        ),
    },
    "autoscaling": {
        "launchtemplateversionspecified": _has_version,
        "metadatahttpendpoint": member("MetadataOptions", "HttpEndpoint"),
        "metadatahttpputresponsehoplimit": member("MetadataOptions", "HttpPutResponseHopLimit"),
        "metadatahttptokens": member("MetadataOptions", "HttpTokens"),
        "forcedelete": member("ForceDelete", default="false"),
        "vpczoneidentifiers": _zones,
    },
    "backup": {
        "copytargets": first_of("DestinationBackupVaultArn"),
        "frameworkarns": member("ReportSetting", "FrameworkArns"),
    },
    "cloudformation": {"rolearn": member("RoleARN"), "targetregion": member("Regions")},
    "ecs": {
        "cluster": _cluster,
        "task-definition": _task_definition,
        "service": _arns("service/", ("service",)),
        "container-instances": _arns("container-instance/", ("containerInstances",)),
        "capacity-provider": member("capacityProviderStrategy", "capacityProvider"),
        "subnet": member("networkConfiguration", "awsvpcConfiguration", "subnets"),
        "auto-assign-public-ip": member("networkConfiguration", "awsvpcConfiguration", "assignPublicIp"),
        "enable-execute-command": member("enableExecuteCommand", default="false"),
        "enable-ecs-managed-tags": member("enableECSManagedTags", default="false"),
        "task-cpu": first_of("cpu"),
        "task-memory": first_of("memory"),
        "account-setting": member("name"),
        "privileged": member("containerDefinitions", "privileged", default="false"),
        "compute-compatibility": member("requiresCompatibilities"),
        "propagate-tags": member("propagateTags"),
        "enable-ebs-volumes": _given("volumeConfigurations"),
        "enable-service-connect": member("serviceConnectConfiguration", "enabled", default="false"),
        "enable-vpc-lattice": _given("vpcLatticeConfigurations"),
    },
    "eks": {
        "accessentrytype": member("type", default="STANDARD"),
        "accessscope": member("accessScope", "type"),
        "controlplanescalingtier": member("controlPlaneScalingConfig", "tier"),
        "kubernetesversion": member("version"),
        "namespaces": member("accessScope", "namespaces"),
    },
    "elasticache": {
        "authtokenenabled": _given("AuthToken"),
        "enginetype": member("Engine"),
        "engineversion": first_of("EngineVersion", "MajorEngineVersion"),
        "multiazenabled": member("MultiAZEnabled", default="false"),
        "numnodegroups": member("NumNodeGroups"),
        "replicaspernodegroup": first_of("ReplicasPerNodeGroup", "NewReplicaCount"),
        "maximumdatastorage": member("CacheUsageLimits", "DataStorage", "Maximum"),
        "minimumdatastorage": member("CacheUsageLimits", "DataStorage", "Minimum"),
        "maximumecpupersecond": member("CacheUsageLimits", "ECPUPerSecond", "Maximum"),
        "minimumecpupersecond": member("CacheUsageLimits", "ECPUPerSecond", "Minimum"),
        "userauthenticationmode": member("AuthenticationMode", "Type"),
    },
    "elasticbeanstalk": {"inapplication": _arns("application/", ("ApplicationName",))},
    "elasticfilesystem": {"encrypted": member("Encrypted", default="false")},
    "elasticloadbalancing": {
        "listenerprotocol": member("Protocol"),
        "scheme": member("Scheme", default="internet-facing"),
        "securitygroup": _security_groups_of_balancer,
        "securitypolicy": member("SslPolicy"),
        "subnet": first_of("Subnets"),
    },
    "events": {
        "source": _event("Source", "source"),
        "detail-type": _event("DetailType", "detail-type"),
        "detail.service": _pattern("detail", "service"),
        "detail.eventtypecode": _pattern("detail", "eventTypeCode"),
        "detail.useridentity.principalid": _pattern("detail", "userIdentity", "principalId"),
        "targetarn": member("Targets", "Arn"),
        "creatoraccount": _account,
        "eventbusinvocation": always("false"),
    },
    "iam": {
        "policyarn": member("PolicyArn"),
        "awsservicename": member("AWSServiceName"),
        "permissionsboundary": member("PermissionsBoundary"),
        "servicespecificcredentialservicename": member("ServiceName"),
        "servicespecificcredentialagedays": member("CredentialAgeDays"),
    },
    "lambda": {
        "functionarn": _function,
        "functionurlauthtype": first_of("FunctionUrlAuthType", "AuthType"),
        "layer": member("Layers"),
        "principal": member("Principal"),
        "vpcids": _vpcs_of_subnets,
    },
    "memorydb": {"userauthenticationmode": member("AuthenticationMode", "Type")},
    "payment-cryptography": {"requestalias": member("AliasName")},
    "rds": {
        "backuptarget": member("BackupTarget", default="region"),
        "databaseclass": first_of("DBInstanceClass", "DBClusterInstanceClass"),
        "databaseengine": member("Engine"),
        "databasename": first_of("DBName", "DatabaseName"),
        "managemasteruserpassword": member("ManageMasterUserPassword", default="false"),
        "multiaz": member("MultiAZ", default="false"),
        "piops": member("Iops"),
        "storageencrypted": member("StorageEncrypted", default="false"),
        "storagesize": member("AllocatedStorage"),
        "vpc": _given("DBSubnetGroupName"),
    },
    "route53": {
        "changeresourcerecordsetsactions": _records("Action"),
        "changeresourcerecordsetsnormalizedrecordnames": _records("Name"),
        "changeresourcerecordsetsrecordtypes": _records("Type"),
        "vpcs": _vpcs,
    },
    "s3": {
        # of S3's control plane; S3's own rules fill theirs
        "authtype": _of_signature("s3:authType"),
        "signatureage": _of_signature("s3:signatureAge"),
        "signatureversion": _of_signature("s3:signatureversion"),
        "x-amz-content-sha256": _of_signature("s3:x-amz-content-sha256"),
    },
    "secretsmanager": {
        "forcedeletewithoutrecovery": member("ForceDeleteWithoutRecovery", default="false"),
        "kmskeyarn": _secret_key,
        "addreplicaregions": member("AddReplicaRegions", "Region"),
        "modifyrotationrules": _given("RotationRules"),
        "secretid": member("SecretId"),
        "secretprimaryregion": _region,
    },
    "servicequotas": {"service": member("ServiceCode")},
    "ses": mail.READERS,
    "ssm": {
        "overwrite": member("Overwrite", default="false"),
        "recursive": member("Recursive", default="false"),
    },
    "states": {"statemachinequalifier": _qualifier},
    "swf": {f"taglist.member.{index}": _tag_at(index) for index in range(5)},
}
FAMILIES: Mapping[str, Any] = {
    "eks:loggingtype/${type}": _log_types,
    "rds:req-tag/${tagkey}": _request_tags("rds:req-tag"),
    "dms:req-tag/${tagkey}": _request_tags("dms:req-tag"),
    "elasticmapreduce:requesttag/${tagkey}": _request_tags("elasticmapreduce:RequestTag"),
}
