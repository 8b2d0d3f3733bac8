"""IAM's failures, in IAM's words.

    AwsError
    ├── NoSuchEntity 404            ├── MalformedPolicyDocument 400     ├── LimitExceeded 409
    ├── EntityAlreadyExists 409     ├── InvalidInput 400                ├── PolicyNotAttachable 400
    ├── DeleteConflict 409          ├── ValidationError 400             ├── UnmodifiableEntity 400
    ├── ReportNotPresent 410        ├── InvalidParameterValue 400       ├── InvalidClientTokenId 403
    ├── ReportExpired 410           ├── InvalidAuthenticationCode 403   ├── PasswordPolicyViolation 400
    ├── ConcurrentModification 409  ├── InvalidUserType 400             ├── EntityTemporarilyUnmodifiable 409
    ├── InvalidPublicKey 400        ├── DuplicateSSHPublicKey 400       ├── UnrecognizedPublicKeyEncoding 400
    ├── MalformedCertificate 400    ├── InvalidCertificate 400          ├── DuplicateCertificate 409
    ├── KeyPairMismatch 400         ├── NotSupportedService 404         ├── OrganizationNotFound 400
    └── FeatureDisabled 404

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


class InvalidAuthenticationCode(AwsError):
    code, status = "InvalidAuthenticationCode", 403


class PasswordPolicyViolation(AwsError):
    code, status = "PasswordPolicyViolation", 400


class ConcurrentModification(AwsError):
    code, status = "ConcurrentModification", 409


class InvalidUserType(AwsError):
    code, status = "InvalidUserType", 400


class EntityTemporarilyUnmodifiable(AwsError):
    code, status = "EntityTemporarilyUnmodifiable", 409


class InvalidPublicKey(AwsError):
    code, status = "InvalidPublicKey", 400


class DuplicateSSHPublicKey(AwsError):
    code, status = "DuplicateSSHPublicKey", 400


class UnrecognizedPublicKeyEncoding(AwsError):
    code, status = "UnrecognizedPublicKeyEncoding", 400


class MalformedCertificate(AwsError):
    code, status = "MalformedCertificate", 400


class InvalidCertificate(AwsError):
    code, status = "InvalidCertificate", 400


class DuplicateCertificate(AwsError):
    code, status = "DuplicateCertificate", 409


class KeyPairMismatch(AwsError):
    code, status = "KeyPairMismatch", 400


class NotSupportedService(AwsError):
    code, status = "NotSupportedService", 404


class FeatureDisabled(AwsError):
    code, status = "FeatureDisabled", 404


class OrganizationNotFound(AwsError):
    code, status = "OrganizationNotFoundException", 400


def over_quota(name: str, limit: int) -> LimitExceeded:
    """IAM's refusal of one more than it allows."""
    return LimitExceeded(f"Cannot exceed quota for {name}: {limit}")
