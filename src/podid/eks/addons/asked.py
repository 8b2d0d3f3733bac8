"""What a call asks of an add-on, checked against the catalogue: the part that creation and update have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from podid.eks.addons.catalogue import CatalogueEntry, find_addon
from podid.eks.addons.configuration import SCHEMA, read_configuration
from podid.eks.association import role_account
from podid.eks.errors import InvalidParameter
from podid.eks.tags import problem_with_tags


class AskedAddon(Struct, frozen=True, kw_only=True):
    """The members of CreateAddon or UpdateAddon; None for what was left out."""

    cluster: str
    name: str
    version: str | None = None
    service_account_role_arn: str | None = None
    resolve_conflicts: str | None = None
    configuration_values: str | None = None
    associations: Sequence[Mapping[str, str]] | None = None
    namespace: str | None = None
    tags: Mapping[str, str] | None = None

    def check(self) -> CatalogueEntry:
        """The add-on's entry in the catalogue. Raises InvalidParameter, naming the first member that cannot be."""
        entry = find_addon(self.name)
        if entry is None:
            raise self._refused(f"Addon {self.name[:100]} specified is not supported")
        if not entry.installable:
            raise self._refused(
                f"podid does not install the add-on {self.name}: install it on the cluster by its own means "
                "(Helm or kubectl), and give its service accounts pod identity associations as usual"
            )
        if self.version is not None and self.version not in entry.versions:
            raise self._refused(f"Addon version {self.version[:64]} specified is not supported")
        if self.resolve_conflicts not in (None, "NONE", "OVERWRITE", "PRESERVE"):
            raise self._refused("resolveConflicts must be one of NONE, OVERWRITE and PRESERVE")
        if self.service_account_role_arn:
            role_account(self.service_account_role_arn, "serviceAccountRoleArn", self.cluster)
        if self.namespace is not None and not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", self.namespace):
            raise self._refused(f"The namespace {self.namespace[:253]!r} is not a valid Kubernetes name.")
        read_configuration(self.configuration_values or "", SCHEMA, clusterName=self.cluster, addonName=self.name)
        if problem := problem_with_tags(self.tags or {}):
            raise self._refused(problem)
        return entry

    def parameters(self) -> dict[str, Any]:
        """All that was asked, for comparing two calls with one client request token."""
        return {name: getattr(self, name) for name in self.__struct_fields__}

    def changes(self) -> dict[str, Any]:
        """The fields of the stored add-on that an update changes; an update of the associations alone changes none of them."""
        found = {
            "version": self.version,
            "service_account_role_arn": self.service_account_role_arn,
            "configuration_values": self.configuration_values,
        }
        return {name: value for name, value in found.items() if value is not None}

    def update_params(self) -> list[dict[str, str]]:
        """The parameters as DescribeUpdate tells them."""
        found = {
            "AddonVersion": self.version,
            "ServiceAccountRoleArn": self.service_account_role_arn,
            "ResolveConflicts": self.resolve_conflicts,
            "ConfigurationValues": self.configuration_values,
            "PodIdentityAssociations": (
                None if self.associations is None else msgspec.json.encode(self.associations).decode()
            ),
        }
        return [{"type": kind, "value": value} for kind, value in found.items() if value is not None]

    def _refused(self, why: str) -> InvalidParameter:
        return InvalidParameter(why, clusterName=self.cluster, addonName=self.name[:100])
