"""`podid run -- COMMAND`: one command in the installation's environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Annotated

import typer

from podid.cli.env import note_where_down
from podid.cli.printer import complain
from podid.local.home import chosen_home
from podid.local.problems import WrongUsage


def add_to(program: typer.Typer) -> None:
    program.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})(run)


def run(
    command: Annotated[
        list[str],
        typer.Argument(
            metavar="COMMAND", help="The command and its arguments; put -- before it where that is clearer."
        ),
    ],
    account: Annotated[str | None, typer.Option("--account", metavar="ID", help="As `podid env --account`.")] = None,
) -> int:
    """Run one command in that environment.

    Ends with the command's exit code. As a shell does: 127 where there is no such command, 126 where it cannot be started, 128 and the number of a signal that ended it.
    """
    from podid.local.environment import environment
    from podid.local.shells import UNSET

    if not command:
        raise WrongUsage("no command was given", "for example: podid run -- aws s3 ls")
    variables = {
        name: value for name, value in os.environ.items() if name not in UNSET and not name.startswith("AWS_CONTAINER_")
    }
    variables.update(environment(chosen_home(), account=account))
    note_where_down()
    found = shutil.which(command[0], path=variables.get("PATH"))
    if found is None:
        complain(f"{command[0]!r} is not on PATH", "install it, or give its path")
        return 127
    try:
        code = subprocess.run([found, *command[1:]], env=variables, check=False).returncode
    except OSError as problem:
        complain(f"{found} could not be started: {problem.strerror}", "look at the file's permissions and first line")
        return 126
    return code if code >= 0 else 128 - code
