"""`podid cluster`: the local cluster."""

from __future__ import annotations

from typing import Annotated

import typer

from podid.cli.printer import Output, OutputOption, print_json, say
from podid.local.home import chosen_home

cluster = typer.Typer(name="cluster", help="The local Kubernetes cluster.", no_args_is_help=True, rich_markup_mode=None)


def add_to(program: typer.Typer) -> None:
    program.add_typer(cluster)


@cluster.callback()
def group() -> None:
    """The local Kubernetes cluster."""


@cluster.command("token")
def token(
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="Make a new one first; the old one ends at once, and the kubeconfig follows."),
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the token in the kubeconfig: who has it may do everything in the local cluster."""
    from podid.local.cluster_token import administrator_token

    told = administrator_token(chosen_home(), rotate=rotate)
    if output is Output.JSON:
        print_json({"token": told.token, "server": told.server, "kubeconfig": str(told.kubeconfig)})
    else:
        say(told.token)
