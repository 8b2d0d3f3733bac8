"""`podid cluster`: the local cluster, and others that podid is told of."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podid.cli.printer import Output, OutputOption, print_json, say
from podid.local.home import chosen_home

cluster = typer.Typer(
    name="cluster", help="The local Kubernetes cluster, and others.", no_args_is_help=True, rich_markup_mode=None
)


def add_to(program: typer.Typer) -> None:
    program.add_typer(cluster)


@cluster.callback()
def group() -> None:
    """The local Kubernetes cluster, and others that run elsewhere."""


@cluster.command("token")
def token(
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="Make a new one first; the old one ends at once, and the kubeconfig follows."),
    ] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the kubeconfig's token.

    Who has it may do everything in the local cluster.
    """
    from podid.local.cluster_token import administrator_token

    told = administrator_token(chosen_home(), rotate=rotate)
    if output is Output.JSON:
        print_json({"token": told.token, "server": told.server, "kubeconfig": str(told.kubeconfig)})
    else:
        say(told.token)


@cluster.command("register")
def register(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name the cluster gets in EKS.")],
    kubeconfig: Annotated[
        Path | None,
        typer.Option("--kubeconfig", exists=True, dir_okay=False, help="Ask this cluster itself for all of the below."),
    ] = None,
    context: Annotated[
        str, typer.Option("--context", help="The kubeconfig's context, other than the current one.")
    ] = "",
    issuer: Annotated[
        str, typer.Option("--issuer", metavar="URL", help="The iss of the cluster's service account tokens.")
    ] = "",
    jwks: Annotated[
        Path | None,
        typer.Option("--jwks", exists=True, dir_okay=False, help="The issuer's JSON Web Key Set, read once, now."),
    ] = None,
    jwks_url: Annotated[
        str,
        typer.Option("--jwks-url", metavar="URL", help="Where the key set is served: it is read again as keys change."),
    ] = "",
    endpoint: Annotated[str, typer.Option("--endpoint", metavar="URL", help="The cluster's API server.")] = "",
    certificate_authority: Annotated[
        Path | None,
        typer.Option("--certificate-authority", exists=True, dir_okay=False, help="Its certificate authority, in PEM."),
    ] = None,
    version: Annotated[str, typer.Option("--version", metavar="1.N", help="Its Kubernetes version.")] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Tell EKS of a cluster that runs elsewhere.

    With its issuer and keys, which AWS's RegisterCluster does not carry: an extension of podid's.

    The endpoint is the one of AWS_ENDPOINT_URL and its access key where they are set, else your installation's.
    """
    from msgspec.structs import replace

    from podid.local import cluster_registration as registration

    facts = registration.facts_of(kubeconfig, context) if kubeconfig else registration.Facts()
    given = {
        "issuer": issuer,
        "jwks": jwks.read_text() if jwks else "",
        "jwks_url": jwks_url,
        "endpoint": endpoint,
        "certificate_authority": certificate_authority.read_text() if certificate_authority else "",
        "version": version,
    }
    if jwks_url:
        facts = replace(facts, jwks="")
    told = registration.register(
        chosen_home(), name, replace(facts, **{key: value for key, value in given.items() if value})
    )
    if output is Output.JSON:
        print_json(
            {"clusterArn": told.cluster_arn, "issuer": told.issuer, "status": told.status, "version": told.version}
        )
    else:
        say(f"{told.cluster_arn} is {told.status}; its tokens are issued by {told.issuer}")
