"""`podid status`: what runs, where, and since when."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from podid.cli.printer import Output, OutputOption, print_json, say, table
from podid.local.home import chosen_home


def add_to(program: typer.Typer) -> None:
    program.command("status")(status)


def status(output: OutputOption = Output.TEXT) -> int:
    """Tell what runs. Ends with 1 where podid does not run or is not ready."""
    from podid.local.report import report

    told = report(chosen_home())
    if output is Output.JSON:
        print_json(told)
        return 0 if told.ready else 1
    say(f"home       {told.home}")
    if not told.running:
        say("state      not running (start it with: podid up --detach)")
        return 1
    say(f"state      {'ready' if told.ready else 'starting'}, since {_ago(told.since)}, supervisor {told.supervisor}")
    say(f"isolation  {told.isolation}{': ' + told.isolation_reason if told.isolation_reason else ''}")
    say(f"endpoint   {told.endpoint}   account {told.account}   region {told.region}")
    say(f"cluster    {told.cluster} at {told.cluster_endpoint}   kubeconfig {told.kubeconfig}")
    say()
    table(
        ("PART", "STATE", "PID", "SINCE", "RESTARTS", "LISTENS", "WHAT"),
        [(p.name, p.phase, str(p.pid or "-"), _ago(p.since), str(p.restarts), p.listens, p.what) for p in told.parts],
    )
    return 0 if told.ready else 1


def _ago(then: datetime | None) -> str:
    if then is None:
        return "-"
    seconds = int((datetime.now(UTC) - then).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return f"{seconds}s ago"
