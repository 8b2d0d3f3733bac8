"""Credentials that users cannot have here: passwords, second factors, SSH keys, certificates.

There is no operation that makes one, so that there are none is the whole truth. Tools that take a user apart ask for these lists first.
"""

from __future__ import annotations

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.users import name_or_own
from podid.iam.entities import USER
from podid.iam.errors import NoSuchEntity
from podid.iam.state import IamState


class AbsentCredentials:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("ListMFADevices")
    def list_mfa_devices(
        self, call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        self._check_user(call, name_or_own(call, user_name))
        return {"MFADevices": [], "IsTruncated": False}

    @operation("ListVirtualMFADevices")
    def list_virtual_mfa_devices(
        self,
        call: Call,
        *,
        assignment_status: str | None = None,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        return {"VirtualMFADevices": [], "IsTruncated": False}

    @operation("ListSSHPublicKeys")
    def list_ssh_public_keys(
        self, call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        self._check_user(call, name_or_own(call, user_name))
        return {"SSHPublicKeys": [], "IsTruncated": False}

    @operation("ListSigningCertificates")
    def list_signing_certificates(
        self, call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        self._check_user(call, name_or_own(call, user_name))
        return {"Certificates": [], "IsTruncated": False}

    @operation("ListServiceSpecificCredentials")
    def list_service_specific_credentials(
        self,
        call: Call,
        *,
        user_name: str | None = None,
        service_name: str | None = None,
        all_users: bool = False,
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        if not all_users:
            self._check_user(call, name_or_own(call, user_name))
        return {"ServiceSpecificCredentials": [], "IsTruncated": False}

    @operation("ListServerCertificates")
    def list_server_certificates(
        self, call: Call, *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
    ) -> Output:
        return {"ServerCertificateMetadataList": [], "IsTruncated": False}

    @operation("GetLoginProfile")
    def get_login_profile(self, call: Call, *, user_name: str | None = None) -> Output:
        raise self._no_login_profile(call, name_or_own(call, user_name))

    @operation("DeleteLoginProfile")
    def delete_login_profile(self, call: Call, *, user_name: str | None = None) -> Output:
        raise self._no_login_profile(call, name_or_own(call, user_name))

    def _check_user(self, call: Call, name: str) -> None:
        with self._state.read() as connection:
            entities.get(connection, USER, call.account, name)

    def _no_login_profile(self, call: Call, name: str) -> NoSuchEntity:
        self._check_user(call, name)
        return NoSuchEntity(f"Login Profile for User {name} cannot be found.")
