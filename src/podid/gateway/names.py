"""The ARNs behind names, where only the service knows them: moto's state is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from podid.core.arn import parse_arn
from podid.gateway.loaded import loaded
from podid.gateway.resource_keys.ec2 import find_subnet

Finder = Callable[[str, str, str], str | None]
"""From account, region and name to an ARN; None where there is no such thing."""


def _backend(module_name: str, backends: str, account: str, region: str) -> Any:
    """moto's backend of an account and region, if anybody has made it."""
    module = loaded(module_name)
    accounts = getattr(module, backends) if module is not None else {}
    regions = accounts[account] if account in list(accounts.keys()) else {}
    return regions[region] if region in list(regions.keys()) else None


def _key_of_alias(account: str, region: str, name: str) -> str | None:
    backend = _backend("moto.kms.models", "kms_backends", account, region)
    for key in list(backend.keys.values()) if backend is not None else ():
        if name in key.aliases:
            return str(key.arn)
    return None


def _secret(account: str, region: str, name: str) -> str | None:
    backend = _backend("moto.secretsmanager.models", "secretsmanager_backends", account, region)
    secret = backend.secrets.get(name) if backend is not None else None
    return None if secret is None else str(secret.arn)


def _partition_key(_account: str, _region: str, resource: str) -> str | None:
    """The name of the attribute that a table, or an index of it, is partitioned by."""
    try:
        arn = parse_arn(resource)
    except ValueError:
        return None
    backend = _backend("moto.dynamodb.models", "dynamodb_backends", arn.account, arn.region)
    parts = arn.resource.split("/")
    table = backend.tables.get(parts[1]) if backend is not None and len(parts) > 1 else None
    if table is None:
        return None
    if len(parts) > 3 and parts[2] == "index":
        indexes = (*(table.global_indexes or ()), *(table.indexes or ()))
        schema = next((index.schema for index in indexes if index.name == parts[3]), ())
        return next((str(key["AttributeName"]) for key in schema if key["KeyType"] == "HASH"), None)
    return str(table.hash_key_attr)


def _ec2(account: str, region: str) -> Any:
    return _backend("moto.ec2.models", "ec2_backends", account, region)


def _group_by_name(account: str, region: str, name: str) -> str | None:
    backend = _ec2(account, region)
    for groups in list(backend.groups.values()) if backend is not None else ():
        for group in groups.values():
            if group.name == name:
                return f"arn:aws:ec2:{region}:{account}:security-group/{group.id}"
    return None


def _default_group(account: str, region: str, subnet: str) -> str | None:
    """The default security group of a subnet's VPC, or else of the default VPC."""
    backend = _ec2(account, region)
    if backend is None:
        return None
    found = find_subnet(backend, subnet)
    vpc = found.vpc_id if found is not None else next((vpc.id for vpc in backend.vpcs.values() if vpc.is_default), "")
    for group in backend.groups.get(vpc, {}).values():
        if group.name == "default":
            return f"arn:aws:ec2:{region}:{account}:security-group/{group.id}"
    return None


def _default_subnet(account: str, region: str, zone: str) -> str | None:
    """The default subnet of a zone, or the first there is."""
    backend = _ec2(account, region)
    for name, subnets in sorted(backend.subnets.items()) if backend is not None else ():
        for subnet in subnets.values():
            if (not zone or name == zone) and str(subnet.default_for_az).lower() == "true":
                return f"arn:aws:ec2:{region}:{account}:subnet/{subnet.id}"
    return None


def _launch_template(account: str, region: str, name: str) -> str | None:
    backend = _ec2(account, region)
    for template in list(backend.launch_templates.values()) if backend is not None else ():
        if template.name == name:
            return f"arn:aws:ec2:{region}:{account}:launch-template/{template.id}"
    return None


def template_data(account: str, region: str, name: str, version: str) -> Mapping[str, Any]:
    """What a version of a launch template gives an instance, by the template's id or name; nothing where there is none."""
    backend = _ec2(account, region)
    for template in list(backend.launch_templates.values()) if backend is not None else ():
        if name in (template.id, template.name):
            number = {"$Default": template.default_version_number, "$Latest": len(template.versions)}.get(
                version, version
            )
            found = next((one for one in template.versions if str(one.number) == str(number)), None)
            return dict(found.data) if found is not None else {}
    return {}


def _address(account: str, region: str, ip: str) -> str | None:
    backend = _ec2(account, region)
    for address in list(backend.addresses) if backend is not None else ():
        if address.public_ip == ip and address.allocation_id:
            return f"arn:aws:ec2:{region}:{account}:elastic-ip/{address.allocation_id}"
    return None


def _task_definition(account: str, region: str, name: str) -> str | None:
    """The newest revision of a family, or the one that is named."""
    backend = _backend("moto.ecs.models", "ecs_backends", account, region)
    family, _, revision = name.partition(":")
    found = dict(backend.task_definitions.get(family, {})) if backend is not None else {}
    number = int(revision) if revision.isdigit() else max(found, default=0)
    return str(found[number].arn) if number in found else None


def _mail_identity(account: str, region: str, address: str) -> str | None:
    """The identity of SES that an address is, itself."""
    backend = _backend("moto.ses.models", "ses_backends", account, region)
    if backend is None or address not in backend.email_identities:
        return None
    return f"arn:aws:ses:{region}:{account}:identity/{address}"


def _stack(account: str, region: str, name: str) -> str | None:
    backend = _backend("moto.cloudformation.models", "cloudformation_backends", account, region)
    for stack in list(backend.stacks.values()) if backend is not None else ():
        if stack.name == name:
            return str(stack.stack_id)
    return None


FINDERS: Mapping[tuple[str, str], Finder] = {
    ("cloudformation", "stack"): _stack,
    ("dynamodb", "partition-key"): _partition_key,
    ("ec2", "default-security-group"): _default_group,
    ("ec2", "default-subnet"): _default_subnet,
    ("ec2", "elastic-ip"): _address,
    ("ec2", "launch-template"): _launch_template,
    ("ec2", "security-group"): _group_by_name,
    ("ecs", "task-definition"): _task_definition,
    ("kms", "alias"): _key_of_alias,
    ("secretsmanager", "secret"): _secret,
    ("ses", "identity"): _mail_identity,
}
