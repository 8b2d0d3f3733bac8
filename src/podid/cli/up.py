"""`podid up`: everything of local mode."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from podid.cli.printer import note, say
from podid.local.home import chosen_home
from podid.local.own_name import own_name
from podid.local.problems import AlreadyUp


class Isolation(StrEnum):
    AUTO = "auto"
    NAMESPACES = "namespaces"
    PROCESS = "process"


def add_to(program: typer.Typer) -> None:
    program.command("up")(up)


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when all is ready, and leave it running.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            help="Port of the AWS endpoint on loopback; 0 takes a free one, and keeps it. [default: the last one, at first 4566]",
        ),
    ] = None,
    isolation: Annotated[
        Isolation,
        typer.Option(
            "--isolation", help="How pods are kept apart; auto takes namespaces where the kernel allows them."
        ),
    ] = Isolation.AUTO,
) -> int:
    """Start podid, all of it.

    The AWS endpoint, the local cluster `eksdemo1`, the webhook, IMDS. In the foreground with a live log, until Ctrl-C; or with --detach. State is kept under PODID_HOME and is there again at the next start.
    """
    from podid.local import detach as detached
    from podid.local.supervisor import Supervisor, Wishes

    home = chosen_home()
    wishes = Wishes(port=port, isolation=isolation.value)
    if detach:
        try:
            state = detached.start(home, wishes, note)
        except AlreadyUp as problem:
            detached.wait_until_ready(home, note)
            detached.require_as_wished(home, wishes)
            note(f"{problem.what}: nothing to do")
            return 0
        say(
            f'podid is ready ({state.isolation}). Next: eval "$({own_name()} env)", and then aws and kubectl are this podid\'s'
        )
        return 0
    return Supervisor(home, wishes).run()
