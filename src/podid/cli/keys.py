"""`podid keys`: the keys that guard an installation's secrets and sessions."""

from __future__ import annotations

from typing import Annotated

import typer

from podid.cli.places import HomeOption, MasterKeyOption, RingOption, StoreOption, place_of
from podid.cli.printer import Output, OutputOption, print_json, say
from podid.local.rotation_wish import What

keys = typer.Typer(
    name="keys",
    help="The keys that guard an installation's secrets and sessions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(program: typer.Typer) -> None:
    program.add_typer(keys)


@keys.callback()
def group() -> None:
    """The keys that guard an installation's secrets and sessions."""


@keys.command("rotate")
def rotate(
    only: Annotated[
        What,
        typer.Option(
            "--only",
            help="ring: what seals role sessions; master-key: what encrypts stored secrets; "
            "secrets: encrypt them anew with a master key that you changed yourself; "
            "service-accounts: what signs the local cluster's service account tokens, which this alone rotates.",
        ),
    ] = What.ALL,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="Keep the old master key beside the new one: earlier exports need it.")
    ] = False,
    home: HomeOption = None,
    store_url: StoreOption = "",
    master_key_file: MasterKeyOption = None,
    key_ring_file: RingOption = None,
    output: OutputOption = Output.TEXT,
) -> None:
    """Put new keys into use, without a stop.

    Running processes follow, role sessions go on until they end. Exports and copies from before need the old master key: keep a copy of it as long as you keep them.
    """
    if only is What.SERVICE_ACCOUNTS:
        from podid.core.clock import system_clock
        from podid.local.signing_key import rotate_signing_key

        kid = rotate_signing_key(place_of(home, store_url, master_key_file, key_ring_file).home, system_clock())
        if output is Output.JSON:
            print_json({"signing_key": kid})
        else:
            say(
                f"signing key  {kid} signs new service account tokens; those of the earlier one are good until they end"
            )
        return
    from podid.local.key_rotation import rotate as rotate_keys

    done = rotate_keys(place_of(home, store_url, master_key_file, key_ring_file), only, keep_old=keep_old)
    if output is Output.JSON:
        print_json(done)
        return
    if done.ring_key:
        say(
            f"key ring     {done.ring_key} seals new sessions; {done.ring_keys_held - 1} older keys open those that last"
        )
    if done.master_key:
        say(f"master key   {done.master_key} is in use; {done.secrets_renewed} secrets were encrypted anew")
