"""`podid serve`: the AWS endpoint as one process."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Services(StrEnum):
    MOTO = "moto"
    NONE = "none"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def add_to(program: typer.Typer) -> None:
    program.command("serve")(serve)


def serve(
    home: Annotated[Path, typer.Option("--home", help="Folder of the database and the keys; made if it is missing.")],
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 takes a free one, which the log names."),
    ] = 4566,
    installation: Annotated[
        Path | None, typer.Option("--installation", help="JSON file of what there must be from the start.")
    ] = None,
    services: Annotated[
        Services, typer.Option("--services", help="Who serves what podid has no room for.")
    ] = Services.MOTO,
    store_url: Annotated[
        str,
        typer.Option(
            "--store-url", envvar="PODID_STORE_URL", help="Another database than the home's: postgresql+psycopg://…"
        ),
    ] = "",
    master_key_file: Annotated[
        Path | None,
        typer.Option(
            "--master-key-file",
            help="Key that stored secrets are encrypted with, such as a mounted Secret. Default: PODID_MASTER_KEY, else a file in the home.",
        ),
    ] = None,
    key_ring_file: Annotated[
        Path | None,
        typer.Option(
            "--key-ring-file",
            help="Ring that role sessions are sealed with; replicas need the same. Default: a file in the home.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option("--tls-cert", exists=True, dir_okay=False, help="Certificate (PEM) to serve HTTPS with."),
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", exists=True, dir_okay=False, help="Its key.")] = None,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Serve without TLS beyond loopback: for a network of your own only.")
    ] = False,
    log_level: Annotated[LogLevel, typer.Option("--log-level", help="The least that is logged.")] = LogLevel.INFO,
) -> int:
    """Serve the AWS endpoint alone.

    EKS, EKS Auth, IAM and STS, and other AWS services through moto, on one port. Every request is signed, checked and authorised.
    """
    from podid.gateway.serve import ServeSettings, run
    from podid.local.problems import WrongUsage

    if (tls_cert is None) != (tls_key is None):
        raise WrongUsage("a certificate and its key come together", "give both --tls-cert and --tls-key, or neither")

    return run(
        ServeSettings(
            home=home,
            host=host,
            port=port,
            installation=installation,
            services=services.value,
            store_url=store_url,
            master_key_file=master_key_file,
            key_ring_file=key_ring_file,
            tls_cert=tls_cert,
            tls_key=tls_key,
            plain_http=plain_http,
            log_level=log_level.value,
        )
    )
