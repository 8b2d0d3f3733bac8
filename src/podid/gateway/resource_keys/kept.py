"""What the condition keys of services say of things that moto holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podid.core.arn import Arn, parse_arn
from podid.gateway.loaded import loaded
from podid.gateway.resource_keys import ec2

Values = tuple[str, ...]


def of_moto(resource: str) -> Mapping[str, Values]:
    """The keys of a resource of moto's; none where there is no such thing."""
    try:
        arn = parse_arn(resource)
    except ValueError:
        return {}
    source = _SOURCES.get(arn.service)
    module = loaded(source[0]) if source is not None else None
    if source is None or module is None:
        return {}
    accounts = getattr(module, source[1])
    regions = accounts[arn.account] if arn.account in list(accounts.keys()) else {}
    if not arn.account:  # images and snapshots have no account in their ARNs: whoever has them
        for account in list(accounts.keys()):
            found = (
                source[2](module, accounts[account][arn.region], arn)
                if arn.region in list(accounts[account].keys())
                else {}
            )
            if found:
                return found
        return {}
    return source[2](module, regions[arn.region], arn) if arn.region in list(regions.keys()) else {}


def _of_key(_kms: Any, backend: Any, arn: Arn) -> dict[str, Values]:
    key = backend.keys.get(arn.resource.removeprefix("key/"))
    if key is None:
        return {}
    found: dict[str, Values] = {
        "kms:KeyOrigin": (str(key.origin),),
        "kms:KeySpec": (str(key.key_spec),),
        "kms:KeyUsage": (str(key.key_usage),),
        "kms:MultiRegion": ("true" if key.multi_region else "false",),
        "kms:ResourceAliases": tuple(sorted(key.aliases)),
    }
    if key.multi_region:
        configuration = getattr(key, "multi_region_configuration", None) or {}
        found["kms:MultiRegionKeyType"] = (str(configuration.get("MultiRegionKeyType", "PRIMARY")),)
    return found


def _of_secret(_secretsmanager: Any, backend: Any, arn: Arn) -> dict[str, Values]:
    secret = backend.secrets.get(str(arn))
    function = getattr(secret, "rotation_lambda_arn", "")
    return {"secretsmanager:resource/AllowRotationLambdaArn": (str(function),)} if function else {}


def _of_database(_rds: Any, backend: Any, arn: Arn) -> dict[str, Values]:
    kind, _, name = arn.resource.partition(":")
    database = backend.databases.get(name) if kind == "db" else None
    if database is None:
        return {}
    told = {
        "DatabaseClass": database.db_instance_class,
        "DatabaseEngine": database.engine,
        "DatabaseName": database.db_name,
        "MultiAz": "true" if database.multi_az else "false",
        "Piops": database.iops,
        "StorageEncrypted": "true" if database.storage_encrypted else "false",
        "StorageSize": database.allocated_storage,
        "Vpc": "true" if getattr(database, "db_subnet_group", None) else "false",
    }
    return {f"rds:{key}": (str(value),) for key, value in told.items() if value not in (None, "")}


def _of_document(_ssm: Any, backend: Any, arn: Arn) -> dict[str, Values]:
    documents = backend._documents.get(arn.resource.removeprefix("document/"))
    return {} if documents is None else {"ssm:DocumentType": (str(documents.get_default_version().document_type),)}


_Reader = Callable[[Any, Any, Arn], Mapping[str, Values]]
_SOURCES: Mapping[str, tuple[str, str, _Reader]] = {
    # service in the ARN: module of moto, its backends, the reader
    "ec2": ("moto.ec2.models", "ec2_backends", ec2.keys_of),
    "kms": ("moto.kms.models", "kms_backends", _of_key),
    "rds": ("moto.rds.models", "rds_backends", _of_database),
    "secretsmanager": ("moto.secretsmanager.models", "secretsmanager_backends", _of_secret),
    "ssm": ("moto.ssm.models", "ssm_backends", _of_document),
}

KEYS: Mapping[str, frozenset[str]] = {
    "ec2": ec2.KEYS,
    "eks": frozenset(
        {
            "eks:accessentrytype",
            "eks:clustername",
            "eks:kubernetesgroups",
            "eks:principalarn",
            "eks:username",
        }
    ),
    "kms": frozenset(
        {
            "kms:keyorigin",
            "kms:keyspec",
            "kms:keyusage",
            "kms:multiregion",
            "kms:multiregionkeytype",
            "kms:resourcealiases",
        }
    ),
    "rds": frozenset(
        {
            "rds:databaseclass",
            "rds:databaseengine",
            "rds:databasename",
            "rds:multiaz",
            "rds:piops",
            "rds:storageencrypted",
            "rds:storagesize",
            "rds:vpc",
        }
    ),
    "ssm": frozenset({"ssm:documenttype"}),
    "secretsmanager": frozenset({"secretsmanager:resource/allowrotationlambdaarn"}),
    "iam": frozenset({"iam:permissionsboundary"}),
}
"""The keys that tell what a resource is, by service, in lower case; tags apart. IAM's are read from podid's own tables."""
