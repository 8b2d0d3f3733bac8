"""What can go wrong between a pod's question and its credentials.

Failure                 becomes an answer (answers.py); its text is for the pod's user
├── Refused             EKS Auth answered, and the answer is no
├── Unreachable         EKS Auth did not answer, or not in time, or not in its own form
├── NoNodeCredentials   the node has nothing to sign with
└── Busy                too much is under way
"""

from __future__ import annotations

from typing import Final

FINAL_CODES: Final = frozenset(
    {"ResourceNotFoundException", "ExpiredTokenException", "InvalidTokenException", "AccessDeniedException"}
)
"""EKS Auth's refusals that end a lease at renewal (AWS's agent, `internal/cloud/eksauth/errors.go`)."""

THROTTLED: Final = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})

SIGNER_CODES: Final = frozenset(
    {
        "ExpiredToken",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes with status 403 that are about the node's own signature, not about the pod."""


class Failure(Exception):
    """No credentials. `kind` is a short word for the log and the metrics."""

    kind = "Failure"

    @property
    def passing(self) -> bool:
        """Whether the same question may be answered in a second."""
        return True

    @property
    def final(self) -> bool:
        """Whether a lease ends with it."""
        return False


class Refused(Failure):
    """EKS Auth's own error, with the status it came with."""

    def __init__(self, *, status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.code

    @property
    def passing(self) -> bool:
        return self.status >= 500 or self.status == 429 or self.code in THROTTLED or self.about_signer

    @property
    def about_signer(self) -> bool:
        return self.status in (401, 403) and self.code in SIGNER_CODES

    @property
    def final(self) -> bool:
        return self.code in FINAL_CODES and not self.passing


class Unreachable(Failure):
    kind = "Unreachable"


class NoNodeCredentials(Failure):
    kind = "NoNodeCredentials"


class Busy(Failure):
    kind = "Busy"
