"""What STS does for organizations, for services elsewhere and for partners. podid has none of these, and each refusal says which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from podid.core.caller import Call, Output
from podid.core.errors import AccessDenied, NotImplementedHere
from podid.core.operations import operation
from podid.sts.errors import OutboundFederationDisabled


class NotHere:
    @operation("AssumeRoot")
    def assume_root(
        self,
        call: Call,
        *,
        target_principal: str,
        task_policy_arn: Mapping[str, Any],
        duration_seconds: int = 900,
        minimum_session_token_size: int = 0,
    ) -> Output:
        raise AccessDenied(
            f"User: {call.caller.arn} is not authorized to perform: sts:AssumeRoot on resource: {target_principal[:300]}",
            private="podid has no organizations, and so no management account",
        )

    @operation("GetWebIdentityToken")
    def get_web_identity_token(
        self,
        call: Call,
        *,
        audience: Sequence[str],
        signing_algorithm: str,
        duration_seconds: int = 300,
        tags: Sequence[Mapping[str, Any]] | None = None,
        scope: str = "",
        subject_mode: str = "",
    ) -> Output:
        raise OutboundFederationDisabled("Outbound web identity federation is not enabled for this account.")

    @operation("GetDelegatedAccessToken")
    def get_delegated_access_token(self, call: Call, *, trade_in_token: str) -> Output:
        raise NotImplementedHere("podid takes no delegation requests, and so no trade-in tokens.")

    @operation("GetScopedCredentials")
    def get_scoped_credentials(
        self,
        call: Call,
        *,
        policy: str | None = None,
        duration_seconds: int | None = None,
        minimum_session_token_size: int = 0,
        scoped_session_description: str = "",
    ) -> Output:
        raise NotImplementedHere(
            "podid does not scope sessions down once they are made: pass a session policy to AssumeRole instead."
        )
