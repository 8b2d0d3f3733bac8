"""One value of a request against the operands of a condition: compiled to a function for each comparison.

Operands are read into their types here, once; what is not of the type matches nothing. Operands without a variable are gathered into one
matcher, the others are resolved for each request and compared as they are, without preparing anything to be kept.
"""

from __future__ import annotations

import operator as compare
from collections.abc import Callable
from typing import Any

from podid.core.policy import operands
from podid.core.policy.facts import Facts
from podid.core.policy.globs import Matcher, Token, Tokens, Wild, matcher
from podid.core.policy.operators import WITH_VARIABLES, WITH_WILDCARDS, Comparison
from podid.core.policy.patterns import Pattern
from podid.core.policy.variables import Template, is_static, resolve, template_of

Match = Callable[[str, Facts], bool]
"""Whether one value of the request matches any operand of the policy."""

_ARN_COLONS = 5
_ORDERS: dict[Comparison, tuple[Callable[[str], Any], Callable[[Any, Any], bool]]] = {
    Comparison.NUMERIC_EQUALS: (operands.number, compare.eq),
    Comparison.NUMERIC_LESS_THAN: (operands.number, compare.lt),
    Comparison.NUMERIC_LESS_THAN_EQUALS: (operands.number, compare.le),
    Comparison.NUMERIC_GREATER_THAN: (operands.number, compare.gt),
    Comparison.NUMERIC_GREATER_THAN_EQUALS: (operands.number, compare.ge),
    Comparison.DATE_EQUALS: (operands.instant, compare.eq),
    Comparison.DATE_LESS_THAN: (operands.instant, compare.lt),
    Comparison.DATE_LESS_THAN_EQUALS: (operands.instant, compare.le),
    Comparison.DATE_GREATER_THAN: (operands.instant, compare.gt),
    Comparison.DATE_GREATER_THAN_EQUALS: (operands.instant, compare.ge),
}


def match_any(comparison: Comparison, values: tuple[str, ...], *, variables: bool) -> Match:
    """The function that compares one value of a request with all operands. `variables`: whether the policy's version has them."""
    if comparison in _ORDERS:
        return _ordered(comparison, values)
    if comparison is Comparison.IP_ADDRESS:
        return _ip(values)
    if comparison is Comparison.BINARY_EQUALS:
        return _binary(values)
    variables = variables and comparison in WITH_VARIABLES
    templates = [template_of(value, variables=variables, wildcards=comparison in WITH_WILDCARDS) for value in values]
    static = _all_static(comparison, [template for template in templates if is_static(template)])
    dynamic = [template for template in templates if not is_static(template)]
    if not dynamic:
        return lambda value, _: static(value)
    if comparison is Comparison.STRING_LIKE:
        patterns = [Pattern(template) for template in dynamic]
        return lambda value, facts: static(value) or any(pattern.matches(value, facts.single) for pattern in patterns)
    compare_resolved = _RESOLVED[comparison]

    def match(value: str, facts: Facts) -> bool:
        if static(value):
            return True
        for template in dynamic:
            tokens = resolve(template, facts.single)
            if tokens is not None and compare_resolved(tokens, value):
                return True
        return False

    return match


def _ordered(comparison: Comparison, values: tuple[str, ...]) -> Match:
    read, holds = _ORDERS[comparison]
    wanted = [operand for operand in map(read, values) if operand is not None]

    def match(value: str, _: Facts) -> bool:
        given = read(value)
        return given is not None and any(holds(given, operand) for operand in wanted)

    return match


def _ip(values: tuple[str, ...]) -> Match:
    networks = [network for network in map(operands.network, values) if network is not None]

    def match(value: str, _: Facts) -> bool:
        given = operands.address(value)
        if given is None:
            return False
        version, address = given
        return any(version == family and first <= address <= last for family, first, last in networks)

    return match


def _binary(values: tuple[str, ...]) -> Match:
    """The request's value may come as the bytes themselves or in base64, like the policy's."""
    wanted = frozenset(operand for operand in map(operands.binary, values) if operand is not None)
    return lambda value, _: operands.binary(value) in wanted or value.encode(errors="surrogatepass") in wanted


def _all_static(comparison: Comparison, templates: list[Template]) -> Matcher:
    tokens = [resolve(template, _no_value) or () for template in templates]
    if comparison is Comparison.STRING_EQUALS:
        return frozenset(map(_text, tokens)).__contains__
    if comparison is Comparison.STRING_EQUALS_IGNORE_CASE:
        lowered = frozenset(_text(operand).lower() for operand in tokens)
        return lambda value: value.lower() in lowered
    if comparison is Comparison.BOOL:
        booleans = frozenset(map(operands.boolean, map(_text, tokens))) - {None}
        return lambda value: operands.boolean(value) in booleans
    make = arn_matcher if comparison is Comparison.ARN_LIKE else matcher
    matchers = [make(operand) for operand in tokens]
    if len(matchers) == 1:
        return matchers[0]
    return lambda value: any(match(value) for match in matchers)


def _no_value(_: str) -> None:
    return None


def _text(tokens: Tokens) -> str:
    return "".join(map(str, tokens))


def arn_parts(tokens: Tokens) -> list[Tokens]:
    """Split a pattern at its first five colons; those within variables' values count, as they are part of the ARN by then."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if isinstance(token, Wild):
            parts[-1].append(token)
            continue
        first, *others = token.split(":", _ARN_COLONS + 1 - len(parts))
        parts[-1].append(first)
        parts += [[other] for other in others]
    return [tuple(part) for part in parts]


def arn_matcher(tokens: Tokens) -> Matcher:
    """Whether a value is an ARN that matches, each of the six parts for itself, so that no wildcard reaches over a colon of the first five.

    A lone `*` reads as "any ARN"; any other pattern that is no ARN matches none.
    """
    parts = arn_parts(tokens)
    if tokens == (Wild.ANY,):
        parts = [(Wild.ANY,)] * (_ARN_COLONS + 1)
    if len(parts) != _ARN_COLONS + 1:
        return lambda _: False
    matchers = [matcher(part) for part in parts]

    def match(value: str) -> bool:
        given = value.split(":", _ARN_COLONS)
        return len(given) == len(matchers) and all(match(text) for match, text in zip(matchers, given, strict=True))

    return match


def _same_boolean(tokens: Tokens, value: str) -> bool:
    wanted = operands.boolean(_text(tokens))
    return wanted is not None and wanted is operands.boolean(value)


_RESOLVED: dict[Comparison, Callable[[Tokens, str], bool]] = {
    Comparison.BOOL: _same_boolean,
    Comparison.STRING_EQUALS: lambda tokens, value: _text(tokens) == value,
    Comparison.STRING_EQUALS_IGNORE_CASE: lambda tokens, value: _text(tokens).lower() == value.lower(),
    Comparison.ARN_LIKE: lambda tokens, value: arn_matcher(tokens)(value),
}
