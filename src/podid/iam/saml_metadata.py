"""The metadata document of a SAML identity provider: its name, and the certificates its assertions are signed with.

The document is hostile XML: no document type, no entities, nothing fetched, bounded in depth and size by the parser. Whether a certificate
has expired is not looked at, as IAM does not. Source: SAML 2.0 metadata (saml-metadata-2.0-os), sections 2.3 and 2.4; IAM user guide, "Create
a SAML identity provider in IAM".
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

_METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
_MOST_CERTIFICATES = 20


class BadMetadata(ValueError):
    """The text is no metadata of a SAML identity provider."""


class SamlMetadata(Struct, frozen=True, kw_only=True):
    """What an identity provider says of itself."""

    entity_id: str
    certificates: tuple[bytes, ...]
    """DER forms of those that assertions may be signed with."""
    valid_until: datetime | None = None


def parse_metadata(text: str) -> SamlMetadata:
    """Read a metadata document. Raises BadMetadata."""
    root = parse_xml(text.encode())
    if root.tag != f"{{{_METADATA}}}EntityDescriptor":
        raise BadMetadata("the document element is not EntityDescriptor")
    entity_id = root.get("entityID", "")
    provider = root.find(f"{{{_METADATA}}}IDPSSODescriptor")
    if not entity_id or provider is None:
        raise BadMetadata("entityID or IDPSSODescriptor is missing")
    certificates = []
    for descriptor in provider.iterfind(f"{{{_METADATA}}}KeyDescriptor"):
        if descriptor.get("use", "signing") == "signing":
            certificates += [
                _certificate(element.text or "") for element in descriptor.iter(f"{{{_SIGNATURE}}}X509Certificate")
            ]
    if not certificates or len(certificates) > _MOST_CERTIFICATES:
        raise BadMetadata(f"{len(certificates)} signing certificates")
    return SamlMetadata(
        entity_id=entity_id,
        certificates=tuple(dict.fromkeys(certificates)),
        valid_until=_instant(root.get("validUntil") or provider.get("validUntil")),
    )


def parse_xml(data: bytes) -> Any:
    """The document element of hostile XML. Raises BadMetadata for what does not parse, and for any document type."""
    from lxml import etree  # only who has to do with SAML pays for it

    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, dtd_validation=False, huge_tree=False, recover=False
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise BadMetadata("it is not well-formed XML") from problem
    if root.getroottree().docinfo.doctype:
        raise BadMetadata("it has a document type")
    return root


def _certificate(text: str) -> bytes:
    from cryptography import x509

    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError) as problem:
        raise BadMetadata("a signing certificate cannot be read") from problem
    return der


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as problem:
        raise BadMetadata("validUntil is no instant") from problem
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
