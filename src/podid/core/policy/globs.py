"""Wildcard patterns: `*` stands for any run of characters, `?` for exactly one. Matching takes bounded time for every pattern.

A pattern is a sequence of tokens: text to be found as it is, `ANY` and `ONE`. Texts that come out of variables are tokens of their own, so
that a `*` in the value of a tag never becomes a wildcard.

How it is bounded: without `?`, the texts between stars are searched one after another, each as far left as it goes; that is complete
because a later start can never help, and no character is looked at twice for one text (`str.find`). With `?`, the same texts run
through a bit-parallel automaton, one step of integer arithmetic for each character. Neither backtracks, and a value shorter than the
pattern's least length is refused before either starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from msgspec import Struct


class Wild(Enum):
    ANY = "*"
    ONE = "?"


Token = str | Wild
Tokens = tuple[Token, ...]
Matcher = Callable[[str], bool]

_WILD = {"*": Wild.ANY, "?": Wild.ONE}


class Glob(Struct, frozen=True):
    """A prepared pattern. `middle` holds what lies between `head` and `tail`, which are text at either end; None: no star, no `?`."""

    head: str
    tail: str
    middle: tuple[tuple[Token, ...], ...] | None
    least: int
    simple: bool
    """Whether there is no `?`, so that each part of `middle` is one text at most."""


def tokens_of(pattern: str) -> Tokens:
    """Split a pattern with `*` and `?` into tokens."""
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
    """Sort a pattern's tokens out for matching: join neighbouring texts, collapse `**`, find the fixed head and tail."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token is Wild.ANY:
            parts.append([])
        elif isinstance(token, str) and parts[-1] and isinstance(parts[-1][-1], str):
            parts[-1][-1] += token
        elif token != "":
            parts[-1].append(token)
    least = sum(len(token) if isinstance(token, str) else 1 for part in parts for token in part)
    simple = all(token is not Wild.ONE for part in parts for token in part)
    first, last = parts[0], parts[-1]
    if len(parts) == 1 and simple:
        return Glob(first[0] if first else "", "", None, least, True)  # type: ignore[arg-type]
    head = first.pop(0) if first and isinstance(first[0], str) else ""
    tail = last.pop() if last and isinstance(last[-1], str) else ""
    middle = [tuple(part) for part in parts]
    # Empty parts between two stars say nothing; the first and the last one say whether a star stands at that end.
    kept = (middle[0], *(part for part in middle[1:-1] if part), middle[-1]) if len(middle) > 1 else tuple(middle)
    return Glob(str(head), str(tail), kept, least, simple)


def matches(glob: Glob, value: str) -> bool:
    """Whether the pattern covers all of `value`."""
    if glob.middle is None:
        return value == glob.head
    if len(value) < glob.least or not value.startswith(glob.head) or not value.endswith(glob.tail):
        return False
    start, end = len(glob.head), len(value) - len(glob.tail)
    if not glob.simple:
        return _run(glob.middle, value[start:end])
    for part in glob.middle:
        if part:
            text: str = part[0]  # type: ignore[assignment]
            found = value.find(text, start, end)
            if found < 0:
                return False
            start = found + len(text)
    return True


def _run(parts: tuple[tuple[Token, ...], ...], value: str) -> bool:
    """Shift-and over the pattern's characters, one bit each; a bit that a star precedes keeps waiting where it is.

    Bit i set means: the first i characters of the pattern are matched. Source: Baeza-Yates and Gonnet, "A new approach to text
    searching" (1992), with a self-loop for each star.
    """
    masks: dict[str, int] = {}
    everything = 0
    loops = 0
    bit = 1
    for number, part in enumerate(parts):
        if number:
            loops |= bit
        for token in part:
            if isinstance(token, str):
                for character in token:
                    masks[character] = masks.get(character, 0) | bit
                    bit <<= 1
            else:
                everything |= bit
                bit <<= 1
    state = 1
    for character in value:
        state = ((state & (masks.get(character, 0) | everything)) << 1) | (state & loops)
        if not state:
            return False
    return bool(state & bit)


def matcher(tokens: Tokens) -> Matcher:
    """A function that tells whether a value matches; the usual shapes get one comparison."""
    glob = prepare(tokens)
    head, tail = glob.head, glob.tail
    if glob.middle is None:
        return head.__eq__
    if glob.middle == ((), ()):
        if not tail:
            return _always if not head else lambda value: value.startswith(head)
        if not head:
            return lambda value: value.endswith(tail)
        least = glob.least
        return lambda value: len(value) >= least and value.startswith(head) and value.endswith(tail)
    return lambda value: matches(glob, value)


def _always(_: str) -> bool:
    return True
