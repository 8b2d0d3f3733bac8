"""Operations whose own page names the action that they need, where the service authorization reference does not list it.

Most are new, and their action bears their name; some need another action, or one of another service's. Source: the operations' pages in the
API references of their services; a test holds this against the copy of them that botocore carries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podid.gateway.needs import request_tags
from podid.gateway.needs.need import Asked, Need, Rule
from podid.gateway.needs.reference import arns_in

OF_THEIR_NAME: Mapping[str, tuple[str, ...]] = {
    "cloudwatch": (
        "DeleteMetricDataQueryDefinition",
        "GetMetricDataQueryDefinition",
        "ListMetricDataQueryDefinitions",
        "PutMetricDataQueryDefinition",
    ),
    "cognito-idp": (
        "CancelPointInTimeRecovery",
        "CreateCIMDPolicy",
        "DeleteCIMDPolicy",
        "DescribeCIMDPolicy",
        "DescribePointInTimeRecovery",
        "DescribeTermsByClient",
        "InitiatePointInTimeRecovery",
        "ListCIMDPolicies",
        "ListClientMetadataURLs",
        "ListPointInTimeRecoveries",
        "StartPointInTimeRecovery",
        "UpdateCIMDPolicy",
        "UpdateClientMetadataURLState",
    ),
    "polly": ("CreateVoice", "DeleteVoice", "GetVoice"),
    "route53": ("CreateHealthCheckSource", "DeleteHealthCheckSource"),
    "s3tables": (
        "CompleteTableMigration",
        "DisassociateTableReplication",
        "GetTableBucketLogging",
        "GetTableMigration",
        "ListTableMigrations",
        "PutTableBucketLogging",
        "StartTableMigration",
        "SyncTableMigration",
        "UpdateTableMigration",
    ),
    "s3vectors": ("UpdateMetadataConfiguration",),
    "secretsmanager": ("AssociateCrossAccountReplica", "DisassociateCrossAccountReplica", "ListResourcePolicies"),
}
"""Service by its model: operations that need the action of their own name. They are asked for on the ARNs in the input, or on everything."""

OF_ANOTHER: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("cloudtrail", "ListInsightsMetricData"): ("cloudtrail:LookupEvents", "cloudtrail:ListInsightsData"),
    ("ecr", "ListImageReferrers"): ("ecr:BatchGetImage",),
    ("lexv2-models", "ListUtteranceAnalyticsData"): ("lex:ListAggregatedUtterances",),
    ("lexv2-models", "ListUtteranceMetrics"): ("lex:ListAggregatedUtterances",),
    ("s3", "ListDirectoryBuckets"): ("s3express:ListAllMyDirectoryBuckets",),
    ("s3control", "DeleteAccessPointScope"): ("s3express:DeleteAccessPointScope",),
    ("s3control", "GetAccessPointScope"): ("s3express:GetAccessPointScope",),
    ("s3control", "ListAccessPointsForDirectoryBuckets"): ("s3express:ListAccessPointsForDirectoryBuckets",),
    ("s3control", "PutAccessPointScope"): ("s3express:PutAccessPointScope",),
    ("securityhub", "BatchUpdateFindingsV2"): ("securityhub:BatchUpdateFindings",),
    ("securityhub", "GetFindingStatisticsV2"): ("securityhub:GetAdhocInsightResults",),
    ("securityhub", "GetFindingsV2"): ("securityhub:GetFindings",),
    ("ssm", "DeregisterDefaultHostManagementConfiguration"): ("ssm:GetServiceSetting", "ssm:ResetServiceSetting"),
    ("ssm", "RegisterDefaultHostManagementConfiguration"): ("ssm:GetServiceSetting", "ssm:UpdateServiceSetting"),
}
"""Service and operation: the actions that it needs instead of one of its own name."""


def rule_of(service: str, operation: str) -> Rule | None:
    """The rule of an operation that is listed here."""
    directory = _ON_DIRECTORY_BUCKETS.get(operation) if service == "s3" else None
    if directory is not None:
        return directory
    if operation in OF_THEIR_NAME.get(service, ()):
        return _own_name
    return _another if (service, operation) in OF_ANOTHER else None


def _own_name(asked: Asked) -> Iterator[Need]:
    prefix = asked.service.action_prefix
    context = request_tags.conditions(asked.members)
    own = [arn for arn in dict.fromkeys(arns_in(asked.members)) if arn.split(":", 3)[2] == prefix]
    for resource in own or ("*",):
        yield Need(action=f"{prefix}:{asked.operation}", resource=resource, context=context)


def _another(asked: Asked) -> Iterator[Need]:
    resource = _SETTING if asked.service.model == "ssm" else next(arns_in(asked.members), "*")
    for action in OF_ANOTHER[asked.service.model, asked.operation]:
        yield Need(action=action, resource=asked.arn(resource) if resource == _SETTING else resource)


_SETTING = "servicesetting/ssm/managed-instance/default-ec2-instance-management-role"


def _session(asked: Asked) -> Iterator[Need]:
    """A directory bucket is worked on in sessions, and CreateSession is the permission for all of it."""
    resource = asked.arn(f"bucket/{asked.text('Bucket')}", service="s3express")
    mode = asked.text("SessionMode") or "ReadWrite"
    yield Need(action="s3express:CreateSession", resource=resource, context={"s3express:SessionMode": (mode,)})


def _object_lambda(asked: Asked) -> Iterator[Need]:
    resource = asked.arn("accesspoint/*", service="s3-object-lambda")
    yield Need(action="s3-object-lambda:WriteGetObjectResponse", resource=resource)


_ON_DIRECTORY_BUCKETS: Mapping[str, Rule] = {
    "CreateSession": _session,
    "RenameObject": _session,
    "WriteGetObjectResponse": _object_lambda,
}
