"""The account itself: its alias, its password policy, its numbers."""

from __future__ import annotations

import json

from sqlalchemy import Connection, func, select, update

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.core.policy import GROUP_POLICIES, MANAGED_POLICY, ROLE_POLICIES, TRUST_POLICY, USER_POLICIES
from podid.iam import entities
from podid.iam.accounts import account_row, set_account, setting
from podid.iam.api.access_keys import PER_USER
from podid.iam.api.account_settings import SESSION_VERSION
from podid.iam.api.attachments import PER_OWNER
from podid.iam.api.groups import GROUPS_PER_USER
from podid.iam.api.policy_versions import MAX_VERSIONS
from podid.iam.api.signing_certificates import PER_USER as CERTIFICATES_PER_USER
from podid.iam.entities import GROUP, INSTANCE_PROFILE, POLICY, ROLE, SERVER_CERTIFICATE, USER
from podid.iam.errors import EntityAlreadyExists, NoSuchEntity, ValidationError
from podid.iam.paging import cut_page, page
from podid.iam.state import IamState
from podid.iam.tables import ACCOUNTS, MFA_DEVICES, OIDC_PROVIDERS, POLICIES, POLICY_VERSIONS, SAML_PROVIDERS

_VERSION = "2"
"""Of an account that never chose: what its tokens are, good in every region."""


class Account:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateAccountAlias")
    def create_account_alias(self, call: Call, *, account_alias: str) -> Output:
        """An account has one alias; a new one takes its place."""
        with self._state.write() as connection:
            holder = connection.execute(
                select(ACCOUNTS.c.account).where(ACCOUNTS.c.alias == account_alias)
            ).scalar_one_or_none()
            if holder is not None:
                raise EntityAlreadyExists(f"The account alias {account_alias} already exists.")
            set_account(connection, call.account, alias=account_alias)
            return {}

    @operation("ListAccountAliases")
    def list_account_aliases(self, call: Call, *, marker: str | None = None, max_items: int | None = None) -> Output:
        with self._state.read() as connection:
            row = account_row(connection, call.account)
        aliases = [] if row is None or row.alias is None else [row.alias]
        shown, more = cut_page(page("ListAccountAliases", marker, max_items), aliases, str)
        return {"AccountAliases": shown, **more}

    @operation("DeleteAccountAlias")
    def delete_account_alias(self, call: Call, *, account_alias: str) -> Output:
        with self._state.write() as connection:
            deleted = connection.execute(
                update(ACCOUNTS)
                .where(ACCOUNTS.c.account == call.account, ACCOUNTS.c.alias == account_alias)
                .values(alias=None)
            )
            if not deleted.rowcount:
                raise NoSuchEntity(f"The account alias with name {account_alias} cannot be found.")
            return {}

    @operation("GetAccountPasswordPolicy")
    def get_account_password_policy(self, call: Call) -> Output:
        with self._state.read() as connection:
            row = account_row(connection, call.account)
        if row is None or not row.password_policy:
            raise _no_password_policy(call.account)
        return {"PasswordPolicy": json.loads(row.password_policy)}

    @operation("UpdateAccountPasswordPolicy")
    def update_account_password_policy(
        self,
        call: Call,
        *,
        minimum_password_length: int = 6,
        require_symbols: bool = False,
        require_numbers: bool = False,
        require_uppercase_characters: bool = False,
        require_lowercase_characters: bool = False,
        allow_users_to_change_password: bool = False,
        max_password_age: int = 0,
        password_reuse_prevention: int = 0,
        hard_expiry: bool = False,
    ) -> Output:
        if not 6 <= minimum_password_length <= 128:
            raise ValidationError(
                f"Value {minimum_password_length} at 'minimumPasswordLength' must be between 6 and 128."
            )
        policy: Output = {
            "MinimumPasswordLength": minimum_password_length,
            "RequireSymbols": require_symbols,
            "RequireNumbers": require_numbers,
            "RequireUppercaseCharacters": require_uppercase_characters,
            "RequireLowercaseCharacters": require_lowercase_characters,
            "AllowUsersToChangePassword": allow_users_to_change_password,
            "ExpirePasswords": max_password_age > 0,
        }
        if max_password_age:
            policy["MaxPasswordAge"] = max_password_age
            policy["HardExpiry"] = hard_expiry
        if password_reuse_prevention:
            policy["PasswordReusePrevention"] = password_reuse_prevention
        with self._state.write() as connection:
            set_account(connection, call.account, password_policy=json.dumps(policy))
            return {}

    @operation("DeleteAccountPasswordPolicy")
    def delete_account_password_policy(self, call: Call) -> Output:
        with self._state.write() as connection:
            row = account_row(connection, call.account)
            if row is None or not row.password_policy:
                raise NoSuchEntity("The account policy with name PasswordPolicy cannot be found.")
            set_account(connection, call.account, password_policy="")
            return {}

    @operation("GetAccountSummary")
    def get_account_summary(self, call: Call) -> Output:
        with self._state.read() as connection:
            counts = {
                kind.resource: entities.count(connection, kind, call.account)
                for kind in (ROLE, USER, GROUP, POLICY, INSTANCE_PROFILE, SERVER_CERTIFICATE)
            }
            devices = _devices(connection, call.account)
            token_version = int(setting(connection, call.account, SESSION_VERSION) or _VERSION)
            providers = _providers(connection, call.account)
            versions = connection.execute(
                select(func.count())
                .select_from(POLICY_VERSIONS)
                .join(POLICIES, POLICIES.c.id == POLICY_VERSIONS.c.policy_id)
                .where(POLICIES.c.account == call.account)
            ).scalar_one()
        return {
            "SummaryMap": {
                "Users": counts["user"],
                "UsersQuota": USER.limit,
                "Groups": counts["group"],
                "GroupsQuota": GROUP.limit,
                "Roles": counts["role"],
                "RolesQuota": ROLE.limit,
                "Policies": counts["policy"],
                "PoliciesQuota": POLICY.limit,
                "InstanceProfiles": counts["instance-profile"],
                "InstanceProfilesQuota": INSTANCE_PROFILE.limit,
                "Providers": providers,
                "PolicyVersionsInUse": versions,
                "PolicyVersionsInUseQuota": 10_000,
                "VersionsPerPolicyQuota": MAX_VERSIONS,
                "PolicySizeQuota": MANAGED_POLICY.limit,
                "AssumeRolePolicySizeQuota": TRUST_POLICY.limit,
                "RolePolicySizeQuota": ROLE_POLICIES.limit,
                "UserPolicySizeQuota": USER_POLICIES.limit,
                "GroupPolicySizeQuota": GROUP_POLICIES.limit,
                "AttachedPoliciesPerRoleQuota": PER_OWNER,
                "AttachedPoliciesPerUserQuota": PER_OWNER,
                "AttachedPoliciesPerGroupQuota": PER_OWNER,
                "GroupsPerUserQuota": GROUPS_PER_USER,
                "AccessKeysPerUserQuota": PER_USER,
                "SigningCertificatesPerUserQuota": CERTIFICATES_PER_USER,
                "ServerCertificates": counts["server-certificate"],
                "ServerCertificatesQuota": SERVER_CERTIFICATE.limit,
                "MFADevices": devices[0],
                "MFADevicesInUse": devices[1],
                # There are no passwords, second factors or keys of the root here.
                "AccountMFAEnabled": 0,
                "AccountAccessKeysPresent": 0,
                "AccountPasswordPresent": 0,
                "AccountSigningCertificatesPresent": 0,
                "GlobalEndpointTokenVersion": token_version,
            }
        }


def _devices(connection: Connection, account: str) -> tuple[int, int]:
    """How many MFA devices there are, and how many of them are enabled for a user."""
    table = MFA_DEVICES
    row = connection.execute(select(func.count(), func.count(table.c.user_id)).where(table.c.account == account)).one()
    return row[0], row[1]


def _providers(connection: Connection, account: str) -> int:
    return sum(
        connection.execute(select(func.count()).select_from(table).where(table.c.account == account)).scalar_one()
        for table in (OIDC_PROVIDERS, SAML_PROVIDERS)
    )


def _no_password_policy(account: str) -> NoSuchEntity:
    return NoSuchEntity(f"The Password Policy with domain name {account} cannot be found.")
