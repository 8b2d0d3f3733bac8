"""`podid demo`: the walk-through, told."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from podid.cli.printer import Output, OutputOption, note, print_json
from podid.cli.stage import Terminal
from podid.cli.up import Isolation
from podid.local.home import chosen_home


def add_to(program: typer.Typer) -> None:
    program.command("demo")(demo)


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave podid running afterwards, to go on by hand.")] = False,
    step: Annotated[bool, typer.Option("--step", help="Wait for a key between steps.")] = False,
    timing: Annotated[
        bool, typer.Option("--timing", help="Say how long each command took, and how much of that was podid's own.")
    ] = False,
    isolation: Annotated[Isolation, typer.Option("--isolation", help="As `podid up --isolation`.")] = Isolation.AUTO,
    output: OutputOption = Output.TEXT,
) -> int:
    """Walk through Pod Identity in six steps.

    With the real `aws` and `kubectl`, in an installation of its own (in PODID_HOME where that is set, or with --keep). Each command is shown as you would type it, with its real output and one sentence of what happened inside. Nothing is left running.
    """
    from podid.local.demo import play

    for ends in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal leaves as little behind as Ctrl-C
        signal.signal(ends, signal.default_int_handler)
    audience = Terminal(step=step and sys.stdin.isatty(), timing=timing) if output is Output.TEXT else None
    played = play.play(chosen_home, keep=keep, isolation=isolation.value, audience=audience, note=note)
    if output is Output.JSON:
        print_json(played)
    else:
        Terminal.farewell(played, timing=timing)
    return 0
