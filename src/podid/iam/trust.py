"""Trust policies: whom they name, as what it was when the policy was stored.

Role and user ARNs stand for the unique ids they had when the policy was saved. A principal that is deleted and made again is another one,
and the policy then shows the old one's id; one that was renamed or moved shows its new ARN. Source: IAM user guide, "AWS JSON policy
elements: Principal".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from podid.core.policy import PolicyKind
from podid.iam import documents
from podid.iam.entities import ROLE, USER, Kind, by_arn, by_id
from podid.iam.errors import MalformedPolicyDocument

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_ROOT = re.compile(r"arn:[a-z-]+:iam::\d{12}:root", re.ASCII)
_SESSION = re.compile(
    r"arn:[a-z-]+:sts::\d{12}:(assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+)", re.ASCII
)
_SERVICE = re.compile(
    r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal|aws|api\.aws)", re.ASCII
)
_PROVIDER = re.compile(r"arn:[a-z-]+:iam::\d{12}:(oidc-provider/.+|saml-provider/[\w.-]+)", re.ASCII)
_PUBLIC_PROVIDERS = frozenset(
    {"accounts.google.com", "cognito-identity.amazonaws.com", "graph.facebook.com", "www.amazon.com"}
)


def check_trust(connection: Connection, text: str, partition: str) -> tuple[str, str]:
    """The trust policy as it is stored, and as JSON the unique ids of the roles and users it names.

    Account numbers become the ARN of the account's root, as IAM shows them. Raises MalformedPolicyDocument for what is no trust policy, and
    for principals that do not exist; LimitExceeded.
    """
    documents.check(text, PolicyKind.TRUST)
    ids: dict[str, str] = {}

    def resolve(kind: str, value: str) -> str:
        if kind != "AWS":
            _check_other(kind, value)
            return value
        if value == "*" or _ROOT.fullmatch(value) or _SESSION.fullmatch(value):
            return value
        if _ACCOUNT.fullmatch(value):
            return f"arn:{partition}:iam::{value}:root"
        found = _entity(connection, value)
        if found is None:
            raise _invalid("AWS", value)
        entity_kind, row = found
        arn = entity_kind.arn(partition, row)
        ids[arn] = row.id
        return arn

    resolved = _rewrite(text, resolve)
    documents.check_trust_size(resolved)
    return resolved, json.dumps(ids)


def current_arns(connection: Connection, ids: Iterable[str], partition: str) -> dict[str, str]:
    """The present ARN of each of those unique ids that still exists."""
    wanted = sorted(set(ids))
    arns: dict[str, str] = {}
    for kind in (ROLE, USER):
        of_kind = [identity for identity in wanted if identity.startswith(kind.prefix)]
        for start in range(0, len(of_kind), 500):
            rows = connection.execute(select(kind.table).where(kind.table.c.id.in_(of_kind[start : start + 500])))
            arns.update({row.id: kind.arn(partition, row) for row in rows})
    return arns


def trust_today(text: str, ids: Mapping[str, str], arns: Mapping[str, str]) -> str:
    """A stored trust policy with each role and user as what it is called now, or as its id where it is gone."""
    renamed = {arn: arns.get(identity, identity) for arn, identity in ids.items() if arns.get(identity) != arn}
    if not renamed:
        return text
    return _rewrite(text, lambda kind, value: renamed.get(value, value) if kind == "AWS" else value)


def _entity(connection: Connection, value: str) -> tuple[Kind, Any] | None:
    for kind in (ROLE, USER):
        row = by_id(connection, kind, value) if value.startswith(kind.prefix) else by_arn(connection, kind, value)
        if row is not None:
            return kind, row
    return None


def _check_other(kind: str, value: str) -> None:
    if kind == "Service" and not _SERVICE.fullmatch(value):
        raise _invalid("SERVICE", value)
    if kind == "Federated" and value not in _PUBLIC_PROVIDERS and not _PROVIDER.fullmatch(value):
        raise _invalid("Federated", value)


def _invalid(kind: str, value: str) -> MalformedPolicyDocument:
    return MalformedPolicyDocument(f'Invalid principal in policy: "{kind}":"{value}"')


def _rewrite(text: str, resolve: Callable[[str, str], str]) -> str:
    """The document with every principal replaced by what `resolve` says; its text stays where nothing changes."""
    document = json.loads(text)
    changed = False

    def replace(kind: str, value: str) -> str:
        nonlocal changed
        new = resolve(kind, value)
        changed = changed or new != value
        return new

    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            named = statement.get(element)
            if isinstance(named, dict):
                for kind, values in named.items():
                    named[kind] = (
                        [replace(kind, value) for value in values]
                        if isinstance(values, list)
                        else replace(kind, values)
                    )
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False) if changed else text
