"""The add-on API around the agent, and the associations that an add-on owns."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.conformance.endpoint import ACCOUNT, OTHER_CLUSTER, REGION, Endpoint

AGENT = "eks-pod-identity-agent"
ADDONS = f"/clusters/{OTHER_CLUSTER}/addons"
ASSOCIATIONS = f"/clusters/{OTHER_CLUSTER}/pod-identity-associations"


@pytest.fixture(scope="module")
def made(endpoint: Endpoint, role: str) -> dict[str, Any]:
    """The agent's add-on, with an association of its own. The cluster cannot be reached, which is told as the add-on's health."""
    wish = {"serviceAccount": AGENT, "roleArn": role}
    answer = endpoint.eks("POST", ADDONS, {"addonName": AGENT, "podIdentityAssociations": [wish], "tags": {"a": "b"}})
    assert answer.status == 200, answer
    return dict(answer.json["addon"])


def test_a_new_addon(made: dict[str, Any]) -> None:
    assert made["status"] == "CREATING"
    assert re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", made["addonVersion"])
    assert re.fullmatch(
        rf"arn:aws:eks:{REGION}:{ACCOUNT}:addon/{OTHER_CLUSTER}/{AGENT}/[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}",
        made["addonArn"],
    )
    assert (made["tags"], made["health"], made["createdAt"]) == ({"a": "b"}, {"issues": []}, made["modifiedAt"])


def test_its_associations_are_arns_and_name_their_owner(endpoint: Endpoint, made: dict[str, Any]) -> None:
    (arn,) = made["podIdentityAssociations"]
    (listed,) = endpoint.eks("GET", f"{ASSOCIATIONS}?namespace=kube-system").json["associations"]
    assert (listed["associationArn"], listed["ownerArn"]) == (arn, made["addonArn"])
    told = endpoint.eks("GET", f"{ASSOCIATIONS}/{listed['associationId']}").json["association"]
    assert (told["ownerArn"], told["serviceAccount"]) == (made["addonArn"], AGENT)


REFUSED: dict[str, tuple[str, str, Any, int, str, str]] = {
    "again": ("POST", ADDONS, {"addonName": AGENT}, 409, "ResourceInUseException", "Addon already exists."),
    "an addon of nobody": ("POST", ADDONS, {"addonName": "nonsense"}, 400, "InvalidParameterException", ""),
    "a service account it has not": (
        "POST",
        ADDONS,
        {"addonName": AGENT, "podIdentityAssociations": [{"serviceAccount": "x", "roleArn": "ROLE"}]},
        400,
        "InvalidParameterException",
        f"Service account x in pod identity configuration is not supported for addon {AGENT}",
    ),
    "an association without a role": (
        "POST",
        ADDONS,
        {"addonName": AGENT, "podIdentityAssociations": [{"serviceAccount": AGENT}]},
        400,
        "InvalidParameterException",
        "",
    ),
    "a version it has not": (
        "POST",
        ADDONS,
        {"addonName": AGENT, "addonVersion": "v0.0.1-eksbuild.1"},
        400,
        "InvalidParameterException",
        "",
    ),
    "a configuration it has not": (
        "POST",
        ADDONS,
        {"addonName": AGENT, "configurationValues": '{"bogus": 1}'},
        400,
        "InvalidParameterException",
        "",
    ),
    "a role of another account": (
        "POST",
        ADDONS,
        {"addonName": AGENT, "serviceAccountRoleArn": "arn:aws:iam::444455556666:role/x"},
        400,
        "InvalidParameterException",
        "Cross-account pass role is not allowed.",
    ),
    "describe: none": ("GET", f"{ADDONS}/coredns", None, 404, "ResourceNotFoundException", ""),
    "update: none": ("POST", f"{ADDONS}/coredns/update", {}, 404, "ResourceNotFoundException", ""),
    "delete: none": ("DELETE", f"{ADDONS}/coredns", None, 404, "ResourceNotFoundException", ""),
    "no such cluster": ("GET", "/clusters/nowhere/addons", None, 404, "ResourceNotFoundException", ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal(endpoint: Endpoint, made: dict[str, Any], role: str, case: str) -> None:
    method, path, body, status, code, text = REFUSED[case]
    if body is not None:
        body = json.loads(json.dumps(body).replace("ROLE", role))
    answer = endpoint.eks(method, path, body)
    assert (answer.status, answer.code) == (status, code), answer
    assert not text or answer.text == text


def test_versions_and_schema(endpoint: Endpoint) -> None:
    (addon,) = endpoint.eks("GET", f"/addons/supported-versions?addonName={AGENT}&kubernetesVersion=1.33").json[
        "addons"
    ]
    versions = addon["addonVersions"]
    (default,) = (each for each in versions if each["compatibilities"][0]["defaultVersion"])
    path = f"/addons/configuration-schemas?addonName={AGENT}&addonVersion={default['addonVersion']}"
    schema = json.loads(endpoint.eks("GET", path).json["configurationSchema"])
    assert "agent" in schema["properties"]


def test_an_empty_list_removes_what_the_addon_owns_and_no_list_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    served = Endpoint(tmp_path_factory.mktemp("owned"))
    served.start()
    try:
        role = served.role("owner")
        served.eks(
            "POST",
            ADDONS,
            {"addonName": AGENT, "podIdentityAssociations": [{"serviceAccount": AGENT, "roleArn": role}]},
        )
        told = served.eks("POST", f"{ADDONS}/{AGENT}/update", {"configurationValues": "{}"})
        while told.code == "ResourceInUseException":  # it is being created still
            told = served.eks("POST", f"{ADDONS}/{AGENT}/update", {"configurationValues": "{}"})
        assert told.json["update"]["type"] == "AddonUpdate"
        assert len(served.eks("GET", ASSOCIATIONS).json["associations"]) == 1
        told = served.eks("POST", f"{ADDONS}/{AGENT}/update", {"podIdentityAssociations": []})
        while told.code == "ResourceInUseException":
            told = served.eks("POST", f"{ADDONS}/{AGENT}/update", {"podIdentityAssociations": []})
        assert served.eks("GET", ASSOCIATIONS).json["associations"] == []
        update = told.json["update"]
        path = f"/clusters/{OTHER_CLUSTER}/updates/{update['id']}?addonName={AGENT}"
        assert served.eks("GET", path).json["update"]["params"] == [{"type": "PodIdentityAssociations", "value": "[]"}]
    finally:
        served.stop()
