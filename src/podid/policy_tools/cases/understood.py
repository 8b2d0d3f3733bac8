"""What a question leaves to be understood: which policies have a say in it, and which role or user stands behind a session.

Sources: the IAM user guide, "IAM identifiers" ("names must be unique within an account", whatever their paths) and "Policy evaluation logic";
the KMS developer guide, "Key policies in AWS KMS" ("Every KMS key must have exactly one key policy").
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from podid.core.policy import NamedPolicy, Policy, PolicyKind, PolicySet, Principal, Request
from podid.core.policy.syntax import Document
from podid.policy_tools.cases.owned_by_aws import changes_what_is_owned_by_aws

_TRUST_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:assumeroot",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)
"""What a trust policy decides upon."""

_SILENT = NamedPolicy("the key's policy, which is not given", Policy(Document(statements=()), PolicyKind.RESOURCE))


_AWS = "000000000000"
"""An account that is nobody's, for what belongs to AWS."""


def trusts(action: str) -> bool:
    """Whether a role's trust policy has a say in an action."""
    return action.lower() in _TRUST_ACTIONS


def understood(request: Request, policies: PolicySet) -> tuple[Request, PolicySet]:
    """The question with what it leaves to be understood.

    A trust policy bears on what it decides upon only; there, it is the one policy that a role has as a resource. A KMS key without a key policy
    is nobody's: it has one that says nothing. What is AWS's own belongs to another account where somebody would change it. The role of a session
    whose ARN has no path, and the user behind a federated session, are those of their name that the policies name.
    """
    if policies.trust is not None and not trusts(request.action):
        policies = msgspec.structs.replace(policies, trust=None)
    if policies.trust is None and policies.resource is not None and trusts(request.action):
        policies = msgspec.structs.replace(policies, trust=policies.resource, resource=None)
    if policies.resource is None and _on_a_key(request):
        policies = msgspec.structs.replace(policies, resource=_SILENT)
    if changes_what_is_owned_by_aws(request.action, request.resource):
        request = msgspec.structs.replace(request, resource_account=_AWS)
    if policies.resource is not None or policies.trust is not None:
        issuer = _issuer(request, policies)
        if issuer:
            principal = msgspec.structs.replace(request.principal, issuer_arn=issuer)
            request = msgspec.structs.replace(request, principal=principal)
    return request, policies


def _on_a_key(request: Request) -> bool:
    return request.action[:4].lower() == "kms:" and request.resource.partition(":key/")[1] != ""


def _issuer(request: Request, policies: PolicySet) -> str:
    """The ARN of the role or user that a session comes from, as the policies name it; empty where it is known, or they name none."""
    principal = request.principal
    kind = {"role-session": "role", "federated-user": "user"}.get(principal.kind)
    if kind is None or not principal.arn or "aws:principalarn" in request.context:
        return ""
    partition, name = _session_of(principal)
    beginning = f"arn:{partition}:iam::{principal.account}:{kind}/"
    if principal.issuer_arn not in ("", beginning + name):
        return ""  # its path was given
    named = [value for value in _named(policies) if value.startswith(beginning) and value.rpartition("/")[2] == name]
    return "" if principal.issuer_arn in named else next(iter(named), "")


def _session_of(principal: Principal) -> tuple[str, str]:
    """The partition, and the name of the role of `assumed-role/NAME/SESSION` or of the user of `federated-user/NAME`."""
    parts = principal.arn.split(":", 5)
    return parts[1], parts[5].split("/")[1]


def _named(policies: PolicySet) -> Iterator[str]:
    for policy in (policies.resource, policies.trust):
        if policy is not None:
            yield from (value for kind, value in policy.policy.principals() if kind == "AWS")
