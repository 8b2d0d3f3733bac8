"""The compact form of a JWS (RFC 7515 section 3.1): HEADER.PAYLOAD.SIGNATURE, taken apart and not yet believed.

This module needs no cryptography, so that the node agent can look into a token without loading any.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from podid.core.strict_json import MalformedJson, parse_json
from podid.core.tokens import base64url
from podid.core.tokens.problems import Malformed

MAX_SIZE = 16 * 1024
"""Characters. A bound service account token has about 1 200; API servers cut headers at 16 KiB or less."""

_MAX_JSON_DEPTH = 16


class Compact(Struct, frozen=True, gc=False):
    """A token's parts; header and payload are base64url still. `signed` is the text the signature is over."""

    header: str
    payload: str
    signed: bytes
    signature: bytes

    def __repr__(self) -> str:
        return "Compact(...)"

    def claims(self) -> dict[str, Any]:
        """The payload as a JSON object. Raises Malformed."""
        return _object(self.payload, "payload")


def read_header(text: str) -> dict[str, Any]:
    """A header as a JSON object. Raises Malformed."""
    return _object(text, "header")


def split(token: str) -> Compact:
    """Take a token apart. Raises Malformed."""
    if len(token) > MAX_SIZE:
        raise Malformed(f"the token is longer than {MAX_SIZE} characters")
    parts = token.split(".")
    if len(parts) != 3 or "" in parts:
        raise Malformed("the token is not a compact JWS: expected three parts with dots between")
    header, payload, signature = parts
    try:
        raw_signature = base64url.decode(signature)
    except ValueError as error:
        raise Malformed(f"the signature of the token is {error}") from error
    # What is not ASCII, half a surrogate pair even, is found by whoever reads the payload, or by the signature.
    signed = token[: -len(signature) - 1].encode(errors="surrogatepass")
    return Compact(header, payload, signed, raw_signature)


def unverified_claims(token: str) -> dict[str, Any]:
    """The claims of a token that nobody has verified: good for keying a cache or for a log, never for a decision. Raises Malformed."""
    compact = split(token)
    read_header(compact.header)
    return compact.claims()


def _object(text: str, part: str) -> dict[str, Any]:
    try:
        value = parse_json(base64url.decode(text), max_size=MAX_SIZE, max_depth=_MAX_JSON_DEPTH)
    except MalformedJson as error:
        raise Malformed(f"the {part} of the token cannot be read: {error}") from error
    except ValueError as error:
        raise Malformed(f"the {part} of the token is {error}") from error
    if not isinstance(value, dict):
        raise Malformed(f"the {part} of the token is not a JSON object")
    return value
