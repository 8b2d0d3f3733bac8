"""The associations an add-on owns: made with it, changed with it, and gone with it.

Source: EKS user guide, "IAM roles for Amazon EKS add-ons": in an update, leaving the list out changes nothing and an empty list removes
the owned ones; an association that exists already is never adopted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from podid.core import ids
from podid.core.caller import Call
from podid.eks import association_rows
from podid.eks.addons.addon import Addon
from podid.eks.addons.catalogue import CatalogueEntry
from podid.eks.association import Association
from podid.eks.associations import Associations
from podid.eks.errors import InvalidParameter
from podid.eks.instants import whole_millis


class Wish(Struct, frozen=True):
    """An association asked for with an add-on."""

    service_account: str
    role_arn: str


def read_wishes(asked: Sequence[Mapping[str, str]], entry: CatalogueEntry, cluster: str) -> tuple[Wish, ...]:
    """The wishes of a request. Raises InvalidParameter for a service account the add-on does not have, and for one named twice."""
    wishes = tuple(Wish(each["serviceAccount"], each["roleArn"]) for each in asked)
    seen: set[str] = set()
    for wish in wishes:
        if wish.service_account not in entry.service_accounts:
            raise InvalidParameter(
                f"Service account {wish.service_account} in pod identity configuration is not supported for addon "
                f"{entry.name}",
                clusterName=cluster,
                addonName=entry.name,
            )
        if wish.service_account in seen:
            raise InvalidParameter(
                f"Service account {wish.service_account} is named more than once.",
                clusterName=cluster,
                addonName=entry.name,
            )
        seen.add(wish.service_account)
    return wishes


def fulfil(
    connection: Connection,
    associations: Associations,
    call: Call,
    addon: Addon,
    wishes: Sequence[Wish],
    random: ids.RandomBytes,
) -> None:
    """Make the add-on's associations those wished for: add, change the role of, remove. Raises ResourceInUse for one that is not its own."""
    now = whole_millis(call.now)
    owned = {
        each.service_account: each
        for each in association_rows.owned_by(connection, addon.account, addon.region, addon.cluster, addon.arn)
    }
    for wish in wishes:
        mine = owned.pop(wish.service_account, None)
        if mine is None:
            association = Association(
                account=addon.account,
                region=addon.region,
                cluster=addon.cluster,
                id=ids.association_id(random),
                namespace=addon.namespace,
                service_account=wish.service_account,
                role_arn=wish.role_arn,
                owner_arn=addon.arn,
                created_at=now,
                modified_at=now,
            )
            associations.add(connection, association)
        elif mine.role_arn != wish.role_arn:
            association_rows.put(connection, replace(mine, role_arn=wish.role_arn, modified_at=now))
    for left in owned.values():
        association_rows.remove(connection, left)


def release(connection: Connection, addon: Addon) -> None:
    """What becomes of the associations when the add-on goes: they go too, or with `preserve` stay as anyone's."""
    for each in association_rows.owned_by(connection, addon.account, addon.region, addon.cluster, addon.arn):
        if addon.preserve:
            association_rows.put(connection, replace(each, owner_arn=""))
        else:
            association_rows.remove(connection, each)
