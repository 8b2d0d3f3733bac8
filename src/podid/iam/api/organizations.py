"""What IAM does for organizations. podid has none, and says so."""

from __future__ import annotations

from typing import NoReturn

from podid.core.caller import Call, Output
from podid.core.errors import NotImplementedHere
from podid.core.operations import operation
from podid.iam.errors import NoSuchEntity, OrganizationNotFound


class Organizations:
    @operation("ListOrganizationsFeatures")
    def list_organizations_features(self, call: Call) -> Output:
        _no_organization()

    @operation("EnableOrganizationsRootCredentialsManagement")
    def enable_organizations_root_credentials_management(self, call: Call) -> Output:
        _no_organization()

    @operation("DisableOrganizationsRootCredentialsManagement")
    def disable_organizations_root_credentials_management(self, call: Call) -> Output:
        _no_organization()

    @operation("EnableOrganizationsRootSessions")
    def enable_organizations_root_sessions(self, call: Call) -> Output:
        _no_organization()

    @operation("DisableOrganizationsRootSessions")
    def disable_organizations_root_sessions(self, call: Call) -> Output:
        _no_organization()

    @operation("GenerateOrganizationsAccessReport")
    def generate_organizations_access_report(
        self, call: Call, *, entity_path: str, organizations_policy_id: str = ""
    ) -> Output:
        raise NotImplementedHere("podid has no organizations, and so no access reports of them.")

    @operation("GetOrganizationsAccessReport")
    def get_organizations_access_report(
        self, call: Call, *, job_id: str, max_items: int | None = None, marker: str | None = None, sort_key: str = ""
    ) -> Output:
        raise NoSuchEntity(f"No report was found for the job {job_id}.")


def _no_organization() -> NoReturn:
    raise OrganizationNotFound("The request failed because your account is not a member of an organization.")
