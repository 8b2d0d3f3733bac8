"""The claims of a pod's token as an API server writes them today, read in one pass.

It takes a payload only where every claim is there, once and in its usual form (whole seconds, a list of audiences), and nothing else. For
any other it gives nothing: then the careful reader looks, and says what is wrong. What the claims say is checked by neither, but by the
steps of `verifying`. Claims: Kubernetes `pkg/serviceaccount/claims.go`; the node is named since 1.29, `jti` is there since 1.30.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct, field

from podid.core.strict_json import has_strings
from podid.core.tokens import base64url

LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999: what a datetime can hold."""

_Seconds = Annotated[int, Meta(ge=0, le=LAST_SECOND)]


class Named(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What a token is bound to."""

    name: str
    uid: str


class KubernetesClaims(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The claim `kubernetes.io`."""

    namespace: str
    node: Named
    pod: Named
    serviceaccount: Named


class PlainClaims(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Every claim of a token bound to a pod."""

    aud: list[str]
    exp: _Seconds
    iat: _Seconds
    iss: str
    jti: str
    nbf: _Seconds
    sub: str
    kubernetes: KubernetesClaims = field(name="kubernetes.io")


_NAMES: Final = 8 + 4 + 3 * 2
_TEXTS: Final = 3 + 1 + 3 * 2
"""Claims, and those of them that are texts: with the audiences, all strings of a payload."""

_DECODER: Final = msgspec.json.Decoder(PlainClaims)


def read_plain_claims(payload: str) -> PlainClaims | None:
    """The claims of a payload, a text in base64url; None for one that is not plain."""
    try:
        text = base64url.decode(payload)
        claims = _DECODER.decode(text)
    except ValueError:
        return None
    # All names are required, so a text with one of them twice has a string more than this.
    return claims if has_strings(text, _NAMES + _TEXTS + len(claims.aud)) else None
