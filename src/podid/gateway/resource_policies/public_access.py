"""S3 Block Public Access: what a bucket, or its account, refuses of policies and access control lists that let everybody in.

A policy is public where it allows a principal that is not fixed, unless a condition holds it to fixed values of a key that tells who asks.
Source: S3 user guide, "Blocking public access to your Amazon S3 storage", the meaning of "public".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from podid.core.caller import Input
from podid.gateway.loaded import loaded
from podid.gateway.refusals import Said

_REMEMBERED = 256
_FIXED_BY = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:viaawsservice",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_FIXING = ("stringequals", "stringlike", "arnequals", "arnlike", "ipaddress")
_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})
_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read"})
_PUBLIC_GROUPS = ("groups/global/AllUsers", "groups/global/AuthenticatedUsers")
_GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")


@lru_cache(_REMEMBERED)
def is_public(policy: str | bytes) -> bool:
    """Whether a policy lets in somebody who is not fixed. What is no policy lets in nobody."""
    try:
        document: Any = msgspec.json.decode(policy)
    except msgspec.DecodeError:
        return False
    statements = document.get("Statement") if isinstance(document, Mapping) else None
    return any(_lets_all_in(statement) for statement in _listed(statements) if isinstance(statement, Mapping))


def _lets_all_in(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal")
    named = principal.values() if isinstance(principal, Mapping) else (principal,)
    everybody = "NotPrincipal" in statement or any("*" in _listed(value) for value in named)
    return everybody and not _is_held_to_fixed_values(statement.get("Condition"))


def _is_held_to_fixed_values(conditions: Any) -> bool:
    for operator, tests in conditions.items() if isinstance(conditions, Mapping) else ():
        base = str(operator).lower().rpartition(":")[2]
        if not base.startswith(_FIXING) or base.endswith("ifexists") or "not" in base:
            continue
        for key, values in tests.items() if isinstance(tests, Mapping) else ():
            texts = [str(value) for value in _listed(values)]
            if str(key).lower() in _FIXED_BY and texts and all(map(_is_fixed, texts)):
                return True
    return False


def _is_fixed(value: str) -> bool:
    """Whether a value leaves nothing open; an ARN may have wildcards after its account."""
    head = ":".join(value.split(":", 5)[:5]) if value.startswith("arn:") else value
    return value not in _EVERYWHERE and not any(mark in head for mark in ("*", "?", "${"))


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else (() if value is None else (value,))


def _blocks(bucket: str) -> Iterable[Any]:
    """The settings of a bucket and of its account."""
    s3 = loaded("moto.s3.models")
    place = s3.s3_backends.bucket_accounts.get(bucket) if s3 is not None and bucket else None
    if s3 is None or place is None:
        return ()
    partition, account = place
    own = s3.s3_backends[account][partition].get_bucket(bucket).public_access_block
    return tuple(block for block in (own, _of_account(account, partition)) if block is not None)


def _of_account(account: str, partition: str) -> Any:
    control = loaded("moto.s3control.models")
    accounts: Any = {} if control is None else control.s3control_backends
    regions = accounts[account] if account in list(accounts.keys()) else {}
    return regions[partition].public_access_block if partition in list(regions.keys()) else None


def is_restricted(bucket: str) -> bool:
    """Whether a public policy of a bucket is good for the bucket's own account alone."""
    return any(block.restrict_public_buckets for block in _blocks(bucket))


def check(operation: str, members: Input) -> None:
    """Refuse what would make a bucket or object public where that is blocked. Raises Said with S3's AccessDenied."""
    bucket = str(members.get("Bucket") or "")
    if operation == "PutBucketPolicy":
        if is_public(members.get("Policy") or "") and any(block.block_public_policy for block in _blocks(bucket)):
            raise _denied()
    elif _is_public_acl(members) and any(block.block_public_acls for block in _blocks(bucket)):
        raise _denied()


def _denied() -> Said:
    return Said("AccessDenied", 403, "Access Denied")


def _is_public_acl(members: Input) -> bool:
    if members.get("ACL") in _PUBLIC_ACLS or any(
        group in str(members.get(name) or "") for name in _GRANTS for group in _PUBLIC_GROUPS
    ):
        return True
    policy = members.get("AccessControlPolicy")
    grants = policy.get("Grants") if isinstance(policy, Mapping) else None
    return any(
        str((grant.get("Grantee") or {}).get("URI") or "").endswith(_PUBLIC_GROUPS)
        for grant in _listed(grants)
        if isinstance(grant, Mapping)
    )
