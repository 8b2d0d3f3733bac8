"""What can be wrong with a signature.

The enumeration is for the gateway, which knows the service and so the code on the wire; the text is AWS's own where AWS's is known. No text
repeats a signature, a token or a string to sign.

| problem | most services | S3 |
|---|---|---|
| MISSING_PARTS | IncompleteSignature | AuthorizationHeaderMalformed, AuthorizationQueryParametersError |
| MALFORMED | IncompleteSignature | AuthorizationHeaderMalformed, AuthorizationQueryParametersError |
| UNSUPPORTED_ALGORITHM | IncompleteSignature | InvalidRequest |
| SCOPE | SignatureDoesNotMatch | AuthorizationHeaderMalformed |
| SKEWED | SignatureDoesNotMatch (InvalidSignatureException) | RequestTimeTooSkewed |
| EXPIRED | SignatureDoesNotMatch (InvalidSignatureException) | AccessDenied |
| MISMATCH | SignatureDoesNotMatch (InvalidSignatureException) | SignatureDoesNotMatch |
| UNSIGNED_HEADERS | SignatureDoesNotMatch | AccessDenied |
| BODY_MISMATCH | SignatureDoesNotMatch | XAmzContentSHA256Mismatch |
| BAD_DIGEST | – (others compare it with the body) | InvalidArgument |
| NO_DIGEST | – (S3 alone demands one) | InvalidRequest |
| BAD_CHUNKS | – (S3 alone takes chunks) | IncompleteBody |
"""

from __future__ import annotations

from enum import Enum

from podid.core.errors import PodidError


class Problem(Enum):
    """The kinds of failure that some service tells apart."""

    MISSING_PARTS = "missing parts"
    MALFORMED = "malformed"
    UNSUPPORTED_ALGORITHM = "unsupported algorithm"
    SCOPE = "scope"
    SKEWED = "skewed"
    EXPIRED = "expired"
    MISMATCH = "mismatch"
    UNSIGNED_HEADERS = "unsigned headers"
    BODY_MISMATCH = "body mismatch"
    BAD_DIGEST = "bad digest"
    NO_DIGEST = "no digest"
    BAD_CHUNKS = "bad chunks"


class SignatureProblem(PodidError):
    """A request is signed, or tries to be, and the signature does not hold."""

    def __init__(self, problem: Problem, public: str, *, private: str = "") -> None:
        super().__init__(public, private=private)
        self.problem = problem
