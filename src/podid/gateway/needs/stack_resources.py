"""What a stack's resources need: the operations that CloudFormation calls for each type that moto can make.

CloudFormation makes resources with the permissions of the stack's creator, or of the role the stack was given; so each is asked for as if
its operation had been called. Types that podid makes itself (`AWS::IAM::*`, some of `AWS::EKS::*`) call its own APIs and are not here.
Source: the permissions that each type's schema in the CloudFormation registry lists for its handlers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct


class Kind(Struct, frozen=True):
    """One type.

    In the table `+` stands for the type's own noun, `=` repeats the column before, and `-` is an operation that there is none of, a name that
    the service gives, a property named as its member is.
    """

    type: str
    service: str
    create: str
    update: str
    delete: str
    named_by: str
    """The member of the creating operation that names what is made."""
    known_by: str
    """The member of the others that says which one is meant."""
    named_in: str
    """The property of the template that names it, where it is called otherwise than the member."""


_TABLE = """
    ApiGateway::Deployment                     apigateway     Create+ Update+ Delete+ - deploymentId -
    ApiGateway::Method                         apigateway     Put+ Update+ Delete+ - - -
    ApiGateway::Resource                       apigateway     Create+ Update+ Delete+ - resourceId -
    ApiGateway::RestApi                        apigateway     Create+ Update+ Delete+ - restApiId -
    AutoScaling::AutoScalingGroup              autoscaling    Create+ Update+ Delete+ AutoScalingGroupName = -
    AutoScaling::LaunchConfiguration           autoscaling    Create+ - Delete+ LaunchConfigurationName = -
    AutoScaling::ScheduledAction               autoscaling    PutScheduledUpdateGroupAction PutScheduledUpdateGroupAction Delete+ - ScheduledActionName -
    Batch::ComputeEnvironment                  batch          Create+ Update+ Delete+ computeEnvironmentName computeEnvironment ComputeEnvironmentName
    Batch::JobDefinition                       batch          RegisterJobDefinition RegisterJobDefinition DeregisterJobDefinition jobDefinitionName jobDefinition JobDefinitionName
    Batch::JobQueue                            batch          Create+ Update+ Delete+ jobQueueName jobQueue JobQueueName
    CloudFormation::Stack                      cloudformation Create+ Update+ Delete+ StackName = -
    CloudWatch::Alarm                          cloudwatch     PutMetricAlarm PutMetricAlarm DeleteAlarms AlarmName AlarmNames -
    CloudWatch::Dashboard                      cloudwatch     Put+ Put+ DeleteDashboards DashboardName DashboardNames -
    DataPipeline::Pipeline                     datapipeline   Create+ PutPipelineDefinition Delete+ name pipelineId Name
    DynamoDB::Table                            dynamodb       Create+ Update+ Delete+ TableName = -
    EC2::EIP                                   ec2            AllocateAddress - ReleaseAddress - AllocationId -
    EC2::FlowLog                               ec2            CreateFlowLogs - DeleteFlowLogs - FlowLogIds -
    EC2::Instance                              ec2            RunInstances ModifyInstanceAttribute TerminateInstances - InstanceIds -
    EC2::InternetGateway                       ec2            Create+ - Delete+ - InternetGatewayId -
    EC2::LaunchTemplate                        ec2            Create+ CreateLaunchTemplateVersion Delete+ - LaunchTemplateId -
    EC2::NatGateway                            ec2            Create+ - Delete+ - NatGatewayId -
    EC2::NetworkInterface                      ec2            Create+ ModifyNetworkInterfaceAttribute Delete+ - NetworkInterfaceId -
    EC2::Route                                 ec2            Create+ ReplaceRoute Delete+ - - -
    EC2::RouteTable                            ec2            Create+ - Delete+ - RouteTableId -
    EC2::SecurityGroup                         ec2            Create+ AuthorizeSecurityGroupIngress Delete+ GroupName GroupId -
    EC2::SecurityGroupIngress                  ec2            AuthorizeSecurityGroupIngress - RevokeSecurityGroupIngress - - -
    EC2::SpotFleet                             ec2            RequestSpotFleet ModifySpotFleetRequest CancelSpotFleetRequests - SpotFleetRequestIds -
    EC2::Subnet                                ec2            Create+ ModifySubnetAttribute Delete+ - SubnetId -
    EC2::SubnetRouteTableAssociation           ec2            AssociateRouteTable - DisassociateRouteTable - AssociationId -
    EC2::TransitGateway                        ec2            Create+ Modify+ Delete+ - TransitGatewayId -
    EC2::VPC                                   ec2            CreateVpc ModifyVpcAttribute DeleteVpc - VpcId -
    EC2::VPCEndpoint                           ec2            CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints - VpcEndpointIds -
    EC2::VPCGatewayAttachment                  ec2            AttachInternetGateway - DetachInternetGateway - - -
    EC2::VPCPeeringConnection                  ec2            CreateVpcPeeringConnection - DeleteVpcPeeringConnection - VpcPeeringConnectionId -
    EC2::VPNGateway                            ec2            CreateVpnGateway - DeleteVpnGateway - VpnGatewayId -
    EC2::Volume                                ec2            Create+ Modify+ Delete+ - VolumeId -
    EC2::VolumeAttachment                      ec2            AttachVolume - DetachVolume - - -
    ECR::Repository                            ecr            Create+ PutImageScanningConfiguration Delete+ repositoryName = RepositoryName
    ECS::Cluster                               ecs            Create+ Update+ Delete+ clusterName cluster ClusterName
    ECS::Service                               ecs            Create+ Update+ Delete+ serviceName service ServiceName
    ECS::TaskDefinition                        ecs            RegisterTaskDefinition RegisterTaskDefinition DeregisterTaskDefinition family taskDefinition Family
    EFS::AccessPoint                           efs            Create+ - Delete+ - AccessPointId -
    EFS::FileSystem                            efs            Create+ Update+ Delete+ - FileSystemId -
    EFS::MountTarget                           efs            Create+ ModifyMountTargetSecurityGroups Delete+ - MountTargetId -
    EMR::Cluster                               emr            RunJobFlow Modify+ TerminateJobFlows - JobFlowIds -
    EMR::InstanceGroupConfig                   emr            AddInstanceGroups ModifyInstanceGroups ModifyInstanceGroups - - -
    EMR::SecurityConfiguration                 emr            Create+ - Delete+ Name = -
    ElasticLoadBalancing::LoadBalancer         elb            Create+ ModifyLoadBalancerAttributes Delete+ LoadBalancerName = -
    ElasticLoadBalancingV2::Listener           elbv2          Create+ Modify+ Delete+ - ListenerArn -
    ElasticLoadBalancingV2::ListenerRule       elbv2          CreateRule ModifyRule DeleteRule - RuleArn -
    ElasticLoadBalancingV2::LoadBalancer       elbv2          Create+ ModifyLoadBalancerAttributes Delete+ Name LoadBalancerArn -
    ElasticLoadBalancingV2::TargetGroup        elbv2          Create+ Modify+ Delete+ Name TargetGroupArn -
    Events::Archive                            events         Create+ Update+ Delete+ ArchiveName = -
    Events::EventBus                           events         Create+ Update+ Delete+ Name = -
    Events::Rule                               events         Put+ Put+ Delete+ Name = -
    IoT::BillingGroup                          iot            Create+ Update+ Delete+ billingGroupName = BillingGroupName
    IoT::JobTemplate                           iot            Create+ - Delete+ jobTemplateId = JobTemplateId
    IoT::Policy                                iot            Create+ CreatePolicyVersion Delete+ policyName = PolicyName
    IoT::RoleAlias                             iot            Create+ Update+ Delete+ roleAlias = RoleAlias
    IoT::Thing                                 iot            Create+ Update+ Delete+ thingName = ThingName
    IoT::ThingType                             iot            Create+ Update+ Delete+ thingTypeName = ThingTypeName
    KMS::Alias                                 kms            Create+ Update+ Delete+ AliasName = -
    KMS::Key                                   kms            Create+ PutKeyPolicy ScheduleKeyDeletion - KeyId -
    Kinesis::Stream                            kinesis        Create+ UpdateShardCount Delete+ StreamName = Name
    Lambda::EventSourceMapping                 lambda         Create+ Update+ Delete+ - UUID -
    Lambda::Function                           lambda         Create+ UpdateFunctionCode Delete+ FunctionName = -
    Lambda::LayerVersion                       lambda         PublishLayerVersion PublishLayerVersion Delete+ LayerName = -
    Lambda::Permission                         lambda         AddPermission AddPermission RemovePermission - - -
    Lambda::Version                            lambda         PublishVersion PublishVersion DeleteFunction - FunctionName -
    Logs::LogGroup                             logs           Create+ PutRetentionPolicy Delete+ logGroupName = LogGroupName
    Logs::ResourcePolicy                       logs           Put+ Put+ Delete+ policyName = PolicyName
    RDS::DBInstance                            rds            Create+ Modify+ Delete+ DBInstanceIdentifier = -
    RDS::DBParameterGroup                      rds            Create+ Modify+ Delete+ DBParameterGroupName = -
    RDS::DBSecurityGroup                       rds            Create+ AuthorizeDBSecurityGroupIngress Delete+ DBSecurityGroupName = -
    RDS::DBSubnetGroup                         rds            Create+ Modify+ Delete+ DBSubnetGroupName = -
    Redshift::Cluster                          redshift       Create+ Modify+ Delete+ ClusterIdentifier = -
    Redshift::ClusterParameterGroup            redshift       Create+ Modify+ Delete+ ParameterGroupName = -
    Redshift::ClusterSubnetGroup               redshift       Create+ Modify+ Delete+ ClusterSubnetGroupName = -
    Route53::HealthCheck                       route53        Create+ Update+ Delete+ - HealthCheckId -
    Route53::HostedZone                        route53        Create+ UpdateHostedZoneComment Delete+ - Id -
    Route53::RecordSet                         route53        ChangeResourceRecordSets ChangeResourceRecordSets ChangeResourceRecordSets - - -
    Route53::RecordSetGroup                    route53        ChangeResourceRecordSets ChangeResourceRecordSets ChangeResourceRecordSets - - -
    S3::Bucket                                 s3             Create+ - Delete+ Bucket = BucketName
    SNS::Topic                                 sns            Create+ SetTopicAttributes Delete+ Name TopicArn TopicName
    SQS::Queue                                 sqs            Create+ SetQueueAttributes Delete+ QueueName QueueUrl -
    SSM::Document                              ssm            Create+ Update+ Delete+ Name = -
    SSM::Parameter                             ssm            Put+ Put+ Delete+ Name = -
    SageMaker::Endpoint                        sagemaker      Create+ Update+ Delete+ EndpointName = -
    SageMaker::EndpointConfig                  sagemaker      Create+ - Delete+ EndpointConfigName = -
    SageMaker::Model                           sagemaker      Create+ - Delete+ ModelName = -
    SageMaker::NotebookInstance                sagemaker      Create+ Update+ Delete+ NotebookInstanceName = -
    SageMaker::NotebookInstanceLifecycleConfig sagemaker      Create+ Update+ Delete+ NotebookInstanceLifecycleConfigName = -
    StepFunctions::StateMachine                stepfunctions  Create+ Update+ Delete+ name stateMachineArn StateMachineName
"""


def _rows() -> Iterator[Kind]:
    for line in _TABLE.strip().splitlines():
        type_, service, *operations, named_by, known_by, named_in = line.split()
        noun = type_.rpartition("::")[2]
        create, update, delete = ("" if name == "-" else name.replace("+", noun) for name in operations)
        yield Kind(
            f"AWS::{type_}",
            service,
            create,
            update,
            delete,
            "" if named_by == "-" else named_by,
            named_by if known_by == "=" else known_by.replace("-", ""),
            "" if named_in == "-" else named_in,
        )


KINDS: Mapping[str, Kind] = {kind.type: kind for kind in _rows()}
_OURS = (
    "AWS::IAM::",
    "AWS::EKS::PodIdentityAssociation",
    "AWS::EKS::Addon",
    "AWS::EKS::AccessEntry",
    "AWS::CDK::Metadata",
)


class UnknownType(Exception):
    """Nobody has said what a resource of this type needs."""


class StackCall(Struct, frozen=True):
    """The operation that a change to a resource of a stack stands for."""

    service: str
    operation: str
    members: dict[str, Any]


def call_for(type_: str, change: str, name: str, properties: Mapping[str, Any]) -> StackCall | None:
    """The call that a change (`create`, `update` or `delete`) stands for; None for a type that podid makes itself. Raises UnknownType.

    `name` is the name of what is made, or the physical id of what is there.
    """
    if type_.startswith(_OURS):
        return None
    kind = KINDS.get(type_)
    if kind is None:
        raise UnknownType(type_)
    members = dict(properties) if change != "delete" else _of_parent(properties)
    if kind.named_in in members:
        members[kind.named_by] = members.pop(kind.named_in)
    if change == "create":
        if kind.named_by:
            members.setdefault(kind.named_by, name)
        return StackCall(kind.service, kind.create, members)
    if kind.known_by:
        members[kind.known_by] = name
    return StackCall(kind.service, (kind.update if change == "update" else kind.delete) or kind.create, members)


def _of_parent(properties: Mapping[str, Any]) -> dict[str, Any]:
    """What says in which other thing one lies: a deleting call names that too, and nothing else."""
    return {
        name: value
        for name, value in properties.items()
        if name.endswith(("Id", "Arn", "Name")) and isinstance(value, str)
    }
