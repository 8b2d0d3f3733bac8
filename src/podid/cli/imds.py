"""`podid imds`: the instance metadata service of a node that is not EC2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from podid.cli.flags import Flags
from podid.imds.settings import IPV4_ADDRESS, BadSettings, ImdsSettings, check

if TYPE_CHECKING:
    import typer

_ABOUT = "IMDSv2 for the node role, as pods on EC2 see it."


def add_to(program: typer.Typer) -> None:
    """List the command in `podid --help`. It is run by `main`, before anything of the rest is imported."""

    @program.command("imds", help=_ABOUT, add_help_option=False)
    def imds() -> None: ...


def main(arguments: list[str]) -> int:
    """Serve until a signal. Gives the exit code."""
    chosen = vars(_parser().parse_args(arguments))
    settings = ImdsSettings(
        **{
            **chosen,
            "hosts": tuple(chosen["hosts"] or (IPV4_ADDRESS,)),
            "listen_fds": tuple(chosen["listen_fds"] or ()),
        }
    )
    try:
        check(settings)
    except BadSettings as problem:
        sys.stderr.write(f"podid: {problem}\n  see: podid imds --help\n")
        return 2
    from podid.imds import serve

    return serve.run(settings)


def _parser() -> Flags:
    parser = Flags(prog="podid imds", description=_ABOUT)
    parser.add_argument("--endpoint", required=True, metavar="URL", help="podid's AWS endpoint")
    parser.add_argument(
        "--credentials-file",
        type=Path,
        required=True,
        metavar="FILE",
        help="access key that may ask for this node's session",
    )
    parser.add_argument(
        "--instance-id", required=True, metavar="ID", help="i- and 17 hex digits: also the name of the role's session"
    )
    parser.add_argument("--region", required=True)
    parser.add_argument("--zone", required=True, help="availability zone, such as us-east-1a")
    parser.add_argument(
        "--host",
        dest="hosts",
        action="append",
        metavar="ADDRESS",
        help=f"address to listen on, may be repeated (default: {IPV4_ADDRESS})",
    )
    parser.add_argument("--port", type=int, default=80, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--listen-fd",
        dest="listen_fds",
        action="append",
        type=int,
        metavar="N",
        help="an inherited socket to listen on, in place of addresses",
    )
    parser.add_argument(
        "--ca-bundle",
        type=Path,
        metavar="FILE",
        help="PEM file of the authorities that may vouch for an https endpoint",
    )
    parser.add_argument("--hostname", default="", help="the node's private DNS name")
    parser.add_argument("--private-ip", default="", help="the node's address")
    return parser
