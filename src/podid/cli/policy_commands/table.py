"""`podid policy test`: a table of expectations, checked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podid.cli.policy_commands.files import read_file, read_text
from podid.cli.printer import Output, OutputOption, print_json, say
from podid.local.problems import Forbidden, WrongUsage

if TYPE_CHECKING:
    from podid.policy_tools.tables import Result


def add_to(program: typer.Typer) -> None:
    program.command("test")(test)


def test(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The table, in YAML or JSON; docs/policy.md tells its form.")
    ],
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write the results as JUnit's XML, too.")
    ] = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Check a table of expectations about policies. Ends with 1 where one fails, 2 where the table cannot be read."""
    from podid.policy_tools.tables import run

    results = run(_checks(file))
    if junit is not None:
        _write(junit, str(file), results)
    failed = [result for result in results if not result.passed]
    if output is Output.JSON:
        print_json(
            {
                "passed": len(results) - len(failed),
                "failed": len(failed),
                "checks": [_facts(result) for result in results],
            }
        )
        return 1 if failed else 0
    for result in failed:
        say(f"FAIL  {result.title}")
        for line in _why(result):
            say(f"      {line}")
    say(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _checks(file: Path) -> Any:
    from podid.policy_tools.cases import BadCase
    from podid.policy_tools.tables import read_json_table, read_table, read_yaml_table

    def load(name: str) -> str:
        return read_text(file.parent / name)

    data = read_file(file).removeprefix(b"\xef\xbb\xbf")
    try:
        if file.suffix == ".json" or (file.suffix not in (".yaml", ".yml") and data.lstrip().startswith(b"{")):
            value = read_json_table(data)
        else:
            value = read_yaml_table(read_text(file))
        return read_table(value, load)
    except ImportError as problem:
        raise Forbidden("reading YAML needs the package PyYAML", "install it, or write the table in JSON") from problem
    except BadCase as problem:
        raise WrongUsage(f"{file}: {problem}", "docs/policy.md tells how a table is written") from problem


def _why(result: Result) -> Iterator[str]:
    from podid.cli.policy_commands.telling import told
    from podid.core.policy import trace

    yield result.failure
    yield from told(result.check.request, result.decision, trace(result.check.request, result.check.policies).policies)


def _facts(result: Result) -> dict[str, Any]:
    return {
        "name": result.check.name,
        "action": result.check.request.action,
        "resource": result.check.request.resource,
        "passed": result.passed,
        "failure": result.failure,
        "expected": result.check.expected.value,
        "decision": result.decision.outcome.value,
        "reasons": [[reason.layer.value, reason.kind] for reason in result.decision.reasons],
        "decided_by": result.decision.decided_by,
    }


def _write(path: Path, suite: str, results: tuple[Result, ...]) -> None:
    from podid.policy_tools.tables import junit

    text = junit(suite, results, lambda result: "\n".join(_why(result)))
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise WrongUsage(
            f"{path} could not be written: {problem.strerror}", "name a file in a folder that is there"
        ) from problem
