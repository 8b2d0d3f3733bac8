"""Conditions that do not say what they seem to, whatever the services know.

Sources: the IAM user guide, "Condition operators", "Single-valued vs. multivalued context keys", "AWS global condition context keys".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network, ip_network

from podid.core.policy.syntax import Comparison, ConditionTest, Path, binary, boolean, network, number, operators
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.look import Look, Part

_AS_TEXT = (Comparison.STRING_EQUALS, Comparison.STRING_EQUALS_IGNORE_CASE)
_READERS: dict[Comparison, tuple[str, Callable[[str], object | None]]] = {
    Comparison.BOOL: ("true or false", boolean),
    Comparison.NULL: ("true or false", boolean),
    Comparison.BINARY_EQUALS: ("base64", binary),
    Comparison.IP_ADDRESS: ("an IP address or a CIDR block", network),
    **{comparison: ("a number", number) for comparison in Comparison if comparison.value.startswith("Numeric")},
}


def check(look: Look) -> Iterator[Remark]:
    for part in look.parts:
        seen: set[tuple[str, str]] = set()
        for test, path in part.tests:
            key = (test.operator, test.key.lower())
            if key in seen:
                yield Remark(
                    "key-twice", path, f"{test.key} stands twice under {test.operator}", "put the values into one list"
                )
            seen.add(key)
            yield from _values(look, part, test, path)
            yield from _for_all(part, test, path)
            yield from _for_any(test, path)


def _values(look: Look, part: Part, test: ConditionTest, path: Path) -> Iterator[Remark]:
    operator = operators()[test.operator]
    if not test.values:
        yield Remark("no-values", path, f"{test.operator} on {test.key} has no value to compare with")
    for value, place in part.values(test, path):
        plain = _without_variables(value, look.document.has_variables)
        if operator.comparison in _AS_TEXT and ("*" in plain or "?" in plain):
            like = test.operator.replace("EqualsIgnoreCase", "Like").replace("Equals", "Like")
            yield Remark(
                "wildcard-as-text",
                place,
                f"{value!r} is compared character by character by {test.operator}",
                f"use {like}",
            )
        wanted = _READERS.get(operator.comparison)
        if wanted is not None and wanted[1](value) is None and plain == value:
            yield Remark("never-matches", place, f"{value!r} is not {wanted[0]}, so {test.operator} never matches it")
        if operator.comparison is Comparison.ARN_LIKE and not _may_be_arn(value):
            yield Remark(
                "never-matches",
                place,
                f"{value!r} is no ARN, so {test.operator} never matches it",
                "expected arn:…, six parts",
            )
        if test.key.lower() == "aws:sourceip" and operator.comparison is Comparison.IP_ADDRESS and _is_private(value):
            yield Remark(
                "private-source-ip",
                place,
                f"{value} is a private range: aws:SourceIp never has such an address",
                "through a VPC endpoint the address is in aws:VpcSourceIp",
            )


def _for_all(part: Part, test: ConditionTest, path: Path) -> Iterator[Remark]:
    operator = operators()[test.operator]
    if not part.allows or operator.quantifier != "all" or operator.comparison is Comparison.NULL:
        return
    key = test.key.lower()
    for other in part.statement.conditions:
        needs = operators()[other.operator]
        if other.key.lower() != key or other is test:
            continue
        if needs.comparison is Comparison.NULL and any(boolean(value) is False for value in other.values):
            return
        if (
            needs.quantifier != "all"
            and not needs.negated
            and not needs.if_exists
            and needs.comparison is not Comparison.NULL
        ):
            return
    yield Remark(
        "for-all-values-of-nothing",
        path,
        f"{part.name} also allows requests without {test.key}",
        f'add "Null": {{"{test.key}": "false"}}',
    )


def _for_any(test: ConditionTest, path: Path) -> Iterator[Remark]:
    if operators()[test.operator].quantifier == "any" and test.operator.endswith("IfExists"):
        yield Remark(
            "if-exists-of-any",
            path,
            f"{test.operator} does not match a request without {test.key}: IfExists changes nothing",
            "leave IfExists out, or have a statement of its own for requests without the key",
        )


def _without_variables(value: str, variables: bool) -> str:
    """The text beside variables; `${*}` is how an asterisk is meant."""
    if not variables:
        return value
    found = []
    rest = value
    while "${" in rest:
        before, _, rest = rest.partition("${")
        found.append(before)
        _, closed, after = rest.partition("}")
        if not closed:
            break
        rest = after
    return "".join([*found, rest])


def _may_be_arn(value: str) -> bool:
    if value == "*" or "${" in value:
        return True
    parts = value.split(":", 5)
    return len(parts) == 6 and (parts[0] == "arn" or "*" in parts[0] or "?" in parts[0])


def _is_private(value: str) -> bool:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return False
    return isinstance(network, IPv4Network) and any(network.subnet_of(private) for private in _PRIVATE)


_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
