"""Where in a policy's text each statement stands: lines and columns from 1, as simulations report them."""

from __future__ import annotations

import json
from typing import NamedTuple

_decoder = json.JSONDecoder()


class Place(NamedTuple):
    line: int
    column: int


class Span(NamedTuple):
    start: Place
    end: Place


def statement_spans(text: str) -> list[Span]:
    """The place of every statement, in order. `text` is a policy that parsed."""
    position = _skip(text, text.index("{") + 1)
    while text[position] != "}":
        key, position = _decoder.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)  # past the colon
        if key == "Statement":
            return _spans(text, position)
        _, position = _decoder.raw_decode(text, position)
        position = _skip(text, position)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return []


def _spans(text: str, position: int) -> list[Span]:
    if text[position] != "[":
        _, end = _decoder.raw_decode(text, position)
        return [Span(_place(text, position), _place(text, end))]
    spans = []
    position = _skip(text, position + 1)
    while text[position] != "]":
        _, end = _decoder.raw_decode(text, position)
        spans.append(Span(_place(text, position), _place(text, end)))
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return spans


def _skip(text: str, position: int) -> int:
    while text[position] in " \t\r\n":
        position += 1
    return position


def _place(text: str, position: int) -> Place:
    return Place(text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1) + 1)
