"""The tags of an EKS resource, and their rules.

Source: EKS API reference, TagResource; IAM user guide, "Tags for IAM resources" for the characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

MOST_TAGS: Final = 50
LONGEST_KEY: Final = 128
LONGEST_VALUE: Final = 256
_PUNCTUATION: Final = frozenset("_.:/=+-@")


def problem_with_tags(tags: Mapping[str, str]) -> str:
    """What is wrong with the whole set of tags of a resource, in words for the caller; empty where nothing is."""
    if len(tags) > MOST_TAGS:
        return f"Too many tags: {len(tags)}, at most {MOST_TAGS} are allowed."
    for key, value in tags.items():
        if not 1 <= len(key) <= LONGEST_KEY:
            return f"Tag key {key[:LONGEST_KEY]!r} has {len(key)} characters; 1 to {LONGEST_KEY} are allowed."
        if key.lower().startswith("aws:"):
            return f"Tag key {key!r} begins with aws:, which is reserved."
        if len(value) > LONGEST_VALUE:
            return f"The value of tag {key!r} has {len(value)} characters; at most {LONGEST_VALUE} are allowed."
        for text in (key, value):
            if strange := next((letter for letter in text if not _allowed(letter)), None):
                return f"Tag {key!r} has the character {strange!r}, which is not allowed."
    return ""


def _allowed(letter: str) -> bool:
    """[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]"""
    return letter in _PUNCTUATION or unicodedata.category(letter)[0] in "LZN"
