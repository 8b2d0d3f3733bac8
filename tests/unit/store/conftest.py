"""Stores to hold against each other: SQLite, and PostgreSQL where its server is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from podid.store import MasterKey, Store, open_store

OpenStore = Callable[[], Store]
"""Opens the same database again, as another replica would. All are closed after the test."""


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a fresh PostgreSQL server, run by an unprivileged user."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not folders:
        pytest.skip("no PostgreSQL server in /usr/lib/postgresql")
    tools = folders[-1]
    data = (
        Path("/tmp") / f"podid-test-pg-{uuid.uuid4().hex[:12]}"
    )  # under pytest's own folder another user may not enter
    data.mkdir(mode=0o700)
    account = None
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            account = pwd.getpwnam("nobody")
        os.chown(data, account.pw_uid, account.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            command,
            cwd=data,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        run(tools / "initdb", "-D", data / "db", "-U", "podid", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data}"
        run(tools / "pg_ctl", "-D", data / "db", "-o", options, "-l", data / "log", "-w", "-t", "60", "start")
        try:
            yield f"127.0.0.1:{port}"
        finally:
            run(tools / "pg_ctl", "-D", data / "db", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(data)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    server = request.getfixturevalue("postgres_server")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"postgresql://podid@{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://podid@{server}/{name}"


@pytest.fixture
def open_another(store_url: str) -> Iterator[OpenStore]:
    key = MasterKey.generate()
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(open_store(store_url, master_key=key))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_another: OpenStore) -> Store:
    return open_another()
