"""The IAM policy language: parse, decide, explain.

    text ──parse──▶ document ──compile, at first use──▶ matchers ──┐
                        └───────plain, for traces──────────────────┤
    request ───────────────────────────────────────────────────────┴──▶ findings of each layer ──conclude──▶ decision ──▶ denial text

Stages know their neighbours only: matchers know nothing of allow and deny, `authorize.py` nothing of patterns. Nothing here asks for the time
or knows which principals exist; both come with the request.
"""

from __future__ import annotations

from podid.core.policy.decision import Decision, Layer, Outcome, Reason, StatementRef
from podid.core.policy.denial import DenialStyle, denial_text, style_of
from podid.core.policy.document import PolicyKind
from podid.core.policy.evaluate import decide
from podid.core.policy.malformed import MalformedPolicy, Position
from podid.core.policy.parse import parse_policy, read_policy
from podid.core.policy.plain import trace
from podid.core.policy.policy import NamedPolicy, Policy, PolicySet
from podid.core.policy.request import Principal, PrincipalKind, Request
from podid.core.policy.sizes import (
    GROUP_POLICIES,
    MANAGED_POLICY,
    ROLE_POLICIES,
    SESSION_POLICY,
    TRUST_POLICY,
    USER_POLICIES,
    SizeQuota,
    size_of,
)
from podid.core.policy.traces import Compared, ElementTrace, PolicyTrace, StatementTrace, Trace

__all__ = [
    "GROUP_POLICIES",
    "MANAGED_POLICY",
    "ROLE_POLICIES",
    "SESSION_POLICY",
    "TRUST_POLICY",
    "USER_POLICIES",
    "Compared",
    "Decision",
    "DenialStyle",
    "ElementTrace",
    "Layer",
    "MalformedPolicy",
    "NamedPolicy",
    "Outcome",
    "Policy",
    "PolicyKind",
    "PolicySet",
    "PolicyTrace",
    "Position",
    "Principal",
    "PrincipalKind",
    "Reason",
    "Request",
    "SizeQuota",
    "StatementRef",
    "StatementTrace",
    "Trace",
    "decide",
    "denial_text",
    "parse_policy",
    "read_policy",
    "size_of",
    "style_of",
    "trace",
]
