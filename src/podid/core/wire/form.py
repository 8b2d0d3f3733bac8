"""`application/x-www-form-urlencoded` text, of query strings and of query protocol bodies: `name=value&name=value`."""

from __future__ import annotations

from urllib.parse import unquote_plus

from podid.core.wire.problems import Unreadable

MAX_PAIRS = 10_000
"""AWS documents no limit; the longest legitimate calls (EC2 filters, CloudWatch metric data) have some thousands of names."""

Pairs = list[tuple[str, str]]


def parse_pairs(text: str) -> Pairs:
    """The pairs in order, percent-decoded, `+` as a space; a name without `=` has the empty value.

    Raises Unreadable where the text decodes to something that is not UTF-8, or has too many pairs.
    """
    if not text:
        return []
    if text.count("&") >= MAX_PAIRS:
        raise Unreadable(f"the query string has more than {MAX_PAIRS} parameters")
    pairs = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((decode(name), decode(value)))
    return pairs


def decode(text: str) -> str:
    """Percent-decode one name or value. Raises Unreadable."""
    if not text.isascii():
        raise Unreadable("the query string holds characters that must be percent-encoded")
    if "%" not in text and "+" not in text:
        return text
    try:
        return unquote_plus(text, errors="strict")
    except UnicodeDecodeError as error:
        raise Unreadable("the query string is not UTF-8") from error
