"""Delegation requests and role templates: how partners and services of AWS ask an account for access.

AWS opens them to partners that it has onboarded. Here nobody can make one, so that there is none is the whole truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from podid.core.caller import Call, Output
from podid.core.errors import NotImplementedHere
from podid.core.operations import operation
from podid.iam.errors import InvalidInput, NoSuchEntity
from podid.iam.paging import page


class Delegation:
    @operation("CreateDelegationRequest")
    def create_delegation_request(
        self,
        call: Call,
        *,
        description: str,
        permissions: Mapping[str, Any],
        requestor_workflow_id: str,
        notification_channel: str,
        session_duration: int,
        owner_account_id: str = "",
        request_message: str = "",
        redirect_url: str = "",
        only_send_by_owner: bool = False,
    ) -> Output:
        raise NotImplementedHere(
            "podid takes no delegation requests: AWS opens them to partners that it has onboarded."
        )

    @operation("ListDelegationRequests")
    def list_delegation_requests(
        self, call: Call, *, owner_id: str = "", marker: str | None = None, max_items: int | None = None
    ) -> Output:
        page(call.operation, marker, max_items)
        return {"DelegationRequests": [], "isTruncated": False}

    @operation("GetDelegationRequest")
    def get_delegation_request(
        self, call: Call, *, delegation_request_id: str, delegation_permission_check: bool = False
    ) -> Output:
        _no_request(delegation_request_id)

    @operation("AcceptDelegationRequest")
    def accept_delegation_request(self, call: Call, *, delegation_request_id: str) -> Output:
        _no_request(delegation_request_id)

    @operation("AssociateDelegationRequest")
    def associate_delegation_request(self, call: Call, *, delegation_request_id: str) -> Output:
        _no_request(delegation_request_id)

    @operation("RejectDelegationRequest")
    def reject_delegation_request(self, call: Call, *, delegation_request_id: str, notes: str = "") -> Output:
        _no_request(delegation_request_id)

    @operation("UpdateDelegationRequest")
    def update_delegation_request(self, call: Call, *, delegation_request_id: str, notes: str = "") -> Output:
        _no_request(delegation_request_id)

    @operation("SendDelegationToken")
    def send_delegation_token(self, call: Call, *, delegation_request_id: str) -> Output:
        _no_request(delegation_request_id)

    @operation("GetHumanReadableSummary")
    def get_human_readable_summary(self, call: Call, *, entity_arn: str, locale: str = "") -> Output:
        if ":delegation-request/" not in entity_arn:
            raise InvalidInput(f"There are summaries of delegation requests, and {entity_arn} is not one.")
        _no_request(entity_arn.rpartition("/")[2])

    @operation("AcquireRole")
    def acquire_role(
        self,
        call: Call,
        *,
        template_arn: str,
        template_minor_version: int | None = None,
        replacement_values: Mapping[str, Any] | None = None,
    ) -> Output:
        _no_template(template_arn)

    @operation("GetRoleTemplateVersion")
    def get_role_template_version(self, call: Call, *, template_arn: str, minor_version: int | None = None) -> Output:
        _no_template(template_arn)


def _no_request(identity: str) -> NoReturn:
    raise NoSuchEntity(f"The delegation request with id {identity} cannot be found.")


def _no_template(arn: str) -> NoReturn:
    raise NoSuchEntity(f"The role template {arn} cannot be found.")
