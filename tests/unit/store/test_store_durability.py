"""An acknowledged write is there after the process was killed, and none is half-made."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, text

from podid.iam.tables import ACCOUNTS, TAGS
from podid.store import MasterKey, open_store

_WRITER = """
import sys
from pathlib import Path
from sqlalchemy import insert
from podid.iam.tables import ACCOUNTS, TAGS
from podid.store import MasterKey, open_store

store = open_store(sys.argv[1], master_key=MasterKey.generate())
for number in range(100_000):
    with store.write("iam") as connection:
        connection.execute(insert(ACCOUNTS).values(account=str(number), password_policy="", credential_report=""))
        connection.execute(insert(TAGS).values(owner_id=str(number), tag_key_folded="a", tag_key="a", tag_value="b"))
    print(number, flush=True)
"""


@pytest.mark.parametrize("acknowledged", [1, 40])
def test_kill_9_loses_nothing_acknowledged(store_url: str, acknowledged: int) -> None:
    open_store(store_url, master_key=MasterKey.generate()).close()
    with subprocess.Popen([sys.executable, "-c", _WRITER, store_url], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        last = -1
        while last < acknowledged:
            last = int(writer.stdout.readline())
        writer.kill()
        seen = [int(line) for line in writer.stdout.read().split()]
    last = max([last, *seen])
    store = open_store(store_url, master_key=MasterKey.generate())
    with store.read() as connection:
        written = {int(account) for account in connection.execute(select(ACCOUNTS.c.account)).scalars()}
        tagged = {int(owner) for owner in connection.execute(select(TAGS.c.owner_id)).scalars()}
    store.close()
    assert set(range(last + 1)) <= written
    assert written == tagged


def test_sqlite_writes_wait_for_the_disk(store_url: str) -> None:
    if not store_url.startswith("sqlite"):
        pytest.skip("PostgreSQL waits for its log by default; there is nothing of ours to check")
    store = open_store(store_url, master_key=MasterKey.generate())
    with store.append() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 1
    with store.write() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    store.close()


def test_the_sqlite_file_is_for_its_owner_alone(store_url: str, tmp_path: Path) -> None:
    if not store_url.startswith("sqlite"):
        pytest.skip("PostgreSQL keeps its own files")
    store = open_store(store_url, master_key=MasterKey.generate())
    with store.write():
        pass
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("state.db*")}
    assert modes == {0o600}
    store.close()
