"""The service model of podid's own extensions, in the form of botocore's.

The same reader, writer and error forms serve it as serve EKS: an extension is a service like any other, signed as `podid`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from podid.core.wire import ServiceModel
from podid.core.wire.data import RawService
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
        "ResourceNotFoundException": {
            "type": "structure",
            "members": {"message": _TEXT},
            "exception": True,
            "error": {"httpStatusCode": 404, "senderFault": True},
        },
    },
}


@cache
def extension_model() -> ServiceModel:
    """The model, as the wire reads it."""
    return ServiceModel("podid", msgspec.convert(_DESCRIPTION, RawService))
