"""Every operation of EKS's model, asked with as little as the model lets pass: an answer of EKS, or a plain word that podid has it not."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import botocore.session
import pytest
from tests.conformance.endpoint import ACCOUNT, CLUSTER, Endpoint, Key

MODEL = botocore.session.get_session().get_service_model("eks")
NOT_THERE = {
    "ActivateCertificateAuthority", "AssociateEncryptionConfig", "AssociateIdentityProviderConfig", "CancelUpdate",
    "CreateCapability", "CreateCertificateAuthority", "CreateEksAnywhereSubscription", "CreateFargateProfile",
    "CreateNodegroup", "DeleteCapability", "DeleteCertificateAuthority", "DeleteEksAnywhereSubscription",
    "DeleteFargateProfile", "DeleteNodegroup", "DescribeCapability", "DescribeCertificateAuthority",
    "DescribeEksAnywhereSubscription", "DescribeFargateProfile", "DescribeIdentityProviderConfig", "DescribeInsight",
    "DescribeInsightsRefresh", "DescribeNodegroup", "DisassociateIdentityProviderConfig", "ListCapabilities",
    "ListCertificateAuthorities", "ListEksAnywhereSubscriptions", "ListFargateProfiles", "ListIdentityProviderConfigs",
    "ListInsights", "ListNodegroups", "RegisterCluster", "StartInsightsRefresh", "UpdateCapability",
    "UpdateEksAnywhereSubscription", "UpdateNodegroupConfig", "UpdateNodegroupVersion",
}  # fmt: skip
"""No node groups, Fargate, Anywhere, capabilities, insights, encryption and identity provider configurations: out of scope."""

GIVEN = {"clusterName": CLUSTER, "principalArn": f"arn:aws:iam::{ACCOUNT}:user/nobody"}


def least(shape: Any) -> Any:
    """As little as the shape needs."""
    match shape.type_name:
        case "structure":
            return {
                name: GIVEN.get(name) or least(member)
                for name, member in shape.members.items()
                if name in shape.required_members
            }
        case "list":
            return [least(shape.member)]
        case "map":
            return {"k": "v"}
        case "string":
            return shape.enum[0] if shape.enum else "x"
        case "boolean":
            return True
        case "timestamp":
            return 1.5
    return 1


def ask(endpoint: Endpoint, name: str, key: Key | None = None) -> Any:
    operation = MODEL.operation_model(name)
    path, body, query = operation.http["requestUri"], {}, []
    members = least(operation.input_shape) if operation.input_shape else {}
    for member, value in members.items():
        place = operation.input_shape.members[member].serialization
        wire_name = place.get("name", member)
        if place.get("location") == "uri":
            path = path.replace(f"{{{wire_name}}}", quote(str(value), safe=""))
        elif place.get("location") == "querystring":
            query += [
                f"{wire_name}={quote(str(each), safe='')}" for each in (value if isinstance(value, list) else [value])
            ]
        else:
            body[wire_name] = value
    method = operation.http["method"]
    sent = body if method in ("POST", "PUT") else None
    return endpoint.eks(method, path + ("?" + "&".join(query) if query else ""), sent, key=key)


@pytest.mark.parametrize("name", sorted(MODEL.operation_names))
def test_an_operation(endpoint: Endpoint, name: str) -> None:
    answer = ask(endpoint, name)
    assert answer.headers["x-amzn-requestid"]
    assert answer.headers["content-type"] == "application/json"
    if name in NOT_THERE:
        assert (answer.status, answer.code) == (501, "NotImplementedException")
        assert f"podid does not implement eks:{name}" in answer.text
    else:
        assert answer.status < 500, answer
        modelled = {shape.name for shape in MODEL.operation_model(name).error_shapes}
        assert answer.status == 200 or answer.code in modelled, answer


@pytest.mark.parametrize("name", sorted(MODEL.operation_names))
def test_nobody_is_told_more_than_that(endpoint: Endpoint, powerless: Key, name: str) -> None:
    """Who may do nothing learns neither what is there nor what podid has."""
    answer = ask(endpoint, name, powerless)
    assert (answer.status, answer.code) == (403, "AccessDeniedException"), answer
    assert f"is not authorized to perform: eks:{name}" in answer.text
