"""Failures in Kubernetes' own words: each becomes a `Status` object, which kubectl prints as `Error from server (REASON): MESSAGE`.

    ApiError
    ├── BadRequest 400 · Unauthorized 401 · Forbidden 403 · NotFound 404 · MethodNotAllowed 405 · NotAcceptable 406
    ├── AlreadyExists 409 · Conflict 409 · Expired 410 · TooLarge 413 · UnsupportedMediaType 415 · Invalid 422
    └── InternalError 500 · NotImplementedHere 501

Message forms follow k8s.io/apimachinery `pkg/api/errors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from msgspec import Struct

from podid.core.errors import PodidError


class Cause(Struct, frozen=True):
    """One thing that is wrong: `reason` is a Kubernetes cause type (FieldValueRequired, …), `field` the path it is about."""

    reason: str
    message: str
    field: str = ""


class ApiError(PodidError):
    """A refusal. `details` is the Status' `details` object, or empty."""

    status: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(self, public: str, *, private: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(public, private=private)
        self.details = details or {}

    def as_status(self) -> dict[str, Any]:
        """The `Status` object to answer with."""
        told: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.public,
            "reason": self.reason,
        }
        if self.details:
            told["details"] = self.details
        told["code"] = self.status
        return told


class BadRequest(ApiError):
    status, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    status, reason = 401, "Unauthorized"

    def __init__(self, public: str = "Unauthorized", *, private: str = "") -> None:
        super().__init__(public, private=private)


class Forbidden(ApiError):
    status, reason = 403, "Forbidden"


class NotFound(ApiError):
    status, reason = 404, "NotFound"

    @classmethod
    def of(cls, resource: str, group: str, name: str) -> NotFound:
        """`pods "x" not found`, `daemonsets.apps "x" not found`."""
        return cls(f'{qualified(resource, group)} "{name}" not found', details=_about(resource, group, name))


class MethodNotAllowed(ApiError):
    status, reason = 405, "MethodNotAllowed"

    def __init__(self, public: str = "the server does not allow this method on the requested resource") -> None:
        super().__init__(public)


class NotAcceptable(ApiError):
    status, reason = 406, "NotAcceptable"


class AlreadyExists(ApiError):
    status, reason = 409, "AlreadyExists"

    @classmethod
    def of(cls, resource: str, group: str, name: str) -> AlreadyExists:
        return cls(f'{qualified(resource, group)} "{name}" already exists', details=_about(resource, group, name))


class Conflict(ApiError):
    status, reason = 409, "Conflict"

    @classmethod
    def of(cls, resource: str, group: str, name: str, why: str) -> Conflict:
        return cls(
            f'Operation cannot be fulfilled on {qualified(resource, group)} "{name}": {why}',
            details=_about(resource, group, name),
        )


CHANGED_SINCE = "the object has been modified; please apply your changes to the latest version and try again"


class Expired(ApiError):
    status, reason = 410, "Expired"


class TooLarge(ApiError):
    status, reason = 413, "RequestEntityTooLarge"


class UnsupportedMediaType(ApiError):
    status, reason = 415, "UnsupportedMediaType"


class Invalid(ApiError):
    status, reason = 422, "Invalid"

    @classmethod
    def of(cls, kind: str, group: str, name: str, causes: Sequence[Cause]) -> Invalid:
        """`Pod "x" is invalid: spec.containers: Required value`; several causes stand in brackets."""
        texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
        told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        return cls(
            f'{qualified(kind, group)} "{name}" is invalid: {told}',
            details={
                "name": name,
                **({"group": group} if group else {}),
                "kind": kind,
                "causes": [{"reason": c.reason, "message": c.message, "field": c.field} for c in causes],
            },
        )


class InternalError(ApiError):
    status, reason = 500, "InternalError"

    def __init__(self, public: str, *, private: str = "") -> None:
        super().__init__(f"Internal error occurred: {public}", private=private)


class NotImplementedHere(ApiError):
    status, reason = 501, "NotImplemented"


def qualified(resource: str, group: str) -> str:
    """`daemonsets.apps`, or `pods` for the core group."""
    return f"{resource}.{group}" if group else resource


def _about(resource: str, group: str, name: str) -> dict[str, Any]:
    return {"name": name, **({"group": group} if group else {}), "kind": resource}
