"""Who may not call IAM at all: sessions of GetSessionToken without a second factor, and of GetFederationToken.

Source: IAM user guide, "Compare AWS STS credentials".
"""

from __future__ import annotations

import functools
from typing import Any

from podid.core.caller import Call, Caller, Output
from podid.core.operations import Handler, Steps
from podid.iam.errors import InvalidClientTokenId


def is_user_session(caller: Caller) -> bool:
    """Whether temporary credentials of a user, or of somebody a user vouched for, signed the call."""
    return caller.kind == "federated-user" or (caller.kind == "user" and caller.issued_at is not None)


def not_for_user_sessions(handler: Handler) -> Handler:
    """The handler, closed to such sessions."""

    @functools.wraps(handler)
    def guarded(call: Call, **members: Any) -> Output | Steps:
        if is_user_session(call.caller) and call.caller.mfa_at is None:
            raise InvalidClientTokenId(
                "The security token included in the request is invalid",
                private="sessions of GetSessionToken without a second factor, and of GetFederationToken, may not call IAM",
            )
        return handler(call, **members)

    return guarded
