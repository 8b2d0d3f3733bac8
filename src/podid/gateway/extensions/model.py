"""The service model of podid's own extensions, in the form of botocore's.

The same reader, writer and error forms serve it as serve EKS: an extension is a service like any other, signed as `podid`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from podid.core.wire import ServiceModel, make_service
from podid.gateway.catalog import Service

EXTENSION = Service(model="podid", signing_name="podid", action_prefix="podid", backend="podid", host="")

_TEXT = {"shape": "String"}
_TEXTS = (
    "RoleName",
    "RoleArn",
    "InstanceProfileArn",
    "InstanceId",
    "AccountId",
    "Region",
    "AccessKeyId",
    "SecretAccessKey",
    "Token",
)


def _error(status: int) -> dict[str, Any]:
    return {
        "type": "structure",
        "members": {"message": _TEXT},
        "exception": True,
        "error": {"httpStatusCode": status, "senderFault": True},
    }


_DESCRIPTION: dict[str, Any] = {
    "metadata": {
        "apiVersion": "2026-01-01",
        "endpointPrefix": "podid",
        "protocol": "rest-json",
        "protocols": ["rest-json"],
        "serviceId": "podid",
        "signingName": "podid",
        "signatureVersion": "v4",
    },
    "operations": {
        "GetNodeSession": {
            "name": "GetNodeSession",
            "http": {"method": "POST", "requestUri": "/_podid/nodes/{instanceId}/session", "responseCode": 200},
            "input": {"shape": "GetNodeSessionRequest"},
            "output": {"shape": "NodeSession"},
            "errors": [{"shape": "ResourceNotFoundException"}],
        },
        "RegisterCluster": {
            "name": "RegisterCluster",
            "http": {
                "method": "POST",
                "requestUri": "/_podid/clusters/{clusterName}/registration",
                "responseCode": 200,
            },
            "input": {"shape": "RegisterClusterRequest"},
            "output": {"shape": "RegisteredCluster"},
            "errors": [{"shape": "InvalidParameterException"}, {"shape": "ResourceInUseException"}],
        },
        "ReviewClusterToken": {
            "name": "ReviewClusterToken",
            "http": {
                "method": "POST",
                "requestUri": "/_podid/clusters/{clusterName}/token-review",
                "responseCode": 200,
            },
            "input": {"shape": "ReviewClusterTokenRequest"},
            "output": {"shape": "ClusterTokenReview"},
            "errors": [{"shape": "ResourceNotFoundException"}],
        },
    },
    "shapes": {
        "String": {"type": "string"},
        "InstanceId": {"type": "string", "pattern": "i-[0-9a-f]{8,17}", "max": 19},
        "Timestamp": {"type": "timestamp", "timestampFormat": "iso8601"},
        "GetNodeSessionRequest": {
            "type": "structure",
            "required": ["InstanceId"],
            "members": {"InstanceId": {"shape": "InstanceId", "location": "uri", "locationName": "instanceId"}},
        },
        "NodeSession": {
            "type": "structure",
            "members": {
                **dict.fromkeys(_TEXTS, _TEXT),
                "Expiration": {"shape": "Timestamp"},
                "LastUpdated": {"shape": "Timestamp"},
            },
        },
        "Boolean": {"type": "boolean"},
        "ClusterName": {"type": "string", "pattern": r"[0-9A-Za-z][A-Za-z0-9\-_]*", "min": 1, "max": 100},
        "ClusterToken": {"type": "string", "min": 1, "max": 16384, "sensitive": True},
        "Texts": {"type": "list", "member": _TEXT},
        "Extra": {"type": "map", "key": _TEXT, "value": {"shape": "Texts"}},
        "LongText": {"type": "string", "min": 1, "max": 262144},
        "RegisterClusterRequest": {
            "type": "structure",
            "required": ["ClusterName", "Issuer"],
            "members": {
                "ClusterName": {"shape": "ClusterName", "location": "uri", "locationName": "clusterName"},
                "Issuer": {"shape": "Url"},
                "Jwks": {"shape": "LongText"},
                "JwksUrl": {"shape": "Url"},
                "Endpoint": {"shape": "Url"},
                "CertificateAuthority": {"shape": "LongText"},
                "Version": {"shape": "Version"},
            },
        },
        "RegisteredCluster": {
            "type": "structure",
            "members": dict.fromkeys(("ClusterArn", "Issuer", "Status", "Version"), _TEXT),
        },
        "Url": {"type": "string", "pattern": "https://[!-~]+", "max": 2048},
        "Version": {"type": "string", "pattern": r"1\.[0-9]{1,3}"},
        "ReviewClusterTokenRequest": {
            "type": "structure",
            "required": ["ClusterName", "Token"],
            "members": {
                "ClusterName": {"shape": "ClusterName", "location": "uri", "locationName": "clusterName"},
                "Token": {"shape": "ClusterToken"},
            },
        },
        "ClusterTokenReview": {
            "type": "structure",
            "members": {
                "Authenticated": {"shape": "Boolean"},
                "Reason": _TEXT,
                "Username": _TEXT,
                "Uid": _TEXT,
                "Groups": {"shape": "Texts"},
                "Extra": {"shape": "Extra"},
            },
        },
        "InvalidParameterException": _error(400),
        "ResourceInUseException": _error(409),
        "ResourceNotFoundException": _error(404),
    },
}


@cache
def extension_model() -> ServiceModel:
    """The model, as the wire reads it."""
    return make_service("podid", _DESCRIPTION)
