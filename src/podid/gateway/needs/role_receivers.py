"""Which service a role is passed to: the principal that `iam:PassedToService` names.

It is the service's own, which mostly is its signing name; a table says where not, and where a member of a call gives the role to another
service. Source: the services' guides, where they show the trust policy of the role.
"""

from __future__ import annotations

from collections.abc import Mapping

from podid.gateway.needs.need import Asked

_SERVICES: Mapping[str, str] = {
    # service by its model: the word before .amazonaws.com
    "amp": "scraper.aps",
    "apigatewayv2": "apigateway",
    "application-autoscaling": "application-autoscaling",
    "bedrock-agent": "bedrock",
    "bedrock-agentcore-control": "bedrock-agentcore",
    "cloudwatch": "streams.metrics.cloudwatch",
    "dsql": "dsql",
    "ecs": "ecs-tasks",
    "efs": "elasticfilesystem",
    "emr": "elasticmapreduce",
    "es": "es",
    "iot-data": "iot",
    "lexv2-models": "lexv2",
    "medialive": "medialive",
    "mediapackagev2": "mediapackagev2",
    "memorydb": "memorydb",
    "opensearch": "opensearchservice",
    "opensearchserverless": "aoss",
    "osis": "osis-pipelines",
    "pinpoint": "pinpoint",
    "sagemaker": "sagemaker",
    "sesv2": "ses",
    "stepfunctions": "states",
    "timestream-query": "timestream",
    "timestream-write": "timestream",
}
_MEMBERS: Mapping[tuple[str, str], str] = {
    # service and member: the word before .amazonaws.com
    ("batch", "executionRoleArn"): "ecs-tasks",
    ("batch", "instanceRole"): "ec2",
    ("batch", "jobRoleArn"): "ecs-tasks",
    ("batch", "spotIamFleetRole"): "spotfleet",
    ("cognito-identity", "RoleARN"): "cognito-identity",
    ("cognito-idp", "RoleArn"): "cognito-identity",
    ("ec2", "DeliverCrossAccountRole"): "vpc-flow-logs",
    ("ec2", "DeliverLogsPermissionArn"): "vpc-flow-logs",
    ("ec2", "IamFleetRole"): "spotfleet",
    ("ec2", "RoleName"): "vmie",
    ("ecs", "infrastructureRoleArn"): "ecs",
    ("ecs", "role"): "ecs",
    ("ecs", "roleArn"): "ecs",
    ("emr", "AutoScalingRole"): "application-autoscaling",
    ("emr", "JobFlowRole"): "ec2",
    ("firehose", "RoleARN"): "firehose",
    ("rds", "MonitoringRoleArn"): "monitoring.rds",
    ("rds", "IamRoleArn"): "export.rds",
    ("s3control", "IAMRoleArn"): "access-grants.s3",
    ("s3control", "RoleArn"): "batchoperations.s3",
    ("ssm", "ExecutionRoleName"): "ssm",
}
_ANY: Mapping[str, str] = {"IamInstanceProfile": "ec2"}


def receiver(asked: Asked, member: str) -> str:
    """The principal that a role in a member is passed to."""
    model = asked.service.model
    word = _ANY.get(member) or _MEMBERS.get((model, member)) or _SERVICES.get(model) or asked.service.signing_name
    return f"{word}.amazonaws.com"
