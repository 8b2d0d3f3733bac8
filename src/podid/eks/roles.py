"""The checks of a role that somebody hands to EKS: it is there, it trusts the service, and the caller may pass it.

Texts: those that the real service was seen to answer (Terraform and CDK issue trackers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from podid.core.caller import Call
from podid.core.errors import AccessDenied
from podid.core.policy import Decision, denial_text
from podid.eks.association import role_account
from podid.eks.errors import InvalidParameter
from podid.iam import Authorizer, Iam, request_of
from podid.iam.authorizer import why

POD_IDENTITY_SERVICE: Final = "pods.eks.amazonaws.com"
EKS_SERVICE: Final = "eks.amazonaws.com"
_ACTION: Final = "iam:PassRole"

Note = Callable[[Call, str, str, Decision], None]
"""Takes down a decision that was made inside a call: (call, action, resource, decision)."""


def note_nothing(_call: Call, _action: str, _resource: str, _decision: Decision) -> None:
    """The `Note` of an EKS that nobody watches."""


class RolePassing:
    """Whether callers may hand roles to services, each decision being noted."""

    def __init__(self, authorizer: Authorizer, note: Note) -> None:
        self._authorizer = authorizer
        self._note = note

    def require(self, call: Call, role_arn: str, service: str, *, to: str) -> None:
        """Raise AccessDenied unless the caller may hand this role to the service (IAM user guide, "PassRole").

        `to` is the ARN of what the operation acts on, which the role is for.
        """
        context = {**call.context, "iam:PassedToService": (service,), "iam:AssociatedResourceArn": (to,)}
        decision = self._authorizer.decide(call.caller, _ACTION, role_arn, context)
        self._note(call, _ACTION, role_arn, decision)
        if not decision.allowed:
            request = request_of(call.caller, _ACTION, role_arn, context)
            raise AccessDenied(denial_text(request, decision), private=why(decision))


def check_role_for_pods(iam: Iam, passing: RolePassing, call: Call, role_arn: str, *, cluster: str, to: str) -> None:
    """Check the roleArn of an association; `to` as in `RolePassing.require`.

    1. it is a role's ARN, of the cluster's own account
    2. the caller may pass it to Pod Identity (iam:PassRole)
    3. the role exists
    4. its trust policy names the service for sts:AssumeRole (conditions are not evaluated: there is no session yet)

    Raises InvalidParameter, and AccessDenied at 2.
    """
    check_account(call, role_arn, "roleArn", cluster)
    passing.require(call, role_arn, POD_IDENTITY_SERVICE, to=to)
    role = iam.role_by_arn(role_arn)
    if role is None:
        raise InvalidParameter("Role provided in the request does not exist.", clusterName=cluster)
    if not trusts_service(role.trust_text, POD_IDENTITY_SERVICE):
        raise InvalidParameter(
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
            clusterName=cluster,
        )


def check_account(call: Call, role_arn: str, member: str, cluster: str) -> None:
    """Refuse what is no ARN of a role, and the role of another account. Raises InvalidParameter."""
    if role_account(role_arn, member, cluster) != call.account:
        raise InvalidParameter("Cross-account pass role is not allowed.", clusterName=cluster)


def trusts_service(trust_text: str, service: str) -> bool:
    """Whether some statement of a (valid) trust policy allows the service to assume the role, whatever its conditions."""
    policy = msgspec.json.decode(trust_text)
    return any(
        statement.get("Effect") == "Allow"
        and _names(statement.get("Principal"), service)
        and any(fnmatchcase("sts:assumerole", action.lower()) for action in _several(statement.get("Action")))
        for statement in _several(policy.get("Statement"))
    )


def _names(principal: Any, service: str) -> bool:
    return isinstance(principal, dict) and service in _several(principal.get("Service"))


def _several(value: Any) -> Iterable[Any]:
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)
