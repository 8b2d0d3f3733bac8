"""What the resources of stacks stand for: every type that moto can make is known, and every call is one that there is."""

from __future__ import annotations

import pytest

from podid.core.wire import load_service
from podid.gateway.catalog import SERVICES
from podid.gateway.needs.keys.by_name import plain
from podid.gateway.needs.stack_resources import KINDS, UnknownType, call_for
from podid.gateway.needs.table import is_mapped

OURS = ("AWS::IAM::", "AWS::EKS::", "AWS::CDK::")
NO_TYPES = frozenset({"AWS::SERVICE::RESOURCE", "?"})
"""What the bases of moto's models call themselves."""


def test_every_type_of_motos_is_known() -> None:
    from moto.cloudformation import parsing

    types = {name for name in parsing.get_model_map() if not name.startswith(OURS)}
    assert types - NO_TYPES <= KINDS.keys(), sorted(types - KINDS.keys())


def test_every_call_is_an_operation_whose_needs_are_known() -> None:
    for kind in KINDS.values():
        operations = load_service(SERVICES[kind.service].model).operations
        for operation in filter(None, (kind.create, kind.update, kind.delete)):
            assert operation in operations, (kind.type, operation)
            assert is_mapped(kind.service, operation), (kind.type, operation)
        if kind.named_by:
            given = operations[kind.create].input
            assert given is not None
            assert plain(kind.named_by) in {plain(name) for name in given.members}, (kind.type, kind.named_by)


def test_names_and_ids_stand_where_the_calls_have_them() -> None:
    made = call_for("AWS::S3::Bucket", "create", "made-up", {"BucketName": "b"})
    assert made is not None
    assert (made.service, made.operation, made.members) == ("s3", "CreateBucket", {"Bucket": "b"})
    made_up = call_for("AWS::S3::Bucket", "create", "made-up", {})
    assert made_up is not None
    assert made_up.members == {"Bucket": "made-up"}
    gone = call_for("AWS::SNS::Topic", "delete", "arn:aws:sns:us-east-1:1:t", {"TopicName": "t", "Tags": [{}]})
    assert gone is not None
    assert (gone.operation, gone.members["TopicArn"]) == ("DeleteTopic", "arn:aws:sns:us-east-1:1:t")
    assert "Tags" not in gone.members


def test_our_own_types_ask_themselves_and_unknown_ones_are_refused() -> None:
    assert call_for("AWS::IAM::Role", "create", "r", {}) is None
    with pytest.raises(UnknownType):
        call_for("AWS::Nothing::Known", "create", "n", {})
