"""The refusal of a policy document, in AWS's words."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A place in a policy's text: offset in characters from 0, line and column from 1."""

    offset: int
    line: int
    column: int


class MalformedPolicy(ValueError):
    """A document that IAM refuses (`MalformedPolicyDocument`).

    `message` is what AWS says. `position` is where in the text the fault lies, and `hint` says for a person what was expected there;
    neither goes onto the wire.
    """

    def __init__(self, message: str, position: Position = Position(0, 1, 1), hint: str = "") -> None:  # noqa: B008
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint
