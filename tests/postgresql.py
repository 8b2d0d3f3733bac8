"""A PostgreSQL server of the system's package, for the time of some tests."""

from __future__ import annotations

import contextlib
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


class Server:
    """A running server: `address`, and what a test may do to it."""

    def __init__(self, address: str, stop: Callable[[], None], start: Callable[[], None]) -> None:
        self.address = address
        self.stop = stop
        self.start = start


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The address of a fresh server."""
    with server() as made:
        yield made.address


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A fresh server, run by an unprivileged user. Skips where there is none, or where this host gives it too little."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not folders:
        pytest.skip("no PostgreSQL server in /usr/lib/postgresql")
    tools = folders[-1]
    # Not under pytest's own folder, which another user may not enter.
    data = Path("/tmp") / f"podid-test-pg-{uuid.uuid4().hex[:12]}"
    data.mkdir(mode=0o700)
    account = None
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            account = pwd.getpwnam("nobody")
        try:
            os.chown(data, account.pw_uid, account.pw_gid)
        except PermissionError:
            data.rmdir()
            pytest.skip("PostgreSQL does not run as root, and this root has no capability to be somebody else")
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
        said = done.stdout + done.stderr
        if done.returncode and "could not resize shared memory segment" in said:
            pytest.skip("PostgreSQL needs more of /dev/shm than this host has")
        assert done.returncode == 0, said

    try:
        run(tools / "initdb", "-D", data / "db", "-U", "podid", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data}"

        def start() -> None:
            run(tools / "pg_ctl", "-D", data / "db", "-o", options, "-l", data / "log", "-w", "-t", "60", "start")

        def stop() -> None:
            run(tools / "pg_ctl", "-D", data / "db", "-m", "immediate", "-w", "stop")

        start()
        try:
            yield Server(f"127.0.0.1:{port}", stop, start)
        finally:
            with contextlib.suppress(AssertionError):  # a test may have stopped it for good
                stop()
    finally:
        shutil.rmtree(data)


def new_database(server: str) -> str:
    """The URL of an empty database on it."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"postgresql://podid@{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"postgresql+psycopg://podid@{server}/{name}"
