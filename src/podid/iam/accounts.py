"""What is kept of an account itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from podid.iam.tables import ACCOUNTS


def account_row(connection: Connection, account: str) -> Row[Any] | None:
    """The account's row, or None where nothing was ever set."""
    return connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.account == account)).one_or_none()


def set_account(connection: Connection, account: str, **columns: object) -> None:
    """Set columns of the account's row, making it at first."""
    if account_row(connection, account) is None:
        connection.execute(insert(ACCOUNTS).values(account=account, password_policy="", credential_report=""))
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account == account).values(**columns))
