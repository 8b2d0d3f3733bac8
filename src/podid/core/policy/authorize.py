"""From what was found in each layer to the decision. It knows nothing of patterns and conditions.

Source: the IAM user guide, "Policy evaluation logic" with its pages on a single account and across accounts, "Permissions boundaries",
"Session policies"; AWS Organizations, "SCP evaluation" and "RCP evaluation".
"""

from __future__ import annotations

from collections.abc import Iterable

from podid.core.policy.decision import Decision, Layer, Outcome, Reason
from podid.core.policy.findings import Finding
from podid.core.policy.naming import Naming
from podid.core.policy.request import Principal, Request

_WITHOUT_POLICIES = frozenset({"service", "anonymous", "web-identity", "saml"})
"""Principals on which no identity policy, boundary, session policy or SCP can hang: the resource's side alone decides."""

_OF_PRINCIPALS = frozenset({Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION, Layer.SCP})
_OF_ORGANIZATIONS = frozenset({Layer.SCP, Layer.RCP})
_SERVICE_LINKED = ":role/aws-service-role/"


def conclude(request: Request, findings: list[Finding]) -> Decision:
    """Decide. An explicit deny in any layer beats every allow; what no layer allows is denied."""
    heard = _heard(request.principal, findings)
    denies = [finding for finding in heard if finding.denies]
    if denies and not _always_allowed(request):
        reasons = dict.fromkeys(Reason(finding.layer, "explicit") for finding in denies)
        decided_by = tuple(reference for finding in denies for reference in finding.denies)
        return Decision(Outcome.EXPLICITLY_DENIED, tuple(reasons), decided_by)
    missing = _missing(request, heard)
    if missing and not _always_allowed(request):
        return Decision(Outcome.IMPLICITLY_DENIED, tuple(Reason(layer, "implicit") for layer in missing))
    return Decision(Outcome.ALLOWED, (), tuple(reference for finding in heard for reference in finding.allows))


def _always_allowed(request: Request) -> bool:
    """GetCallerIdentity answers whoever signed the request: a refusal would tell as much. "If an administrator attaches a policy to your
    identity that explicitly denies access to the sts:GetCallerIdentity action, you can still perform this operation."
    """
    return request.action.lower() == "sts:getcalleridentity" and request.principal.kind != "anonymous"


def _heard(principal: Principal, findings: list[Finding]) -> list[Finding]:
    """The layers that have a say about this principal."""
    if principal.kind in _WITHOUT_POLICIES:
        return [finding for finding in findings if finding.layer not in _OF_PRINCIPALS]
    if _SERVICE_LINKED in principal.issuer_arn:
        return [finding for finding in findings if finding.layer not in _OF_ORGANIZATIONS]
    return findings


def _missing(request: Request, heard: list[Finding]) -> Iterable[Layer]:
    """The layers that would have to allow and do not, in the order in which AWS looks at them: the first is the one it names."""
    kind = request.principal.kind
    own: list[Layer] = []
    gate: Finding | None = None
    has_session = scp_lacks = False
    for finding in heard:
        layer = finding.layer
        if layer is Layer.RESOURCE or layer is Layer.TRUST:
            gate = finding  # the trust policy comes last: where there is one, it is the one that counts
        elif layer is Layer.SCP:
            scp_lacks = scp_lacks or not finding.allows
        elif (
            not finding.allows and layer is not Layer.RCP
        ):  # "RCPFullAWSAccess can't be detached, so there will always be an Allow statement"
            own.append(layer)
        has_session = has_session or layer is Layer.SESSION
    if kind == "root":
        # The account's root needs no policy. "You cannot use AWS account root user credentials to call AssumeRole."
        if request.action.lower() == "sts:assumerole":
            return [Layer.IDENTITY]
        own = []
    elif kind == "federated-user" and not has_session:
        # "If you do not pass a policy, the resulting federated user session has no permissions", but what resource policies give it.
        own.append(Layer.SESSION)
    missing = [Layer.SCP, *own] if scp_lacks else own
    naming = gate.naming if gate is not None else Naming.NONE
    gate_layer = gate.layer if gate is not None else _gate_of(request)
    if kind in _WITHOUT_POLICIES or not same_account(request):
        return missing if naming else [*missing, gate_layer]
    if naming is Naming.ACCOUNT or gate is None:
        return missing
    if naming is Naming.NONE:
        return [*missing, gate_layer] if _always_needed(request, gate_layer) else missing
    # Who is named directly is limited by no implicit deny on its own side; who is named as the issuer of its session, by all but one.
    lifted = _OF_PRINCIPALS if naming is Naming.DIRECT else {Layer.IDENTITY}
    return [layer for layer in missing if layer not in lifted or layer is Layer.SCP]


def _gate_of(request: Request) -> Layer:
    """What has to let somebody in where no policy of the resource is there at all."""
    return Layer.TRUST if request.action[:14].lower() == "sts:assumerole" else Layer.RESOURCE


def _always_needed(request: Request, gate: Layer) -> bool:
    """Role trust policies and KMS key policies "must explicitly allow access for principals", in the same account too."""
    return gate is Layer.TRUST or request.action[:4].lower() == "kms:"


def same_account(request: Request) -> bool:
    """Whether principal and resource belong to one account.

    Where nothing says whose the resource is, it is the principal's; and so is AWS's own (`arn:aws:iam::aws:policy/…`), which every account
    has as if it were its own.
    """
    owner = request.resource_account
    if not owner and request.resource.startswith("arn:"):
        owner = request.resource.split(":", 5)[4] if request.resource.count(":") >= 5 else ""
    return owner == request.principal.account or not owner.isdigit() or not request.principal.account
