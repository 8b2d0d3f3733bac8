"""`podid version`."""

from __future__ import annotations

import typer

from podid.cli.printer import Output, OutputOption, print_json, say


def add_to(program: typer.Typer) -> None:
    program.command("version")(version)


def version(output: OutputOption = Output.TEXT) -> None:
    """Print podid's version."""
    import importlib.metadata

    number = importlib.metadata.version("podid")
    if output is Output.JSON:
        print_json({"version": number})
    else:
        say(number)
