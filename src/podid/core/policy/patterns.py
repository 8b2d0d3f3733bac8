"""Templates prepared for matching: wildcards and variables together, with as little as possible left to do for each request."""

from __future__ import annotations

from podid.core.policy.globs import ONES, STARS, Wild, matches, prepare, search
from podid.core.policy.variables import Lookup, Template, Variable, resolve

Piece = str | Variable


class Pattern:
    """A template with variables, matched for one request at a time.

    Without `?`, the pieces between the stars become texts when the variables have values, and the texts are searched one after another as
    in `globs.matches`. With `?`, and where that search cannot tell, the tokens take the general way.
    """

    __slots__ = ("_least", "_parts", "_template", "_within")

    def __init__(self, template: Template) -> None:
        self._template = template
        self._parts: tuple[tuple[Piece, ...], ...] | None = None
        self._least = sum(len(piece) for piece in template if isinstance(piece, str))
        self._within = tuple(piece is Wild.ANY_WITHIN for piece in template if piece in STARS)
        if not any(piece in ONES for piece in template):
            parts: list[list[Piece]] = [[]]
            for piece in template:
                if piece in STARS:
                    parts.append([])
                elif not isinstance(piece, Wild):
                    parts[-1].append(piece)
            self._parts = tuple(map(tuple, parts))

    def matches(self, value: str, lookup: Lookup) -> bool:
        """Whether the pattern covers all of `value`. A variable without a value or default makes it cover nothing."""
        if len(value) < self._least:
            return False
        if self._parts is None:
            return self._generally(value, lookup)
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
        head, tail = texts[0], texts[-1]
        if not self._within:
            return value == head
        start, end = len(head), len(value) - len(tail)
        if end < start or not value.startswith(head) or not value.endswith(tail):
            return False
        found = search(texts[1:-1], self._within, value, start, end)
        return found if found is not None else self._generally(value, lookup)

    def _generally(self, value: str, lookup: Lookup) -> bool:
        tokens = resolve(self._template, lookup)
        return tokens is not None and matches(prepare(tokens), value)
