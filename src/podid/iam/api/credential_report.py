"""The credential report: a CSV of the account's users and their keys.

Source: IAM user guide, "Generate credential reports": the columns, and that a report is made anew after four hours at the earliest.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam.accounts import account_row, password_policy, set_account
from podid.iam.entities import USER
from podid.iam.errors import ReportExpired, ReportNotPresent
from podid.iam.key_uses import KeyUses
from podid.iam.state import IamState
from podid.iam.tables import ACCESS_KEYS, LOGIN_PROFILES, MFA_DEVICES, SIGNING_CERTIFICATES, USERS

_AGE: Final = timedelta(hours=4)
_KEY_COLUMNS: Final = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
_COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{column}" for number in (1, 2) for column in _KEY_COLUMNS),
    *(f"cert_{number}_{column}" for number in (1, 2) for column in ("active", "last_rotated")),
)
_NO_PASSWORD: Final = ("false", "N/A", "N/A", "N/A", "false")
_NO_CERTIFICATES: Final = ("false", "N/A", "false", "N/A")


class CredentialReport:
    def __init__(self, state: IamState, uses: KeyUses) -> None:
        self._state = state
        self._uses = uses

    @operation("GenerateCredentialReport")
    def generate_credential_report(self, call: Call) -> Output:
        self._uses.flush()
        with self._state.write() as connection:
            held = account_row(connection, call.account)
            if held is not None and held.credential_report and call.now - held.credential_report_at < _AGE:
                return {"State": "COMPLETE"}
            report = _report(connection, self._state.partition, call.account, call.now)
            set_account(
                connection, call.account, credential_report=report, credential_report_at=call.now.replace(microsecond=0)
            )
            return {"State": "STARTED", "Description": "No report exists. Starting a new report generation task"}

    @operation("GetCredentialReport")
    def get_credential_report(self, call: Call) -> Output:
        with self._state.read() as connection:
            held = account_row(connection, call.account)
        if held is None or not held.credential_report:
            raise ReportNotPresent("No report exists. Generate one with GenerateCredentialReport.")
        if call.now - held.credential_report_at >= _AGE:
            raise ReportExpired("The credential report has expired. Generate a new one with GenerateCredentialReport.")
        return {
            "Content": held.credential_report.encode(),
            "ReportFormat": "text/csv",
            "GeneratedTime": held.credential_report_at,
        }


def _report(connection: Connection, partition: str, account: str, now: datetime) -> str:
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_COLUMNS)
    nothing = _key_columns(None) * 2
    users = connection.execute(select(USERS).where(USERS.c.account == account).order_by(USERS.c.name_key)).all()
    # The root has neither password nor keys here; it is as old as the oldest user.
    created = min((user.created_at for user in users), default=now)
    root = ("<root_account>", f"arn:{partition}:iam::{account}:root", _instant(created))
    lines.writerow((*root, *_NO_PASSWORD, *nothing, *_NO_CERTIFICATES))
    table = ACCESS_KEYS
    policy = password_policy(connection, account)
    age = timedelta(days=int((policy or {}).get("MaxPasswordAge", 0)))
    for user in users:
        keys = connection.execute(
            select(table).where(table.c.user_id == user.id).order_by(table.c.created_at, table.c.id).limit(2)
        ).all()
        columns = [value for index in (0, 1) for value in _key_columns(keys[index] if index < len(keys) else None)]
        head = (user.name, USER.arn(partition, user), _instant(user.created_at))
        own = (*_password_columns(connection, user.id, age), _has_device(connection, user.id))
        lines.writerow((*head, *own, *columns, *_certificate_columns(connection, user.id)))
    return text.getvalue()


def _password_columns(connection: Connection, user_id: str, age: timedelta) -> tuple[str, ...]:
    """Nobody signs in with a password here, so when that was last is not known of any."""
    table = LOGIN_PROFILES
    row = connection.execute(select(table).where(table.c.user_id == user_id)).one_or_none()
    if row is None:
        return _NO_PASSWORD[:-1]
    rotation = _instant(row.changed_at + age) if age else "N/A"
    return ("true", "no_information", _instant(row.changed_at), rotation)


def _has_device(connection: Connection, user_id: str) -> str:
    table = MFA_DEVICES
    held = connection.execute(select(table.c.serial).where(table.c.user_id == user_id).limit(1)).first()
    return "false" if held is None else "true"


def _certificate_columns(connection: Connection, user_id: str) -> tuple[str, ...]:
    table = SIGNING_CERTIFICATES
    rows = connection.execute(
        select(table).where(table.c.user_id == user_id).order_by(table.c.uploaded_at, table.c.id)
    ).all()
    shown = [value for row in rows for value in ("true" if row.active else "false", _instant(row.uploaded_at))]
    return (*shown, *_NO_CERTIFICATES[len(shown) :])


def _key_columns(key: Any) -> tuple[str, ...]:
    if key is None:
        return ("false", "N/A", "N/A", "N/A", "N/A")
    used = ("N/A", "N/A", "N/A")
    if key.last_used_at is not None:
        used = (_instant(key.last_used_at), key.last_used_region, key.last_used_service)
    return ("true" if key.active else "false", _instant(key.created_at), *used)


def _instant(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S+00:00")
