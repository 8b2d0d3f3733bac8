"""Whom a policy of a resource or a role names: too many, or somebody who cannot come that way.

Sources: the IAM user guide, "AWS JSON policy elements: Principal" and "… NotPrincipal", "The confused deputy problem", "Create a role for
web identity or OpenID Connect federation"; the STS API reference for which principals come with which action.
"""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy.syntax import Comparison, PolicyKind, matcher, operators, tokens_of
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.look import Look, Part

_SAY_WHO = (
    "aws:principal",
    "aws:source",
    "aws:userid",
    "aws:username",
    "aws:vpc",
    "aws:federatedprovider",
    "aws:calledvia",
    "kms:calleraccount",
    "kms:viaservice",
    "lambda:functionurlauthtype",
    "lambda:sourcefunctionarn",
    "s3:dataaccesspoint",
    "s3:accesspointnetworkorigin",
    "sns:endpoint",
    "ecr:",
    "elasticfilesystem:accessedviamounttarget",
)
"""Beginnings of condition keys that tell callers apart, or the places they come from."""
_SOURCE = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:principalorg")
_FOR_PRINCIPALS = {
    "Federated": ("sts:assumerolewithwebidentity", "sts:assumerolewithsaml"),
    "Service": ("sts:assumerole",),
    "AWS": ("sts:assumerole", "sts:assumeroot"),
}
_ASSUME = ("sts:assumerole", "sts:assumerolewithwebidentity", "sts:assumerolewithsaml")


def check(look: Look) -> Iterator[Remark]:
    for part in look.parts:
        element = part.statement.principal
        if element is None:
            continue
        if element.negated:
            yield _not_principal(part)
        elif part.allows and look.kind is not PolicyKind.RCP:
            yield from _anybody(part)
            if look.kind is PolicyKind.TRUST:
                yield from _federated(part)
            else:
                yield from _services(part)
        if look.kind is PolicyKind.TRUST and not element.negated:
            yield from _wrong_action(part)


def _not_principal(part: Part) -> Remark:
    if part.allows:
        message = f"{part.name} allows everybody but those named, anonymous callers included"
    else:
        message = f"{part.name} denies whoever is not named by role, session and account, and everybody with a permissions boundary"
    hint = 'say "Principal": "*" with a condition on aws:PrincipalArn'
    return Remark("not-principal", part.at("NotPrincipal"), message, hint)


def _anybody(part: Part) -> Iterator[Remark]:
    for kind, value, path in part.principals():
        if value == "*" and kind in ("*", "AWS") and not _narrowed(part, _SAY_WHO):
            yield Remark(
                "anybody",
                path,
                f"{part.name} allows everybody in any account, and nobody at all",
                "name the principals, or add a condition such as aws:PrincipalOrgID",
            )


def _narrowed(part: Part, keys: tuple[str, ...]) -> bool:
    """Whether a condition on one of these keys has to be met, and cannot be met by the key's absence, or by any value."""
    for test in part.statement.conditions:
        operator = operators()[test.operator]
        if (
            operator.negated
            or operator.if_exists
            or operator.comparison is Comparison.NULL
            or operator.quantifier == "all"
        ):
            continue
        if test.key.lower().startswith(keys) and "*" not in test.values and "0.0.0.0/0" not in test.values:
            return True
    return False


def _services(part: Part) -> Iterator[Remark]:
    for kind, value, path in part.principals():
        if kind == "Service" and not _narrowed(part, _SOURCE):
            yield Remark(
                "service-for-anybody",
                path,
                f"{part.name} lets {value} act here on behalf of any account",
                "add a condition on aws:SourceArn or aws:SourceAccount",
            )


def _federated(part: Part) -> Iterator[Remark]:
    if not any(_means(value, "sts:assumerolewithwebidentity") for value, _ in part.actions):
        return
    for kind, value, path in part.principals():
        if kind != "Federated" or ":saml-provider/" in value:
            continue
        host = value.partition(":oidc-provider/")[2] or value
        # Everything but the audience tells identities apart; Cognito's amr and aud name the pool, Google's aud and Facebook's app_id an app.
        keys = tuple(
            f"{host}:{claim}".lower()
            for claim in ("sub", "amr", "oaud", "email", "user_id", "id", "repository", "project", "namespace")
        )
        if not _narrowed(part, keys):
            yield Remark(
                "any-federated-identity",
                path,
                f"{part.name} lets anybody whom {host} knows assume the role",
                f'add a condition on "{host}:sub"',
            )


def _wrong_action(part: Part) -> Iterator[Remark]:
    named = [value for value, _ in part.actions]
    for kind, value, path in part.principals():
        fitting = _FOR_PRINCIPALS.get(kind)
        if fitting is None:
            continue
        assuming = [action for action in _ASSUME if any(_means(pattern, action) for pattern in named)]
        if assuming and not any(action in fitting for action in assuming):
            yield Remark(
                "wrong-assume-action",
                path,
                f"{part.name} never applies to {value}: it does not come with {named[0]}",
                f"allow {_spelled(fitting[1] if ':saml-provider/' in value else fitting[0])}",
            )


def _spelled(action: str) -> str:
    return {
        "sts:assumerole": "sts:AssumeRole",
        "sts:assumerolewithwebidentity": "sts:AssumeRoleWithWebIdentity",
        "sts:assumerolewithsaml": "sts:AssumeRoleWithSAML",
    }[action]


def _means(pattern: str, action: str) -> bool:
    return matcher(tokens_of(pattern.lower()))(action)
