"""The regular expressions of service models, which are Java's, in Python's `re`.

Python lacks Unicode property classes (`\\p{L}`), and reads a range of surrogate pairs as two ranges. Both are rewritten; an expression that
still does not compile is left unchecked, which the room that serves the operation has to know (`unusable` lists them for a test).
A value must match as a whole, as AWS's services match, whether or not the model's author wrote `^` and `$`.
"""

from __future__ import annotations

import re
import sys
import unicodedata
import warnings
from functools import cache

_LAST_ASCII = 0x7F
MAX_LENGTH = 16 * 1024
"""Longer values are not matched: some models' expressions take quadratic time, and their length limits come first."""

_PROPERTY = re.compile(r"\\(?P<sign>[pP])\{(?:Is)?(?P<name>[A-Za-z]+)\}")
_SUPPLEMENTARY = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\ud800\udc00-\udbff\udfff", "\ud800\udc00-\udbff\udfff")
_JAVA_CLASSES = {
    "Alnum": "A-Za-z0-9",
    "Alpha": "A-Za-z",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "ASCII": r"\x00-\x7f",
    "Digit": "0-9",
    "Graph": r"\x21-\x7e",
    "Lower": "a-z",
    "Print": r"\x20-\x7e",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\t\n\x0b\f\r ",
    "Upper": "A-Z",
    "XDigit": "0-9A-Fa-f",
}


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is of the pattern; True where the pattern cannot be used."""
    if len(text) > MAX_LENGTH:
        return True
    # The Unicode tables take tens of milliseconds to lay out, and most text needs none of them.
    compiled = _compiled(pattern, _LAST_ASCII if text.isascii() else sys.maxunicode)
    return compiled is None or compiled.fullmatch(text) is not None


def is_usable(pattern: str) -> bool:
    """Whether the pattern can be checked at all."""
    return _compiled(pattern, _LAST_ASCII) is not None


@cache
def _compiled(pattern: str, last: int) -> re.Pattern[str] | None:
    for pair in _SUPPLEMENTARY:
        pattern = pattern.replace(pair, "\\U00010000-\\U0010ffff")
    try:
        with warnings.catch_warnings():
            # Java has no nested sets in the sense that Python warns about.
            warnings.simplefilter("ignore", FutureWarning)
            # Java's \w, \d and \s are ASCII unless asked otherwise.
            return re.compile(_with_properties(pattern, last), re.ASCII)
    except (re.error, KeyError, OverflowError, RecursionError):
        return None


def _with_properties(pattern: str, last: int) -> str:
    """Write `\\p{…}` out up to the character `last`, in brackets where it does not stand in a class already.

    Raises KeyError for a property that is not known.
    """
    out = []
    inside = False
    at = 0
    while at < len(pattern):
        found = _PROPERTY.match(pattern, at)
        if found:
            ranges = _ranges(found["name"], found["sign"] == "p", last)
            out.append(ranges if inside else f"[{ranges}]")
            at = found.end()
            continue
        step = 2 if pattern[at] == "\\" else 1
        piece = pattern[at : at + step]
        if piece == "[":
            inside = True
        elif piece == "]":
            inside = False
        out.append(piece)
        at += step
    return "".join(out)


@cache
def _ranges(name: str, inside: bool, last: int) -> str:
    """The inside of a character class for a Unicode general category, such as `L` or `Lu`, or for all that is outside it; or one of Java's
    POSIX names."""
    if name in _JAVA_CLASSES and inside:
        return _JAVA_CLASSES[name]
    if not (len(name) <= 2 and name[0] in "LMNPSZC"):
        raise KeyError(name)
    out: list[str] = []
    start = -1
    for code in range(last + 2):
        member = code <= last and unicodedata.category(chr(code)).startswith(name) == inside
        if member and start < 0:
            start = code
        elif not member and start >= 0:
            out.append(f"\\U{start:08x}-\\U{code - 1:08x}")
            start = -1
    return "".join(out) or "\\U0010ffff"  # an empty class is not one: no text has that character
