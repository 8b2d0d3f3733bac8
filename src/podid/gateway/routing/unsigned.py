"""The service of a request that carries no signature.

A form with an Action goes to the service of its Version: `Action=AssumeRoleWith…` is the one such call that needs no signature. A target
header, a Host that names a service and a path below a cluster lead to that service, so that it can refuse in its own words (or, as
Cognito's sign-up, take the call). All else is anonymous S3.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from podid.core.http import HttpRequest
from podid.gateway.catalog import SERVICES, Service
from podid.gateway.routing.hosts import host_of, service_named

_FORM = "application/x-www-form-urlencoded"
_LONGEST_FORM = 256 * 1024
_BELOW_CLUSTER = re.compile(
    r"/clusters/[^/]+/(?:(assume-role-for-pod-identity$)|(?:pod-identity-associations|addons|updates)(?:/|$))"
)
"""Deeper than `/clusters/NAME`, which may be an object of a bucket with that name."""
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
}


def service_of_unsigned(request: HttpRequest) -> Service:
    """The service that an unsigned request is for."""
    named = service_named(host_of(request))
    if named is not None:
        return named
    target = request.header("x-amz-target")
    if target is not None and target.partition(".")[0] in _BY_TARGET:
        return SERVICES[_BY_TARGET[target.partition(".")[0]]]
    below = _BELOW_CLUSTER.match(request.path)
    if below is not None:
        return SERVICES["eks-auth" if below[1] else "eks"]
    action, version = _form(request)
    if action.startswith("AssumeRoleWith"):
        return SERVICES["sts"]
    if action and version in _BY_VERSION:
        return SERVICES[_BY_VERSION[version]]
    return SERVICES["s3"]


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
