"""EKS Auth's failures, as its service model names them (AccessDeniedException is 400 here, 403 elsewhere).

    AwsError
    ├── RoleNotAssumed        AccessDeniedException 400   the role cannot be assumed; says nothing of why
    ├── ExpiredToken          ExpiredTokenException 400
    ├── InvalidToken          InvalidTokenException 400
    ├── InvalidParameter      InvalidParameterException 400
    ├── InvalidRequest        InvalidRequestException 400
    ├── NotFound              ResourceNotFoundException 404   no such cluster, or no association
    └── Unavailable           ServiceUnavailableException 503   the cluster's keys cannot be had now

AWS's agent drops a pod's cached credentials after the first three and after NotFound, and keeps serving them after the others: which
one is raised decides whether a running pod keeps its identity. Texts that were seen of the real service are kept word for word.
"""

from __future__ import annotations

from podid.core.errors import AwsError


class RoleNotAssumed(AwsError):
    """Some check of IAM or STS failed; `private` says which."""

    code, status = "AccessDeniedException", 400

    def __init__(self, *, private: str) -> None:
        super().__init__(
            "Unauthorized Exception! EKS does not have permissions to assume the associated role.", private=private
        )


class ExpiredToken(AwsError):
    """The service account token has ended."""

    code, status = "ExpiredTokenException", 400


class InvalidToken(AwsError):
    """The service account token is not one of the cluster's for Pod Identity."""

    code, status = "InvalidTokenException", 400


class InvalidParameter(AwsError):
    """A parameter's value is refused."""

    code, status = "InvalidParameterException", 400


class InvalidRequest(AwsError):
    """The request as a whole cannot be served."""

    code, status = "InvalidRequestException", 400


class NotFound(AwsError):
    """There is no such cluster, or no association for the token's service account."""

    code, status = "ResourceNotFoundException", 404


class Unavailable(AwsError):
    """What is needed to answer cannot be had now."""

    code, status = "ServiceUnavailableException", 503
