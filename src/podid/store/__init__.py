"""Durable state: one database, SQLite or PostgreSQL, through SQLAlchemy Core.

The store knows transactions, revisions, migrations and encryption at rest; it knows no table of any room. Each room defines its tables
on `metadata` and owns every query on them.

    store = open_store("sqlite:////var/lib/podid/state.db", master_key=MasterKey.load_or_create(path))
    with store.read() as connection: ...       # one consistent snapshot
    with store.write("iam") as connection: ... # one transaction; acknowledged means on disk
    store.revision("iam")                      # cheap; a cache is good for as long as this number stays
"""

from __future__ import annotations

from podid.store.checking import check_state
from podid.store.key_source import ENVIRONMENT, find_master_key
from podid.store.master_key import MasterKey, MasterKeyProblem
from podid.store.opening import open_store
from podid.store.problems import StoreProblem, StoreUnavailable
from podid.store.schema import Instant, metadata
from podid.store.store import Store
from podid.store.transfer import TransferProblem, export_state, import_state

__all__ = [
    "ENVIRONMENT",
    "Instant",
    "MasterKey",
    "MasterKeyProblem",
    "Store",
    "StoreProblem",
    "StoreUnavailable",
    "TransferProblem",
    "check_state",
    "export_state",
    "find_master_key",
    "import_state",
    "metadata",
    "open_store",
]
