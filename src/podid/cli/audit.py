"""`podid audit`: what was decided and done, for whom, by which statement."""

from __future__ import annotations

from typing import Annotated

import typer

from podid.cli.places import HomeOption, MasterKeyOption, StoreOption, place_of
from podid.cli.printer import Output, OutputOption, print_json, say


def add_to(program: typer.Typer) -> None:
    program.command("audit")(audit)


def audit(
    request_id: Annotated[
        str | None, typer.Argument(metavar="[REQUEST_ID]", help="Everything about one request. [default: the newest]")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", metavar="N", min=1, max=100_000, help="Entries at most.")] = 20,
    since: Annotated[str, typer.Option("--since", metavar="SPAN", help="How far back, such as 15m, 2h or 7d.")] = "",
    caller: Annotated[str, typer.Option("--caller", metavar="ARN", help="Of this caller alone.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="ID", help="Of this account alone.")] = "",
    events: Annotated[bool, typer.Option("--events", help="Events in CloudTrail's form, one a line.")] = False,
    home: HomeOption = None,
    store_url: StoreOption = "",
    master_key_file: MasterKeyOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Print what was decided and done, and by which statement.

    From the audit log, the newest last. Ends with 1 where a request is named that nothing is written about. podid may run meanwhile: what
    happened in its last half second is not there yet.
    """
    from podid.core.clock import system_clock
    from podid.local import audit_log

    place = place_of(home, store_url, master_key_file)
    if request_id is not None:
        found = audit_log.entries_about(place, request_id)
    else:
        found = audit_log.newest_entries(
            place, now=system_clock(), since=since, account=account, caller_arn=caller, limit=limit
        )
    if events:
        for event in audit_log.events_of(found):
            say(event)
    elif output is Output.JSON:
        print_json([audit_log.as_facts(entry) for entry in found])
    else:
        for entry in found:
            say(audit_log.in_words(entry))
    return 0 if found or request_id is None else 1
