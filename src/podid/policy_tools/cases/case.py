"""One case: a request and every policy that bears on it.

    {"id"?, "request": {"principal", "action", "resource"?, "resourceAccount"?, "context"?},
     "identityPolicies"?: [{"name", "policy"}], "sessionPolicy"?, "boundary"?, "resourcePolicy"?, "trustPolicy"?,
     "scps"?: [{"level", "policies": [{"name", "policy"}]}], "rcps"?: likewise}

What is not there does not bear: no boundary, no session policy, no organization. The context is complete as given. A role's trust policy has
a say only in actions that assume the role.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from podid.core.policy import PolicyKind, PolicySet, Request
from podid.policy_tools.cases.documents import Shelf
from podid.policy_tools.cases.problem import BadCase
from podid.policy_tools.cases.requests import read_request
from podid.policy_tools.cases.strict import read_strictly, refuse_repeated_names

LONGEST = 8 * 1024 * 1024
"""Bytes of one case: twenty of the longest policies that there are."""

_TRUST_ACTIONS = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:assumeroot",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)
"""What a trust policy decides upon."""


class Case(Struct, frozen=True):
    """A question, ready for `core.policy.decide`."""

    request: Request
    policies: PolicySet


class _Parts(Struct, forbid_unknown_fields=True, rename="camel"):
    request: Raw
    id: Raw = Raw()
    identity_policies: Raw = Raw()
    session_policy: Raw = Raw()
    boundary: Raw = Raw()
    resource_policy: Raw = Raw()
    trust_policy: Raw = Raw()
    scps: Raw = Raw()
    rcps: Raw = Raw()


class _Id(Struct):
    id: Raw = Raw()


_PARTS = msgspec.json.Decoder(_Parts)
_ID = msgspec.json.Decoder(_Id)
_NO_ID = b"null"


def trusts(action: str) -> bool:
    """Whether a role's trust policy has a say in an action."""
    return action.lower() in _TRUST_ACTIONS


def read_case(data: bytes, shelf: Shelf) -> Case:
    """The case of a JSON text. Raises BadCase."""
    if len(data) > LONGEST:
        raise BadCase(f"longer than {LONGEST} bytes")
    try:
        parts = _PARTS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadCase(str(problem).replace("`$`", "the case")) from None
    asked = bytes(parts.request)
    identity, session, boundary = map(bytes, (parts.identity_policies, parts.session_policy, parts.boundary))
    resource, trust, scps, rcps = map(bytes, (parts.resource_policy, parts.trust_policy, parts.scps, parts.rcps))
    refuse_repeated_names(
        data, (asked, identity, session, boundary, resource, trust, scps, rcps, bytes(parts.id)), "the case"
    )
    request = read_request(read_strictly(asked, "request"))
    trusted = shelf.one(trust, "trustPolicy", PolicyKind.TRUST) if trust else None
    return Case(
        request,
        PolicySet(
            identity=shelf.several(identity, "identityPolicies", PolicyKind.IDENTITY) if identity else (),
            session=shelf.several(session, "sessionPolicy", PolicyKind.SESSION) if session else None,
            boundary=shelf.one(boundary, "boundary", PolicyKind.BOUNDARY) if boundary else None,
            resource=shelf.one(resource, "resourcePolicy", PolicyKind.RESOURCE) if resource else None,
            trust=trusted if trusts(request.action) else None,
            scps=shelf.levels(scps, "scps", PolicyKind.SCP) if scps else (),
            rcps=shelf.levels(rcps, "rcps", PolicyKind.RCP) if rcps else (),
        ),
    )


def id_of(data: bytes) -> bytes:
    """The `id` of a case as JSON, whatever else is wrong with it; null where there is none."""
    try:
        return bytes(_ID.decode(data).id) or _NO_ID
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NO_ID
