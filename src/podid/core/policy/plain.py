"""The policy language evaluated word by word, as the documentation tells it: the reference that the compiled evaluator is held against.

It goes through every element of every statement, prepares nothing and remembers nothing, and writes down what it saw. It is slow on
purpose; `trace` is made of it, and property tests ask both evaluators the same questions.

Source: the IAM user guide, "IAM JSON policy element reference". What a value is as a number, a date or an address, and what stands in a
variable's place, both evaluators ask the same readers (`operands.py`, `variables.py`), which have tests of their own.
"""

from __future__ import annotations

from podid.core.policy import operands
from podid.core.policy.actions import names_actions
from podid.core.policy.authorize import conclude
from podid.core.policy.decision import Decision, Layer, StatementRef
from podid.core.policy.document import ConditionTest, Effect, Patterns, PolicyKind, PrincipalElement, Statement
from podid.core.policy.facts import Facts
from podid.core.policy.findings import Finding, look_through
from podid.core.policy.globs import Tokens, Wild
from podid.core.policy.naming import Naming
from podid.core.policy.operators import WITH_VARIABLES, WITH_WILDCARDS, Comparison, operators
from podid.core.policy.plain_globs import arn_like, glob, glob_tokens
from podid.core.policy.policy import NamedPolicy, Policy, PolicySet
from podid.core.policy.request import Request
from podid.core.policy.traces import Compared, ElementTrace, PolicyTrace, StatementTrace, Trace
from podid.core.policy.variables import Template, resolve, template_of, written


def trace(request: Request, policies: PolicySet) -> Trace:
    """Decide a request and tell everything that was looked at. The decision is the one that `decide` gives."""
    facts = Facts(request, bounded=policies.boundary is not None)
    seen: list[PolicyTrace] = []
    levels: dict[Layer, int] = {}

    def find(layer: Layer, asked: tuple[NamedPolicy, ...]) -> Finding:
        level = levels.get(layer, 0)
        levels[layer] = level + 1
        denies: list[StatementRef] = []
        allows: list[StatementRef] = []
        best = Naming.NONE
        for named in asked:
            traces = []
            for statement in named.policy.document.statements:
                elements, naming = examine(statement, named.policy, facts)
                applies = all(element.matched for element in elements)
                traces.append(
                    StatementTrace(
                        index=statement.index,
                        sid=statement.sid,
                        effect=statement.effect.value,
                        matched=applies,
                        elements=elements,
                    )
                )
                if applies:
                    reference = StatementRef(layer, named.name, statement.sid, statement.index, named.arn)
                    if statement.effect is Effect.DENY:
                        denies.append(reference)
                    else:
                        allows.append(reference)
                        best = max(best, naming)
            has_levels = layer in (Layer.SCP, Layer.RCP)
            seen.append(
                PolicyTrace(
                    layer=layer,
                    name=named.name,
                    arn=named.arn,
                    level=level if has_levels else None,
                    statements=tuple(traces),
                )
            )
        return Finding(layer, denies, allows, best)

    findings = look_through(policies, find)
    return Trace(conclude(request, findings), tuple(seen))


def decide_plainly(request: Request, policies: PolicySet) -> Decision:
    """The decision alone."""
    return trace(request, policies).decision


def examine(statement: Statement, policy: Policy, facts: Facts) -> tuple[tuple[ElementTrace, ...], Naming]:
    """Every element of a statement, and how it names the caller."""
    variables = policy.document.has_variables
    elements: list[ElementTrace] = []
    naming = Naming.DIRECT
    named = statement.principal
    if named is None and policy.kind in (PolicyKind.RESOURCE, PolicyKind.TRUST):
        named = PrincipalElement(())  # a resource's policy that names nobody is about nobody
    if named is not None:
        element, naming = _principal(named, facts, denies=statement.effect is Effect.DENY)
        elements.append(element)
    elements.append(_action(statement.actions, facts))
    if statement.resources is not None:
        elements.append(_resource(statement.resources, facts, policy.kind, variables=variables))
    elements += [_condition(test, facts, variables=variables) for test in statement.conditions]
    return tuple(elements), naming


def _principal(element: PrincipalElement, facts: Facts, *, denies: bool) -> tuple[ElementTrace, Naming]:
    """Whom the element names. The caller is several identities at once: for a role session the account, the role and the session."""
    principal = facts.principal
    identities = {
        "service": {("Service", principal.service): Naming.DIRECT},
        "web-identity": {("Federated", principal.provider): Naming.DIRECT},
        "saml": {("Federated", principal.provider): Naming.DIRECT},
        "anonymous": {},
        "root": {("AWS", principal.account): Naming.DIRECT},
        "user": {("AWS", principal.account): Naming.ACCOUNT, ("AWS", principal.arn): Naming.DIRECT},
    }.get(
        principal.kind,
        {
            ("AWS", principal.account): Naming.ACCOUNT,
            ("AWS", principal.issuer_arn): Naming.ISSUER,
            ("AWS", principal.arn): Naming.DIRECT,
        },
    )
    compared = tuple(
        Compared(f"{kind}:{value}", value, _named(kind, value, facts) is not None) for kind, value in element.entries
    )
    listed = {_named(kind, value, facts) for kind, value in element.entries}
    everybody = "*" in listed
    if not element.negated:
        namings = [naming for (_, identity), naming in identities.items() if identity in listed]
        found = Naming.DIRECT if everybody else max(namings, default=Naming.NONE)
    elif everybody:
        found = Naming.NONE
    else:
        names = [identity for (kind, identity) in identities if identity or kind != "AWS"]
        # Denying everybody but some leaves out who is listed with account, role and session, and has no boundary; allowing everybody but
        # some leaves out who is listed in any way.
        if denies:
            if principal.kind == "role-session" and not principal.arn:
                names = [principal.issuer_arn]  # a role by itself, without a session
            left_out = bool(names) and all(name in listed for name in names) and not facts.bounded
        else:
            left_out = any(name in listed for name in names)
        found = Naming.NONE if left_out else Naming.DIRECT
    given = tuple(dict.fromkeys(identity for _, identity in identities if identity)) or (principal.kind,)
    name = "NotPrincipal" if element.negated else "Principal"
    return ElementTrace(element=name, matched=found is not Naming.NONE, given=given, compared=compared), found


def _named(kind: str, value: str, facts: Facts) -> str | None:
    """Which of the caller's identities one entry names: the identity, "*" for everybody, None for somebody else."""
    principal = facts.principal
    if not value:
        return None
    if kind == "*" or (kind == "AWS" and value == "*"):
        return "*"
    if kind == "Service":
        return principal.service if principal.kind == "service" and value in ("*", principal.service) else None
    if kind == "Federated":
        federated = principal.kind in ("web-identity", "saml")
        return principal.provider if federated and value in ("*", principal.provider) else None
    if principal.kind in ("service", "web-identity", "saml", "anonymous"):
        return None
    if kind == "CanonicalUser":
        return principal.account if principal.canonical_id and value == principal.canonical_id else None
    account = value.split(":")[4] if value.startswith("arn:") and value.endswith(":root") else value
    if account == principal.account:
        return account
    if principal.kind == "root":
        return None
    if value in (principal.arn, principal.user_id):
        return principal.arn
    if value in (principal.issuer_arn, principal.issuer_id):
        return principal.arn if principal.kind == "user" else principal.issuer_arn
    return None


def _action(actions: Patterns, facts: Facts) -> ElementTrace:
    """Actions are compared without case; wildcards stand anywhere in their names."""
    compared = tuple(
        Compared(value, value, names_actions(value) and glob(list(value.lower()), facts.action, wild="*?"))
        for value in actions.values
    )
    found = any(each.matched for each in compared)
    return ElementTrace(
        element="NotAction" if actions.negated else "Action",
        matched=found is not actions.negated,
        given=(facts.action,),
        compared=compared,
    )


def _resource(resources: Patterns, facts: Facts, kind: PolicyKind, *, variables: bool) -> ElementTrace:
    """Resources are compared with case, the ARN as a whole; variables stand in its last part only."""
    compared = []
    for value in resources.values:
        missing = 5 - value.count(":") if value.startswith("arn:") else 0
        incomplete = missing > 0 and kind in (PolicyKind.IDENTITY, PolicyKind.BOUNDARY)
        whole = value + ":*" * missing if incomplete else value
        resolved, matched = _covers(whole, facts, variables)
        if incomplete and not matched and "*" in value:  # a star that reaches over colons may stand for what is missing
            matched = _covers(value, facts, variables)[1]
        compared.append(Compared(value, resolved, matched))
    found = any(each.matched for each in compared)
    return ElementTrace(
        element="NotResource" if resources.negated else "Resource",
        matched=found is not resources.negated,
        given=(facts.resource,),
        compared=tuple(compared),
    )


def _covers(value: str, facts: Facts, variables: bool) -> tuple[str | None, bool]:
    """What a resource's pattern says with variables resolved, and whether it covers the request's resource."""
    parts = value.split(":", 5)
    before = len(value) - len(parts[5]) if len(parts) == 6 else 0
    template = template_of(value, variables=variables and len(parts) == 6, wildcards=True, after=before)
    tokens = resolve(template, facts.single)
    if tokens is None:
        return None, False
    pattern: list[str | Wild] = []
    for token, free, last_field in zip(tokens, _ends_of_segments(template), _last_fields(template), strict=True):
        if isinstance(token, str):
            pattern += token
        elif token is Wild.ANY:
            pattern.append(Wild.ANY if free or last_field else Wild.ANY_WITHIN)
        else:
            pattern.append(Wild.ONE if last_field else Wild.ONE_WITHIN)
    return written(tokens), glob(pattern, facts.resource)


def _last_fields(template: Template) -> list[bool]:
    """For each part, whether five colons stand before it, as the policy is written: an ARN's last field is one segment."""
    found, colons = [], 0
    for part in template:
        found.append(colons >= 5)
        colons += part.count(":") if isinstance(part, str) else 0
    return found


def _ends_of_segments(template: Template) -> list[bool]:
    """For each part, whether, as the policy is written, there is nothing but stars from it to the next colon, or to the end."""
    found, ends = [], True
    for part in reversed(template):
        found.append(ends and part is Wild.ANY)
        if part is not Wild.ANY:
            ends = isinstance(part, str) and part.startswith(":")
    return found[::-1]


def _condition(test: ConditionTest, facts: Facts, *, variables: bool) -> ElementTrace:
    operator = operators()[test.operator]
    given = facts.values(test.key.lower())
    if operator.comparison is Comparison.NULL:
        absent = given is None or all(value == "" for value in given)
        compared = tuple(Compared(value, value, operands.boolean(value) is absent) for value in test.values)
        matched = any(each.matched for each in compared)
    else:
        # For each value of the policy: whether any value of the request matches it; and for each value of the request: whether it matches any.
        table = [
            [_holds(operator.comparison, wanted, value, facts, variables) for wanted in test.values]
            for value in given or ()
        ]
        compared = tuple(
            Compared(
                wanted,
                _resolved(operator.comparison, wanted, facts, variables),
                any(row[column] for row in table),
            )
            for column, wanted in enumerate(test.values)
        )
        hits = [any(row) for row in table]
        empty = given is None or all(value == "" for value in given)
        if operator.quantifier == "all":
            matched = empty or all(hit is not operator.negated for hit in hits)
        elif operator.quantifier == "any":
            matched = not empty and any(hit is not operator.negated for hit in hits)
        elif given is None:
            matched = operator.negated or operator.if_exists
        else:
            # Without a set operator the key is taken to have one value: several never match, and none of them may where it is negated.
            matched = not any(hits) if operator.negated else hits == [True]
    return ElementTrace(
        element="Condition", matched=matched, given=given, compared=compared, operator=test.operator, key=test.key
    )


def _resolved(comparison: Comparison, wanted: str, facts: Facts, variables: bool) -> str | None:
    tokens = _tokens(comparison, wanted, facts, variables)
    return None if tokens is None else written(tokens)


def _tokens(comparison: Comparison, wanted: str, facts: Facts, variables: bool) -> Tokens | None:
    template = template_of(
        wanted, variables=variables and comparison in WITH_VARIABLES, wildcards=comparison in WITH_WILDCARDS
    )
    return resolve(template, facts.single)


def _holds(comparison: Comparison, wanted: str, value: str, facts: Facts, variables: bool) -> bool:
    """Whether one value of the request matches one of the policy."""
    tokens = _tokens(comparison, wanted, facts, variables)
    if tokens is None:
        return False
    text = written(tokens)
    match comparison:
        case Comparison.STRING_EQUALS:
            return value == text
        case Comparison.STRING_EQUALS_IGNORE_CASE:
            return value.lower() == text.lower()
        case Comparison.STRING_LIKE:
            return glob_tokens(tokens, value)
        case Comparison.ARN_LIKE:
            return arn_like(tokens, value)
        case Comparison.BOOL:
            return operands.boolean(text) is not None and operands.boolean(text) == operands.boolean(value)
        case Comparison.BINARY_EQUALS:
            binary = operands.binary(text)
            return binary is not None and binary in (operands.binary(value), value.encode(errors="surrogatepass"))
        case Comparison.IP_ADDRESS:
            network, address = operands.network(text), operands.address(value)
            if network is None or address is None:
                return False
            return network[0] == address[0] and network[1] <= address[1] <= network[2]
        case _:
            return _ordered(comparison, text, value)


def _ordered(comparison: Comparison, wanted: str, value: str) -> bool:
    dates = comparison.value.startswith("Date")
    left = operands.instant(value) if dates else operands.number(value)
    right = operands.instant(wanted) if dates else operands.number(wanted)
    if left is None or right is None:
        return False
    name = comparison.value.removeprefix("Date").removeprefix("Numeric")
    return {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }[name]
