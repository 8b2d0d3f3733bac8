"""IAM as the rest of podid uses it: hot look-ups from memory, the API's handlers, and what a new installation needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from podid.core.caller import Caller
from podid.core.clock import Clock, system_clock
from podid.core.ids import RandomBytes
from podid.core.operations import Handler, handlers_of
from podid.core.policy import NamedPolicy, PolicyKind, PolicySet
from podid.core.sigv4 import Credentials
from podid.iam import documents, entities
from podid.iam.api.access_keys import AccessKeys
from podid.iam.api.account import Account
from podid.iam.api.account_settings import AccountSettings
from podid.iam.api.attachments import Attachments
from podid.iam.api.authorization_details import AuthorizationDetails
from podid.iam.api.credential_report import CredentialReport
from podid.iam.api.delegation import Delegation
from podid.iam.api.groups import Groups
from podid.iam.api.inline_policies import InlinePolicies
from podid.iam.api.instance_profiles import InstanceProfiles
from podid.iam.api.login_profiles import LoginProfiles
from podid.iam.api.mfa_devices import MfaDevices
from podid.iam.api.oidc_providers import OidcProviders
from podid.iam.api.organizations import Organizations
from podid.iam.api.outbound_federation import OutboundFederation
from podid.iam.api.policies import Policies
from podid.iam.api.policy_versions import PolicyVersions
from podid.iam.api.roles import Roles
from podid.iam.api.saml_providers import SamlProviders
from podid.iam.api.server_certificates import ServerCertificates
from podid.iam.api.service_access import ServiceAccess
from podid.iam.api.service_credentials import ServiceCredentials
from podid.iam.api.service_linked_roles import ServiceLinkedRoles
from podid.iam.api.signing_certificates import SigningCertificates
from podid.iam.api.simulating import Simulating
from podid.iam.api.ssh_public_keys import SshPublicKeys
from podid.iam.api.tags import Tags
from podid.iam.api.users import Users
from podid.iam.aws_managed import aws_managed_policies
from podid.iam.bootstrap import Bootstrap
from podid.iam.cache import Cache
from podid.iam.entities import ROLE
from podid.iam.key import Key, load_key
from podid.iam.key_uses import KeyUses
from podid.iam.managed import default_documents
from podid.iam.mfa import prove
from podid.iam.owner_policies import load_policies, managed_policy
from podid.iam.providers import OidcProvider, SamlProvider, load_oidc, load_saml
from podid.iam.role import Role, role_of_row
from podid.iam.sealed_columns import renew_secrets
from podid.iam.state import ROOM, IamState
from podid.iam.user import User, load_user
from podid.iam.user_sessions import not_for_user_sessions
from podid.store import Store

_NO_POLICIES = PolicySet()


class Iam:
    """One installation's IAM, all accounts. Safe to use from many threads; a change, by whichever process, is seen by the next call."""

    def __init__(
        self,
        store: Store,
        *,
        random: RandomBytes = os.urandom,
        clock: Clock = system_clock,
        partition: str = "aws",
    ) -> None:
        self.partition = partition
        self._state = IamState(store=store, random=random, catalog=aws_managed_policies(partition), partition=partition)
        self._cache = Cache(store, ROOM)
        self._uses = KeyUses(self._state)
        self._bootstrap = Bootstrap(self._state, clock)
        self._handlers = {name: not_for_user_sessions(handler) for name, handler in self._all_handlers().items()}

    def handlers(self) -> dict[str, Handler]:
        """The handlers of the IAM API, by operation."""
        return self._handlers

    def _all_handlers(self) -> dict[str, Handler]:
        state = self._state
        return handlers_of(
            Roles(state),
            Users(state),
            Groups(state),
            Policies(state),
            PolicyVersions(state),
            InlinePolicies(state),
            Attachments(state),
            AccessKeys(state, self._uses),
            InstanceProfiles(state),
            Tags(state),
            OidcProviders(state),
            SamlProviders(state),
            Account(state),
            AccountSettings(state),
            LoginProfiles(state),
            MfaDevices(state),
            SshPublicKeys(state),
            SigningCertificates(state),
            ServerCertificates(state),
            ServiceCredentials(state),
            ServiceAccess(state, self._uses),
            Organizations(),
            Delegation(),
            OutboundFederation(),
            ServiceLinkedRoles(state),
            AuthorizationDetails(state),
            Simulating(state),
            CredentialReport(state, self._uses),
        )

    # Hot look-ups.

    def find_key(self, access_key_id: str) -> Key | None:
        """The access key of that id, active or not, or None."""
        return self._cache.get(
            ("key", access_key_id), lambda connection: load_key(connection, self._state, access_key_id), keep_none=False
        )

    def role(self, account: str, name: str) -> Role | None:
        """The role of that name, or None."""

        def load(connection: Connection) -> Role | None:
            row = entities.find(connection, ROLE, account, name)
            return None if row is None else role_of_row(connection, row, self.partition)

        return self._cache.get(("role", account, name), load)

    def role_by_arn(self, arn: str) -> Role | None:
        """The role with exactly this ARN, path included, or None."""
        if ":role/" not in arn:  # of something else: not worth a look at the database
            return None

        def load(connection: Connection) -> Role | None:
            row = entities.by_arn(connection, ROLE, arn)
            role = None if row is None else role_of_row(connection, row, self.partition)
            return role if role is not None and role.arn == arn else None

        return self._cache.get(("role-arn", arn), load, keep_none=False)

    def oidc_provider(self, account: str, issuer: str) -> OidcProvider | None:
        """The account's OpenID Connect provider for an issuer (its URL without https://), or None."""
        return self._cache.get(
            ("oidc", account, issuer),
            lambda connection: load_oidc(connection, account, issuer, self.partition),
            keep_none=False,
        )

    def user_by_id(self, identity: str) -> User | None:
        """The user with that unique id, or None."""
        return self._cache.get(("user", identity), lambda connection: load_user(connection, identity, self.partition))

    def policies_of(self, caller: Caller) -> PolicySet:
        """The policies that bear on whatever this caller does: identity policies, boundary, session policies.

        Root, services and anonymous callers have none; what that means is the policy engine's to say.
        """
        if not caller.issuer_id:
            return _NO_POLICIES
        own = self._cache.get(
            ("policies", caller.issuer_id), lambda connection: load_policies(connection, self._state, caller.issuer_id)
        )
        if not caller.session_policies:
            return own
        session = tuple(
            NamedPolicy("SessionPolicy", documents.stored(text, PolicyKind.SESSION)) for text in caller.session_policies
        )
        return PolicySet(identity=own.identity, boundary=own.boundary, session=session)

    def managed_document(self, arn: str) -> str | None:
        """The text of a managed policy's default version, or None where there is no such policy."""
        return self._cache.get(
            ("document", arn),
            lambda connection: default_documents(connection, self._state, [arn]).get(arn),
            keep_none=False,
        )

    def managed_policy(self, arn: str) -> NamedPolicy | None:
        """A managed policy's default version as decisions take it, or None."""
        text = self.managed_document(arn)
        return None if text is None else managed_policy(arn, text)

    def note_key_use(self, access_key_id: str, *, service: str, region: str, now: datetime, user_id: str = "") -> None:
        """Remember, for GetAccessKeyLastUsed and the user's last-accessed report, that this key signed a call."""
        self._uses.note_key(access_key_id, service=service, region=region, now=now, user_id=user_id)

    def note_role_use(self, role_id: str, *, region: str, now: datetime, service: str = "") -> None:
        """Remember, for a role's RoleLastUsed and last-accessed report, that a session of it called."""
        self._uses.note_role(role_id, region=region, now=now, service=service)

    def prove_mfa(self, user_id: str, serial: str, code: str, now: datetime) -> None:
        """See that a user holds the second factor of that serial number, by a code that was not used before. Raises AccessDenied."""
        prove(self._state, user_id, serial, code, now)

    def saml_provider(self, arn: str) -> SamlProvider | None:
        """The SAML provider with exactly this ARN, or None."""
        return self._cache.get(("saml", arn), lambda connection: load_saml(connection, arn), keep_none=False)

    def renew_secrets(self) -> int:
        """Encrypt every stored secret with the master key in use; how many were not. The last step of a rotation but one:

        the new key is put in front of the old one in the file, secrets are renewed, the old key is dropped. Running replicas follow.
        """
        return renew_secrets(self._state)

    def close(self) -> None:
        """Write what is only noted in memory."""
        self._uses.flush()

    # A new installation.

    def ensure_user(
        self, account: str, name: str, *, policy_arns: tuple[str, ...] = (), inline: Mapping[str, str] | None = None
    ) -> str:
        """Make a user unless it is there, and see that it has these policies. Answers its ARN. Idempotent."""
        return self._bootstrap.ensure_user(account, name, policy_arns=policy_arns, inline=inline or {})

    def ensure_access_key(self, account: str, user_name: str) -> Credentials:
        """An active access key of the user: one it has, or a new one. Raises LimitExceeded where it has two and neither is active."""
        return self._bootstrap.ensure_access_key(account, user_name)

    def ensure_role(
        self,
        account: str,
        name: str,
        *,
        trust: str,
        policy_arns: tuple[str, ...] = (),
        inline: Mapping[str, str] | None = None,
        path: str = "/",
        description: str = "",
    ) -> Role:
        """Make a role unless it is there, and see that it trusts whom it should and has these policies. Idempotent."""
        arn = self._bootstrap.ensure_role(
            account, name, trust=trust, policy_arns=policy_arns, inline=inline or {}, path=path, description=description
        )
        role = self.role_by_arn(arn)
        assert role is not None  # it was just there
        return role

    def ensure_oidc_provider(self, account: str, url: str, *, client_ids: tuple[str, ...], jwks: str) -> str:
        """Register an OpenID Connect provider with its keys, or renew its keys. Answers its ARN. Idempotent."""
        return self._bootstrap.ensure_oidc_provider(account, url, client_ids=client_ids, jwks=jwks)

    def ensure_instance_profile(self, account: str, name: str, *, role_name: str) -> str:
        """Make an instance profile that holds the role. Answers its ARN. Idempotent."""
        return self._bootstrap.ensure_instance_profile(account, name, role_name=role_name)
