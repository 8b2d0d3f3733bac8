"""The checks of a role that somebody hands to EKS: it is there, it trusts the service, and the caller may pass it.

Texts: those that the real service was seen to answer (Terraform and CDK issue trackers).
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Final

import msgspec

from podid.core.caller import Call
from podid.eks.association import role_account
from podid.eks.errors import InvalidParameter
from podid.iam import Authorizer, Iam

POD_IDENTITY_SERVICE: Final = "pods.eks.amazonaws.com"
EKS_SERVICE: Final = "eks.amazonaws.com"


def check_role_for_pods(iam: Iam, authorizer: Authorizer, call: Call, role_arn: str, cluster: str) -> None:
    """Check the roleArn of an association.

    1. it is a role's ARN, of the cluster's own account
    2. the caller may pass it to Pod Identity (iam:PassRole)
    3. the role exists
    4. its trust policy names the service for sts:AssumeRole (conditions are not evaluated: there is no session yet)

    Raises InvalidParameter, and AccessDenied at 2.
    """
    if role_account(role_arn, "roleArn", cluster) != call.account:
        raise InvalidParameter(
            f"The role {role_arn} does not belong to the account of the cluster.", clusterName=cluster
        )
    require_pass_role(authorizer, call, role_arn, POD_IDENTITY_SERVICE)
    role = iam.role_by_arn(role_arn)
    if role is None:
        raise InvalidParameter("Role provided in the request does not exist.", clusterName=cluster)
    if not trusts_service(role.trust_text, POD_IDENTITY_SERVICE):
        raise InvalidParameter(
            "Trust policy of the role provided is invalid. Follow the official documentation to resolve the issue.",
            clusterName=cluster,
        )


def require_pass_role(authorizer: Authorizer, call: Call, role_arn: str, service: str) -> None:
    """Raise AccessDenied unless the caller may hand this role to the service (IAM user guide, "PassRole")."""
    context = {**call.context, "iam:PassedToService": (service,)}
    authorizer.require(call.caller, "iam:PassRole", role_arn, context)


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
