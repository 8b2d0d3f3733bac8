"""One case: a request and every policy that bears on it.

    {"id"?, "request": {"principal", "action", "resource"?, "resourceAccount"?, "context"?},
     "identityPolicies"?: [{"name", "policy"}], "sessionPolicy"?, "boundary"?, "resourcePolicy"?, "trustPolicy"?,
     "scps"?: [{"level", "policies": [{"name", "policy"}]}], "rcps"?: likewise}

What is not there, or null, does not bear: no boundary, no session policy, no organization. The context is complete as given. `understood.py`
tells what is meant where a case does not say.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from podid.core.policy import PolicyKind, PolicySet, Request
from podid.policy_tools.cases.documents import Shelf
from podid.policy_tools.cases.notes import refuse_what_bears
from podid.policy_tools.cases.problem import BadCase
from podid.policy_tools.cases.requests import read_request
from podid.policy_tools.cases.strict import read_around, read_strictly
from podid.policy_tools.cases.understood import understood

LONGEST = 8 * 1024 * 1024
"""Bytes of one case: twenty of the longest policies that there are."""


class Case(Struct, frozen=True):
    """A question, ready for `core.policy.decide`."""

    request: Request
    policies: PolicySet


class _Parts(Struct, rename="camel"):
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
_NULL = b"null"
_KNOWN = frozenset(_Parts.__struct_encode_fields__)


def read_case(data: bytes, shelf: Shelf) -> Case:
    """The case of a JSON text. Raises BadCase."""
    if len(data) > LONGEST:
        raise BadCase(f"longer than {LONGEST} bytes")
    try:
        parts = _PARTS.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadCase(str(problem).replace("`$`", "the case")) from None
    asked = bytes(parts.request)
    identity, scps, rcps = map(_given, (parts.identity_policies, parts.scps, parts.rcps))
    session, boundary, resource, trust = map(
        _given_one, (parts.session_policy, parts.boundary, parts.resource_policy, parts.trust_policy)
    )
    members = read_around(
        data, (asked, identity, session, boundary, resource, trust, scps, rcps, bytes(parts.id)), "the case"
    )
    if not _KNOWN.issuperset(members):
        refuse_what_bears(members, _KNOWN, "the case")
    request, policies = understood(
        read_request(read_strictly(asked, "request")),
        PolicySet(
            identity=shelf.several(identity, "identityPolicies", PolicyKind.IDENTITY) if identity else (),
            session=shelf.several(session, "sessionPolicy", PolicyKind.SESSION) if session else None,
            boundary=shelf.one(boundary, "boundary", PolicyKind.BOUNDARY) if boundary else None,
            resource=shelf.one(resource, "resourcePolicy", PolicyKind.RESOURCE) if resource else None,
            trust=shelf.one(trust, "trustPolicy", PolicyKind.TRUST) if trust else None,
            scps=shelf.levels(scps, "scps", PolicyKind.SCP) if scps else (),
            rcps=shelf.levels(rcps, "rcps", PolicyKind.RCP) if rcps else (),
        ),
    )
    return Case(request, policies)


def _given(part: Raw) -> bytes:
    """A part's bytes, none where it is null: that is as if it were left out."""
    data = bytes(part)
    return b"" if data == _NULL else data


def _given_one(part: Raw) -> bytes:
    """The same, where an empty list says that there is no such policy, too."""
    data = _given(part)
    return b"" if data.startswith(b"[") and not data[1:-1].strip() else data


def id_of(data: bytes) -> bytes:
    """The `id` of a case as JSON, whatever else is wrong with it; null where there is none."""
    try:
        return bytes(_ID.decode(data).id) or _NULL
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _NULL
