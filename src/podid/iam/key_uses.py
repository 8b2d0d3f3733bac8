"""When access keys and roles were last used, and with which service: noted in memory at each call, written now and then.

It is a statistic: a crash may lose the last minute of it, and writing it moves no revision, so no cache is emptied by it.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from podid.iam.state import IamState
from podid.iam.tables import ACCESS_KEYS, ROLES, SERVICE_USES, USERS

FLUSH_AFTER = timedelta(seconds=60)


class _Use(Struct, frozen=True):
    at: datetime
    service: str
    region: str


class KeyUses:
    """The uses not yet written."""

    def __init__(self, state: IamState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._keys: dict[str, _Use] = {}
        self._roles: dict[str, _Use] = {}
        self._services: dict[tuple[str, str], _Use] = {}
        self._flushed_at: datetime | None = None

    def note_key(self, access_key_id: str, *, service: str, region: str, now: datetime, user_id: str = "") -> None:
        """An access key, of that user, signed a call to that service (`s3`, `iam`)."""
        with self._lock:
            self._keys[access_key_id] = use = _Use(now.replace(microsecond=0), service, region)
            if user_id:
                self._services[user_id, service] = use
        self._flush_if_due(now)

    def note_role(self, role_id: str, *, region: str, now: datetime, service: str = "") -> None:
        """A session of a role called in that region."""
        with self._lock:
            self._roles[role_id] = use = _Use(now.replace(microsecond=0), service, region)
            if service:
                self._services[role_id, service] = use
        self._flush_if_due(now)

    def flush(self) -> None:
        """Write what was noted."""
        with self._lock:
            keys, self._keys = self._keys, {}
            roles, self._roles = self._roles, {}
            services, self._services = self._services, {}
        if not keys and not roles:
            return
        with self._state.store.append() as connection:
            for key_id, use in keys.items():
                columns = {"last_used_at": use.at, "last_used_service": use.service, "last_used_region": use.region}
                connection.execute(update(ACCESS_KEYS).where(ACCESS_KEYS.c.id == key_id).values(**columns))
            for role_id, use in roles.items():
                columns = {"last_used_at": use.at, "last_used_region": use.region}
                connection.execute(update(ROLES).where(ROLES.c.id == role_id).values(**columns))
            _write_services(connection, services)

    def _flush_if_due(self, now: datetime) -> None:
        with self._lock:
            if self._flushed_at is None:
                self._flushed_at = now
            if now - self._flushed_at < FLUSH_AFTER:
                return
            self._flushed_at = now
        self.flush()


def _write_services(connection: Connection, uses: dict[tuple[str, str], _Use]) -> None:
    table = SERVICE_USES
    owners = {owner for owner, _ in uses}
    there = {
        identity
        for kind in (ROLES, USERS)
        for identity in connection.execute(select(kind.c.id).where(kind.c.id.in_(owners))).scalars()
    }
    for (owner, service), use in uses.items():
        if owner in there:
            connection.execute(delete(table).where(table.c.owner_id == owner, table.c.service == service))
            connection.execute(insert(table).values(owner_id=owner, service=service, used_at=use.at, region=use.region))
