"""The versions of a managed policy: five at most, one of them the default; AWS's policies show theirs."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import documents, entities
from podid.iam.api.policies import check_policy_arn, insert_version, own_policy
from podid.iam.entities import POLICY
from podid.iam.errors import DeleteConflict, LimitExceeded, NoSuchEntity
from podid.iam.managed import get_policy
from podid.iam.paging import cut_page, page
from podid.iam.state import IamState
from podid.iam.tables import POLICY_VERSIONS

MAX_VERSIONS = 5
_VERSION_ID = re.compile(r"v([1-9][0-9]*)(\.[A-Za-z0-9-]*)?", re.ASCII)


class PolicyVersions:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreatePolicyVersion")
    def create_policy_version(
        self, call: Call, *, policy_arn: str, policy_document: str, set_as_default: bool = False
    ) -> Output:
        with self._state.write() as connection:
            row = own_policy(connection, call, policy_arn)
            documents.check_managed(policy_document)
            table = POLICY_VERSIONS
            count = select(func.count()).select_from(table).where(table.c.policy_id == row.id)
            if connection.execute(count).scalar_one() >= MAX_VERSIONS:
                raise LimitExceeded(
                    f"A managed policy can have up to {MAX_VERSIONS} versions. Before you create a new version, you must delete "
                    "an existing version."
                )
            version = row.last_version + 1
            columns: dict[str, object] = {"last_version": version}
            if set_as_default:
                columns.update(default_version=version, updated_at=call.now.replace(microsecond=0))
            entities.change(connection, POLICY, row.id, columns)
            insert_version(connection, row.id, version, policy_document, call.now)
            return {
                "PolicyVersion": {
                    "VersionId": f"v{version}",
                    "IsDefaultVersion": set_as_default,
                    "CreateDate": call.now.replace(microsecond=0),
                }
            }

    @operation("GetPolicyVersion")
    def get_policy_version(self, call: Call, *, policy_arn: str, version_id: str) -> Output:
        with self._state.read() as connection:
            policy = get_policy(connection, self._state, check_policy_arn(policy_arn))
            if policy.aws is not None:
                if version_id != policy.version:
                    raise _no_version(policy_arn, version_id)
                document = self._state.catalog.document(policy.aws)
                return {
                    "PolicyVersion": {
                        "Document": documents.shown(document),
                        "VersionId": version_id,
                        "IsDefaultVersion": True,
                        "CreateDate": policy.updated_at,
                    }
                }
            row = _version(connection, policy.id, policy_arn, version_id)
            return {
                "PolicyVersion": {"Document": documents.shown(row.document), **_shown_version(row, policy.version)},
            }

    @operation("ListPolicyVersions")
    def list_policy_versions(
        self, call: Call, *, policy_arn: str, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        with self._state.read() as connection:
            policy = get_policy(connection, self._state, check_policy_arn(policy_arn))
            if policy.aws is not None:
                versions = [{"VersionId": policy.version, "IsDefaultVersion": True, "CreateDate": policy.updated_at}]
            else:
                table = POLICY_VERSIONS
                rows = connection.execute(
                    select(table).where(table.c.policy_id == policy.id).order_by(table.c.version.desc())
                )
                versions = [_shown_version(row, policy.version) for row in rows]
        pieces, more = cut_page(page("ListPolicyVersions", marker, max_items), versions, _newest_first)
        return {"Versions": list(pieces), **more}

    @operation("SetDefaultPolicyVersion")
    def set_default_policy_version(self, call: Call, *, policy_arn: str, version_id: str) -> Output:
        with self._state.write() as connection:
            row = own_policy(connection, call, policy_arn)
            version = _version(connection, row.id, policy_arn, version_id).version
            columns = {"default_version": version, "updated_at": call.now.replace(microsecond=0)}
            entities.change(connection, POLICY, row.id, columns)
            return {}

    @operation("DeletePolicyVersion")
    def delete_policy_version(self, call: Call, *, policy_arn: str, version_id: str) -> Output:
        with self._state.write() as connection:
            row = own_policy(connection, call, policy_arn)
            version = _version(connection, row.id, policy_arn, version_id).version
            if version == row.default_version:
                raise DeleteConflict("Cannot delete the default version of a policy.")
            table = POLICY_VERSIONS
            connection.execute(delete(table).where(table.c.policy_id == row.id, table.c.version == version))
            return {}


def _version(connection: Connection, policy_id: str, arn: str, version_id: str) -> Row[Any]:
    table = POLICY_VERSIONS
    named = _VERSION_ID.fullmatch(version_id)
    row = None
    if named is not None and len(version_id) < 10:
        row = connection.execute(
            select(table).where(table.c.policy_id == policy_id, table.c.version == int(named.group(1)))
        ).one_or_none()
    if row is None:
        raise _no_version(arn, version_id)
    return row


def _no_version(arn: str, version_id: str) -> NoSuchEntity:
    return NoSuchEntity(f"Policy {arn} version {version_id} does not exist or is not attachable.")


def _shown_version(row: Any, default: str) -> Output:
    version_id = f"v{row.version}"
    return {"VersionId": version_id, "IsDefaultVersion": version_id == default, "CreateDate": row.created_at}


def _newest_first(version: Output) -> str:
    number = _VERSION_ID.fullmatch(str(version["VersionId"]))
    return f"{10**9 - int(number.group(1)) if number else 0:010}"
