"""`podid env`: what a shell needs to reach the installation."""

from __future__ import annotations

from typing import Annotated

import typer

from podid.cli.printer import Output, OutputOption, note, print_json, say
from podid.local.home import chosen_home
from podid.local.shells import Shell, guess_shell


def add_to(program: typer.Typer) -> None:
    program.command("env")(env)


def env(
    shell: Annotated[
        Shell | None, typer.Option("--shell", help="The shell to write for (default: guessed from SHELL).")
    ] = None,
    account: Annotated[
        str | None,
        typer.Option(
            "--account",
            metavar="ID",
            help="Another account of the installation (12 digits): its administrator, made at first use.",
        ),
    ] = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print what your shell needs.

    AWS_ENDPOINT_URL, an access key, the region, KUBECONFIG, and PATH where podid brings `aws` or `kubectl`. Use it with: eval "$(podid env)"
    """
    from podid.local.environment import environment
    from podid.local.shells import exports

    values = environment(chosen_home(), account=account)
    note_where_down()
    if output is Output.JSON:
        print_json(values)
    else:
        say(exports(values, shell or guess_shell()))


def note_where_down() -> None:
    """Say so where nothing listens at the addresses that were told: they are the same at the next start."""
    from podid.local.state import supervisor_of

    if supervisor_of(chosen_home()) is None:
        note("podid: not running now; start it with: podid up --detach")
