"""The columns that are encrypted with the master key, for whoever has to go through all of them: a rotation, a check of the state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Column, Connection, Table, select, update

from podid.iam.state import IamState
from podid.iam.tables import ACCESS_KEYS, MFA_DEVICES, SERVER_CERTIFICATES
from podid.store import MasterKey, MasterKeyProblem


class Sealed(Struct, frozen=True):
    """An encrypted column. `word` names what it is of, in the context that the encryption is bound to."""

    table: Table
    key: Column[str]
    column: Column[bytes]
    word: str

    def context(self, key: str) -> str:
        """What the encryption of one value is bound to: it opens in its own row alone."""
        return f"iam/{self.word}/{key}"

    def encrypt(self, master: MasterKey, plain: bytes, key: str) -> bytes:
        return master.encrypt(plain, self.context(key))

    def decrypt(self, master: MasterKey, sealed: bytes, key: str) -> bytes:
        return master.decrypt(sealed, self.context(key))


ACCESS_KEY_SECRET: Final = Sealed(ACCESS_KEYS, ACCESS_KEYS.c.id, ACCESS_KEYS.c.secret, "access-key")
MFA_SEED: Final = Sealed(MFA_DEVICES, MFA_DEVICES.c.serial, MFA_DEVICES.c.seed, "mfa-device")
CERTIFICATE_KEY: Final = Sealed(
    SERVER_CERTIFICATES, SERVER_CERTIFICATES.c.id, SERVER_CERTIFICATES.c.private_key, "server-certificate"
)
_ALL: Final = (ACCESS_KEY_SECRET, MFA_SEED, CERTIFICATE_KEY)


def unreadable_secrets(connection: Connection, master: MasterKey) -> list[str]:
    """The ids of the access keys, MFA devices and server certificates whose secrets do not open with the master key."""
    found = []
    for sealed, row in _rows(connection):
        try:
            sealed.decrypt(master, row.value, row.key)
        except MasterKeyProblem:
            found.append(row.key)
    return found


def renew_secrets(state: IamState) -> int:
    """Encrypt the secrets that an old master key encrypted with the one in use; how many those were."""
    master = state.store.master_key
    renewed = 0
    with state.write() as connection:
        for sealed, row in list(_rows(connection)):
            if master.is_current(row.value):
                continue
            again = sealed.encrypt(master, sealed.decrypt(master, row.value, row.key), row.key)
            connection.execute(update(sealed.table).where(sealed.key == row.key).values({sealed.column.name: again}))
            renewed += 1
    return renewed


def _rows(connection: Connection) -> Iterator[tuple[Sealed, Any]]:
    for sealed in _ALL:
        query = select(sealed.key.label("key"), sealed.column.label("value")).order_by(sealed.key)
        for row in connection.execute(query).all():
            yield sealed, row
