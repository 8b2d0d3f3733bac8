"""`podid agent server | initialize | version`: the flags of AWS's agent, and podid's own beside them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from podid.agent.settings import AgentSettings, BadSettings, check
from podid.cli.flags import Flags, boolean, duration

if TYPE_CHECKING:
    import typer

_ABOUT = "The node agent: exchanges pods' tokens for credentials. A drop-in for AWS's eks-pod-identity-agent."
_LEVELS = {"panic": 50, "error": 40, "info": 20, "trace": 5}


def add_to(program: typer.Typer) -> None:
    """List the command in `podid --help`. It is run by `main`, before anything of the rest is imported."""

    @program.command("agent", help=_ABOUT, add_help_option=False)
    def agent() -> None: ...


def main(arguments: list[str]) -> int:
    """Run one of the agent's commands. Gives the exit code."""
    chosen = _parser().parse_args(arguments or ["--help"])
    if chosen.command == "version":
        import importlib.metadata

        sys.stdout.write(f"{importlib.metadata.version('podid')}\n")
        return 0
    if chosen.command == "initialize":
        from podid.agent import initialize

        return initialize.run(level=_LEVELS[chosen.verbosity])
    settings = _settings(chosen)
    try:
        check(settings)
    except BadSettings as problem:
        sys.stderr.write(f"podid: {problem}\n  see: podid agent server --help\n")
        return 2
    from podid.agent import server

    return server.run(settings)


def _parser() -> Flags:
    parser = Flags(prog="podid agent", description=_ABOUT)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in (
        ("server", "Serve credentials to the pods of this node."),
        ("initialize", "Give the node the agent's addresses."),
        ("version", "Print the version."),
    ):
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument(
            "-v", "--verbosity", choices=tuple(_LEVELS), default="info", help="how much is logged (default: info)"
        )
        if name == "server":
            _add_server_flags(command)
    return parser


def _add_server_flags(parser: argparse.ArgumentParser) -> None:
    default = {field: getattr(AgentSettings(cluster_name="x"), field) for field in AgentSettings.__struct_fields__}
    aws = parser.add_argument_group("as AWS's agent has them")
    aws.add_argument("-c", "--cluster-name", required=True, metavar="NAME", help="the cluster of this node")
    aws.add_argument(
        "-p", "--port", type=int, default=default["port"], help="port for credentials (default: %(default)s)"
    )
    aws.add_argument(
        "--probe-port",
        type=int,
        default=default["probe_port"],
        metavar="PORT",
        help="port for /healthz and /readyz on localhost (default: %(default)s)",
    )
    aws.add_argument(
        "--metrics-address",
        default=default["metrics_address"],
        metavar="ADDRESS",
        help="address for /metrics (default: %(default)s)",
    )
    aws.add_argument(
        "--metrics-port",
        type=int,
        default=default["metrics_port"],
        metavar="PORT",
        help="port for /metrics (default: %(default)s)",
    )
    aws.add_argument(
        "-b",
        "--bind-hosts",
        action="append",
        metavar="ADDRESSES",
        help=f"addresses, with commas or repeated (default: {','.join(default['bind_hosts'])})",
    )
    aws.add_argument(
        "--max-credential-retention-before-renewal",
        type=duration,
        default=default["max_credential_retention_before_renewal"],
        metavar="DURATION",
        help="renew credentials at the latest after this, such as 3h; 0 turns the cache off (default: 3h)",
    )
    aws.add_argument(
        "--max-cache-size",
        type=int,
        default=default["max_cache_size"],
        metavar="PODS",
        help="pods whose credentials are kept (default: %(default)s)",
    )
    aws.add_argument(
        "--max-service-qps",
        type=int,
        default=default["max_service_qps"],
        metavar="N",
        help="renewals a second (default: %(default)s)",
    )
    aws.add_argument(
        "--rotate-credentials",
        type=boolean,
        nargs="?",
        const=True,
        default=False,
        metavar="BOOL",
        help="accepted: a shared credentials file is read again in any case",
    )
    aws.add_argument(
        "--endpoint",
        default="",
        metavar="URL",
        help="EKS Auth (default: AWS_ENDPOINT_URL_EKS_AUTH, AWS_ENDPOINT_URL, then AWS's own)",
    )
    own = parser.add_argument_group("podid's own")
    own.add_argument(
        "--ca-bundle", type=Path, metavar="FILE", help="PEM file of the authorities that may vouch for EKS Auth"
    )
    own.add_argument(
        "--strict-aws-status",
        action="store_true",
        help="answer with AWS's statuses also where a 5xx would make SDKs try again",
    )
    own.add_argument(
        "--token-keys",
        default="",
        metavar="FILE|URL",
        help="the cluster's JWKS: rotated tokens are then checked here, also in an outage",
    )


def _settings(chosen: object) -> AgentSettings:
    given = {
        name: value
        for name, value in vars(chosen).items()
        if name != "command" and not (name == "bind_hosts" and value is None)
    }
    if "bind_hosts" in given:
        given["bind_hosts"] = tuple(given["bind_hosts"])
    return AgentSettings(**given)
