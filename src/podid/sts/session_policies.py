"""Session policies: what a session is narrowed to when it is made."""

from __future__ import annotations

from podid.core.policy import MalformedPolicy, PolicyKind, parse_policy
from podid.iam import Iam
from podid.sts.errors import MalformedPolicyDocument, ValidationError

MAX_POLICY_ARNS = 10


def check_session_policies(iam: Iam, account: str, policy: str | None, policy_arns: tuple[str, ...]) -> tuple[str, ...]:
    """The ARNs once each. Raises MalformedPolicyDocument, and ValidationError for ARNs of no policy that the account could attach."""
    if policy is None and not policy_arns:
        return ()
    if policy is not None:
        try:
            parse_policy(policy, PolicyKind.SESSION)
        except MalformedPolicy as problem:
            raise MalformedPolicyDocument(problem.message) from problem
    arns = tuple(dict.fromkeys(policy_arns))
    if len(arns) > MAX_POLICY_ARNS:
        raise ValidationError(
            f"{len(arns)} managed session policies were passed; a request may pass {MAX_POLICY_ARNS}."
        )
    own = f"arn:{iam.partition}:iam::{account}:policy/"
    for arn in arns:
        if not arn.startswith((own, f"arn:{iam.partition}:iam::aws:policy/")) or iam.managed_document(arn) is None:
            raise ValidationError(f"Policy {arn} does not exist or is not attachable.")
    return arns
