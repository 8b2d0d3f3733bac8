"""Registering a cluster that runs elsewhere: what AWS's RegisterCluster does not carry, its issuer and the keys of its tokens.

EKS's own operation connects a cluster to the console and makes no pod identity possible. This one makes a cluster known by what Pod Identity
needs of it; afterwards it is a cluster like any other to EKS's API, DeleteCluster included. Files of this machine cannot be named: whoever
may register a cluster may not read the endpoint's disk. A cluster of the installation file stays what the file says.
"""

from __future__ import annotations

from typing import Final

import msgspec

from podid.core.caller import Call, Output
from podid.core.errors import AwsError
from podid.core.operations import operation
from podid.core.tokens import parse_jwks
from podid.eks import ClusterRegistration, Eks

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JSON Web Key that tell what only its holder may know (RFC 7518, 6.2.2, 6.3.2 and 6.4.1)."""


class InvalidParameter(AwsError):
    """A member cannot be."""

    code, status = "InvalidParameterException", 400


class ClusterInUse(AwsError):
    """The name is that of a cluster that is registered otherwise."""

    code, status = "ResourceInUseException", 409


class ClusterRegistrations:
    """The handler."""

    def __init__(self, eks: Eks) -> None:
        self._eks = eks

    @operation("RegisterCluster")
    def register_cluster(
        self,
        call: Call,
        *,
        cluster_name: str,
        issuer: str,
        jwks: str | None = None,
        jwks_url: str | None = None,
        endpoint: str | None = None,
        certificate_authority: str | None = None,
        version: str | None = None,
    ) -> Output:
        """Make the cluster known, or tell of it again; whoever does so first becomes its administrator."""
        if (jwks is None) == (jwks_url is None):
            raise InvalidParameter(
                "Give either Jwks, the JSON Web Key Set of the issuer, or JwksUrl, where it is served."
            )
        if jwks is not None:
            _check_keys(jwks)
        if certificate_authority is not None and "-----BEGIN CERTIFICATE-----" not in certificate_authority:
            raise InvalidParameter("CertificateAuthority must be certificates in PEM.")
        known = self._eks.find_cluster(call.account, call.region, cluster_name)
        if known is not None and known.registered and not known.keys.by_call:
            raise ClusterInUse(f"The cluster {cluster_name} is registered by the installation file: change it there.")
        cluster = self._eks.register_cluster(
            call.account,
            call.region,
            ClusterRegistration(
                name=cluster_name,
                version=version or "",
                endpoint=endpoint or "",
                ca_pem=certificate_authority or "",
                issuer=issuer,
                jwks=jwks or "",
                jwks_url=jwks_url or "",
                by_call=True,
                creator_arn=call.caller.issuer_arn if known is None else "",
            ),
        )
        return {
            "ClusterArn": cluster.arn,
            "Issuer": cluster.issuer,
            "Status": cluster.status,
            "Version": cluster.version,
        }


def _check_keys(jwks: str) -> None:
    """Refuse a key set that no token could be verified with, and private keys: what is told is kept. Raises InvalidParameter."""
    try:
        usable = parse_jwks(jwks).keys
    except ValueError as problem:
        raise InvalidParameter(f"Jwks is no JSON Web Key Set: {problem}") from problem
    if not usable:
        raise InvalidParameter(
            "Jwks has no key that verifies tokens: expected RSA of at least 2048 bits, or EC on P-256, P-384 or P-521, "
            "each with its kid."
        )
    if any(not _PRIVATE.isdisjoint(key) for key in msgspec.json.decode(jwks)["keys"] if isinstance(key, dict)):
        raise InvalidParameter("Jwks has a private key or a shared secret: give public keys alone.")
