"""The canonical request: the one text that signer and checker must both arrive at.

    METHOD \\n PATH \\n QUERY \\n name:value\\n… \\n signed;names \\n payload-hash

It is built as bytes: a header value is what came over the wire, whatever its encoding.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from podid.core.http import Headers

Pairs = list[tuple[str, str]]

_LONGEST_KEPT_PATH = 256
"""Characters of paths whose canonical form is kept."""

_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_ENCODED = re.compile(r"%(?:2[0-9ABCF]|3[A-F]|40|5[BCDE]|60|7[BCDF]|[189A-F][0-9A-F]|0[0-9A-F])")
"""A byte that has to be encoded, encoded as canonical requests want it."""


def path_for_s3(path: str) -> str:
    """S3's canonical path: encoded once, not normalised; an object key may hold anything."""
    if not path:
        return "/"
    return "/".join(reencode(segment) for segment in path.split("/"))


def path_for_others(path: str) -> str:
    """The canonical path of every other service: normalised (RFC 3986 section 5.2.4, and no empty segments), then encoded once more."""
    return _path_for_others(path) if len(path) <= _LONGEST_KEPT_PATH else _path_for_others.__wrapped__(path)


@lru_cache(1024)
def _path_for_others(path: str) -> str:
    if not path or path == "/":
        return "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment and segment != ".":
            kept.append(segment)
    end = "/" if path[-1] == "/" and kept else ""
    return quote("/" + "/".join(kept) + end, safe="/~")


def reencode(text: str) -> str:
    """Percent-encoded text in canonical encoding: everything but unreserved characters, in upper-case hex."""
    left = text.encode("latin-1", "replace").translate(None, _UNRESERVED)
    if not left or (left.count(b"%") == len(left) == len(_ENCODED.findall(text))):
        return text  # as it has to be already
    return quote(unquote_to_bytes(text.encode("latin-1", "replace")), safe="-._~")


def raw_pairs(query: str) -> Pairs:
    """The parameters in order, as sent."""
    if not query:
        return []
    pairs = []
    for part in query.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((name, value))
    return pairs


def reencoded(pairs: Pairs) -> Pairs:
    """The same parameters in canonical encoding. `+` is a space, as AWS reads it."""
    return [(_query_text(name), _query_text(value)) for name, value in pairs]


def _query_text(text: str) -> str:
    return reencode(text.replace("+", "%20")) if "+" in text else reencode(text)


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs sorted by name, then by value."""
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def header_values(headers: Headers) -> dict[str, str]:
    """Each header once; the values of one that is repeated joined by commas, as they are signed."""
    values = dict(headers)
    if len(values) < len(headers):
        values = {}
        for name, value in headers:
            kept = _collapsed(value)
            values[name] = f"{values[name]},{kept}" if name in values else kept
    return values


def canonical_headers(names: Iterable[str], values: Mapping[str, str]) -> str:
    """`name:value\\n` for each signed name, no blanks around a value and single ones within."""
    lines = ""
    for name in names:
        value = values.get(name, "")
        # Most values are ASCII; asking here spares a call for each.
        lines += f"{name}:{' '.join(value.split()) if value.isascii() else _collapsed(value)}\n"
    return lines


def _collapsed(value: str) -> str:
    """A value without blanks around it and with single ones within.

    They are found in its bytes: 0x85 and 0xA0 are blanks in latin-1 text, but in a header they are part of a letter in UTF-8.
    """
    return b" ".join(value.encode("latin-1", "replace").split()).decode("latin-1")


def request_digest(method: str, path: str, query: str, headers: str, signed: str, payload_hash: str) -> str:
    """SHA-256 of the canonical request, in hex. `headers` is latin-1 text, which is how bytes of a header are held."""
    text = f"{method}\n{path}\n{query}\n{headers}\n{signed}\n{payload_hash}"
    return hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()
