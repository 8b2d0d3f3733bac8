"""Wildcard patterns: `*` stands for any run of characters, `?` for exactly one. Matching takes bounded time for every pattern.

A pattern is a sequence of tokens: text to be found as it is, and wildcards. In patterns of resources most wildcards stay within one of the
ARN's segments, the parts between colons: there they are `ANY_WITHIN` and `ONE_WITHIN`, which match no colon. Texts that come out of variables
are tokens of their own, so that a `*` in the value of a tag never becomes a wildcard.

How it is bounded: the texts between stars are searched one after another, each as far left as it goes, so that no character is looked at
twice for one text (`str.find`). That finds every match if stars match anything, because a later start can never help. Where all stars
that must stay within a segment did, the match stands; where one did not, or where there is a `?`, the same texts run through a
bit-parallel automaton, one step of integer arithmetic for each character. Neither backtracks, and a value shorter than the pattern's
least length is refused before either starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from msgspec import Struct


class Wild(Enum):
    ANY = "*"
    ONE = "?"
    ANY_WITHIN = "* but no colon"
    ONE_WITHIN = "? but no colon"

    @property
    def sign(self) -> str:
        """As it is written in a policy."""
        return self.value[0]


Token = str | Wild
Tokens = tuple[Token, ...]
Matcher = Callable[[str], bool]

_WILD = {"*": Wild.ANY, "?": Wild.ONE}
STARS = (Wild.ANY, Wild.ANY_WITHIN)
ONES = (Wild.ONE, Wild.ONE_WITHIN)


class Glob(Struct, frozen=True):
    """A prepared pattern: `head`, text that values begin with; `tail`, text that they end with; and what lies between."""

    head: str
    tail: str
    least: int
    """Characters that a value has at least."""
    parts: tuple[tuple[Token, ...], ...]
    """What stands between head, stars and tail: the first part before the first star, the last one after the last."""
    within: tuple[bool, ...]
    """For each star, whether it stays within a segment."""
    texts: tuple[str, ...] | None
    """What stands between two stars; None where there is a `?`."""

    @property
    def is_text(self) -> bool:
        """Whether there is no wildcard, and `head` is all of it."""
        return self.texts is not None and not self.within

    @property
    def is_beginning(self) -> bool:
        """Whether it is text, and then anything."""
        return self.within == (False,) and self.texts is not None and not self.tail


def tokens_of(pattern: str) -> Tokens:
    """Split a pattern with `*` and `?` into tokens."""
    if "*" not in pattern and "?" not in pattern:
        return (pattern,) if pattern else ()
    found: list[Token] = []
    start = 0
    for position, character in enumerate(pattern):
        wild = _WILD.get(character)
        if wild is not None:
            if position > start:
                found.append(pattern[start:position])
            found.append(wild)
            start = position + 1
    if start < len(pattern):
        found.append(pattern[start:])
    return tuple(found)


def prepare(tokens: Iterable[Token]) -> Glob:
    """Sort a pattern's tokens out for matching: join neighbouring texts and stars, find the fixed head and tail."""
    parts: list[list[Token]] = [[]]
    within: list[bool] = []
    for token in tokens:
        if token in STARS:
            if within and not parts[-1]:  # together they reach as far as the one that reaches further
                within[-1] = within[-1] and token is Wild.ANY_WITHIN
            else:
                within.append(token is Wild.ANY_WITHIN)
                parts.append([])
        elif isinstance(token, str) and parts[-1] and isinstance(parts[-1][-1], str):
            parts[-1][-1] += token
        elif token != "":
            parts[-1].append(token)
    least = sum(len(token) if isinstance(token, str) else 1 for part in parts for token in part)
    has_ones = any(isinstance(token, Wild) for part in parts for token in part)
    first, last = parts[0], parts[-1]
    head = first.pop(0) if first and isinstance(first[0], str) else ""
    tail = last.pop() if last and isinstance(last[-1], str) else ""
    texts = None if has_ones else tuple(str(part[0]) for part in parts[1:-1])
    return Glob(str(head), str(tail), least, tuple(map(tuple, parts)), tuple(within), texts)


def matches(glob: Glob, value: str) -> bool:
    """Whether the pattern covers all of `value`."""
    found = _by_texts(glob, value)
    return found if found is not None else _automaton(glob)(value[len(glob.head) : len(value) - len(glob.tail)])


def _by_texts(glob: Glob, value: str) -> bool | None:
    """Whether the pattern covers `value`, as far as searching for its texts can tell; None where it cannot."""
    if glob.is_text:
        return value == glob.head
    if len(value) < glob.least or not value.startswith(glob.head) or not value.endswith(glob.tail):
        return False
    if glob.texts is None:
        return None
    return search(glob.texts, glob.within, value, len(glob.head), len(value) - len(glob.tail))


def search(texts: Iterable[str], within: tuple[bool, ...], value: str, start: int, end: int) -> bool | None:
    """Whether stars, with these texts between them, cover a value from `start` to `end`; None where only the automaton can tell.

    There is one star more than there are texts. `within` says of each whether it stays within a segment.
    """
    left = False
    number = 0
    for text in texts:
        found = value.find(text, start, end)
        if found < 0:
            return False
        if within[number] and value.find(":", start, found) >= 0:
            left = True
        start = found + len(text)
        number += 1
    if within[number] and value.find(":", start, end) >= 0:
        left = True
    if not left:
        return True
    return None if number else False


def _automaton(glob: Glob) -> Matcher:
    """Shift-and over the pattern's characters, one bit each; a bit that a star precedes keeps waiting where it is.

    Bit i set means: the first i characters of the pattern are matched. Source: Baeza-Yates and Gonnet, "A new approach to text
    searching" (1992), with a self-loop for each star. At a colon, wildcards that stay within a segment are left out. It takes what lies between
    head and tail.
    """
    masks: dict[str, int] = {}
    ones = ones_at_colon = loops = loops_at_colon = 0
    bit = 1
    for number, part in enumerate(glob.parts):
        if number:
            loops |= bit
            if not glob.within[number - 1]:
                loops_at_colon |= bit
        for token in part:
            if isinstance(token, str):
                for character in token:
                    masks[character] = masks.get(character, 0) | bit
                    bit <<= 1
            else:
                ones |= bit
                if token is Wild.ONE:
                    ones_at_colon |= bit
                bit <<= 1
    at_colon = masks.pop(":", 0) | ones_at_colon
    accepted = {character: mask | ones for character, mask in masks.items()}
    last = bit

    def match(value: str) -> bool:
        state = 1
        for character in value:
            if character == ":":
                state = ((state & at_colon) << 1) | (state & loops_at_colon)
            else:
                state = ((state & accepted.get(character, ones)) << 1) | (state & loops)
            if not state:
                return False
        return bool(state & last)

    return match


def matcher(tokens: Tokens) -> Matcher:
    """A function that tells whether a value matches; the usual shapes get one comparison."""
    glob = prepare(tokens)
    head, tail, least = glob.head, glob.tail, glob.least
    if glob.is_text:
        return head.__eq__
    if glob.texts == ():
        if glob.within[0]:
            before, after = len(head), len(tail)
            return lambda value: (
                len(value) >= least
                and value.startswith(head)
                and value.endswith(tail)
                and value.find(":", before, len(value) - after) < 0
            )
        if not tail:
            return _always if not head else lambda value: value.startswith(head)
        if not head:
            return lambda value: value.endswith(tail)
        return lambda value: len(value) >= least and value.startswith(head) and value.endswith(tail)
    if glob.texts is not None and not any(glob.within):
        return _unbounded(glob, glob.texts)
    automaton = _automaton(glob)

    def match(value: str) -> bool:
        found = _by_texts(glob, value)
        return found if found is not None else automaton(value[len(head) : len(value) - len(tail)])

    return match


def _unbounded(glob: Glob, texts: tuple[str, ...]) -> Matcher:
    """Texts with stars between them that match anything."""
    head, tail, least = glob.head, glob.tail, glob.least
    before, after = len(head), len(tail)

    def match(value: str) -> bool:
        if len(value) < least or not value.startswith(head) or not value.endswith(tail):
            return False
        start, end = before, len(value) - after
        for text in texts:
            found = value.find(text, start, end)
            if found < 0:
                return False
            start = found + len(text)
        return True

    return match


def _always(_: str) -> bool:
    return True
