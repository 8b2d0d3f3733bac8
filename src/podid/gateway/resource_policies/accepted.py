"""Resource policies on their way in: what podid could not evaluate later is refused now, in the service's own words.

moto takes any text for a policy. podid decides by it, so it must be one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from podid.core.caller import Input
from podid.core.policy import MalformedPolicy, PolicyKind, parse_policy
from podid.gateway.refusals import Said
from podid.gateway.resource_policies import public_access
from podid.gateway.resource_policies.held import on_itself

_Texts = Callable[[Input], Iterator[Any]]


def _member(name: str) -> _Texts:
    def texts(members: Input) -> Iterator[Any]:
        yield members.get(name)

    return texts


def _attribute(members: Input) -> Iterator[Any]:
    """SNS sets one attribute by name, creates with a map of them, as SQS does always."""
    if members.get("AttributeName") == "Policy":
        yield members.get("AttributeValue")
    attributes = members.get("Attributes")
    if isinstance(attributes, dict):
        yield attributes.get("Policy")


# Service and operation: where the text stands, and the code and status of its refusal.
_PUT: Mapping[tuple[str, str], tuple[_Texts, str, int]] = {
    ("s3", "PutBucketPolicy"): (_member("Policy"), "MalformedPolicy", 400),
    ("sqs", "CreateQueue"): (_attribute, "InvalidAttributeValue", 400),
    ("sqs", "SetQueueAttributes"): (_attribute, "InvalidAttributeValue", 400),
    ("sns", "CreateTopic"): (_attribute, "InvalidParameter", 400),
    ("sns", "SetTopicAttributes"): (_attribute, "InvalidParameter", 400),
    ("kms", "CreateKey"): (_member("Policy"), "MalformedPolicyDocumentException", 400),
    ("kms", "PutKeyPolicy"): (_member("Policy"), "MalformedPolicyDocumentException", 400),
    ("secretsmanager", "PutResourcePolicy"): (_member("ResourcePolicy"), "MalformedPolicyDocumentException", 400),
    ("ecr", "SetRepositoryPolicy"): (_member("policyText"), "InvalidParameterException", 400),
    ("dynamodb", "PutResourcePolicy"): (_member("Policy"), "ValidationException", 400),
    ("logs", "PutResourcePolicy"): (_member("policyDocument"), "InvalidParameterException", 400),
    ("events", "PutPermission"): (_member("Policy"), "ValidationException", 400),
    ("acm-pca", "PutPolicy"): (_member("Policy"), "InvalidPolicyException", 400),
    ("comprehend", "PutResourcePolicy"): (_member("ResourcePolicy"), "InvalidRequestException", 400),
    ("dsql", "PutClusterPolicy"): (_member("policy"), "ValidationException", 400),
    ("efs", "PutFileSystemPolicy"): (_member("Policy"), "InvalidPolicyException", 400),
    ("es", "CreateElasticsearchDomain"): (_member("AccessPolicies"), "ValidationException", 400),
    ("glue", "PutResourcePolicy"): (_member("PolicyInJson"), "InvalidInputException", 400),
    ("kafka", "PutClusterPolicy"): (_member("Policy"), "BadRequestException", 400),
    ("kinesis", "PutResourcePolicy"): (_member("Policy"), "InvalidArgumentException", 400),
    ("logs", "PutDestinationPolicy"): (_member("accessPolicy"), "InvalidParameterException", 400),
    ("mediastore", "PutContainerPolicy"): (_member("Policy"), "ValidationException", 400),
    ("opensearch", "CreateDomain"): (_member("AccessPolicies"), "ValidationException", 400),
    ("opensearch", "UpdateDomainConfig"): (_member("AccessPolicies"), "ValidationException", 400),
    ("osis", "PutResourcePolicy"): (_member("Policy"), "ValidationException", 400),
    ("payment-cryptography", "PutResourcePolicy"): (_member("Policy"), "ValidationException", 400),
    ("s3vectors", "PutVectorBucketPolicy"): (_member("policy"), "ValidationException", 400),
    ("ses", "PutIdentityPolicy"): (_member("Policy"), "InvalidPolicy", 400),
    ("sesv2", "CreateEmailIdentityPolicy"): (_member("Policy"), "BadRequestException", 400),
    ("sesv2", "UpdateEmailIdentityPolicy"): (_member("Policy"), "BadRequestException", 400),
    ("vpc-lattice", "PutResourcePolicy"): (_member("policy"), "ValidationException", 400),
}


_ABOUT_ITSELF = frozenset({"ecr", "events"})
"""Services whose policies need not name a resource."""


def check(service: str, operation: str, members: Input) -> None:
    """Raise the service's error for a policy that is none, and S3's for what would make public what must not be."""
    if service == "s3":
        public_access.check(operation, members)
    put = _PUT.get((service, operation))
    if put is None:
        return
    texts, code, status = put
    for text in texts(members):
        if text:
            try:
                document = text.decode() if isinstance(text, bytes) else str(text)
                parse_policy(on_itself(document) if service in _ABOUT_ITSELF else document, PolicyKind.RESOURCE)
            except (MalformedPolicy, ValueError, AttributeError) as error:
                said = error.message if isinstance(error, MalformedPolicy) else "This policy contains invalid Json"
                raise Said(code, status, said) from error
