"""Which keys of a resource the policies that have a say test, and their values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from podid.core.policy import NamedPolicy, Policy, PolicySet
from podid.gateway.needs import Asked, Need
from podid.gateway.resource_keys.kept import KEYS

_REMEMBERED = 4096
_VARIABLE = re.compile(r"\$\{\s*([a-z0-9.-]+:[a-z0-9./_-]+)")
_TAGS = "tag/"
"""What stands in every key of a tag: aws:ResourceTag/NAME, s3:ExistingObjectTag/NAME, rds:db-tag/NAME."""
_OF_REQUEST = ("aws:requesttag/", "aws:principaltag/", "s3:requestobjecttag/")


def of(
    asked: Asked, need: Need, policies: PolicySet, resource_policy: NamedPolicy | None
) -> dict[str, tuple[str, ...]]:
    """The keys of a need's resource as it is now, so far as these policies test any."""
    prefix = need.action.partition(":")[0]
    tested: set[str] = set()
    for named in _all(policies, resource_policy):
        tested |= _tested(named.policy)
    found: dict[str, tuple[str, ...]] = {}
    if prefix == "eks" or any(_TAGS in key and not key.startswith(_OF_REQUEST) for key in tested):
        found.update(_tags(asked, need, prefix))
    kept = KEYS.get(prefix)
    if kept is not None and not kept.isdisjoint(tested):
        found.update(asked.lookup.keys_of(need.resource))
    return found


def _all(policies: PolicySet, resource_policy: NamedPolicy | None) -> Iterable[NamedPolicy]:
    yield from policies.identity
    yield from policies.session or ()
    for one in (policies.boundary, resource_policy):
        if one is not None:
            yield one
    for level in (*policies.scps, *policies.rcps):
        yield from level


@lru_cache(_REMEMBERED)
def _tested(policy: Policy) -> frozenset[str]:
    """The keys that a policy tests or fills in, in lower case."""
    found: set[str] = set()
    for statement in policy.document.statements:
        texts = [*(statement.resources.values if statement.resources else ())]
        for test in statement.conditions:
            found.add(test.key.lower())
            texts += test.values
        for text in texts:
            if "${" in text:
                found.update(_VARIABLE.findall(text.lower()))
    return frozenset(found)


_TAGS_OF_RDS = {
    # kind of resource in RDS's ARNs: the name of its tags' keys
    "db": "db-tag",
    "cluster": "cluster-tag",
    "snapshot": "snapshot-tag",
    "cluster-snapshot": "cluster-snapshot-tag",
    "pg": "pg-tag",
    "cluster-pg": "cluster-pg-tag",
    "subgrp": "subgrp-tag",
    "og": "og-tag",
    "secgrp": "secgrp-tag",
    "es": "es-tag",
    "ri": "ri-tag",
}


def _tags(asked: Asked, need: Need, prefix: str) -> dict[str, tuple[str, ...]]:
    """The tags as condition keys: AWS's own, the service's, and those that S3 and RDS have besides."""
    found: dict[str, tuple[str, ...]] = {}
    names = ["aws:ResourceTag", f"{prefix}:ResourceTag"]
    if prefix == "s3":
        names.append("s3:ExistingObjectTag" if "/" in need.resource else "s3:BucketTag")
    elif prefix == "rds":
        kind = (need.resource.split(":", 6) + [""] * 6)[5]
        if kind in _TAGS_OF_RDS:
            names.append(f"rds:{_TAGS_OF_RDS[kind]}")
    for key, value in asked.lookup.tags_of(need.resource).items():
        for name in names:
            found[f"{name}/{key}"] = (value,)
    return found
