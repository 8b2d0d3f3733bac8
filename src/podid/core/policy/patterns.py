"""Templates prepared for matching: wildcards and variables together, with as little as possible left to do for each request."""

from __future__ import annotations

from podid.core.policy.globs import Wild, matches, prepare
from podid.core.policy.variables import Lookup, Template, Variable, resolve

Piece = str | Variable


class Pattern:
    """A template with variables, matched for one request at a time.

    Without `?`, the pieces between the stars become texts when the variables have values, and the texts are searched one after another as
    in `globs.matches`. With `?`, the tokens take the general way.
    """

    __slots__ = ("_least", "_parts", "_template")

    def __init__(self, template: Template) -> None:
        self._template = template
        self._parts: tuple[tuple[Piece, ...], ...] | None = None
        self._least = sum(len(piece) for piece in template if isinstance(piece, str))
        if Wild.ONE not in template:
            parts: list[list[Piece]] = [[]]
            for piece in template:
                if piece is Wild.ANY:
                    parts.append([])
                elif not isinstance(piece, Wild):
                    parts[-1].append(piece)
            self._parts = tuple(map(tuple, parts))

    def matches(self, value: str, lookup: Lookup) -> bool:
        """Whether the pattern covers all of `value`. A variable without a value or default makes it cover nothing."""
        if len(value) < self._least:
            return False
        if self._parts is None:
            tokens = resolve(self._template, lookup)
            return tokens is not None and matches(prepare(tokens), value)
        texts = []
        for part in self._parts:
            text = ""
            for piece in part:
                if isinstance(piece, str):
                    text += piece
                    continue
                given = lookup(piece.key)
                if given is None:
                    given = piece.default
                    if given is None:
                        return False
                text += given
            texts.append(text)
        return _covers(texts, value)


def _covers(texts: list[str], value: str) -> bool:
    """Whether the texts, with a star between each two, cover all of `value`."""
    head, tail = texts[0], texts[-1]
    if len(texts) == 1:
        return value == head
    start, end = len(head), len(value) - len(tail)
    if end < start or not value.startswith(head) or not value.endswith(tail):
        return False
    for text in texts[1:-1]:
        found = value.find(text, start, end)
        if found < 0:
            return False
        start = found + len(text)
    return True
