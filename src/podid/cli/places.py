"""Options that say which state a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podid.local.home import Home, chosen_home

if TYPE_CHECKING:
    from podid.local.kept_state import Place

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", help="The home of podid up, or of podid serve. Default: PODID_HOME."),
]
StoreOption = Annotated[
    str,
    typer.Option(
        "--store-url",
        envvar="PODID_STORE_URL",
        metavar="URL",
        help="A database that podid serve uses: postgresql+psycopg://… or sqlite:////path/state.db.",
    ),
]
MasterKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--master-key-file", metavar="FILE", help="Its master key. Default: PODID_MASTER_KEY, else the home's."
    ),
]
RingOption = Annotated[
    Path | None, typer.Option("--key-ring-file", metavar="FILE", help="Its key ring. Default: the home's.")
]


def place_of(
    home: Path | None, store_url: str, master_key_file: Path | None, key_ring_file: Path | None = None
) -> Place:
    """The state that these options name."""
    from podid.local.kept_state import Place

    return Place(
        home=Home(home.expanduser().absolute()) if home else chosen_home(),
        store_url=store_url,
        master_key_file=master_key_file,
        key_ring_file=key_ring_file,
    )
