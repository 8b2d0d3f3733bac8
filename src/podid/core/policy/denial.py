"""AWS's AccessDenied sentence for a decision.

Source: the IAM user guide, "Troubleshoot access denied error messages"; the S3 user guide, "Troubleshoot access denied (403 Forbidden) errors";
public reports for EC2 and STS. Only one reason is given: that of the first layer that denied.
"""

from __future__ import annotations

from enum import Enum

from podid.core.policy.authorize import same_account
from podid.core.policy.decision import Decision, Layer
from podid.core.policy.request import Request


class DenialStyle(Enum):
    """The form a service gives the sentence."""

    GENERAL = "general"
    S3 = "s3"
    """The resource in quotes; no reason for a caller of another account; anonymous callers get "Access Denied"."""
    ASSUME_ROLE = "assume-role"
    """No reason."""
    EC2 = "ec2"
    """Begins with a sentence of its own; no resource where the action has none."""


_NAMES = {
    Layer.IDENTITY: ("identity-based policy", "an identity-based policy"),
    Layer.SESSION: ("session policy", "a session policy"),
    Layer.BOUNDARY: ("permissions boundary", "a permissions boundary"),
    Layer.RESOURCE: ("resource-based policy", "a resource-based policy"),
    Layer.TRUST: ("role trust policy", "the role trust policy"),
    Layer.SCP: ("service control policy", "a service control policy"),
    Layer.RCP: ("resource control policy", "a resource control policy"),
}
_WITH_POLICY = frozenset({Layer.SCP, Layer.RCP})
"""The layers whose denying policy is named by its ARN, where it has one (since 2026)."""
_WITHOUT_RESOURCE = frozenset({"s3:listallmybuckets"})
_ASSUME_ROLE = frozenset(
    {"sts:assumerole", "sts:assumerolewithwebidentity", "sts:assumerolewithsaml", "sts:tagsession"}
)


def style_of(action: str) -> DenialStyle:
    """The form that the service of an action uses."""
    lowered = action.lower()
    if lowered in _ASSUME_ROLE:
        return DenialStyle.ASSUME_ROLE
    service = lowered.partition(":")[0]
    return {"s3": DenialStyle.S3, "ec2": DenialStyle.EC2}.get(service, DenialStyle.GENERAL)


def denial_text(request: Request, decision: Decision, *, style: DenialStyle | None = None) -> str:
    """The sentence for a decision that denies. Without a `style` it is that of the action's service."""
    style = style if style is not None else style_of(request.action)
    if style is DenialStyle.S3 and (request.principal.kind == "anonymous" or not same_account(request)):
        return "Access Denied"
    sentence = f"User: {_who(request)} is not authorized to perform: {request.action}{_on_resource(request, style)}"
    if style is not DenialStyle.ASSUME_ROLE:
        sentence += _reason(request, decision)
    if style is DenialStyle.EC2:
        return f"You are not authorized to perform this operation. {sentence}"
    return sentence


def _who(request: Request) -> str:
    principal = request.principal
    return principal.arn or principal.service or principal.provider or principal.kind


def _on_resource(request: Request, style: DenialStyle) -> str:
    if request.action.lower() in _WITHOUT_RESOURCE or (style is DenialStyle.EC2 and request.resource == "*"):
        return ""
    return f' on resource: "{request.resource}"' if style is DenialStyle.S3 else f" on resource: {request.resource}"


def _reason(request: Request, decision: Decision) -> str:
    if not decision.reasons:
        return ""
    reason = decision.reasons[0]
    none, an = _NAMES[reason.layer]
    if reason.kind == "implicit":
        return f" because no {none} allows the {request.action} action"
    policy = decision.decided_by[0].arn if reason.layer in _WITH_POLICY and decision.decided_by else ""
    return f" with an explicit deny in {an}" + (f": {policy}" if policy else "")
