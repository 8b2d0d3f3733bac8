"""Who is not let in, and in whose words that is said.

Every protocol of AWS has its own codes and statuses for the same refusal; they are tables here. A step raises `Refused` with what is
wrong; `spell` gives it the words of the protocol that the client speaks, when the answer is written.

Sources: "Common error types" in the API references of EKS (rest-json), DynamoDB (json), STS and IAM (query) and EC2; "Error responses" in the
S3 API reference.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Literal

from podid.core.errors import AwsError, PodidError
from podid.core.http import HttpRequest
from podid.core.sigv4 import Problem, SignatureProblem

Family = Literal["rest-json", "json", "query", "ec2", "s3"]
"""Whose words: rest-xml services other than S3 use those of query, smithy-rpc-v2-cbor those of json."""


class Refusal(Enum):
    """What is wrong with who a request says it is from."""

    MISSING = auto()
    UNKNOWN_KEY = auto()
    INVALID_TOKEN = auto()
    EXPIRED_TOKEN = auto()
    BAD_SIGNATURE = auto()
    SKEWED = auto()
    EXPIRED_URL = auto()
    INCOMPLETE = auto()
    INCOMPLETE_URL = auto()
    NO_DIGEST = auto()
    UNSUPPORTED = auto()
    UNSIGNED_HEADERS = auto()
    BODY_MISMATCH = auto()
    BAD_DIGEST = auto()
    BAD_CHUNKS = auto()
    BAD_SCOPE = auto()


class Refused(PodidError):
    """A request whose caller is not let in. `text`, where given, replaces the family's usual sentence."""

    def __init__(self, refusal: Refusal, text: str = "", *, private: str = "") -> None:
        super().__init__(text or refusal.name, private=private)
        self.refusal = refusal
        self.text = text


class Said(AwsError):
    """An error whose code and status were chosen for one answer."""

    def __init__(self, code: str, status: int, public: str, *, private: str = "", **members: str) -> None:
        super().__init__(public, private=private, **members)
        self.code = code  # type: ignore[misc]
        self.status = status  # type: ignore[misc]


_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing "
    "method. Consult the service documentation for details."
)
_INVALID = "The security token included in the request is invalid."
_EXPIRED = "The security token included in the request is expired"
_INCOMPLETE = "The request signature does not conform to AWS standards."
_EC2_INVALID = "AWS was not able to validate the provided access credentials"

_Words = dict[Refusal, tuple[str, int, str]]


def _json_words(status: int) -> _Words:
    return {
        Refusal.MISSING: ("MissingAuthenticationTokenException", status, "Missing Authentication Token"),
        Refusal.UNKNOWN_KEY: ("UnrecognizedClientException", status, _INVALID),
        Refusal.INVALID_TOKEN: ("UnrecognizedClientException", status, _INVALID),
        Refusal.EXPIRED_TOKEN: ("ExpiredTokenException", status, _EXPIRED),
        Refusal.BAD_SIGNATURE: ("InvalidSignatureException", status, _MISMATCH),
        Refusal.SKEWED: ("InvalidSignatureException", status, "Signature expired."),
        Refusal.EXPIRED_URL: ("InvalidSignatureException", status, "Signature expired."),
        Refusal.INCOMPLETE: ("IncompleteSignatureException", status, _INCOMPLETE),
        Refusal.INCOMPLETE_URL: ("IncompleteSignatureException", status, _INCOMPLETE),
        Refusal.NO_DIGEST: ("IncompleteSignatureException", status, _INCOMPLETE),
        Refusal.UNSIGNED_HEADERS: ("InvalidSignatureException", status, _MISMATCH),
        Refusal.UNSUPPORTED: ("IncompleteSignatureException", status, _INCOMPLETE),
        Refusal.BODY_MISMATCH: ("InvalidSignatureException", status, _MISMATCH),
        Refusal.BAD_DIGEST: ("IncompleteSignatureException", status, _INCOMPLETE),
        Refusal.BAD_CHUNKS: ("IncompleteSignatureException", status, _INCOMPLETE),
        Refusal.BAD_SCOPE: ("InvalidSignatureException", status, "Credential should be scoped to a valid region."),
    }


_WORDS: dict[Family, _Words] = {
    "rest-json": _json_words(403),
    "json": _json_words(400),
    "query": {
        Refusal.MISSING: ("MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
        Refusal.UNKNOWN_KEY: ("InvalidClientTokenId", 403, _INVALID.rstrip(".")),
        Refusal.INVALID_TOKEN: ("InvalidClientTokenId", 403, _INVALID.rstrip(".")),
        Refusal.EXPIRED_TOKEN: ("ExpiredToken", 403, _EXPIRED),
        Refusal.BAD_SIGNATURE: ("SignatureDoesNotMatch", 403, _MISMATCH),
        Refusal.SKEWED: ("SignatureDoesNotMatch", 403, "Signature expired."),
        Refusal.EXPIRED_URL: ("SignatureDoesNotMatch", 403, "Signature expired."),
        Refusal.INCOMPLETE: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.INCOMPLETE_URL: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.NO_DIGEST: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.UNSUPPORTED: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.UNSIGNED_HEADERS: ("SignatureDoesNotMatch", 403, _MISMATCH),
        Refusal.BODY_MISMATCH: ("SignatureDoesNotMatch", 403, _MISMATCH),
        Refusal.BAD_DIGEST: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.BAD_CHUNKS: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.BAD_SCOPE: ("SignatureDoesNotMatch", 403, "Credential should be scoped to a valid region."),
    },
    "ec2": {
        Refusal.MISSING: ("AuthFailure", 401, _EC2_INVALID),
        Refusal.UNKNOWN_KEY: ("AuthFailure", 401, _EC2_INVALID),
        Refusal.INVALID_TOKEN: ("AuthFailure", 401, _EC2_INVALID),
        Refusal.EXPIRED_TOKEN: ("RequestExpired", 400, "Request has expired."),
        Refusal.BAD_SIGNATURE: ("AuthFailure", 401, _EC2_INVALID),
        Refusal.SKEWED: ("RequestExpired", 400, "Request has expired."),
        Refusal.EXPIRED_URL: ("RequestExpired", 400, "Request has expired."),
        Refusal.INCOMPLETE: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.INCOMPLETE_URL: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.NO_DIGEST: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.UNSUPPORTED: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.UNSIGNED_HEADERS: ("AuthFailure", 401, _EC2_INVALID),
        Refusal.BODY_MISMATCH: ("AuthFailure", 401, _EC2_INVALID),
        Refusal.BAD_DIGEST: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.BAD_CHUNKS: ("IncompleteSignature", 403, _INCOMPLETE),
        Refusal.BAD_SCOPE: ("AuthFailure", 401, _EC2_INVALID),
    },
    "s3": {
        Refusal.MISSING: ("AccessDenied", 403, "Access Denied"),
        Refusal.UNKNOWN_KEY: (
            "InvalidAccessKeyId",
            403,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        Refusal.INVALID_TOKEN: ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
        Refusal.EXPIRED_TOKEN: ("ExpiredToken", 400, "The provided token has expired."),
        Refusal.BAD_SIGNATURE: (
            "SignatureDoesNotMatch",
            403,
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ),
        Refusal.SKEWED: (
            "RequestTimeTooSkewed",
            403,
            "The difference between the request time and the current time is too large.",
        ),
        Refusal.EXPIRED_URL: ("AccessDenied", 403, "Request has expired"),
        Refusal.INCOMPLETE: ("AuthorizationHeaderMalformed", 400, "The authorization header is malformed."),
        Refusal.INCOMPLETE_URL: ("AuthorizationQueryParametersError", 400, "The query parameters are malformed."),
        Refusal.NO_DIGEST: (
            "InvalidRequest",
            400,
            "Missing required header for this request: x-amz-content-sha256",
        ),
        Refusal.UNSIGNED_HEADERS: (
            "AccessDenied",
            403,
            "There were headers present in the request which were not signed",
        ),
        Refusal.UNSUPPORTED: (
            "InvalidRequest",
            400,
            "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
        ),
        Refusal.BODY_MISMATCH: (
            "XAmzContentSHA256Mismatch",
            400,
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ),
        Refusal.BAD_DIGEST: (
            "InvalidArgument",
            400,
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
        ),
        Refusal.BAD_CHUNKS: (
            "IncompleteBody",
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        ),
        Refusal.BAD_SCOPE: (
            "AuthorizationHeaderMalformed",
            400,
            "The authorization header is malformed; the region is wrong.",
        ),
    },
}


def family_of(service: str, protocol: str) -> Family:
    """Whose words a service uses, for a client that speaks `protocol` to it."""
    if service == "s3":
        return "s3"
    if protocol in ("rest-json", "query", "ec2"):
        return protocol  # type: ignore[return-value]
    return "query" if protocol == "rest-xml" else "json"


_ONE_SENTENCE: dict[Refusal, tuple[Family, ...]] = {
    Refusal.SKEWED: ("s3", "ec2"),
    Refusal.EXPIRED_URL: ("s3", "ec2"),
    Refusal.BAD_SCOPE: ("ec2",),
}
"""Who says the same whatever exactly was wrong."""
_KINDS = {
    Problem.MISSING_PARTS: Refusal.INCOMPLETE,
    Problem.MALFORMED: Refusal.INCOMPLETE,
    Problem.UNSUPPORTED_ALGORITHM: Refusal.UNSUPPORTED,
    Problem.SCOPE: Refusal.BAD_SCOPE,
    Problem.SKEWED: Refusal.SKEWED,
    Problem.EXPIRED: Refusal.EXPIRED_URL,
    Problem.MISMATCH: Refusal.BAD_SIGNATURE,
    Problem.UNSIGNED_HEADERS: Refusal.UNSIGNED_HEADERS,
    Problem.BODY_MISMATCH: Refusal.BODY_MISMATCH,
    Problem.BAD_DIGEST: Refusal.BAD_DIGEST,
    Problem.NO_DIGEST: Refusal.NO_DIGEST,
    Problem.BAD_CHUNKS: Refusal.BAD_CHUNKS,
}
_OWN_TEXT = frozenset(
    {
        Refusal.INCOMPLETE,
        Refusal.INCOMPLETE_URL,
        Refusal.NO_DIGEST,
        Refusal.BAD_SCOPE,
        Refusal.SKEWED,
        Refusal.EXPIRED_URL,
        Refusal.UNSUPPORTED,
    }
)
"""Where the scheme's own sentence says more than the family's usual one."""


def refused(problem: SignatureProblem, request: HttpRequest) -> Refused:
    """The refusal that a problem with a signature amounts to."""
    kind = _KINDS[problem.problem]
    if kind is Refusal.INCOMPLETE and request.header("authorization") is None:
        kind = Refusal.INCOMPLETE_URL
    text = problem.public if kind in _OWN_TEXT else ""
    return Refused(kind, text, private=problem.private or problem.public)


def spell(refused: Refused, service: str, protocol: str) -> AwsError:
    """The refusal as an error in the service's own words."""
    code, status, text = _WORDS[family_of(service, protocol)][refused.refusal]
    if family_of(service, protocol) in _ONE_SENTENCE.get(refused.refusal, ()):
        return Said(code, status, text, private=refused.private)
    return Said(code, status, refused.text or text, private=refused.private)
