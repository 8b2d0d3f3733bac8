"""Encoded authorization messages: the details of a denial, sealed, for whoever may decode them.

Some services (EC2 first) append one to their sentence. It holds what the caller was not told: which statements decided, and with which values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from podid.core.policy import Decision, Outcome, Request
from podid.sts.errors import InvalidAuthorizationMessage
from podid.sts.sealing import NotOurs, Sealer, Unsealable

_PURPOSE = b"podid authorization message"
_MAX_VALUE = 512


class AuthorizationMessages:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def encode(self, request: Request, decision: Decision) -> str:
        """The sealed details of a decision. Conditions are left out where they would not fit."""
        details = _details(request, decision)
        try:
            return self._sealer.seal(json.dumps(details).encode(), _PURPOSE)[0]
        except Unsealable:
            details["context"]["conditions"] = {"items": []}  # type: ignore[index]
            return self._sealer.seal(json.dumps(details).encode(), _PURPOSE)[0]

    def decode(self, message: str) -> str:
        """The details as JSON text. Raises InvalidAuthorizationMessage."""
        try:
            return self._sealer.open(message, _PURPOSE)[0].decode()
        except NotOurs as problem:
            raise InvalidAuthorizationMessage("Message is not valid") from problem


def _details(request: Request, decision: Decision) -> dict[str, object]:
    explicit = decision.outcome is Outcome.EXPLICITLY_DENIED
    principal = request.principal
    return {
        "allowed": decision.allowed,
        "explicitDeny": explicit,
        "matchedStatements": {
            "items": [
                {
                    "statementId": statement.sid,
                    "effect": "DENY" if explicit else "ALLOW",
                    "policy": statement.arn or statement.policy,
                    "layer": statement.layer.value,
                    "index": statement.index,
                }
                for statement in decision.decided_by
            ]
        },
        "failures": {"items": [{"layer": reason.layer.value, "kind": reason.kind} for reason in decision.reasons]},
        "context": {
            "principal": {"id": principal.user_id, "arn": principal.arn or principal.service},
            "action": request.action,
            "resource": request.resource[:2048],
            "conditions": {"items": _conditions(request.context)},
        },
    }


def _conditions(context: Mapping[str, tuple[str, ...]]) -> list[dict[str, object]]:
    return [
        {"key": key, "values": {"items": [{"value": value[:_MAX_VALUE]} for value in values]}}
        for key, values in sorted(context.items())
    ]
