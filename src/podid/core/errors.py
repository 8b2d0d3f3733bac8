"""The root of podid's failures.

    PodidError                        something a caller of an API may read about
    ├── AwsError                      ... in the words of an AWS service; rooms derive theirs from it
    └── (others)                      ... each room may have failures that never reach the wire

Every failure has two texts: `public`, which the caller may read, and `private`, which only the log may. `str(error)` is the public one.
An error class holds a default code and status; the service model of the operation that failed has the last word on the status
(AccessDeniedException is 403 in EKS and 400 in EKS Auth). Turning an error into HTTP is the last step of the gateway, in one place.
"""

from __future__ import annotations

from typing import ClassVar


class PodidError(Exception):
    """A failure the caller may read about, with a cause that only the log may read."""

    def __init__(self, public: str, *, private: str = "") -> None:
        super().__init__(public)
        self.public = public
        self.private = private


class AwsError(PodidError):
    """A failure in an AWS service's own words.

    `code` is the name on the wire, `status` the HTTP status unless the service's model says otherwise, and `members` are further
    modelled members of the error's shape (EKS: `clusterName`, `addonName`, …).
    """

    code: ClassVar[str] = "InternalFailure"
    status: ClassVar[int] = 500

    def __init__(self, public: str, *, private: str = "", **members: str) -> None:
        super().__init__(public, private=private)
        self.members = members


class AccessDenied(AwsError):
    """The caller is known and may not do this. Services that spell the code otherwise are handled where errors are written."""

    code, status = "AccessDenied", 403


class NotImplementedHere(AwsError):
    """AWS has this operation; podid does not (yet)."""

    code, status = "NotImplemented", 501
