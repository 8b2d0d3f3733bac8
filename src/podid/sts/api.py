"""The operations of the STS API (version 2011-06-15). They authorise themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from podid.core.caller import Call, Caller, Output
from podid.core.errors import AccessDenied, NotImplementedHere
from podid.core.operations import operation
from podid.core.sigv4 import Credentials
from podid.iam import Authorizer
from podid.iam.key_ids import account_of_access_key
from podid.iam.user_sessions import is_user_session
from podid.sts.assuming import Assuming
from podid.sts.errors import InvalidContextAssertion, ValidationError
from podid.sts.messages import AuthorizationMessages
from podid.sts.provider_keys import ProviderKeys
from podid.sts.role_request import IssuedSession, Wish
from podid.sts.session_tags import read_wire_tags
from podid.sts.sessions import Sessions
from podid.sts.user_sessions import UserSessions

Wire = Sequence[Mapping[str, Any]] | None


class StsApi:
    def __init__(
        self,
        authorizer: Authorizer,
        sessions: Sessions,
        assuming: Assuming,
        keys: ProviderKeys,
        messages: AuthorizationMessages,
    ) -> None:
        self._authorizer = authorizer
        self._assuming = assuming
        self._users = UserSessions(authorizer, sessions)
        self._keys = keys
        self._messages = messages

    @operation("GetCallerIdentity")
    def get_caller_identity(self, call: Call) -> Output:
        """Needs no permission, and no policy can deny it."""
        caller = call.caller
        return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}

    @operation("AssumeRole")
    def assume_role(
        self,
        call: Call,
        *,
        role_arn: str,
        role_session_name: str,
        policy_arns: Wire = None,
        policy: str | None = None,
        duration_seconds: int = 3600,
        tags: Wire = None,
        transitive_tag_keys: Sequence[str] = (),
        external_id: str = "",
        source_identity: str = "",
        serial_number: str | None = None,
        token_code: str | None = None,
        provided_contexts: Wire = None,
        minimum_session_token_size: int = 0,
    ) -> Output:
        if provided_contexts:
            raise InvalidContextAssertion(
                "The context assertion is not valid.",
                private="podid has no IAM Identity Center that could have made it",
            )
        wish = Wish(
            role_arn=role_arn,
            session_name=role_session_name,
            duration=duration_seconds,
            tags=read_wire_tags(tags),
            transitive=transitive_tag_keys,
            policy=policy,
            policy_arns=_arns(policy_arns),
            external_id=external_id,
            source_identity=source_identity,
            token_size=minimum_session_token_size,
        )
        return _assumed(
            self._assuming.as_caller(call.caller, wish, call.context, call.now, serial=serial_number, code=token_code)
        )

    @operation("AssumeRoleWithSAML")
    def assume_role_with_saml(
        self,
        call: Call,
        *,
        role_arn: str,
        principal_arn: str,
        saml_assertion: str,
        policy_arns: Wire = None,
        policy: str | None = None,
        duration_seconds: int = 3600,
        minimum_session_token_size: int = 0,
    ) -> Output:
        wish = Wish(
            role_arn=role_arn,
            session_name="",
            duration=duration_seconds,
            policy=policy,
            policy_arns=_arns(policy_arns),
            token_size=minimum_session_token_size,
        )
        session, identity = self._assuming.with_saml(principal_arn, saml_assertion, wish, call.context, call.now)
        return {
            **_assumed(session),
            "Subject": identity.subject,
            "SubjectType": identity.subject_type,
            "Issuer": identity.issuer,
            "Audience": identity.audience,
            "NameQualifier": identity.name_qualifier,
        }

    @operation("AssumeRoleWithWebIdentity")
    def assume_role_with_web_identity(
        self,
        call: Call,
        *,
        role_arn: str,
        role_session_name: str,
        web_identity_token: str,
        provider_id: str | None = None,
        policy_arns: Wire = None,
        policy: str | None = None,
        duration_seconds: int = 3600,
        minimum_session_token_size: int = 0,
    ) -> Output:
        if provider_id is not None:
            raise NotImplementedHere(
                "podid takes OpenID Connect tokens alone: leave ProviderId out, which is for OAuth 2.0 access tokens."
            )
        wish = Wish(
            role_arn=role_arn,
            session_name=role_session_name,
            duration=duration_seconds,
            policy=policy,
            policy_arns=_arns(policy_arns),
            token_size=minimum_session_token_size,
        )
        session, identity = self._assuming.with_web_identity(
            self._keys, web_identity_token, wish, call.context, call.now
        )
        return {
            **_assumed(session),
            "SubjectFromWebIdentityToken": identity.subject,
            "Provider": identity.provider.arn,
            "Audience": identity.audience,
        }

    @operation("GetSessionToken")
    def get_session_token(
        self,
        call: Call,
        *,
        duration_seconds: int = 43_200,
        serial_number: str | None = None,
        token_code: str | None = None,
        minimum_session_token_size: int = 0,
    ) -> Output:
        made = self._users.session_token(
            _long_term(call.caller, "GetSessionToken"),
            duration_seconds,
            call.now,
            serial=serial_number,
            code=token_code,
            least=minimum_session_token_size,
        )
        return {"Credentials": shown_credentials(made.credentials, made.expiration)}

    @operation("GetFederationToken")
    def get_federation_token(
        self,
        call: Call,
        *,
        name: str,
        policy: str | None = None,
        policy_arns: Wire = None,
        duration_seconds: int = 43_200,
        tags: Wire = None,
        minimum_session_token_size: int = 0,
    ) -> Output:
        made = self._users.federation_token(
            _long_term(call.caller, "GetFederationToken"),
            name=name,
            policy=policy,
            policy_arns=_arns(policy_arns),
            duration=duration_seconds,
            tags=read_wire_tags(tags),
            context=call.context,
            partition=call.partition,
            now=call.now,
            least=minimum_session_token_size,
        )
        shown: Output = {
            "Credentials": shown_credentials(made.credentials, made.expiration),
            "FederatedUser": {"FederatedUserId": made.federated_user_id, "Arn": made.federated_user_arn},
        }
        if made.packed_policy_size is not None:
            shown["PackedPolicySize"] = made.packed_policy_size
        return shown

    @operation("GetAccessKeyInfo")
    def get_access_key_info(self, call: Call, *, access_key_id: str) -> Output:
        """The account in the id, whether or not such a key exists."""
        _not_of_a_user(call.caller, "GetAccessKeyInfo")
        self._authorizer.require(call.caller, "sts:GetAccessKeyInfo", "*", call.context)
        account = account_of_access_key(access_key_id)
        if account is None:
            raise ValidationError(f"{access_key_id} is not the form of an access key ID.")
        return {"Account": account}

    @operation("DecodeAuthorizationMessage")
    def decode_authorization_message(self, call: Call, *, encoded_message: str) -> Output:
        _not_of_a_user(call.caller, "DecodeAuthorizationMessage")
        self._authorizer.require(call.caller, "sts:DecodeAuthorizationMessage", "*", call.context)
        return {"DecodedMessage": self._messages.decode(encoded_message)}


def shown_credentials(credentials: Credentials, expiration: datetime) -> Output:
    """Temporary credentials as answers carry them."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": expiration,
    }


def _assumed(session: IssuedSession) -> Output:
    shown: Output = {
        "Credentials": shown_credentials(session.credentials, session.expiration),
        "AssumedRoleUser": {"AssumedRoleId": session.assumed_role_id, "Arn": session.assumed_role_arn},
    }
    if session.packed_policy_size is not None:
        shown["PackedPolicySize"] = session.packed_policy_size
    if session.source_identity:
        shown["SourceIdentity"] = session.source_identity
    return shown


def _arns(policy_arns: Wire) -> tuple[str, ...]:
    return tuple(str(item["arn"]) for item in policy_arns or () if item.get("arn"))


def _not_of_a_user(caller: Caller, name: str) -> None:
    """Sessions of users may call AssumeRole and GetCallerIdentity alone, those of federated users the latter."""
    if is_user_session(caller):
        raise AccessDenied(f"Cannot call {name} with session credentials")


def _long_term(caller: Caller, name: str) -> Caller:
    """Only long-term keys may ask for these."""
    if caller.kind != "user" or caller.issued_at is not None:
        raise AccessDenied(f"Cannot call {name} with session credentials")
    return caller
