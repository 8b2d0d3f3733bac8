"""Reads the policy that a resource carries, out of moto's state.

Only what moto has been asked for can carry one: a module of moto that was never imported holds nothing. A policy that cannot be read denies
whatever it should decide: it can only be there if moto took what podid refuses.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from podid.core.arn import parse_arn
from podid.core.errors import AccessDenied
from podid.core.policy import MalformedPolicy, NamedPolicy, PolicyKind, read_policy
from podid.gateway.needs.need import Asked, Need

_REMEMBERED = 1024
_Reader = Callable[[Any, Asked, Need], Any]


class HeldByMoto:
    """The `ResourcePolicies` of an endpoint whose other services are moto's."""

    def of(self, asked: Asked, need: Need) -> NamedPolicy | None:
        """The policy on the resource of a need; None where it has none."""
        service = need.action.partition(":")[0]
        reader = _READERS.get(service)
        if reader is None:
            return None
        module_name, read = reader
        module = sys.modules.get(module_name)
        if module is None:
            return None
        text = read(module, asked, need)
        if not text:
            return None
        return _parse(need.resource, text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))


@lru_cache(_REMEMBERED)
def _parse(resource: str, text: str) -> NamedPolicy:
    try:
        return NamedPolicy("ResourcePolicy", read_policy(text, PolicyKind.RESOURCE), resource)
    except MalformedPolicy as error:
        raise AccessDenied(f"The policy on {resource} cannot be read: {error.message}") from error


def _of_bucket(s3: Any, asked: Asked, need: Need) -> Any:
    if not need.resource.startswith("arn:"):
        return None
    name = parse_arn(need.resource).resource.partition("/")[0]
    place = s3.s3_backends.bucket_accounts.get(name)
    if place is None:
        return None
    partition, account = place
    bucket = s3.s3_backends[account][partition].get_bucket(name)
    if bucket.public_access_block and bucket.public_access_block.restrict_public_buckets:
        from moto.s3.utils import bucket_policy_is_public

        if asked.call.account != account and bucket.policy and bucket_policy_is_public(bucket.policy):
            return None  # RestrictPublicBuckets: a public policy is good for the bucket's own account alone
    return bucket.policy


_READERS: Mapping[str, tuple[str, _Reader]] = {
    "s3": ("moto.s3.models", _of_bucket),
}
