"""The names of attributes in assertions: those that AWS reads, and those that trust policies may ask for.

Source: IAM user guide, "Configure SAML assertions for the authentication response", and "Available keys for SAML-based AWS STS federation".
"""

from __future__ import annotations

from typing import Final

_AWS: Final = "https://aws.amazon.com/SAML/Attributes/"
ROLE: Final = _AWS + "Role"
SESSION_NAME: Final = _AWS + "RoleSessionName"
SESSION_DURATION: Final = _AWS + "SessionDuration"
SOURCE_IDENTITY: Final = _AWS + "SourceIdentity"
PRINCIPAL_TAG: Final = _AWS + "PrincipalTag:"
TRANSITIVE_TAG_KEYS: Final = _AWS + "TransitiveTagKeys"

CONTEXT_KEYS: Final = {
    # eduPerson
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": "saml:eduPersonAffiliation",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.2": "saml:eduPersonNickname",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.3": "saml:eduPersonOrgDN",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.4": "saml:eduPersonOrgUnitDN",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.5": "saml:eduPersonPrimaryAffiliation",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6": "saml:eduPersonPrincipalName",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.7": "saml:eduPersonEntitlement",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.8": "saml:eduPersonPrimaryOrgUnitDN",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.9": "saml:eduPersonScopedAffiliation",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.10": "saml:eduPersonTargetedID",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.11": "saml:eduPersonAssurance",
    # eduOrg
    "urn:oid:1.3.6.1.4.1.5923.1.2.1.2": "saml:eduOrgHomePageURI",
    "urn:oid:1.3.6.1.4.1.5923.1.2.1.3": "saml:eduOrgIdentityAuthNPolicyURI",
    "urn:oid:1.3.6.1.4.1.5923.1.2.1.4": "saml:eduOrgLegalName",
    "urn:oid:1.3.6.1.4.1.5923.1.2.1.5": "saml:eduOrgSuperiorURI",
    "urn:oid:1.3.6.1.4.1.5923.1.2.1.6": "saml:eduOrgWhitePagesURI",
    # X.500
    "urn:oid:2.5.4.3": "saml:cn",
    "urn:oid:2.5.4.4": "saml:surname",
    "urn:oid:2.5.4.41": "saml:name",
    "urn:oid:2.5.4.42": "saml:givenName",
    "urn:oid:2.5.4.45": "saml:x500UniqueIdentifier",
    "urn:oid:0.9.2342.19200300.100.1.1": "saml:uid",
    "urn:oid:0.9.2342.19200300.100.1.3": "saml:mail",
    "urn:oid:0.9.2342.19200300.100.1.45": "saml:organizationStatus",
    # Active Directory
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "saml:name",
    "http://schemas.xmlsoap.org/claims/CommonName": "saml:commonName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname": "saml:givenName",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname": "saml:surname",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "saml:mail",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid": "saml:primaryGroupSID",
}
"""The condition key of each attribute that has one. `cn` is also `commonName`: a policy may spell either."""
