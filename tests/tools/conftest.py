"""An endpoint with podid's own services alone, for real tools to call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from tests import postgresql

from podid.core.clock import system_clock
from podid.core.sigv4 import Credentials
from podid.gateway import credentials_files
from podid.gateway.app import App
from podid.gateway.compose import compose
from podid.gateway.serve import ServeSettings
from podid.gateway.server import Listener
from podid.iam import Iam
from podid.store import MasterKey
from podid.sts import KeyRing

ACCOUNT = "111122223333"


class Called(Struct, frozen=True, kw_only=True):
    """The endpoint, its administrator, and the parts that prepare what a caller cannot."""

    url: str
    administrator: Credentials
    iam: Iam
    ring: KeyRing


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Called]:
    """A fresh one: stories count what they find."""
    with serving(tmp_path) as called:
        yield called


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Called]:
    """One for all who keep out of each other's way by names."""
    with serving(tmp_path_factory.mktemp("home")) as called:
        yield called


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Called]:
    """One whose state is in PostgreSQL; skips where there is no server."""
    with postgresql.running() as address, serving(tmp_path, postgresql.new_database(address)) as called:
        yield called


@contextlib.contextmanager
def serving(folder: Path, store_url: str = "") -> Iterator[Called]:
    """An endpoint with its home in a folder, and its state there too unless elsewhere, listening."""
    settings_file = folder / "installation.json"
    admin_file = folder / "credentials/administrator.json"
    installation: dict[str, Any] = {
        "account": ACCOUNT,
        "region": "us-east-1",
        "administrator": {"user": "admin", "credentials_file": str(admin_file)},
        "service_users": [],
        "clusters": [
            {
                "name": "demo",
                "version": "1.33",
                "endpoint": "https://127.0.0.1:6443",
                "issuer": "https://oidc.test/id/1",
            }
        ],
    }
    settings_file.write_text(json.dumps(installation))
    settings = ServeSettings(home=folder, port=0, installation=settings_file, services="none", store_url=store_url)
    made = compose(settings)
    listener = Listener(settings.host, settings.port)
    app = App(made.gateway, system_clock)
    ready = threading.Event()
    app.when_ready(ready.set)
    thread = threading.Thread(target=asyncio.run, args=(listener.serve(app),), daemon=True)
    thread.start()
    assert ready.wait(20)
    administrator = credentials_files.read(admin_file)
    assert administrator is not None
    keys = folder / "keys"
    ring = KeyRing.load_or_create(keys / "ring.json", master_key=MasterKey.load(keys / "master.key"))
    url = f"http://127.0.0.1:{listener.port}"
    yield Called(url=url, administrator=administrator.credentials, iam=made.iam, ring=ring)
    listener.stop()
    thread.join(10)
    listener.close()
    made.close()
