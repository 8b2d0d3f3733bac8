"""The add-ons EKS knows by name, and the versions of those that podid installs.

Version numbers are AWS's, so that tools which name one find it; what podid installs under each of them is its own agent (AWS's numbers are
not those of the program inside either).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

AGENT: Final = "eks-pod-identity-agent"


class CatalogueEntry(Struct, frozen=True, kw_only=True):
    """One add-on. `versions` are newest first, the first being the default; empty where podid does not install it."""

    name: str
    type: str
    namespace: str = "kube-system"
    versions: tuple[str, ...] = ()
    service_accounts: tuple[str, ...] = ()
    """Those that podIdentityAssociations on the add-on may name."""

    @property
    def installable(self) -> bool:
        return bool(self.versions)


CATALOGUE: Final = (
    CatalogueEntry(
        name=AGENT,
        type="security",
        versions=("v1.3.10-eksbuild.3", "v1.3.8-eksbuild.2", "v1.2.0-eksbuild.1", "v1.0.0-eksbuild.1"),
        service_accounts=(AGENT,),
    ),
    CatalogueEntry(name="aws-ebs-csi-driver", type="storage"),
    CatalogueEntry(name="coredns", type="networking"),
    CatalogueEntry(name="kube-proxy", type="networking"),
    CatalogueEntry(name="vpc-cni", type="networking"),
)

ARCHITECTURES: Final = ("amd64", "arm64")
COMPUTE_TYPES: Final = ("ec2", "hybrid")


def find_addon(name: str) -> CatalogueEntry | None:
    """The add-on of that name, whether or not podid installs it."""
    return next((each for each in CATALOGUE if each.name == name), None)
