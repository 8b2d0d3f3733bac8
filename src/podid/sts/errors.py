"""STS's failures, in STS's words. Codes and statuses: STS's service model (API version 2011-06-15) and its common errors."""

from __future__ import annotations

from podid.core.errors import AwsError
from podid.iam.errors import InvalidClientTokenId


class ExpiredToken(AwsError):
    """Signed with a session that has ended."""

    code, status = "ExpiredToken", 403


class ValidationError(AwsError):
    code, status = "ValidationError", 400


class InvalidParameterValue(AwsError):
    code, status = "InvalidParameterValue", 400


class MalformedPolicyDocument(AwsError):
    code, status = "MalformedPolicyDocument", 400


class PackedPolicyTooLarge(AwsError):
    code, status = "PackedPolicyTooLarge", 400


class InvalidIdentityToken(AwsError):
    code, status = "InvalidIdentityToken", 400


class ExpiredIdentityToken(AwsError):
    """A web identity token that has ended."""

    code, status = "ExpiredTokenException", 400


class IdpCommunicationError(AwsError):
    code, status = "IDPCommunicationError", 400


class IdpRejectedClaim(AwsError):
    code, status = "IDPRejectedClaim", 403


class InvalidAuthorizationMessage(AwsError):
    code, status = "InvalidAuthorizationMessageException", 400


class OutboundFederationDisabled(AwsError):
    code, status = "OutboundWebIdentityFederationDisabledException", 403


class InvalidContextAssertion(AwsError):
    code, status = "InvalidContextAssertion", 400


def invalid_token(private: str) -> InvalidClientTokenId:
    """What a session token that is not good gets, whatever is wrong with it; the log learns what."""
    return InvalidClientTokenId("The security token included in the request is invalid.", private=private)
