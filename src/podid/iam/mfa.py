"""Second factors: whether a code proves that its bearer holds a user's device, now, and for the first time.

A code is taken once (RFC 6238, section 5.2), whichever replica is asked: taking it moves the device's last step forward in one statement.
After five wrong codes in a row a device takes none for five minutes, so that nobody tries them out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from podid.core.errors import AccessDenied
from podid.iam.sealed_columns import MFA_SEED
from podid.iam.state import IamState
from podid.iam.tables import MFA_DEVICES
from podid.iam.totp import find_step, step_at

PATIENCE = 5
PAUSE = timedelta(minutes=5)

_UNKNOWN = (
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and "
    "associated with this user."
)
_WRONG = "MultiFactorAuthentication failed with invalid MFA one time pass code. "


def prove(state: IamState, user_id: str, serial: str, code: str, now: datetime) -> None:
    """See that a user holds the device of that serial number. Raises AccessDenied, in STS's words."""
    table = MFA_DEVICES
    with state.store.append() as connection:
        row = connection.execute(
            select(table).where(table.c.serial == serial, table.c.user_id == user_id)
        ).one_or_none()
        if row is None:
            raise AccessDenied(_UNKNOWN, private="no such device is enabled for this user")
        pausing = row.failures >= PATIENCE and row.failed_at is not None and now - row.failed_at < PAUSE
        taken = False
        if not pausing:
            seed = MFA_SEED.decrypt(state.store.master_key, row.seed, row.serial)
            step = find_step(seed, code, step_at(now) + row.drift, after=row.last_step)
            taken = step is not None and _take(connection, serial, step, step - step_at(now))
            if not taken:
                _failed(connection, serial, now)
    # The failure is kept: the transaction has ended.
    if not taken:
        raise AccessDenied(
            _WRONG, private="too many wrong codes" if pausing else "the code is wrong, or was used before"
        )


def _take(connection: Connection, serial: str, step: int, drift: int) -> bool:
    table = MFA_DEVICES
    moved = connection.execute(
        update(table)
        .where(table.c.serial == serial, table.c.last_step < step)
        .values(last_step=step, drift=drift, failures=0, failed_at=None)
    )
    return moved.rowcount == 1


def _failed(connection: Connection, serial: str, now: datetime) -> None:
    table = MFA_DEVICES
    # After a pause the count begins anew.
    connection.execute(
        update(table)
        .where(table.c.serial == serial, or_(table.c.failures >= PATIENCE, table.c.failures == 0))
        .values(failures=0)
    )
    connection.execute(
        update(table).where(table.c.serial == serial).values(failures=table.c.failures + 1, failed_at=now)
    )
