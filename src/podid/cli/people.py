"""The commands that people type, gathered into one program. Each command is a file of its own beside this one."""

from __future__ import annotations

import sys

import click
import typer

from podid.cli import agent, demo, down, env, imds, localcluster, logs, run_, serve, status, up, version, webhook
from podid.cli.printer import complain
from podid.local.problems import LocalProblem

program = typer.Typer(
    name="podid",
    help="Open Pod Identity for every cluster. Begin with: podid demo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

for command in (demo, up, down, status, env, run_, logs, serve, webhook, localcluster, version):
    command.add_to(program)
for lean in (agent, imds):
    lean.add_to(program)


def run() -> int:
    """Parse this process's command line and run it. Gives the exit code."""
    try:
        code = program(standalone_mode=False)
    except click.exceptions.Abort:
        return 130
    except click.UsageError as problem:
        where = problem.ctx.command_path if problem.ctx else "podid"
        complain(problem.format_message().rstrip(".").lower(), f"see: {where} --help")
        return 2
    except click.ClickException as problem:
        complain(problem.format_message(), "see: podid --help")
        return problem.exit_code
    except LocalProblem as problem:
        complain(problem.what, problem.way_out)
        return problem.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code if isinstance(code, int) else 0
