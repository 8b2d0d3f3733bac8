"""A SAML identity provider for tests: its metadata, and responses it signs. What it makes is real; only nobody logs in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

ENDPOINT = "https://signin.aws.amazon.com/saml"
ISSUER = "https://idp.example.com/saml"
PREFIX = "https://aws.amazon.com/SAML/Attributes/"
_ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}Assertion"


class Keys:
    """A signing key and its certificate, long expired: IAM does not look at that."""

    def __init__(self, name: str) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2021, 1, 1, tzinfo=UTC))
            .sign(self.key, hashes.SHA256())
        )

    @property
    def private_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@cache
def keys(name: str = "idp") -> Keys:
    """Keys of that name, made once: making them takes a while."""
    return Keys(name)


def metadata(signer: Keys | None = None, *, issuer: str = ISSUER, valid_until: str = "") -> str:
    """The metadata document of the provider."""
    der = (signer or keys()).certificate.public_bytes(serialization.Encoding.DER)
    until = f" validUntil={quoteattr(valid_until)}" if valid_until else ""
    return (
        '<?xml version="1.0"?>'
        f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID={quoteattr(issuer)}{until}>'
        '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">'
        '<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>'
        f"{base64.b64encode(der).decode()}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>"
        '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/sso"/>'
        "</IDPSSODescriptor></EntityDescriptor>" + " " * 1000
    )


def response(
    now: datetime,
    *,
    roles: Sequence[str],
    attributes: Mapping[str, str | Sequence[str]] | None = None,
    sign: str = "Assertion",
    signer: Keys | None = None,
    change: Callable[[Any], Any] = lambda root: root,
    afterwards: Callable[[Any], Any] = lambda root: root,
    **parts: Any,
) -> str:
    """A response as a browser would post it, base64. `change` alters the tree before it is signed, `afterwards` after."""
    root = change(etree.fromstring(_unsigned(now, roles, attributes or {}, **parts).encode()))
    made = signer or keys()
    if sign:
        element = root if sign == "Response" else next(root.iter(_ASSERTION))
        signed = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0).sign(
            element, key=made.private_pem, cert=made.certificate_pem.decode(), reference_uri=element.get("ID")
        )
        if element is root:
            root = signed
        else:
            root.replace(element, signed)
    return base64.b64encode(etree.tostring(afterwards(root))).decode()


def _unsigned(
    now: datetime,
    roles: Sequence[str],
    attributes: Mapping[str, str | Sequence[str]],
    *,
    issuer: str = ISSUER,
    audience: str = ENDPOINT,
    recipient: str = ENDPOINT,
    subject: str = "ann",
    subject_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    issued_at: datetime | None = None,
    not_before: datetime | None = None,
    until: datetime | None = None,
    session_until: datetime | None = None,
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success",
) -> str:
    issued = _text(issued_at or now)
    end = _text(until or now + timedelta(minutes=4))
    given: dict[str, str | Sequence[str]] = {
        PREFIX + "Role": list(roles),
        PREFIX + "RoleSessionName": "ann",
        **attributes,
    }
    session = f' SessionNotOnOrAfter="{_text(session_until)}"' if session_until else ""
    return f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
 ID="_response" Version="2.0" IssueInstant="{issued}" Destination="{ENDPOINT}"><saml:Issuer>{escape(issuer)}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>
<saml:Assertion ID="_assertion" Version="2.0" IssueInstant="{issued}"><saml:Issuer>{escape(issuer)}</saml:Issuer>
<saml:Subject><saml:NameID Format="{subject_format}">{escape(subject)}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
<saml:SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{recipient}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{_text(not_before or now - timedelta(minutes=1))}" NotOnOrAfter="{end}">
<saml:AudienceRestriction><saml:Audience>{escape(audience)}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{issued}"{session}/>
<saml:AttributeStatement>{"".join(_attribute(name, values) for name, values in given.items())}</saml:AttributeStatement>
</saml:Assertion></samlp:Response>"""


def _attribute(name: str, values: str | Sequence[str]) -> str:
    listed = [values] if isinstance(values, str) else values
    inner = "".join(f"<saml:AttributeValue>{escape(value)}</saml:AttributeValue>" for value in listed)
    return f"<saml:Attribute Name={quoteattr(name)}>{inner}</saml:Attribute>"


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
