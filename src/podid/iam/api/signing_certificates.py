"""X.509 signing certificates of users, for services' old SOAP interfaces: kept, as IAM keeps them; nothing here is signed with one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from podid.core.caller import Call, Output
from podid.core.ids import RandomBytes
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.users import name_or_own
from podid.iam.certificates import read_certificate
from podid.iam.entities import USER
from podid.iam.errors import DuplicateCertificate, EntityAlreadyExists, InvalidCertificate, NoSuchEntity, over_quota
from podid.iam.paging import page, select_page
from podid.iam.state import IamState
from podid.iam.statuses import is_active, shown_status
from podid.iam.tables import SIGNING_CERTIFICATES

PER_USER = 2


class SigningCertificates:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("UploadSigningCertificate")
    def upload_signing_certificate(self, call: Call, *, certificate_body: str, user_name: str | None = None) -> Output:
        name = name_or_own(call, user_name)
        certificate = read_certificate(certificate_body)
        if not certificate.not_before <= call.now < certificate.not_after:
            raise InvalidCertificate("The certificate is not valid at this time.")
        table = SIGNING_CERTIFICATES
        with self._state.write() as connection:
            user = entities.get(connection, USER, call.account, name)
            holder = connection.execute(
                select(table.c.user_id).where(table.c.account == call.account, table.c.digest == certificate.digest)
            ).scalar_one_or_none()
            if holder == user.id:
                raise EntityAlreadyExists("The certificate is already in use.")
            if holder is not None:
                raise DuplicateCertificate("The certificate belongs to another user.")
            held = select(func.count()).select_from(table).where(table.c.user_id == user.id)
            if connection.execute(held).scalar_one() >= PER_USER:
                raise over_quota("CertificatesPerUser", PER_USER)
            identity = _certificate_id(self._state.random)
            connection.execute(
                insert(table).values(
                    id=identity,
                    account=call.account,
                    user_id=user.id,
                    body=certificate_body,
                    digest=certificate.digest,
                    active=True,
                    uploaded_at=call.now.replace(microsecond=0),
                )
            )
            row = connection.execute(select(table).where(table.c.id == identity)).one()
            return {"Certificate": _shown(user.name, row)}

    @operation("ListSigningCertificates")
    def list_signing_certificates(
        self, call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        table = SIGNING_CERTIFICATES
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            query = select(table).where(table.c.user_id == user.id)
            position = page("ListSigningCertificates", marker, max_items)
            rows, more = select_page(connection, position, query, table.c.id)
        return {"Certificates": [_shown(user.name, row) for row in rows], **more}

    @operation("UpdateSigningCertificate")
    def update_signing_certificate(
        self, call: Call, *, certificate_id: str, status: str, user_name: str | None = None
    ) -> Output:
        active = is_active(status)
        table = SIGNING_CERTIFICATES
        with self._state.write() as connection:
            row = _of_user(connection, call, user_name, certificate_id)
            connection.execute(update(table).where(table.c.id == row.id).values(active=active))
            return {}

    @operation("DeleteSigningCertificate")
    def delete_signing_certificate(self, call: Call, *, certificate_id: str, user_name: str | None = None) -> Output:
        table = SIGNING_CERTIFICATES
        with self._state.write() as connection:
            row = _of_user(connection, call, user_name, certificate_id)
            connection.execute(delete(table).where(table.c.id == row.id))
            return {}


def _of_user(connection: Connection, call: Call, user_name: str | None, identity: str) -> Any:
    user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
    table = SIGNING_CERTIFICATES
    row = connection.execute(select(table).where(table.c.id == identity, table.c.user_id == user.id)).one_or_none()
    if row is None:
        raise NoSuchEntity(f"The Certificate with id {identity} cannot be found.")
    return row


def _shown(name: str, row: Any) -> Output:
    return {
        "UserName": name,
        "CertificateId": row.id,
        "CertificateBody": row.body,
        "Status": shown_status(row.active),
        "UploadDate": row.uploaded_at,
    }


_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def _certificate_id(random: RandomBytes) -> str:
    """32 letters and digits, as IAM's certificate ids have them: without a prefix."""
    return "".join(_DIGITS[byte & 31] for byte in random(32))
