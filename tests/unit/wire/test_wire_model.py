from __future__ import annotations

import subprocess
import sys

import botocore.session
import pytest

from podid.core.http import HttpRequest
from podid.core.wire import (
    InvalidInput,
    Match,
    UnknownService,
    check_members,
    load_service,
    make_service,
    read_input,
    service_names,
    services_signing_as,
)


def test_a_model_is_read_without_importing_botocore() -> None:
    program = "import sys; from podid.core.wire import load_service; load_service('eks'); print(sorted(m for m in sys.modules if m.split('.')[0] in ('botocore', 'boto3', 'urllib3')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "service", ["eks", "eks-auth", "iam", "sts", "s3", "ec2", "dynamodb", "cloudwatch", "cloudfront"]
)
def test_operations_and_version_are_those_of_botocore(service: str) -> None:
    theirs = botocore.session.get_session().get_service_model(service)
    ours = load_service(service)
    assert set(ours.operations) == set(theirs.operation_names)
    assert ours.api_version == theirs.api_version
    assert ours.signing_name == theirs.signing_name
    assert ours.protocol == theirs.metadata["protocol"]


def test_a_model_is_loaded_once() -> None:
    assert load_service("eks") is load_service("eks")


@pytest.mark.parametrize("name", ["", ".", "..", "../eks", "eks/2017-11-01", "no-such-service", "endpoints"])
def test_a_name_that_is_not_a_service_is_refused(name: str) -> None:
    with pytest.raises(UnknownService):
        load_service(name)


def test_services_are_found_by_the_name_they_sign_with() -> None:
    assert services_signing_as("sts") == ("sts",)
    assert {"rds", "neptune", "docdb"} <= set(services_signing_as("rds"))
    assert services_signing_as("nothing-signs-so") == ()
    assert "eks-auth" in service_names()


def test_every_model_of_botocore_loads() -> None:
    for name in service_names():
        assert load_service(name).operations


def test_a_service_that_left_the_query_protocol_still_speaks_it() -> None:
    assert load_service("sqs").protocols == ("json", "query")
    assert load_service("cloudwatch").protocols == ("smithy-rpc-v2-cbor", "json", "query")


def test_what_needs_no_signature_is_known() -> None:
    assert load_service("sts").operations["AssumeRoleWithWebIdentity"].unsigned
    assert not load_service("sts").operations["AssumeRole"].unsigned


def test_a_modelled_error_is_found_by_shape_name_and_by_code() -> None:
    errors = load_service("iam").errors
    assert errors["NoSuchEntity"] is errors["NoSuchEntityException"]
    assert (errors["NoSuchEntity"].status, errors["NoSuchEntity"].sender) == (404, True)


def test_a_service_of_our_own_is_read_like_one_of_botocores() -> None:
    model = make_service(
        "thing",
        {
            "metadata": {
                "apiVersion": "2026-01-01",
                "endpointPrefix": "thing",
                "protocol": "rest-json",
                "serviceId": "thing",
                "signingName": "thing",
            },
            "operations": {
                "Make": {
                    "name": "Make",
                    "http": {"method": "POST", "requestUri": "/things/{name}"},
                    "input": {"shape": "MakeRequest"},
                }
            },
            "shapes": {
                "Name": {"type": "string", "max": 3},
                "MakeRequest": {
                    "type": "structure",
                    "required": ["Name"],
                    "members": {"Name": {"shape": "Name", "location": "uri", "locationName": "name"}},
                },
            },
        },
    )
    request = HttpRequest(method="POST", path="/things/abc")
    match = model.match(request)
    assert match is not None
    assert read_input(model, match, request) == {"Name": "abc"}


def test_members_that_did_not_come_by_the_wire_keep_to_the_model_too() -> None:
    model = load_service("iam")
    match = Match(model.operations["CreateRole"], {})
    check_members(model, match, {"RoleName": "r", "AssumeRolePolicyDocument": "{}"})
    with pytest.raises(InvalidInput, match="Member must have length less than or equal to 64"):
        check_members(model, match, {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"})
    with pytest.raises(InvalidInput, match="Member must not be null"):
        check_members(model, match, {"RoleName": "r"})
