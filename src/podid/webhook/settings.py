"""What the webhook is told at its start. Names of flags are AWS's, where it has them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

from msgspec import Struct

from podid.webhook.mutate import ContainerCredentials, MutateConfig, WebIdentity


class BadSettings(ValueError):
    """A setting that cannot be meant; the text names it and its value."""


class WebhookSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`podid webhook`. Identities come from a file or from EKS: exactly one of `identities` and `endpoint` is given."""

    host: str = "0.0.0.0"  # noqa: S104 - AWS's webhook: the API server comes from another machine
    """Literal address to listen on."""
    port: int = 443
    """--port: HTTPS, `/mutate`, `/healthz` and `/metrics`."""
    identities: Path | None = None
    """--identities, --watch-container-credentials-config: AWS's identities file; may be missing, seen when it changes."""
    endpoint: str = ""
    """--endpoint: URL of the EKS API that is asked at each admission."""
    credentials_file: Path | None = None
    """--credentials: JSON file with the access key for `endpoint`."""
    cluster_name: str = ""
    """--cluster-name, for `endpoint`."""
    region: str = ""
    """--region, for `endpoint`."""
    ca_bundle: Path | None = None
    """--ca-bundle: authorities that may vouch for an https endpoint."""
    failure_policy: Literal["allow", "deny"] = "allow"
    """What becomes of a pod while identities cannot be read. `allow` admits it with a warning, as `failurePolicy: Ignore` does in EKS."""
    lookup_seconds: float = 3.0
    """Seconds for one question to EKS or to the API server; an API server waits 10 s for the whole."""
    tls_cert: Path | None = None
    """--tls-cert: PEM certificate chain, read again when replaced."""
    tls_key: Path | None = None
    """--tls-key."""
    home: Path | None = None
    """Folder for a certificate made here, where none is given: `certificates.prepare(home)`."""
    kubeconfig: Path | None = None
    """--kubeconfig: where annotations of service accounts are read. Without it they are not: no IRSA, no token-expiration of theirs."""
    aws_default_region: str = ""
    """--aws-default-region: adds AWS_REGION and AWS_DEFAULT_REGION where neither is there."""
    sts_regional_endpoint: bool = False
    """--sts-regional-endpoint: adds AWS_STS_REGIONAL_ENDPOINTS=regional."""
    token_expiration: int = 86400
    """--token-expiration, in seconds."""
    annotation_prefix: str = "eks.amazonaws.com"
    """--annotation-prefix."""
    container_credentials: ContainerCredentials = ContainerCredentials()
    """--container-credentials-…"""
    web_identity: WebIdentity = WebIdentity()
    """--token-audience, --token-mount-path."""
    metrics_port: int = 0
    """--metrics-port: `/metrics` in plain HTTP for a Prometheus without our authority (AWS's: 9999); 0: only over HTTPS."""
    reload_seconds: float = 5.0
    """Seconds between two looks at the certificate's files."""

    @property
    def mutation(self) -> MutateConfig:
        return MutateConfig(
            container_credentials=self.container_credentials,
            web_identity=self.web_identity,
            token_expiration=self.token_expiration,
            region=self.aws_default_region,
            regional_sts=self.sts_regional_endpoint,
            annotation_prefix=self.annotation_prefix,
        )


def check(settings: WebhookSettings) -> None:
    """Raise BadSettings for what cannot work."""
    if (settings.identities is None) == (not settings.endpoint):
        raise BadSettings("identities: expected either an identities file or an endpoint")
    if settings.endpoint:
        if not settings.endpoint.startswith(("http://", "https://")):
            raise BadSettings(f"endpoint {settings.endpoint[:200]!r}: expected an http:// or https:// URL")
        for name in ("credentials_file", "cluster_name", "region"):
            if not getattr(settings, name):
                raise BadSettings(f"{name.replace('_', ' ')}: needed with an endpoint")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise BadSettings("tls cert and tls key: expected both or neither")
    if settings.tls_cert is None and settings.home is None:
        raise BadSettings("tls cert: expected a certificate and key, or a home folder to make them in")
    if settings.token_expiration < 600:
        raise BadSettings(f"token expiration {settings.token_expiration}: expected at least 600 seconds")
    if not (math.isfinite(settings.lookup_seconds) and settings.lookup_seconds > 0):
        raise BadSettings(f"lookup seconds {settings.lookup_seconds}: expected more than 0")
