"""Operations whose action bears another name, service by service. Source: the "Actions" tables of the service authorization reference."""

from __future__ import annotations

from collections.abc import Mapping

_RENAMED: Mapping[str, Mapping[str, str]] = {
    "apigatewaymanagementapi": {
        "DeleteConnection": "ManageConnections",
        "GetConnection": "ManageConnections",
        "PostToConnection": "ManageConnections",
    },
    "batch": {
        "CancelJobs": "CancelJob",
        "TerminateJobs": "TerminateJob",
        "TerminateServiceJobs": "TerminateServiceJob",
    },
    "bedrock-runtime": {
        "Converse": "InvokeModel",
        "ConverseStream": "InvokeModelWithResponseStream",
        "InvokeModelWithBidirectionalStream": "InvokeModel",
        "StartAsyncInvoke": "InvokeModel",
    },
    "budgets": {
        "CreateBudget": "ModifyBudget",
        "CreateNotification": "ModifyBudget",
        "CreateSubscriber": "ModifyBudget",
        "DeleteBudget": "ModifyBudget",
        "DeleteNotification": "ModifyBudget",
        "DeleteSubscriber": "ModifyBudget",
        "DescribeBudget": "ViewBudget",
        "DescribeBudgetNotificationsForAccount": "ViewBudget",
        "DescribeBudgetPerformanceHistory": "ViewBudget",
        "DescribeBudgets": "ViewBudget",
        "DescribeNotificationsForBudget": "ViewBudget",
        "DescribeSubscribersForNotification": "ViewBudget",
        "UpdateBudget": "ModifyBudget",
        "UpdateNotification": "ModifyBudget",
        "UpdateSubscriber": "ModifyBudget",
    },
    "cloudfront": {"CreateDistributionWithTags": "CreateDistribution"},
    "dms": {
        "DescribeDataProviders": "ListDataProviders",
        "DescribeExtensionPackAssociations": "ListExtensionPacks",
        "DescribeInstanceProfiles": "ListInstanceProfiles",
        "DescribeMetadataModelAssessments": "ListMetadataModelAssessments",
        "DescribeMetadataModelConversions": "ListMetadataModelConversions",
        "DescribeMetadataModelExportsAsScript": "ListMetadataModelExports",
        "DescribeMetadataModelExportsToTarget": "ListMetadataModelExports",
        "DescribeMigrationProjects": "ListMigrationProjects",
        "ModifyConversionConfiguration": "UpdateConversionConfiguration",
        "ModifyDataProvider": "UpdateDataProvider",
        "ModifyInstanceProfile": "UpdateInstanceProfile",
        "ModifyMigrationProject": "UpdateMigrationProject",
        "StartExtensionPackAssociation": "AssociateExtensionPack",
        "StartMetadataModelExportAsScript": "StartMetadataModelExportAsScripts",
    },
    "glue": {
        "BatchGetDataQualityResult": "GetDataQualityResult",
        "BatchPutDataQualityStatisticAnnotation": "PutDataQualityStatisticAnnotation",
        "GetUnfilteredPartitionMetadata": "GetPartition",
        "GetUnfilteredPartitionsMetadata": "GetPartitions",
        "GetUnfilteredTableMetadata": "GetTable",
    },
    "lambda": {
        "GetLayerVersionByArn": "GetLayerVersion",
        "Invoke": "InvokeFunction",
        "InvokeWithResponseStream": "InvokeFunction",
    },
    "quicksight": {
        "DescribeAnalysisDefinition": "DescribeAnalysis",
        "DescribeDashboardDefinition": "DescribeDashboard",
        "DescribeTemplateDefinition": "DescribeTemplate",
    },
    "s3control": {
        "DeleteBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeletePublicAccessBlock": "PutAccountPublicAccessBlock",
        "GetBucket": "ListBucket",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetPublicAccessBlock": "GetAccountPublicAccessBlock",
        "ListRegionalBuckets": "ListAllMyBuckets",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutPublicAccessBlock": "PutAccountPublicAccessBlock",
    },
    "securityhub": {"RegisterConnectorV2": "ConnectorRegistrationsV2"},
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
    "timestream-query": {"Query": "Select"},
    "vpc-lattice": {"BatchUpdateRule": "UpdateRule"},
}


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """The names under which the action of an operation may stand in the reference, the likeliest first."""
    renamed = _RENAMED.get(service, {}).get(operation)
    return (operation,) if renamed is None else (renamed,)
