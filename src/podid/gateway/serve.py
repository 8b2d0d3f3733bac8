"""`podid serve`: the AWS endpoint as a process.

Puts the rooms together over one store, brings the store to its installation, and serves on one port until it is told to stop. Imports what it
needs to be ready and nothing more: moto, the authorisation reference and Alembic come when they are first needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import uvloop
from msgspec import Struct

from podid.core.clock import system_clock
from podid.gateway import installation as installations
from podid.gateway import logs
from podid.gateway.app import App
from podid.gateway.compose import Endpoint, compose
from podid.gateway.server import BadCertificate, Listener, is_loopback
from podid.store import MasterKeyProblem, StoreProblem
from podid.sts import KeyRingProblem

log = logging.getLogger("podid.serve")


class ServeSettings(Struct, frozen=True, kw_only=True):
    """Everything `podid serve` can be told."""

    home: Path
    """Holds the store (`state.db`) and the keys (`keys/`), and is made if it is missing."""
    host: str = "127.0.0.1"
    port: int = 4566
    """0 takes a free one, which the log names."""
    installation: Path | None = None
    """A JSON file of what there must be from the start; see `installation`."""
    services: Literal["moto", "none"] = "moto"
    """Who serves what podid has no room for."""
    region: str = "us-east-1"
    account: str = "111122223333"
    """The account of moto's own seeds; callers bring theirs."""
    store_url: str = ""
    """Another database than the home's: `postgresql+psycopg://…`."""
    master_key_file: Path | None = None
    """The key that stored secrets are encrypted with; without it PODID_MASTER_KEY, else `keys/master.key` in the home, made at first use."""
    key_ring_file: Path | None = None
    """The ring that sessions are sealed with, the same for all replicas; else `keys/ring.json` in the home. Made at first use."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    plain_http: bool = False
    """Serve without TLS on an address that is not loopback. Credentials then travel in the clear: for a network of your own only."""
    threads: int = 16
    """How many requests are worked on at once."""
    log_level: str = "info"


def run(settings: ServeSettings, ready: Callable[[], None] = lambda: None) -> int:
    """Serve until SIGTERM or SIGINT. 0: stopped as asked; 2: settings that cannot be; 3: the environment forbids it.

    `ready` is called once, when requests are answered.
    """
    logs.configure(getattr(logging, settings.log_level.upper(), logging.INFO))
    if settings.tls_cert is None and not settings.plain_http and not is_loopback(settings.host):
        log.error("%s is not a loopback address: give a certificate (--tls-cert, --tls-key)", settings.host)
        return 2
    try:
        endpoint = compose(settings)
    except installations.InvalidInstallation as error:
        log.error("%s", error)
        return 2
    except ValueError as error:  # of a store's URL
        log.error("%s", error)
        return 2
    except (MasterKeyProblem, KeyRingProblem, StoreProblem, OSError) as error:
        log.error("%s", error)
        return 3
    with contextlib.closing(endpoint):
        try:
            listener = Listener(settings.host, settings.port, tls_cert=settings.tls_cert, tls_key=settings.tls_key)
        except OSError as error:
            log.error("cannot listen on %s port %s: %s", settings.host, settings.port, error.strerror)
            return 3
        except BadCertificate as error:
            log.error("%s", error)
            return 2
        app = App(endpoint.gateway, system_clock, threads=settings.threads)
        with contextlib.closing(listener), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(app, endpoint, listener, ready))
    if not app.has_ended(_THREAD_SECONDS):
        # A call of moto's that does not end must not keep the process from ending: all that counts is written and closed.
        log.warning("a request did not end in time and was given up")
        logging.shutdown()
        os._exit(0)
    return 0


_THREAD_SECONDS = 0.5


def _collect_seldom() -> None:
    """What start-up made stays: collections need not look at it. Requests leave few circles behind, so these may be looked for seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


async def _serve(app: App, endpoint: Endpoint, listener: Listener, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, listener.stop)
    app.when_ready(endpoint.begin)
    app.when_ready(lambda: log.info("ready", extra={"host": listener.host, "port": listener.port}))
    app.when_ready(_collect_seldom)
    app.when_ready(ready)
    await listener.serve(app)
