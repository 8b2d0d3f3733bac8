"""TagResource, UntagResource and ListTagsForResource, on clusters, add-ons and pod identity associations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from podid.core.arn import parse_arn
from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks import association_rows, cluster_rows
from podid.eks.addons import addon_rows
from podid.eks.addons.addon import Addon
from podid.eks.association import Association
from podid.eks.cluster import Cluster
from podid.eks.errors import BadRequest, TagTargetNotFound
from podid.eks.tables import ROOM
from podid.eks.tags import problem_with_tags
from podid.store import Store

Tagged = Cluster | Addon | Association

_RESOURCE: Final = re.compile(
    r"cluster/(?P<cluster>[^/]+)"
    r"|addon/(?P<of>[^/]+)/(?P<addon>[^/]+)/(?P<uuid>[^/]+)"
    r"|podidentityassociation/(?P<in>[^/]+)/(?P<association>[^/]+)"
)


class Tagging:
    """The tag operations; they name the resource by its ARN."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @operation("TagResource")
    def tag_resource(self, call: Call, *, resource_arn: str, tags: Mapping[str, str]) -> Output:
        if not tags:
            raise BadRequest("Give at least one tag.")
        # The given ones are checked by themselves too: the resource's others may be at the limit.
        if problem := problem_with_tags(tags):
            raise BadRequest(problem)
        with self._store.write(ROOM) as connection:
            found = _find(connection, call, resource_arn)
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
            found = _find(connection, call, resource_arn)
            _put(connection, found, {key: value for key, value in found.tags.items() if key not in tag_keys})
        return {}

    @operation("ListTagsForResource")
    def list_tags_for_resource(self, call: Call, *, resource_arn: str) -> Output:
        with self._store.read() as connection:
            return {"tags": _find(connection, call, resource_arn).tags}


def _find(connection: Connection, call: Call, resource_arn: str) -> Tagged:
    """The resource. Raises BadRequest for what is no ARN of EKS, TagTargetNotFound for one that is not there for this caller."""
    try:
        arn = parse_arn(resource_arn)
    except ValueError as error:
        raise BadRequest(f"Invalid ARN: {resource_arn[:300]}") from error
    named = _RESOURCE.fullmatch(arn.resource)
    if arn.service != "eks" or named is None:
        raise BadRequest(f"The resource {resource_arn[:300]} cannot be tagged with EKS.")
    found: Tagged | None = None
    if (arn.account, arn.region, arn.partition) == (call.account, call.region, call.partition):
        of = (call.account, call.region)
        if named["cluster"]:
            found = cluster_rows.find(connection, *of, named["cluster"])
        elif named["addon"]:
            addon = addon_rows.find(connection, *of, named["of"], named["addon"])
            found = addon if addon is not None and addon.uuid == named["uuid"] else None
        else:
            found = association_rows.find(connection, *of, named["in"], named["association"])
    if found is None:
        raise TagTargetNotFound(f"Resource not found: {resource_arn[:300]}")
    return found


def _put(connection: Connection, found: Tagged, tags: dict[str, str]) -> None:
    if isinstance(found, Cluster):
        cluster_rows.put(connection, replace(found, tags=tags))
    elif isinstance(found, Addon):
        addon_rows.put(connection, replace(found, tags=tags))
    else:
        association_rows.put(connection, replace(found, tags=tags))
