"""What every part of IAM works with: the store, randomness, and the partition its ARNs are of."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from podid.core.ids import RandomBytes
from podid.iam.aws_managed import AwsManagedPolicies
from podid.store import Store

ROOM: Final = "iam"
"""The name under which the store counts IAM's revisions."""


class IamState(Struct, frozen=True, kw_only=True):
    """Shared by the parts of one `Iam`."""

    store: Store
    random: RandomBytes
    catalog: AwsManagedPolicies
    partition: str = "aws"

    def read(self) -> AbstractContextManager[Connection]:
        return self.store.read()

    def write(self) -> AbstractContextManager[Connection]:
        """The one transaction of a call that changes something."""
        return self.store.write(ROOM)
