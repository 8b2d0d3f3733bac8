"""The tags of what moto holds, for `aws:ResourceTag/…`.

moto keeps tags in many ways, and lists them in one (for the Resource Groups Tagging API), which goes through everything a service has. So
they are only looked for where a policy that has a say tests them: see `resource_keys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podid.core.arn import Arn, parse_arn
from podid.gateway.loaded import loaded


def of_moto(resource: str) -> Mapping[str, str]:
    """The tags of a resource of moto's."""
    if ":log-group:" in resource:
        resource = resource.partition(":log-stream:")[0]  # streams have the tags of their group
    try:
        arn = parse_arn(resource)
    except ValueError:
        return {}
    if arn.service == "s3" and "/" in arn.resource:
        return _of_object(arn)
    if arn.service == "dynamodb":
        return _of_table(arn)
    if loaded("moto.core.resource_tagging") is None:
        return {}
    from moto.core.resource_tagging import iter_taggable_backends

    account = arn.account or _bucket_account(arn)
    for backend in iter_taggable_backends(account, arn.region or "us-east-1"):
        if backend.owns_arn(resource):
            for one in backend.iter_tagged_resources():
                if one.arn == resource:
                    return dict(one.tags)
    return {}


def _bucket_account(arn: Arn) -> str:
    s3 = loaded("moto.s3.models")
    owner = s3.s3_backends.bucket_accounts.get(arn.resource.partition("/")[0]) if s3 is not None else None
    return "" if owner is None else str(owner[1])


def _of_object(arn: Arn) -> Mapping[str, str]:
    s3 = loaded("moto.s3.models")
    bucket, _, name = arn.resource.partition("/")
    place = s3.s3_backends.bucket_accounts.get(bucket) if s3 is not None else None
    if s3 is None or place is None:
        return {}
    backend = s3.s3_backends[place[1]][place[0]]
    key: Any = backend.get_bucket(bucket).keys.get(name)
    return {} if key is None else dict(backend.tagger.get_tag_dict_for_resource(key.arn))


def _of_table(arn: Arn) -> Mapping[str, str]:
    dynamodb = loaded("moto.dynamodb.models")
    accounts: Any = {} if dynamodb is None else dynamodb.dynamodb_backends
    regions = accounts[arn.account] if arn.account in list(accounts.keys()) else {}
    backend = regions[arn.region] if arn.region in list(regions.keys()) else None
    table = backend.tables.get(arn.resource.split("/")[1]) if backend is not None and "/" in arn.resource else None
    return {} if table is None else {str(tag["Key"]): str(tag["Value"]) for tag in table.tags or ()}
