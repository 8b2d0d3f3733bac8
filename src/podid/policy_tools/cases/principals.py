"""Who asks, read from the forms that people write: ARNs, account ids, service names, identity providers, `{"type": "Anonymous"}`.

An assumed-role ARN has no path: the role's own ARN, with its path, comes from `aws:PrincipalArn` where the context has it, and unique ids
from `aws:userid`. A bare role ARN means some session of that role; policies that name a session by its ARN do not name it.

Source: the IAM user guide, "AWS JSON policy elements: Principal" and "IAM identifiers"; "AWS global condition context keys" for the two keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from podid.core.policy import Principal
from podid.policy_tools.cases.problem import BadCase, quoted

ANONYMOUS = Principal(kind="anonymous", arn="anonymous")

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_PARTITION = re.compile(r"aws[a-z-]*", re.ASCII)
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+", re.ASCII)
_PROVIDER_PATH = re.compile(r"[\w.\-]+(?::\d+)?(?:/[\w.\-/~%]*)?", re.ASCII)

_BUILT_IN_PROVIDERS = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)
"""Providers that trust policies name by host; every other OIDC provider is named by the ARN that IAM gave it."""
_WEB_IDENTITY = "sts:assumerolewithwebidentity"
_SAML = "sts:assumerolewithsaml"
_OF_FEDERATION = frozenset({_WEB_IDENTITY, _SAML, "sts:tagsession", "sts:setsourceidentity"})

_FORMS = (
    "expected the ARN of a user, role, role session, federated user, root or identity provider, an account id, a service such as "
    'lambda.amazonaws.com, or {"type": "Anonymous"}'
)
_KINDS_OF_TYPE = {
    "aws": "AWS",
    "account": "AWS",
    "user": "AWS",
    "role": "AWS",
    "assumedrole": "AWS",
    "federateduser": "AWS",
    "root": "AWS",
    "service": "Service",
    "awsservice": "Service",
    "federated": "Federated",
    "webidentity": "Federated",
    "webidentityuser": "Federated",
    "saml": "Federated",
    "samluser": "Federated",
}
_VALUE_NAMES = ("arn", "id", "value", "name", "service", "provider", "account")


def read_principal(
    given: Any, *, action: str = "", resource: str = "", context: Mapping[str, tuple[str, ...]] | None = None
) -> Principal:
    """The principal that `given`, a text or an object, means in a request. `context` has its keys in lower case.

    Raises BadCase.
    """
    if isinstance(given, dict):
        return _from_object(given, action, resource, context or {})
    if not isinstance(given, str):
        raise BadCase(f"principal: {_FORMS}")
    return _from_text(given, "", action, resource, context or {})


def _from_object(
    given: Mapping[str, Any], action: str, resource: str, context: Mapping[str, tuple[str, ...]]
) -> Principal:
    members = dict(given)
    canonical = members.pop("canonicalUser", "")
    if not isinstance(canonical, str):
        raise BadCase("principal: canonicalUser is the S3 canonical user id, as text")
    kind = members.pop("type", None)
    if kind is not None:
        if not isinstance(kind, str):
            raise BadCase("principal: type is a text")
        if kind.lower() in ("anonymous", "*") and not members:
            return ANONYMOUS
        wanted = _KINDS_OF_TYPE.get(kind.lower())
        if wanted is None or len(members) != 1 or next(iter(members)) not in _VALUE_NAMES:
            raise BadCase(f"principal: cannot read {quoted(dict(given))}; {_FORMS}")
    elif len(members) == 1 and next(iter(members)) in ("AWS", "Service", "Federated", "arn"):
        wanted = next(iter(members)).replace("arn", "AWS")
    else:
        raise BadCase(f"principal: cannot read {quoted(dict(given))}; {_FORMS}")
    value = next(iter(members.values()))
    if not isinstance(value, str):
        raise BadCase(f"principal: cannot read {quoted(dict(given))}; {_FORMS}")
    found = _from_text(value, wanted, action, resource, context)
    if canonical:
        import msgspec

        found = msgspec.structs.replace(found, canonical_id=canonical)
    return found


def _from_text(text: str, wanted: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]]) -> Principal:
    purpose = action.lower()
    return _read(
        text,
        wanted,
        purpose if purpose in _OF_FEDERATION else "",
        resource if purpose in _OF_FEDERATION else "",
        _single(context, "aws:principalarn"),
        _single(context, "aws:userid"),
    )


def _single(context: Mapping[str, tuple[str, ...]], key: str) -> str:
    values = context.get(key, ())
    return values[0] if len(values) == 1 else ""


@lru_cache(maxsize=4096)
def _read(text: str, wanted: str, purpose: str, resource: str, principal_arn: str, user_id: str) -> Principal:
    if text in ("*", "anonymous", "Anonymous") and not wanted:
        return ANONYMOUS
    if wanted in ("", "AWS") and _ACCOUNT.fullmatch(text):
        return Principal(kind="root", account=text, arn=f"arn:aws:iam::{text}:root", user_id=text)
    if text.startswith("arn:"):
        found = _from_arn(text, principal_arn, user_id)
        federated = found.kind in ("web-identity", "saml")
        if wanted and (wanted == "Service" or federated is not (wanted == "Federated")):
            raise BadCase(f"principal: {quoted(text)} is no {wanted} principal")
        return found
    if wanted == "AWS":
        raise BadCase(f"principal: {quoted(text)} is not the ARN of a principal; {_FORMS}")
    return _from_host(text, wanted, purpose, resource)


def _from_host(text: str, wanted: str, purpose: str, resource: str) -> Principal:
    """A service principal, or an identity provider by its host: the action tells which."""
    federated = wanted == "Federated" or (not wanted and purpose == _WEB_IDENTITY)
    if not wanted and text in _BUILT_IN_PROVIDERS and purpose:
        federated = True
    if federated:
        provider = text.removeprefix("https://")
        if not _PROVIDER_PATH.fullmatch(provider):
            raise BadCase(f"principal: {quoted(text)} is no identity provider's host; {_FORMS}")
        if provider not in _BUILT_IN_PROVIDERS:
            # As IAM names it: an OIDC provider belongs to the account of the role that is to be assumed.
            parts = resource.split(":", 5)
            if len(parts) != 6 or not _ACCOUNT.fullmatch(parts[4]):
                raise BadCase(
                    f"principal: {quoted(text)} belongs to an account: give its ARN, arn:aws:iam::ACCOUNT:oidc-provider/{provider}"
                )
            provider = f"arn:{parts[1]}:iam::{parts[4]}:oidc-provider/{provider}"
        return Principal(kind="web-identity", provider=provider, arn=provider)
    if not _HOST.fullmatch(text):
        raise BadCase(f"principal: cannot read {quoted(text)}; {_FORMS}")
    return Principal(kind="service", service=text, arn=text)


def _from_arn(text: str, principal_arn: str, user_id: str) -> Principal:
    parts = text.split(":", 5)
    if len(parts) == 6 and _PARTITION.fullmatch(parts[1]) and not parts[3] and _ACCOUNT.fullmatch(parts[4]):
        _, partition, service, _, account, resource = parts
        kind, _, name = resource.partition("/")
        if service == "iam" and resource == "root":
            return Principal(kind="root", account=account, arn=text, user_id=account)
        if service == "iam" and name:
            if kind == "user":
                return Principal(
                    kind="user", account=account, arn=text, issuer_arn=text, user_id=user_id, issuer_id=user_id
                )
            if kind == "role":
                return _session(account, "", text, user_id)
            if kind == "oidc-provider":
                return Principal(kind="web-identity", provider=text, arn=text)
            if kind == "saml-provider":
                return Principal(kind="saml", provider=text, arn=text)
        if service == "sts" and name:
            if kind == "assumed-role" and "/" in name:
                return _assumed_role(text, partition, account, name, principal_arn, user_id)
            if kind == "federated-user":
                return Principal(kind="federated-user", account=account, arn=text, user_id=user_id)
    raise BadCase(f"principal: {quoted(text)} is not the ARN of a principal; {_FORMS}")


def _assumed_role(text: str, partition: str, account: str, name: str, principal_arn: str, user_id: str) -> Principal:
    role, _, session = name.rpartition("/")
    own_name = role.rpartition("/")[2]
    issuer = f"arn:{partition}:iam::{account}:role/{role}"
    is_a_role = principal_arn.startswith(f"arn:{partition}:iam::{account}:role/")
    if own_name == role and is_a_role and principal_arn.rpartition("/")[2] == role:
        issuer = principal_arn
    return _session(account, f"arn:{partition}:sts::{account}:assumed-role/{own_name}/{session}", issuer, user_id)


def _session(account: str, arn: str, role: str, user_id: str) -> Principal:
    return Principal(
        kind="role-session",
        account=account,
        arn=arn,
        issuer_arn=role,
        user_id=user_id,
        issuer_id=user_id.partition(":")[0],
    )
