"""TagResource, UntagResource and ListTagsForResource, on clusters, add-ons, access entries and pod identity associations.

And what policies may test of such a resource: its tags, and what else the service authorization reference has for its kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from podid.core.arn import Arn, parse_arn
from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks import access_entry_rows, association_rows, cluster_rows
from podid.eks.access_entry import AccessEntry
from podid.eks.addons import addon_rows
from podid.eks.addons.addon import Addon
from podid.eks.association import Association
from podid.eks.cache import RevisionCache
from podid.eks.cluster import Cluster
from podid.eks.errors import BadRequest, TagTargetNotFound
from podid.eks.tables import ROOM
from podid.eks.tags import problem_with_tags
from podid.store import Store

Tagged = Cluster | Addon | AccessEntry | Association

_CACHED: Final = 10_000

_RESOURCE: Final = re.compile(
    r"cluster/(?P<cluster>[\w-]+)"
    r"|addon/(?P<of>[\w-]+)/(?P<addon>[\w-]+)/(?P<uuid>[\w*-]+)"
    r"|access-entry/(?P<for>[\w-]+)/(?P<principal>(role|user|root)/\d{12}/[\w+=,.@-]+)/(?P<entry>[\w*-]+)"
    r"|podidentityassociation/(?P<in>[\w-]+)/(?P<association>[\w-]+)",
    re.ASCII,
)


class Tagging:
    """The tag operations; they name the resource by its ARN."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: RevisionCache[str, Tagged | None] = RevisionCache(store, self._load, size=_CACHED)

    def tags_of(self, resource_arn: str) -> Mapping[str, str] | None:
        """The tags of a cluster, add-on or access entry (their UUID may be `*`) or association as of now; None where there is no such resource."""
        found = self._found.get(resource_arn)
        return None if found is None else found.tags

    def keys_of(self, resource_arn: str) -> Mapping[str, tuple[str, ...]]:
        """What else of a resource condition keys tell, as of now: access entries alone have such keys."""
        found = self._found.get(resource_arn)
        return found.condition_keys() if isinstance(found, AccessEntry) else {}

    def _load(self, resource_arn: str) -> Tagged | None:
        try:
            arn = parse_arn(resource_arn)
            with self._store.read() as connection:
                return _find(connection, arn)
        except (ValueError, BadRequest):
            return None

    @operation("TagResource")
    def tag_resource(self, call: Call, *, resource_arn: str, tags: Mapping[str, str]) -> Output:
        if not tags:
            raise BadRequest("Give at least one tag.")
        # The given ones are checked by themselves too: the resource's others may be at the limit.
        if problem := problem_with_tags(tags):
            raise BadRequest(problem)
        with self._store.write(ROOM) as connection:
            found = _require(connection, call, resource_arn)
            after = {**found.tags, **tags}
            if problem := problem_with_tags(after):
                raise BadRequest(problem)
            _put(connection, found, after)
        return {}

    @operation("UntagResource")
    def untag_resource(self, call: Call, *, resource_arn: str, tag_keys: Sequence[str]) -> Output:
        if not tag_keys:
            raise BadRequest("Give at least one tag key.")
        with self._store.write(ROOM) as connection:
            found = _require(connection, call, resource_arn)
            _put(connection, found, {key: value for key, value in found.tags.items() if key not in tag_keys})
        return {}

    @operation("ListTagsForResource")
    def list_tags_for_resource(self, call: Call, *, resource_arn: str) -> Output:
        with self._store.read() as connection:
            return {"tags": _require(connection, call, resource_arn).tags}


def _require(connection: Connection, call: Call, resource_arn: str) -> Tagged:
    """The resource. Raises BadRequest for what is no ARN of EKS, TagTargetNotFound for one that is not there for this caller."""
    try:
        arn = parse_arn(resource_arn)
    except ValueError as error:
        raise BadRequest(f"Invalid ARN: {resource_arn[:300]}") from error
    found = _find(connection, arn)
    if arn.resource.endswith("/*"):
        found = None  # a caller names one thing by its own ARN, or policies on that ARN would not be about what is asked for
    if found is None or (arn.account, arn.region, arn.partition) != (call.account, call.region, call.partition):
        raise TagTargetNotFound(f"Resource not found: {resource_arn[:300]}")
    return found


def _find(connection: Connection, arn: Arn) -> Tagged | None:
    """The resource of an ARN. Raises BadRequest where EKS tags none of that kind."""
    named = _RESOURCE.fullmatch(arn.resource)
    if arn.service != "eks" or named is None:
        raise BadRequest(f"The resource {str(arn)[:300]} cannot be tagged with EKS.")
    of = (arn.account, arn.region)
    if named["cluster"]:
        return cluster_rows.find(connection, *of, named["cluster"])
    if named["addon"]:
        addon = addon_rows.find(connection, *of, named["of"], named["addon"])
        return addon if addon is not None and named["uuid"] in (addon.uuid, "*") else None
    if named["for"]:
        return access_entry_rows.find_by_arn(connection, *of, named["for"], named["principal"], named["entry"])
    return association_rows.find(connection, *of, named["in"], named["association"])


def _put(connection: Connection, found: Tagged, tags: dict[str, str]) -> None:
    if isinstance(found, Cluster):
        cluster_rows.put(connection, replace(found, tags=tags))
    elif isinstance(found, Addon):
        addon_rows.put(connection, replace(found, tags=tags))
    elif isinstance(found, AccessEntry):
        access_entry_rows.put(connection, replace(found, tags=tags))
    else:
        association_rows.put(connection, replace(found, tags=tags))
