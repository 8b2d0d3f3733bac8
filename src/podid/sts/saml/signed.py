"""The signed assertion in a SAML response: nothing else of the response is ever looked at.

    1. base64 of XML, without document type or entities          else InvalidIdentityToken
    2. the document element is a Response that reports success    InvalidIdentityToken
    3. a Signature directly below the Response, or directly below its one Assertion: where the SAML profile has it
    4. it holds with one of the provider's certificates, over one reference, which is the element it stands in
    5. the assertion is taken from the bytes that were signed, read anew

So it does not matter what else an attacker wraps around: an element that moved is not the one the reference must name, and one that was not
signed is not in the signed bytes. Source: SAML 2.0 core (saml-core-2.0-os), section 5.4; XML Signature, section 8.1 ("only what is signed is
secure").
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from podid.iam.saml_metadata import BadMetadata, SamlMetadata, parse_xml
from podid.sts.errors import InvalidIdentityToken

PROTOCOL: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ASSERTION: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_SIGNATURE: Final = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
_METHODS: Final = ("RSA_SHA256", "RSA_SHA384", "RSA_SHA512", "ECDSA_SHA256", "ECDSA_SHA384", "ECDSA_SHA512")
_DIGESTS: Final = ("SHA256", "SHA384", "SHA512")


def signed_assertion(encoded: str, metadata: SamlMetadata) -> Any:
    """The assertion element, out of the bytes that the provider signed. Raises InvalidIdentityToken."""
    response = _response(encoded)
    assertions = response.findall(f"{ASSERTION}Assertion")
    if response.find(f"{ASSERTION}EncryptedAssertion") is not None:
        raise InvalidIdentityToken("Invalid SAML response", private="the assertion is encrypted")
    if len(assertions) != 1:
        raise InvalidIdentityToken("Invalid SAML response", private=f"{len(assertions)} assertions")
    for element in (response, assertions[0]):
        if len(element.findall(_SIGNATURE)) == 1:
            signed = _verified(element, metadata)
            found = [signed] if signed.tag == f"{ASSERTION}Assertion" else signed.findall(f"{ASSERTION}Assertion")
            if len(found) != 1:
                raise InvalidIdentityToken("Invalid SAML response", private="not one assertion is signed")
            return found[0]
    raise InvalidIdentityToken("Response signature invalid", private="there is no signature")


def _response(encoded: str) -> Any:
    try:
        root = parse_xml(base64.b64decode("".join(encoded.split()), validate=True))
    except (binascii.Error, BadMetadata, ValueError) as problem:
        raise InvalidIdentityToken("Invalid base64 SAMLResponse", private=str(problem)) from problem
    if root.tag != f"{PROTOCOL}Response":
        raise InvalidIdentityToken("Invalid SAML response", private="the document element is not Response")
    code = root.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode")
    if code is None or code.get("Value") != _SUCCESS:
        raise InvalidIdentityToken("Invalid SAML response", private="its status is not success")
    return root


def _verified(element: Any, metadata: SamlMetadata) -> Any:
    """The element as it was signed. Raises InvalidIdentityToken."""
    from cryptography import x509
    from lxml import etree
    from signxml.algorithms import DigestAlgorithm, SignatureMethod  # with lxml: only this call pays for them
    from signxml.verifier import SignatureConfiguration, XMLVerifier

    text = etree.tostring(element, with_tail=False)
    identity = element.get("ID")
    for der in metadata.certificates:
        certificate = x509.load_der_x509_certificate(der)
        expected = SignatureConfiguration(
            location="./",
            expect_references=1,
            signature_methods=frozenset(SignatureMethod[name] for name in _METHODS),
            digest_algorithms=frozenset(DigestAlgorithm[name] for name in _DIGESTS),
            ignore_ambiguous_key_info=True,  # the key is the registered certificate's, whatever the response says of it
            # IAM does not look at when a certificate in metadata expires, so it is asked as of its first day.
            verification_time=certificate.not_valid_before_utc,
        )
        try:
            result = XMLVerifier().verify(text, x509_cert=certificate, expect_config=expected)
        except Exception as problem:  # many kinds, of signxml, lxml and cryptography: a signature that does not hold
            reason = f"{type(problem).__name__}: {problem}"[:500]
            continue
        signed = None if isinstance(result, list) else result.signed_xml
        if signed is None or signed.tag != element.tag or not identity or signed.get("ID") != identity:
            raise InvalidIdentityToken("Response signature invalid", private="another element is signed")
        return signed
    raise InvalidIdentityToken("Response signature invalid", private=reason)
