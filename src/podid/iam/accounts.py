"""What is kept of an account itself."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from podid.iam.tables import ACCOUNT_SETTINGS, ACCOUNTS


def account_row(connection: Connection, account: str) -> Row[Any] | None:
    """The account's row, or None where nothing was ever set."""
    return connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.account == account)).one_or_none()


def set_account(connection: Connection, account: str, **columns: object) -> None:
    """Set columns of the account's row, making it at first."""
    if account_row(connection, account) is None:
        connection.execute(insert(ACCOUNTS).values(account=account, password_policy="", credential_report=""))
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account == account).values(**columns))


def password_policy(connection: Connection, account: str) -> dict[str, Any] | None:
    """The account's own password policy, by the members of the API; None where it has none."""
    row = account_row(connection, account)
    return json.loads(row.password_policy) if row is not None and row.password_policy else None


def setting(connection: Connection, account: str, name: str) -> str | None:
    """One setting of the account, or None where it was never set."""
    table = ACCOUNT_SETTINGS
    return connection.execute(
        select(table.c.value).where(table.c.account == account, table.c.name == name)
    ).scalar_one_or_none()


def set_setting(connection: Connection, account: str, name: str, value: str) -> None:
    table = ACCOUNT_SETTINGS
    connection.execute(delete(table).where(table.c.account == account, table.c.name == name))
    connection.execute(insert(table).values(account=account, name=name, value=value))
