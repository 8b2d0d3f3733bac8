"""IAM's failures, in IAM's words.

    AwsError
    ├── NoSuchEntity 404            ├── MalformedPolicyDocument 400     ├── LimitExceeded 409
    ├── EntityAlreadyExists 409     ├── InvalidInput 400                ├── PolicyNotAttachable 400
    ├── DeleteConflict 409          ├── ValidationError 400             ├── UnmodifiableEntity 400
    ├── ReportNotPresent 410        ├── InvalidParameterValue 400       └── InvalidClientTokenId 403
    └── ReportExpired 410

Codes and statuses are those of IAM's service model (API version 2010-05-08) and of IAM's common errors.
"""

from __future__ import annotations

from podid.core.errors import AwsError


class NoSuchEntity(AwsError):
    code, status = "NoSuchEntity", 404


class EntityAlreadyExists(AwsError):
    code, status = "EntityAlreadyExists", 409


class DeleteConflict(AwsError):
    code, status = "DeleteConflict", 409


class LimitExceeded(AwsError):
    code, status = "LimitExceeded", 409


class MalformedPolicyDocument(AwsError):
    code, status = "MalformedPolicyDocument", 400


class InvalidInput(AwsError):
    code, status = "InvalidInput", 400


class InvalidParameterValue(AwsError):
    code, status = "InvalidParameterValue", 400


class ValidationError(AwsError):
    code, status = "ValidationError", 400


class UnmodifiableEntity(AwsError):
    code, status = "UnmodifiableEntity", 400


class PolicyNotAttachable(AwsError):
    code, status = "PolicyNotAttachable", 400


class InvalidClientTokenId(AwsError):
    code, status = "InvalidClientTokenId", 403


class ReportNotPresent(AwsError):
    code, status = "ReportNotPresent", 410


class ReportExpired(AwsError):
    code, status = "ReportExpired", 410


def over_quota(name: str, limit: int) -> LimitExceeded:
    """IAM's refusal of one more than it allows."""
    return LimitExceeded(f"Cannot exceed quota for {name}: {limit}")
