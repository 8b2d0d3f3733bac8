"""SSH public keys of users, for CodeCommit: kept and shown in either encoding, as IAM does."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from podid.core.caller import Call, Output
from podid.core.ids import unique_id
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.users import name_or_own
from podid.iam.entities import USER
from podid.iam.errors import (
    DuplicateSSHPublicKey,
    InvalidPublicKey,
    NoSuchEntity,
    UnrecognizedPublicKeyEncoding,
    over_quota,
)
from podid.iam.paging import page, select_page
from podid.iam.state import IamState
from podid.iam.statuses import is_active, shown_status
from podid.iam.tables import SSH_PUBLIC_KEYS

PER_USER = 5
_LEAST_BITS = 2048
_MOST_BITS = 16_384


class SshPublicKeys:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("UploadSSHPublicKey")
    def upload_ssh_public_key(self, call: Call, *, user_name: str, ssh_public_key_body: str) -> Output:
        body, fingerprint = _read(ssh_public_key_body)
        table = SSH_PUBLIC_KEYS
        with self._state.write() as connection:
            user = entities.get(connection, USER, call.account, user_name)
            held = connection.execute(select(table.c.body).where(table.c.user_id == user.id)).scalars().all()
            if any(_material(one) == _material(body) for one in held):
                raise DuplicateSSHPublicKey("The SSH public key is already associated with the user.")
            if len(held) >= PER_USER:
                raise over_quota("SSHPublicKeysPerUser", PER_USER)
            identity = unique_id("APKA", self._state.random)
            connection.execute(
                insert(table).values(
                    id=identity,
                    user_id=user.id,
                    body=body,
                    fingerprint=fingerprint,
                    active=True,
                    uploaded_at=call.now.replace(microsecond=0),
                )
            )
            row = connection.execute(select(table).where(table.c.id == identity)).one()
            return {"SSHPublicKey": _full(user.name, row, ssh_public_key_body)}

    @operation("GetSSHPublicKey")
    def get_ssh_public_key(self, call: Call, *, user_name: str, ssh_public_key_id: str, encoding: str) -> Output:
        if encoding not in ("SSH", "PEM"):
            raise UnrecognizedPublicKeyEncoding(f"The encoding of a public key is SSH or PEM, not {encoding[:20]!r}.")
        with self._state.read() as connection:
            row = _of_user(connection, call, user_name, ssh_public_key_id)
        return {"SSHPublicKey": _full(user_name, row, row.body if encoding == "SSH" else _as_pem(row.body))}

    @operation("ListSSHPublicKeys")
    def list_ssh_public_keys(
        self, call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        table = SSH_PUBLIC_KEYS
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            query = select(table).where(table.c.user_id == user.id)
            rows, more = select_page(connection, page("ListSSHPublicKeys", marker, max_items), query, table.c.id)
        return {"SSHPublicKeys": [_shown(user.name, row) for row in rows], **more}

    @operation("UpdateSSHPublicKey")
    def update_ssh_public_key(self, call: Call, *, user_name: str, ssh_public_key_id: str, status: str) -> Output:
        active = is_active(status)
        table = SSH_PUBLIC_KEYS
        with self._state.write() as connection:
            row = _of_user(connection, call, user_name, ssh_public_key_id)
            connection.execute(update(table).where(table.c.id == row.id).values(active=active))
            return {}

    @operation("DeleteSSHPublicKey")
    def delete_ssh_public_key(self, call: Call, *, user_name: str, ssh_public_key_id: str) -> Output:
        table = SSH_PUBLIC_KEYS
        with self._state.write() as connection:
            row = _of_user(connection, call, user_name, ssh_public_key_id)
            connection.execute(delete(table).where(table.c.id == row.id))
            return {}


def _of_user(connection: Connection, call: Call, user_name: str, identity: str) -> Any:
    user = entities.get(connection, USER, call.account, user_name)
    table = SSH_PUBLIC_KEYS
    row = connection.execute(select(table).where(table.c.id == identity, table.c.user_id == user.id)).one_or_none()
    if row is None:
        raise NoSuchEntity(f"The Public Key with id {identity} cannot be found.")
    return row


def _read(body: str) -> tuple[str, str]:
    """The key as OpenSSH writes it, with its comment, and its MD5 fingerprint. Raises InvalidPublicKey, UnrecognizedPublicKeyEncoding."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_public_key,
        load_ssh_public_key,
    )

    text = body.strip()
    pem = text.startswith("-----BEGIN ")
    if not pem and not text.startswith("ssh-rsa "):
        raise UnrecognizedPublicKeyEncoding("The public key encoding is not recognised: expected ssh-rsa or PEM.")
    try:
        key = load_pem_public_key(text.encode()) if pem else load_ssh_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise InvalidPublicKey("The public key is malformed or otherwise invalid.") from problem
    if not isinstance(key, rsa.RSAPublicKey) or not _LEAST_BITS <= key.key_size <= _MOST_BITS:
        raise InvalidPublicKey(f"The public key is not an RSA key of {_LEAST_BITS} to {_MOST_BITS} bits.")
    kept = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() if pem else text
    digest = hashlib.md5(base64.b64decode(_material(kept)), usedforsecurity=False).hexdigest()
    return kept, ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def _material(body: str) -> str:
    """The key itself, without its comment."""
    return body.split()[1]


def _as_pem(body: str) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

    key = load_ssh_public_key(body.encode())
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _shown(name: str, row: Any) -> Output:
    return {
        "UserName": name,
        "SSHPublicKeyId": row.id,
        "Status": shown_status(row.active),
        "UploadDate": row.uploaded_at,
    }


def _full(name: str, row: Any, body: str) -> Output:
    return {**_shown(name, row), "Fingerprint": row.fingerprint, "SSHPublicKeyBody": body}
