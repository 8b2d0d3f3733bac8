"""The services this endpoint answers for, and how each is found, authorised and carried out.

One line a service: botocore's folder of the model; the name in a signature's scope; the prefix of its IAM actions; who carries it
out (`iam`, `sts`, `eks` and `eks-auth` are rooms of podid, all else are modules of moto); the host that moto knows the service by
(without a dot-ending: `.REGION.amazonaws.com` is added). `=` repeats the first column.

Several models share one signing name (DynamoDB and its streams, S3 and S3 Control, SES v1 and v2, ...): which of them a request
means is decided by its target, its version or its path, see `find_operation`. A test holds this table against botocore's models and
moto's own list.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

OWN = frozenset({"iam", "sts", "eks", "eks-auth"})
"""What podid's own rooms carry out."""


class Service(Struct, frozen=True, kw_only=True):
    """One AWS service as this endpoint knows it."""

    model: str
    signing_name: str
    action_prefix: str
    backend: str
    host: str

    @property
    def own(self) -> bool:
        """Whether a room of podid carries it out, not moto."""
        return self.backend in OWN

    @property
    def of_moto(self) -> bool:
        """Whether moto carries it out. podid's extension is neither its own service of AWS nor moto's."""
        return not self.own and self.backend != "podid"


_TABLE = """
    eks                           =                        =                        =                          =
    eks-auth                      =                        =                        =                          eks-auth.{region}.api.aws
    iam                           =                        =                        =                          iam.amazonaws.com
    sts                           =                        =                        =                          =
    account                       =                        =                        =                          =
    acm                           =                        =                        =                          =
    acm-pca                       =                        =                        acmpca                     =
    amp                           aps                      aps                      =                          aps
    apigateway                    =                        =                        =                          =
    apigatewaymanagementapi       execute-api              execute-api              =                          execute-api
    apigatewayv2                  apigateway               apigateway               =                          apigateway
    appconfig                     =                        =                        =                          =
    application-autoscaling       =                        =                        applicationautoscaling     =
    appmesh                       =                        =                        =                          =
    appsync                       =                        =                        =                          =
    athena                        =                        =                        =                          =
    autoscaling                   =                        =                        =                          =
    backup                        =                        =                        =                          =
    batch                         =                        =                        =                          =
    bedrock                       =                        =                        =                          =
    bedrock-agent                 bedrock                  bedrock                  bedrockagent               =
    bedrock-agentcore             =                        =                        bedrockagentcore           =
    bedrock-agentcore-control     bedrock-agentcore        bedrock-agentcore        bedrockagentcorecontrol    =
    bedrock-runtime               bedrock                  bedrock                  bedrockruntime             =
    budgets                       =                        =                        =                          budgets.amazonaws.com
    ce                            =                        =                        =                          =
    cleanrooms                    =                        =                        =                          =
    clouddirectory                =                        =                        =                          =
    cloudformation                =                        =                        =                          =
    cloudfront                    =                        =                        =                          =
    cloudhsmv2                    cloudhsm                 cloudhsm                 =                          =
    cloudtrail                    =                        =                        =                          =
    cloudwatch                    monitoring               =                        =                          monitoring
    codebuild                     =                        =                        =                          =
    codecommit                    =                        =                        =                          =
    codedeploy                    =                        =                        =                          =
    codepipeline                  =                        =                        =                          =
    cognito-identity              =                        =                        cognitoidentity            =
    cognito-idp                   =                        =                        cognitoidp                 =
    comprehend                    =                        =                        =                          =
    config                        =                        =                        =                          =
    connect                       =                        =                        =                          =
    connectcampaigns              connect-campaigns        connect-campaigns        =                          connect-campaigns
    databrew                      =                        =                        =                          =
    datapipeline                  =                        =                        =                          =
    datasync                      =                        =                        =                          =
    dax                           =                        =                        =                          =
    devops-agent                  aidevops                 aidevops                 devopsagent                aidevops.{region}.api.aws
    directconnect                 =                        =                        =                          =
    dms                           =                        =                        =                          =
    ds                            =                        =                        =                          =
    dsql                          =                        =                        =                          dsql.{region}.api.aws
    dynamodb                      =                        =                        =                          =
    dynamodbstreams               dynamodb                 dynamodb                 =                          streams.dynamodb
    ebs                           =                        =                        =                          =
    ec2                           =                        =                        =                          =
    ec2-instance-connect          =                        =                        ec2instanceconnect         =
    ecr                           =                        =                        =                          api.ecr
    ecs                           =                        =                        =                          =
    efs                           elasticfilesystem        elasticfilesystem        =                          elasticfilesystem
    elasticache                   =                        =                        =                          =
    elasticbeanstalk              =                        =                        =                          =
    elb                           elasticloadbalancing     elasticloadbalancing     =                          elasticloadbalancing
    elbv2                         elasticloadbalancing     elasticloadbalancing     =                          elasticloadbalancing
    emr                           elasticmapreduce         elasticmapreduce         =                          elasticmapreduce
    emr-containers                =                        =                        emrcontainers              =
    emr-serverless                =                        =                        emrserverless              =
    es                            =                        =                        =                          =
    events                        =                        =                        =                          =
    firehose                      =                        =                        =                          =
    fis                           =                        =                        =                          =
    forecast                      =                        =                        =                          =
    fsx                           =                        =                        =                          =
    glacier                       =                        =                        =                          =
    glue                          =                        =                        =                          =
    greengrass                    =                        =                        =                          =
    guardduty                     =                        =                        =                          =
    identitystore                 =                        =                        =                          =
    inspector2                    =                        =                        =                          =
    iot                           =                        =                        =                          =
    iot-data                      iotdata                  iot                      iotdata                    data-ats.iot
    ivs                           =                        =                        =                          =
    kafka                         =                        =                        =                          =
    kinesis                       =                        =                        =                          =
    kinesis-video-archived-media  kinesisvideo             kinesisvideo             kinesisvideoarchivedmedia  data.kinesisvideo
    kinesisanalyticsv2            kinesisanalytics         kinesisanalytics         =                          kinesisanalytics
    kinesisvideo                  =                        =                        =                          =
    kms                           =                        =                        =                          =
    lakeformation                 =                        =                        =                          =
    lambda                        =                        =                        awslambda                  =
    lexv2-models                  lex                      lex                      lexv2models                models-v2-lex
    logs                          =                        =                        =                          =
    macie2                        =                        =                        =                          =
    managedblockchain             =                        =                        =                          =
    mediaconnect                  =                        =                        =                          =
    medialive                     =                        =                        =                          =
    mediapackage                  =                        =                        =                          =
    mediapackagev2                =                        =                        =                          =
    mediastore                    =                        =                        =                          =
    mediastore-data               mediastore               mediastore               mediastoredata             data.mediastore
    memorydb                      =                        =                        =                          memory-db
    meteringmarketplace           aws-marketplace          aws-marketplace          =                          metering.marketplace
    mq                            =                        =                        =                          =
    network-firewall              =                        =                        networkfirewall            =
    networkmanager                =                        =                        =                          =
    opensearch                    es                       es                       =                          es
    opensearchserverless          aoss                     aoss                     =                          aoss
    organizations                 =                        =                        =                          =
    osis                          =                        =                        =                          =
    payment-cryptography          =                        =                        paymentcryptography        controlplane.payment-cryptography
    personalize                   =                        =                        =                          =
    pinpoint                      mobiletargeting          mobiletargeting          =                          =
    pipes                         =                        =                        =                          =
    polly                         =                        =                        =                          =
    quicksight                    =                        =                        =                          =
    ram                           =                        =                        =                          =
    rds                           =                        =                        =                          =
    rds-data                      =                        =                        rdsdata                    =
    redshift                      =                        =                        =                          =
    redshift-data                 =                        =                        redshiftdata               =
    rekognition                   =                        =                        =                          =
    resiliencehub                 =                        =                        =                          =
    resource-groups               =                        =                        resourcegroups             =
    resourcegroupstaggingapi      tagging                  tag                      =                          tagging
    route53                       =                        =                        =                          =
    route53domains                =                        =                        =                          =
    route53resolver               =                        =                        =                          =
    s3                            =                        =                        =                          =
    s3control                     s3                       s3                       =                          {account}.s3-control
    s3tables                      =                        =                        =                          =
    s3vectors                     =                        =                        =                          s3vectors.{region}.api.aws
    sagemaker                     =                        =                        =                          api.sagemaker
    sagemaker-metrics             sagemaker                sagemaker                sagemakermetrics           metrics.sagemaker
    sagemaker-runtime             sagemaker                sagemaker                sagemakerruntime           runtime.sagemaker
    scheduler                     =                        =                        =                          =
    sdb                           =                        =                        =                          =
    secretsmanager                =                        =                        =                          =
    securityhub                   =                        =                        =                          =
    service-quotas                servicequotas            servicequotas            servicequotas              servicequotas
    servicecatalog                =                        =                        =                          =
    servicecatalog-appregistry    servicecatalog           servicecatalog           servicecatalogappregistry  =
    servicediscovery              =                        =                        =                          =
    ses                           =                        =                        =                          email
    sesv2                         ses                      ses                      =                          email
    shield                        =                        =                        =                          =
    signer                        =                        =                        =                          =
    sns                           =                        =                        =                          =
    sqs                           =                        =                        =                          =
    ssm                           =                        =                        =                          =
    sso-admin                     sso                      sso                      ssoadmin                   sso
    stepfunctions                 states                   states                   =                          states
    support                       =                        =                        =                          =
    swf                           =                        =                        =                          =
    synthetics                    =                        =                        =                          =
    textract                      =                        =                        =                          =
    timestream-influxdb           =                        =                        timestreaminfluxdb         =
    timestream-query              timestream               timestream               timestreamquery            query.timestream
    timestream-write              timestream               timestream               timestreamwrite            ingest.timestream
    transcribe                    =                        =                        =                          =
    transfer                      =                        =                        =                          =
    vpc-lattice                   =                        =                        vpclattice                 =
    wafv2                         =                        =                        =                          =
    workspaces                    =                        =                        =                          =
    workspaces-web                =                        =                        workspacesweb              =
    xray                          =                        =                        =                          =
"""


def _rows() -> Iterator[Service]:
    for line in _TABLE.strip().splitlines():
        columns = line.split()
        model, signing, prefix, backend, host = (columns[0] if column == "=" else column for column in columns)
        if not host.endswith((".amazonaws.com", ".api.aws")):
            host += ".{region}.amazonaws.com"
        yield Service(model=model, signing_name=signing, action_prefix=prefix, backend=backend, host=host)


SERVICES: dict[str, Service] = {service.model: service for service in _rows()}
"""Every service, by botocore's folder name."""

_BY_SIGNING_NAME: dict[str, tuple[Service, ...]] = {}
for _service in SERVICES.values():
    _BY_SIGNING_NAME[_service.signing_name] = (*_BY_SIGNING_NAME.get(_service.signing_name, ()), _service)


def signed_as(name: str) -> tuple[Service, ...]:
    """The services whose requests carry this name in their signature's scope; none where podid does not know it."""
    return _BY_SIGNING_NAME.get(name, ())
