"""Members of AWS's APIs that are secrets, whether or not the service's model marks them so: never written down, never repeated."""

from __future__ import annotations

from typing import Final

SECRET_MEMBERS: Final = frozenset(
    {
        "activationcode",
        "addprivatekey",
        "authenticationcode1",
        "authenticationcode2",
        "base32stringseed",
        "contextassertion",
        "newpassword",
        "oldpassword",
        "password",
        "privatekey",
        "qrcodepng",
        "samlassertion",
        "secretbinary",
        "servicecredentialsecret",
        "servicepassword",
        "secretstring",
        "sessiontoken",
        "token",
        "tokencode",
        "tradeintoken",
        "webidentitytoken",
    }
)
"""Of whatever service, in lower case: their case differs from model to model."""
