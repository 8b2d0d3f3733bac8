"""How much is allowed: everything, everything but, everything of IAM, every role to be passed."""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy.syntax import matcher, operators, tokens_of
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.look import Look, Part

_PASSING = "iam:passrole"
_EVERYTHING = ("*", "*:*")
_SAID_OTHERWISE = (*_EVERYTHING, "iam:*")
"""Whoever allows so much is told so, or has a condition for all of it."""
_ANY_ROLE = ("arn:aws:iam::123456789012:role/some/Role", "arn:aws:iam::210987654321:role/Other")
"""Two roles that have nothing in common but being roles: a pattern that takes in either one's account with every name takes in too many."""


def check(look: Look) -> Iterator[Remark]:
    for part in look.parts:
        if not part.allows:
            continue
        if look.grants:
            yield from _everything(part)
            yield from _pass_role(part)
        yield from _all_but(part)


def _everything(part: Part) -> Iterator[Remark]:
    statement = part.statement
    if statement.conditions or statement.actions.negated:
        return
    if not _on_everything(part):
        return
    for value, path in part.actions:
        if value in _EVERYTHING:
            yield Remark(
                "everything",
                path,
                f"{part.name} allows every action on every resource",
                "name the actions and resources that are needed",
            )
        elif value.lower() == "iam:*":
            yield Remark(
                "administration",
                path,
                f"{part.name} allows everything in IAM: whoever has it may give himself any permission",
                "name the actions that are needed, and bound what may be made with iam:PermissionsBoundary",
            )


def _on_everything(part: Part) -> bool:
    resources = part.statement.resources
    return resources is None or (not resources.negated and "*" in resources.values)


def _all_but(part: Part) -> Iterator[Remark]:
    statement = part.statement
    if statement.actions.negated:
        yield Remark(
            "allow-not-action",
            part.at("NotAction"),
            f"{part.name} allows every action but those named, actions of services to come included",
            "name what is allowed, or deny with NotAction",
        )
    if statement.resources is not None and statement.resources.negated:
        yield Remark(
            "allow-not-resource",
            part.at("NotResource"),
            f"{part.name} allows its actions on every resource but those named",
            "name the resources, or deny with NotResource",
        )


def _pass_role(part: Part) -> Iterator[Remark]:
    statement = part.statement
    if statement.actions.negated or any(_to_services(test.operator, test.key) for test in statement.conditions):
        return
    passing = [
        path
        for value, path in part.actions
        if _matches(value.lower(), _PASSING) and value.lower() not in _SAID_OTHERWISE
    ]
    if not passing or (statement.resources is not None and statement.resources.negated):
        return
    values = statement.resources.values if statement.resources is not None else ("*",)
    wide = next(
        (value for value in values if any(_matches(value, role) for role in _ANY_ROLE) or _any_role(value)), None
    )
    if wide is not None:
        yield Remark(
            "pass-any-role",
            passing[0],
            f"{part.name} lets any role that {wide} means be passed to any service",
            'name the roles, and say to whom: "Condition": {"StringEquals": {"iam:PassedToService": …}}',
        )


def _any_role(pattern: str) -> bool:
    """Whether all roles of some account are meant."""
    parts = pattern.split(":", 5)
    return len(parts) == 6 and parts[2] == "iam" and parts[5] in ("*", "role/*", "role*")


def _to_services(operator: str, key: str) -> bool:
    return key.lower() in ("iam:passedtoservice", "iam:associatedresourcearn") and not operators()[operator].negated


def _matches(pattern: str, value: str) -> bool:
    return matcher(tokens_of(pattern))(value)
