"""`podid policy`: questions about policies, without an installation."""

from __future__ import annotations

import typer

from podid.cli.policy_commands import evaluate, lint, table

policy = typer.Typer(
    name="policy",
    help="Ask what policies allow, look them over, test them. Needs no installation.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

for command in (evaluate, lint, table):
    command.add_to(policy)


def add_to(program: typer.Typer) -> None:
    program.add_typer(policy)
