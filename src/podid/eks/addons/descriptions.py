"""DescribeAddonVersions and DescribeAddonConfiguration: the catalogue, told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks.addons.catalogue import ARCHITECTURES, CATALOGUE, COMPUTE_TYPES, CatalogueEntry, find_addon
from podid.eks.addons.configuration import SCHEMA
from podid.eks.errors import InvalidParameter, ResourceNotFound
from podid.eks.kubernetes_versions import VERSIONS
from podid.eks.paging import page_of

PUBLISHER, OWNER = "eks", "aws"


class AddonDescriptions:
    """What may be installed. Add-ons that podid does not install are left out: a version of theirs could not be created."""

    @operation("DescribeAddonVersions")
    def describe_addon_versions(
        self,
        call: Call,
        *,
        kubernetes_version: str | None = None,
        max_results: int | None = None,
        next_token: str | None = None,
        addon_name: str | None = None,
        types: Sequence[str] | None = None,
        publishers: Sequence[str] | None = None,
        owners: Sequence[str] | None = None,
    ) -> Output:
        if addon_name is not None and find_addon(addon_name) is None:
            raise InvalidParameter(f"Addon {addon_name[:100]} specified is not supported", addonName=addon_name[:100])
        question = msgspec.json.encode([kubernetes_version, addon_name, types, publishers, owners]).decode()
        page = page_of(max_results, next_token, "addon-versions", question, key=(str,))
        found = [
            entry
            for entry in CATALOGUE
            if entry.installable
            and addon_name in (None, entry.name)
            and (not types or entry.type in types)
            and (not publishers or PUBLISHER in publishers)
            and (not owners or OWNER in owners)
            and (not page.after or entry.name > str(page.after[0]))
        ]
        told = sorted(found, key=lambda entry: entry.name)[: page.size]
        minors = [each.minor for each in VERSIONS if kubernetes_version in (None, each.minor)]
        return {
            "addons": [_view(entry, minors) for entry in told] if minors else [],
            "nextToken": page.cut(found, (told[-1].name,) if told else None),
        }

    @operation("DescribeAddonConfiguration")
    def describe_addon_configuration(self, call: Call, *, addon_name: str, addon_version: str) -> Output:
        entry = find_addon(addon_name)
        if entry is None or addon_version not in entry.versions:
            raise ResourceNotFound(
                f"No configuration found for addon {addon_name[:100]} version {addon_version[:64]}",
                addonName=addon_name[:100],
            )
        return {
            "addonName": addon_name,
            "addonVersion": addon_version,
            "configurationSchema": msgspec.json.encode(SCHEMA).decode(),
            "podIdentityConfiguration": [
                {"serviceAccount": each, "recommendedManagedPolicies": []} for each in entry.service_accounts
            ],
        }


def _view(entry: CatalogueEntry, minors: Sequence[str]) -> Output:
    return {
        "addonName": entry.name,
        "type": entry.type,
        "publisher": PUBLISHER,
        "owner": OWNER,
        "defaultNamespace": entry.namespace,
        "addonVersions": [
            {
                "addonVersion": version,
                "architecture": list(ARCHITECTURES),
                "computeTypes": list(COMPUTE_TYPES),
                "compatibilities": [
                    {"clusterVersion": minor, "platformVersions": ["*"], "defaultVersion": version == entry.versions[0]}
                    for minor in minors
                ],
                "requiresConfiguration": False,
                "requiresIamPermissions": False,
            }
            for version in entry.versions
        ],
    }
