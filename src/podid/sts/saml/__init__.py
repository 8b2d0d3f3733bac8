"""AssumeRoleWithSAML: a signed assertion of a registered identity provider for a role session.

`signed` finds what is signed in a response, `assertion` reads it, `identity` makes of it who may assume which role, `attributes` has the names.
"""

from __future__ import annotations

from podid.sts.saml.identity import ACTION, IN_SESSION, SamlIdentity, verify_saml

__all__ = ["ACTION", "IN_SESSION", "SamlIdentity", "verify_saml"]
