"""Server certificates: a certificate with its private key, which goes in and never comes out again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from podid.core.caller import Call, Output
from podid.core.ids import unique_id
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.certificates import check_chain, check_pair, read_certificate
from podid.iam.entities import SERVER_CERTIFICATE
from podid.iam.paging import page, select_page, under_path
from podid.iam.sealed_columns import CERTIFICATE_KEY
from podid.iam.state import IamState
from podid.iam.tables import SERVER_CERTIFICATES
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags


class ServerCertificates:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("UploadServerCertificate")
    def upload_server_certificate(
        self,
        call: Call,
        *,
        server_certificate_name: str,
        certificate_body: str,
        private_key: str,
        certificate_chain: str = "",
        path: str = "/",
        tags: WireTags | None = None,
    ) -> Output:
        given = read_tags(tags)
        certificate = read_certificate(certificate_body)
        check_pair(certificate, private_key)
        if certificate_chain:
            check_chain(certificate_chain)
        # The encryption is bound to the id, which must be known first.
        identity = unique_id(SERVER_CERTIFICATE.prefix, self._state.random)
        with self._state.write() as connection:
            row = entities.create(
                connection,
                self._state,
                SERVER_CERTIFICATE,
                account=call.account,
                name=server_certificate_name,
                path=path,
                now=call.now,
                identity=identity,
                body=certificate_body,
                chain=certificate_chain,
                private_key=CERTIFICATE_KEY.encrypt(self._state.store.master_key, private_key.encode(), identity),
                expires_at=certificate.not_after,
            )
            add_tags(connection, row.id, given)
            return with_tags({"ServerCertificateMetadata": self._shown(row)}, given)

    @operation("GetServerCertificate")
    def get_server_certificate(self, call: Call, *, server_certificate_name: str) -> Output:
        with self._state.read() as connection:
            row = entities.get(connection, SERVER_CERTIFICATE, call.account, server_certificate_name)
            tags = tags_of(connection, row.id)
        shown: Output = {"ServerCertificateMetadata": self._shown(row), "CertificateBody": row.body}
        if row.chain:
            shown["CertificateChain"] = row.chain
        return {"ServerCertificate": with_tags(shown, tags)}

    @operation("ListServerCertificates")
    def list_server_certificates(
        self, call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
    ) -> Output:
        table = SERVER_CERTIFICATES
        with self._state.read() as connection:
            query = select(table).where(table.c.account == call.account, under_path(table.c.path, path_prefix))
            position = page("ListServerCertificates", marker, max_items)
            rows, more = select_page(connection, position, query, table.c.name_key)
        return {"ServerCertificateMetadataList": [self._shown(row) for row in rows], **more}

    @operation("UpdateServerCertificate")
    def update_server_certificate(
        self,
        call: Call,
        *,
        server_certificate_name: str,
        new_path: str | None = None,
        new_server_certificate_name: str | None = None,
    ) -> Output:
        kind = SERVER_CERTIFICATE
        with self._state.write() as connection:
            row = entities.get(connection, kind, call.account, server_certificate_name)
            columns: dict[str, object] = {}
            if new_path is not None:
                columns["path"] = new_path
            if new_server_certificate_name is not None:
                entities.refuse_taken(connection, kind, call.account, new_server_certificate_name, but=row.id)
                columns.update(name=new_server_certificate_name, name_key=new_server_certificate_name.lower())
            entities.change(connection, kind, row.id, columns)
            return {}

    @operation("DeleteServerCertificate")
    def delete_server_certificate(self, call: Call, *, server_certificate_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, SERVER_CERTIFICATE, call.account, server_certificate_name)
            remove_all_tags(connection, row.id)
            connection.execute(delete(SERVER_CERTIFICATES).where(SERVER_CERTIFICATES.c.id == row.id))
            return {}

    def _shown(self, row: Any) -> Output:
        return {
            "Path": row.path,
            "ServerCertificateName": row.name,
            "ServerCertificateId": row.id,
            "Arn": SERVER_CERTIFICATE.arn(self._state.partition, row),
            "UploadDate": row.created_at,
            "Expiration": row.expires_at,
        }
