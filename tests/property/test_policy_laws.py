"""Laws of the policy engine, over policies and requests made from small alphabets, so that they meet often."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from podid.core.policy import (
    Decision,
    NamedPolicy,
    Outcome,
    Policy,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    decide,
    denial_text,
    parse_policy,
    read_policy,
    trace,
)
from podid.core.policy.operators import operators
from podid.core.policy.plain import decide_plainly

HERE, THERE = "111122223333", "444455556666"
ACTIONS = ["s3:GetObject", "s3:PutObject", "S3:getobject", "sqs:SendMessage", "kms:Decrypt", "sts:AssumeRole"]
ACTION_PATTERNS = [
    "*",
    "s3:*",
    "s3:Get*",
    "s3:?etObject",
    "S3:PUTOBJECT",
    "*:GetObject",
    "s?:*",
    "sqs:*",
    "kms:De*t",
    "sts:*",
]
RESOURCES = [
    "*",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::b/a/b",
    f"arn:aws:sqs:r:{THERE}:a",
    f"arn:aws:iam::{HERE}:role/a",
    f"arn:aws:logs:r:{HERE}:g:a:s:a",
]
RESOURCE_PATTERNS = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/a",
    "arn:aws:s3:::*/?",
    "arn:aws:s3:::b/${k1}",
    "arn:aws:s3:::b/${k2, 'a'}*",
    f"arn:aws:*:{THERE}:*",
    "arn:aws:iam::*:role/*",
    # within segments, and incomplete
    "arn:aws:sqs",
    "arn:aws:sqs:r",
    "arn:aws:*:a",
    "arn:aws:s*s:*:a",
    f"arn:aws:sqs:?:{THERE}*?",
    "arn:*:?:s*a",
    f"arn:aws:logs:r:{HERE}:*:${{k2, 'a'}}*a",
    f"arn:aws:logs:r:{HERE}:g*${{k1}}:*",
]
KEYS = ["k1", "K1", "k2", "k3"]
VALUES = [
    "",
    "a",
    "A",
    "ab",
    "a*",
    "*",
    "?",
    "${k1}",
    "${k2, 'a'}*",
    "${*}",
    "1",
    "1.0",
    "2",
    "true",
    "false",
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "10.0.0.1",
    "10.0.0.0/8",
    "::1",
    "arn:aws:s3:::b",
    "arn:aws:*:*:*:*",
    "YQ==",
]
PRINCIPALS = [
    Principal(
        kind="user", account=THERE, arn=f"arn:aws:iam::{THERE}:user/u", issuer_arn=f"arn:aws:iam::{THERE}:user/u"
    ),
    Principal(
        kind="user",
        account=HERE,
        arn=f"arn:aws:iam::{HERE}:user/u",
        issuer_arn=f"arn:aws:iam::{HERE}:user/u",
        issuer_id="AIDAU",
    ),
    Principal(
        kind="role-session",
        account=HERE,
        arn=f"arn:aws:sts::{HERE}:assumed-role/r/s",
        issuer_arn=f"arn:aws:iam::{HERE}:role/r",
        issuer_id="AROAR",
        user_id="AROAR:s",
    ),
    Principal(
        kind="role-session",
        account=THERE,
        arn=f"arn:aws:sts::{THERE}:assumed-role/r/s",
        issuer_arn=f"arn:aws:iam::{THERE}:role/r",
    ),
    Principal(
        kind="federated-user",
        account=HERE,
        arn=f"arn:aws:sts::{HERE}:federated-user/f",
        issuer_arn=f"arn:aws:iam::{HERE}:user/u",
    ),
    Principal(kind="root", account=HERE, arn=f"arn:aws:iam::{HERE}:root", canonical_id="abc"),
    Principal(kind="service", service="sns.amazonaws.com"),
    Principal(kind="web-identity", provider="accounts.google.com"),
    Principal(kind="anonymous", arn="anonymous"),
]
NAMES: list[Any] = [
    "*",
    {"AWS": "*"},
    {"AWS": HERE},
    {"AWS": [f"arn:aws:iam::{HERE}:user/u", f"arn:aws:iam::{HERE}:root"]},
    {"AWS": f"arn:aws:iam::{HERE}:user/u"},
    {"AWS": [f"arn:aws:iam::{HERE}:role/r", THERE]},
    {"AWS": f"arn:aws:sts::{HERE}:assumed-role/r/s"},
    {"AWS": [f"arn:aws:sts::{HERE}:assumed-role/r/s", f"arn:aws:iam::{HERE}:role/r", HERE]},
    {"AWS": f"arn:aws:sts::{HERE}:federated-user/f"},
    {"AWS": ["AROAR", "AIDAU"]},
    {"Service": "sns.amazonaws.com"},
    {"Federated": "accounts.google.com", "Service": "*"},
    {"CanonicalUser": "abc"},
]


def some(values: list[Any], most: int = 3) -> st.SearchStrategy[Any]:
    return st.one_of(st.sampled_from(values), st.lists(st.sampled_from(values), max_size=most))


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None, principal: bool = False) -> dict[str, Any]:
    chosen = draw(st.sampled_from(["Allow", "Allow", "Deny"])) if effect is None else effect
    statement: dict[str, Any] = {"Effect": chosen}
    rarely = st.sampled_from(["", "", "", "Not"])
    statement[f"{draw(rarely)}Action"] = draw(some(ACTION_PATTERNS))
    statement[f"{draw(rarely)}Resource"] = draw(some(RESOURCE_PATTERNS))
    if principal:
        statement[f"{draw(rarely)}Principal"] = draw(st.sampled_from(NAMES))
    if draw(st.booleans()):
        conditions = st.dictionaries(
            st.sampled_from(sorted(operators())),
            st.dictionaries(st.sampled_from(KEYS), some(VALUES), min_size=1, max_size=2),
            max_size=2,
        )
        statement["Condition"] = draw(conditions)
    return statement


def policy_of(body: list[dict[str, Any]], version: str = "2012-10-17", principal: bool = False) -> Policy:
    kind = PolicyKind.RESOURCE if principal else PolicyKind.IDENTITY
    return read_policy(json.dumps({"Version": version, "Statement": body}), kind)


@st.composite
def policies(draw: st.DrawFn, principal: bool = False) -> NamedPolicy:
    body = draw(st.lists(statements(principal=principal), min_size=1, max_size=3))
    version = draw(st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]))
    return NamedPolicy(draw(st.sampled_from("pqr")), policy_of(body, version, principal))


def layers(most: int = 2) -> st.SearchStrategy[tuple[NamedPolicy, ...]]:
    return st.lists(policies(), max_size=most).map(tuple)


ALLOW_ALL = NamedPolicy("all", policy_of([{"Effect": "Allow", "Action": "*", "Resource": "*"}]))
RCP = NamedPolicy(
    "rcp",
    policy_of([{"Effect": "Deny", "NotPrincipal": {"AWS": [HERE]}, "Action": "s3:*", "Resource": "*"}], principal=True),
)


@st.composite
def policy_sets(draw: st.DrawFn) -> PolicySet:
    # Most layers let most requests through, or hardly any would be allowed.
    lenient = st.sampled_from([None, None, ALLOW_ALL])
    level = st.one_of(st.just((ALLOW_ALL,)), policies().map(lambda one: (ALLOW_ALL, one)), layers())
    return PolicySet(
        identity=draw(st.one_of(layers(), policies().map(lambda one: (one, ALLOW_ALL)))),
        boundary=draw(st.one_of(lenient, policies())),
        session=draw(st.one_of(st.none(), st.just((ALLOW_ALL,)), layers())),
        resource=draw(st.one_of(st.none(), policies(principal=True))),
        trust=draw(st.one_of(st.none(), st.none(), policies(principal=True))),
        scps=draw(st.lists(level, max_size=2).map(tuple)),
        rcps=draw(st.sampled_from([(), ((ALLOW_ALL,),), ((ALLOW_ALL, RCP),), ((RCP,),)])),
    )


requests = st.builds(
    Request,
    principal=st.sampled_from(PRINCIPALS),
    action=st.sampled_from(ACTIONS),
    resource=st.sampled_from(RESOURCES),
    resource_account=st.sampled_from(["", "", HERE, THERE]),
    context=st.dictionaries(
        st.sampled_from(["k1", "K2", "k3"]), st.lists(st.sampled_from(VALUES), max_size=3).map(tuple), max_size=3
    ),
)

DENY_ALL = NamedPolicy("deny", policy_of([{"Effect": "Deny", "Action": "*", "Resource": "*"}]))


def essence(decision: Decision) -> tuple[Any, ...]:
    return decision.outcome, decision.reasons, frozenset(decision.decided_by)


@given(requests, policy_sets())
def test_the_compiled_and_the_plain_evaluator_agree(request: Request, policies: PolicySet) -> None:
    decision = decide(request, policies)
    assert essence(decision) == essence(decide_plainly(request, policies))
    assert essence(decision) == essence(trace(request, policies).decision)


@given(requests, policy_sets())
def test_a_trace_shows_the_statements_that_decided(request: Request, policies: PolicySet) -> None:
    told = trace(request, policies)
    matched = {
        (policy.layer, policy.name, statement.index, statement.effect)
        for policy in told.policies
        for statement in policy.statements
        if statement.matched
    }
    effect = "Deny" if told.decision.outcome is Outcome.EXPLICITLY_DENIED else "Allow"
    for reference in told.decision.decided_by:
        assert (reference.layer, reference.policy, reference.index, effect) in matched
    for policy in told.policies:
        for statement in policy.statements:
            assert statement.matched == all(element.matched for element in statement.elements)


@given(requests, policy_sets())
def test_an_answer_and_its_reasons_go_together(request: Request, policies: PolicySet) -> None:
    decision = decide(request, policies)
    assert decision.allowed is (not decision.reasons)
    kinds = {reason.kind for reason in decision.reasons}
    if decision.outcome is Outcome.EXPLICITLY_DENIED:
        assert kinds == {"explicit"}
        assert decision.decided_by
    elif decision.outcome is Outcome.IMPLICITLY_DENIED:
        assert kinds == {"implicit"}
        assert not decision.decided_by
    if not decision.allowed:
        assert denial_text(request, decision)


LAYERS = ["identity", "boundary", "session", "resource", "trust", "scps", "rcps"]


@st.composite
def denials(draw: st.DrawFn) -> tuple[str, NamedPolicy]:
    """A layer, and a policy for it that only denies."""
    layer = draw(st.sampled_from(LAYERS))
    principal = layer in ("resource", "trust", "rcps")
    body = draw(st.lists(statements(effect="Deny", principal=principal), min_size=1, max_size=2))
    return layer, NamedPolicy("denial", policy_of(body, principal=principal))


def with_more(policies: PolicySet, layer: str, more: NamedPolicy) -> PolicySet:
    """The set with further statements in one layer, which has a say already."""
    present = getattr(policies, layer)
    if layer == "identity" or (layer == "session" and present is not None):
        return msgspec.structs.replace(policies, **{layer: (*present, more)})
    if layer in ("scps", "rcps") and present:
        return msgspec.structs.replace(policies, **{layer: ((*present[0], more), *present[1:])})
    if isinstance(present, NamedPolicy):
        document = present.policy.document
        if document.version != more.policy.document.version:
            return policies
        joined = msgspec.structs.replace(document, statements=document.statements + more.policy.document.statements)
        return msgspec.structs.replace(
            policies, **{layer: NamedPolicy(present.name, Policy(joined, present.policy.kind))}
        )
    return policies


@given(requests, policy_sets(), denials())
def test_adding_a_deny_never_grants(request: Request, policies: PolicySet, denial: tuple[str, NamedPolicy]) -> None:
    if decide(request, with_more(policies, *denial)).allowed:
        assert decide(request, policies).allowed


@given(requests, policy_sets(), statements(effect="Allow"))
def test_adding_an_allow_never_denies(request: Request, policies: PolicySet, statement: dict[str, Any]) -> None:
    more = NamedPolicy("more", policy_of([statement]))
    for layer in ("identity", "session", "scps"):
        if not decide(request, with_more(policies, layer, more)).allowed:
            assert not decide(request, policies).allowed


@given(requests, policy_sets())
def test_denying_everything_denies(request: Request, policies: PolicySet) -> None:
    if request.principal.kind in ("user", "role-session", "federated-user", "root"):
        decision = decide(request, with_more(policies, "identity", DENY_ALL))
        assert decision.outcome is Outcome.EXPLICITLY_DENIED


@given(requests, policy_sets(), st.randoms(use_true_random=False))
def test_order_never_matters(request: Request, policies: PolicySet, chance: random.Random) -> None:
    def shuffled(named: NamedPolicy) -> NamedPolicy:
        document = named.policy.document
        order = list(document.statements)
        chance.shuffle(order)
        return NamedPolicy(
            named.name, Policy(msgspec.structs.replace(document, statements=tuple(order)), named.policy.kind)
        )

    def mixed(some: tuple[NamedPolicy, ...]) -> tuple[NamedPolicy, ...]:
        order = [shuffled(named) for named in some]
        chance.shuffle(order)
        return tuple(order)

    def levels(some: tuple[tuple[NamedPolicy, ...], ...]) -> tuple[tuple[NamedPolicy, ...], ...]:
        order = [mixed(level) for level in some]
        chance.shuffle(order)
        return tuple(order)

    again = PolicySet(
        identity=mixed(policies.identity),
        boundary=policies.boundary and shuffled(policies.boundary),
        session=None if policies.session is None else mixed(policies.session),
        resource=policies.resource and shuffled(policies.resource),
        trust=policies.trust and shuffled(policies.trust),
        scps=levels(policies.scps),
        rcps=levels(policies.rcps),
    )
    assert essence(decide(request, again)) == essence(decide(request, policies))


@given(requests, policy_sets(), policies())
def test_narrowing_never_widens(request: Request, policies: PolicySet, limit: NamedPolicy) -> None:
    without = msgspec.structs.replace(policies, boundary=None)
    bounded = msgspec.structs.replace(policies, boundary=limit)
    if decide(request, bounded).allowed:
        assert decide(request, without).allowed
    if request.principal.kind != "federated-user":  # who has no permissions without a session policy
        within = msgspec.structs.replace(policies, session=(limit,))
        if decide(request, within).allowed:
            assert decide(request, msgspec.structs.replace(policies, session=None)).allowed
    under = msgspec.structs.replace(policies, scps=(*policies.scps, (limit,)))
    if decide(request, under).allowed:
        assert decide(request, policies).allowed


@given(requests, policy_sets())
def test_the_case_of_actions_and_keys_never_matters(request: Request, policies: PolicySet) -> None:
    other = msgspec.structs.replace(
        request,
        action=request.action.swapcase(),
        context={key.swapcase(): values for key, values in request.context.items()},
    )
    assert essence(decide(other, policies)) == essence(decide(request, policies))


@given(st.lists(statements(), min_size=1, max_size=3))
def test_what_may_be_stored_may_be_read(body: list[dict[str, Any]]) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": body})
    try:
        stored = parse_policy(text)
    except ValueError:
        return
    assert stored.document == read_policy(text).document
