"""The issuer of service account tokens, as OpenID Connect discovery shows it.

Source: kubernetes `pkg/serviceaccount/openidmetadata.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from podid.localcluster.apiserver.http import Answer
from podid.localcluster.objects.metadata import encode

_FRESH: Final = (("cache-control", "public, max-age=3600"),)


class Issuer:
    """`keys` gives the JWKS, as it is published at the moment."""

    def __init__(self, url: str, keys: Callable[[], bytes], endpoint: str) -> None:
        self._keys = keys
        self._metadata = encode(
            {
                "issuer": url,
                "jwks_uri": f"{endpoint}/openid/v1/jwks",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def answer(self, path: str) -> Answer | None:
        """The answer for one of the two paths, or None."""
        if path == "/.well-known/openid-configuration":
            return Answer(body=self._metadata, headers=_FRESH)
        if path == "/openid/v1/jwks":
            return Answer(body=self._keys(), content_type="application/jwk-set+json", headers=_FRESH)
        return None
