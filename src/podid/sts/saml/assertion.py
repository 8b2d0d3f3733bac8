"""What a signed assertion says. The element is to be trusted in what it says, not in how: every member may be missing or malformed.

Source: SAML 2.0 core (saml-core-2.0-os), sections 2.3 to 2.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from podid.sts.errors import InvalidIdentityToken
from podid.sts.saml.signed import ASSERTION

_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
_MOST_VALUES = 1000


class Assertion(Struct, frozen=True, kw_only=True):
    """One assertion. Instants are None where the assertion sets none."""

    issuer: str
    issued_at: datetime
    subject: str
    subject_format: str
    recipient: str
    confirmed_until: datetime
    not_before: datetime | None
    not_on_or_after: datetime | None
    audiences: tuple[tuple[str, ...], ...]
    """Each restriction's audiences: one of each must be meant."""
    session_until: datetime | None
    attributes: Mapping[str, tuple[str, ...]]


def read_assertion(element: Any) -> Assertion:
    """Read an assertion element. Raises InvalidIdentityToken."""
    subject = _one(element, "Subject/NameID")
    confirmation = _confirmation(element)
    conditions = element.find(f"{ASSERTION}Conditions")
    if conditions is None:
        raise _malformed("there are no conditions")
    ends = [
        instant
        for statement in element.iterfind(f"{ASSERTION}AuthnStatement")
        if (instant := _instant(statement.get("SessionNotOnOrAfter"))) is not None
    ]
    issued_at = _instant(element.get("IssueInstant"))
    confirmed_until = _instant(confirmation.get("NotOnOrAfter"))
    if issued_at is None or confirmed_until is None:
        raise _malformed("IssueInstant, or NotOnOrAfter of the bearer, is missing")
    return Assertion(
        issuer=_text(_one(element, "Issuer")),
        issued_at=issued_at,
        subject=_text(subject),
        subject_format=subject.get("Format", _UNSPECIFIED),
        recipient=confirmation.get("Recipient", ""),
        confirmed_until=confirmed_until,
        not_before=_instant(conditions.get("NotBefore")),
        not_on_or_after=_instant(conditions.get("NotOnOrAfter")),
        audiences=tuple(
            tuple(_text(audience) for audience in restriction.iterfind(f"{ASSERTION}Audience"))
            for restriction in conditions.iterfind(f"{ASSERTION}AudienceRestriction")
        ),
        session_until=min(ends, default=None),
        attributes=_attributes(element),
    )


def _confirmation(element: Any) -> Any:
    for confirmation in element.iterfind(f"{ASSERTION}Subject/{ASSERTION}SubjectConfirmation"):
        data = confirmation.find(f"{ASSERTION}SubjectConfirmationData")
        if confirmation.get("Method") == _BEARER and data is not None:
            return data
    raise _malformed("there is no bearer confirmation")


def _attributes(element: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    count = 0
    for attribute in element.iterfind(f"{ASSERTION}AttributeStatement/{ASSERTION}Attribute"):
        name = attribute.get("Name", "")
        values = tuple(_text(value) for value in attribute.iterfind(f"{ASSERTION}AttributeValue"))
        count += len(values)
        if count > _MOST_VALUES:
            raise _malformed("there are too many attributes")
        found[name] = found.get(name, ()) + values
    return found


def _one(element: Any, path: str) -> Any:
    found = element.find("/".join(ASSERTION + step for step in path.split("/")))
    if found is None or not _text(found):
        raise _malformed(f"{path} is missing")
    return found


def _text(element: Any) -> str:
    """The whole text, whatever comments stand in it."""
    return "".join(element.xpath("text()")).strip()


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as problem:
        raise _malformed(f"{text[:50]!r} is no instant") from problem
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)


def _malformed(private: str) -> InvalidIdentityToken:
    return InvalidIdentityToken("Invalid SAML response", private=private)
