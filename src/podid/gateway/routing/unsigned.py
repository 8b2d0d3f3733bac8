"""The service of a request that carries no signature.

A form with an Action goes to the service of its Version: `Action=AssumeRoleWith…` is the one such call that needs no signature. A target
header, a Host that names a service and a path that is EKS's, Lambda's or Route 53's lead to that service, so that it can refuse in its own
words (or, as Cognito's sign-up, take the call). All else is anonymous S3.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from podid.core.http import HttpRequest
from podid.gateway.catalog import SERVICES, Service
from podid.gateway.routing.hosts import bucket_in, host_of, service_named

_FORM = "application/x-www-form-urlencoded"
_LONGEST_FORM = 256 * 1024
_OF_EKS = re.compile(
    r"/clusters(?:/[0-9A-Za-z][\w-]{0,99}(?:/(?:(?P<auth>assume-role-for-pod-identity$)|[a-z][a-z-]*(?:/.*)?))?)?",
    re.ASCII,
)
"""What a bucket named `clusters` has there is read with a signature, with the bucket in the Host, or under a key with a dot."""
_OF_S3 = re.compile(
    r"(?:^|&)(?:list-type|prefix|delimiter|marker|max-keys|encoding-type|versions|uploads|location)(?:=|&|$)"
)
_BY_PATH = (
    (re.compile(r"/2015-03-31/"), "lambda"),
    (re.compile(r"/2013-04-01/hostedzone"), "route53"),
    (re.compile(r"/tags/arn(?::|%3[Aa])aws[a-z-]*(?::|%3[Aa])eks(?::|%3[Aa])"), "eks"),
)
_OF_CBOR = re.compile(r"/service/(\w{1,64})/operation/\w{1,128}", re.ASCII)
_BY_VERSION = {
    "2011-06-15": "sts",
    "2010-05-08": "iam",
    "2016-11-15": "ec2",
    "2010-03-31": "sns",
    "2012-11-05": "sqs",
    "2010-05-15": "cloudformation",
}
_BY_TARGET = {
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSSecurityTokenServiceV20110615": "sts",
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "TrentService": "kms",
    "AmazonSSM": "ssm",
    "secretsmanager": "secretsmanager",
    "AmazonSQS": "sqs",
    "Logs_20140328": "logs",
    "AWSEvents": "events",
    "AWSStepFunctions": "stepfunctions",
    "Kinesis_20131202": "kinesis",
    "AmazonEC2ContainerServiceV20141113": "ecs",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "GraniteServiceVersion20100801": "cloudwatch",
    "AWSOrganizationsV20161128": "organizations",
    "CertificateManager": "acm",
    "AWSGlue": "glue",
    "AmazonAthena": "athena",
    "Firehose_20150804": "firehose",
}


def service_of_unsigned(request: HttpRequest) -> Service:
    """The service that an unsigned request is for."""
    named = service_named(host_of(request))
    if named is not None:
        return named
    target = _target(request)
    if target in _BY_TARGET:
        return SERVICES[_BY_TARGET[target]]
    by_path = _by_path(request)
    if by_path:
        return SERVICES[by_path]
    action, version = _form(request)
    if action.startswith("AssumeRoleWith"):
        return SERVICES["sts"]
    if action and version in _BY_VERSION:
        return SERVICES[_BY_VERSION[version]]
    return SERVICES["s3"]


def _by_path(request: HttpRequest) -> str:
    """The service whose path this is, where nothing shows that S3 is meant; else nothing."""
    if request.method not in ("GET", "POST", "DELETE") or bucket_in(host_of(request)) is not None:
        return ""
    if _OF_S3.search(request.query) or (request.header("content-type") or "").startswith("multipart/"):
        return ""
    of_eks = _OF_EKS.fullmatch(request.path)
    if of_eks is not None:
        return "eks-auth" if of_eks["auth"] else "eks"
    return next((name for path, name in _BY_PATH if path.match(request.path)), "")


def _target(request: HttpRequest) -> str:
    """What a target header, or the path of smithy-rpc-v2-cbor, calls the service."""
    if request.header("smithy-protocol") is not None:
        found = _OF_CBOR.fullmatch(request.path)
        return found[1] if found is not None else ""
    return (request.header("x-amz-target") or "").partition(".")[0]


def _form(request: HttpRequest) -> tuple[str, str]:
    """Action and Version of a form in the body, or in the query of a request for the root."""
    text = ""
    if request.method == "POST" and (request.header("content-type") or "").startswith(_FORM):
        text = request.body[:_LONGEST_FORM].decode("utf-8", "replace")
    elif request.method == "GET" and request.path == "/":
        text = request.query
    if "Action=" not in text:
        return "", ""
    try:
        found = dict(parse_qsl(text, max_num_fields=1000))
    except ValueError:
        return "", ""
    return found.get("Action", ""), found.get("Version", "")
