"""`podid state`: the whole state of an installation, out, in, and looked over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podid.cli.places import HomeOption, MasterKeyOption, RingOption, StoreOption, place_of
from podid.cli.printer import Output, OutputOption, note, print_json, say

state = typer.Typer(
    name="state",
    help="Export, import and check what an installation holds.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(program: typer.Typer) -> None:
    program.add_typer(state)


@state.command("export")
def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to, mode 0600; - is standard output.")] = "-",
    home: HomeOption = None,
    store_url: StoreOption = "",
    master_key_file: MasterKeyOption = None,
    without_log: Annotated[bool, typer.Option("--without-log", help="Leave the decision log out.")] = False,
) -> None:
    """Write everything that is stored to a file.

    As of one instant, one JSON object a line.

    Secrets stay encrypted: to use the export you need the same master key, so keep a copy of that too, elsewhere. The key ring is not in
    it: role sessions do not outlive a move without it. podid may run meanwhile.
    """
    from podid.local.kept_state import export_to

    rows = export_to(
        place_of(home, store_url, master_key_file), None if file == "-" else Path(file), with_log=not without_log
    )
    note(
        f"podid: {rows} rows exported{'' if file == '-' else f' to {file}'}; secrets in it open with the same master key only"
    )


@state.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What podid state export wrote; - is standard input.")],
    home: HomeOption = None,
    store_url: StoreOption = "",
    master_key_file: MasterKeyOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Give up what is there now.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Fill a new home or database from an export.

    All of it or nothing. Needs the master key of the installation that was exported. In a home that has none, the one from --master-key-file becomes its own.
    """
    from podid.local.kept_state import import_from

    place = place_of(home, store_url, master_key_file)
    rows = import_from(place, None if file == "-" else Path(file), replace=replace)
    if output is Output.JSON:
        print_json({"rows": rows, "place": place.name})
    else:
        say(f"{rows} rows imported into {place.name}")


@state.command("check")
def check(
    home: HomeOption = None,
    store_url: StoreOption = "",
    master_key_file: MasterKeyOption = None,
    key_ring_file: RingOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Look whether the state is whole.

    The database and its schema, secrets, key ring. Ends with 1 where it is not. Changes nothing.
    """
    from podid.local.kept_state import look

    found = look(place_of(home, store_url, master_key_file, key_ring_file))
    if output is Output.JSON:
        print_json(found)
    else:
        say(f"state     {found.place} ({found.database}, schema {found.schema or 'unknown'})")
        for name, count in found.counts.items():
            say(f"{name:<26}{count}")
        for problem in found.problems:
            say(f"problem: {problem}")
        count = len(found.problems)
        say("whole" if found.sound else f"not whole: {count} problem{'' if count == 1 else 's'}")
    return 0 if found.sound else 1
