"""`podid webhook`: the mutating webhook, with the flags of AWS's."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from podid.local.problems import WrongUsage


class FailurePolicy(StrEnum):
    ALLOW = "allow"
    DENY = "deny"


def add_to(program: typer.Typer) -> None:
    program.command("webhook")(webhook)


def webhook(
    identities: Annotated[
        Path | None,
        typer.Option(
            "--identities",
            "--watch-container-credentials-config",
            help="AWS's identities file; may be missing at first, is read again when it changes.",
        ),
    ] = None,
    endpoint: Annotated[
        str, typer.Option("--endpoint", help="Ask the EKS API at this URL at each admission, in place of a file.")
    ] = "",
    credentials: Annotated[
        Path | None, typer.Option("--credentials", help="JSON file with the access key for --endpoint.")
    ] = None,
    cluster_name: Annotated[str, typer.Option("--cluster-name", help="The cluster, for --endpoint.")] = "",
    region: Annotated[str, typer.Option("--region", help="The region, for --endpoint.")] = "",
    ca_bundle: Annotated[
        Path | None, typer.Option("--ca-bundle", help="PEM file of the authorities that may vouch for --endpoint.")
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "0.0.0.0",  # noqa: S104 - the API server comes from another machine
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="HTTPS port of /mutate, /healthz and /metrics.")
    ] = 443,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", help="Certificate (PEM); read again when it is replaced.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Its key.")] = None,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder for a certificate made here, where none is given.")
    ] = None,
    kubeconfig: Annotated[
        Path | None,
        typer.Option("--kubeconfig", help="Where annotations of service accounts are read; without it they are not."),
    ] = None,
    failure_policy: Annotated[
        FailurePolicy, typer.Option("--failure-policy", help="What becomes of a pod while identities cannot be read.")
    ] = FailurePolicy.ALLOW,
    aws_default_region: Annotated[
        str, typer.Option("--aws-default-region", help="Add AWS_REGION and AWS_DEFAULT_REGION where neither is set.")
    ] = "",
    sts_regional_endpoint: Annotated[
        bool, typer.Option("--sts-regional-endpoint", help="Add AWS_STS_REGIONAL_ENDPOINTS=regional.")
    ] = False,
    token_expiration: Annotated[
        int, typer.Option("--token-expiration", help="Lifetime of the projected token in seconds.")
    ] = 86400,
    annotation_prefix: Annotated[
        str, typer.Option("--annotation-prefix", help="Prefix of the annotations.")
    ] = "eks.amazonaws.com",
    metrics_port: Annotated[
        int, typer.Option("--metrics-port", min=0, max=65535, help="/metrics in plain HTTP as well; 0: not.")
    ] = 0,
) -> int:
    """Serve the mutating webhook alone.

    It answers admission reviews: pods with an association get their token and the two variables.
    """
    from podid.webhook.serve import run
    from podid.webhook.settings import BadSettings, WebhookSettings, check

    settings = WebhookSettings(
        host=host,
        port=port,
        identities=identities,
        endpoint=endpoint,
        credentials_file=credentials,
        cluster_name=cluster_name,
        region=region,
        ca_bundle=ca_bundle,
        failure_policy=failure_policy.value,
        tls_cert=tls_cert,
        tls_key=tls_key,
        home=home,
        kubeconfig=kubeconfig,
        aws_default_region=aws_default_region,
        sts_regional_endpoint=sts_regional_endpoint,
        token_expiration=token_expiration,
        annotation_prefix=annotation_prefix,
        metrics_port=metrics_port,
    )
    try:
        check(settings)
    except BadSettings as problem:
        raise WrongUsage(str(problem), "see: podid webhook --help") from problem
    return run(settings)
