"""What can be wrong with a request's form.

    AwsError
    └── InvalidInput      the request cannot be read or breaks its model, in the words of its service

Unreadable is what a codec says before anybody knows which service it is for; `reading` turns it into InvalidInput. It never leaves this room.
"""

from __future__ import annotations

from podid.core.errors import AwsError


class InvalidInput(AwsError):
    """The caller's mistake, with the code and status its service uses."""

    code, status = "ValidationException", 400

    def __init__(self, code: str, status: int, public: str) -> None:
        super().__init__(public)
        # Each service has a code of its own for the same mistake, so here the code belongs to the instance.
        vars(self).update(code=code, status=status)


class Unreadable(ValueError):
    """A message that is not of its protocol's form, or a value not of its shape's type. The text may be shown to the caller."""
