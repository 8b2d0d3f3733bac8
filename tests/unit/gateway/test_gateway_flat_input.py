"""The short way of reading input gives what the long way gives, or leaves it to that one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podid.core.http import HttpRequest
from podid.core.wire import InvalidInput, load_service, read_input
from podid.gateway.steps.flat_input import read_flat

PATH = "/clusters/eksdemo1/assume-role-for-pod-identity"
TOKEN = "aaa.bbb.ccc"


def request(body: bytes, path: str = PATH) -> HttpRequest:
    return HttpRequest(method="POST", path=path, headers=(("content-type", "application/json"),), body=body)


@pytest.mark.parametrize(
    "given",
    [
        {"token": TOKEN},
        {"token": TOKEN, "eksNodeName": "n", "instanceId": "i-1", "zone": "use1-az1"},
        {"token": TOKEN, "zone": None},
        {"token": TOKEN, "newer": {"members": [1]}},
    ],
)
def test_the_short_way_reads_what_the_long_one_reads(given: dict[str, Any]) -> None:
    model, asked = load_service("eks-auth"), request(json.dumps(given).encode())
    match = model.match(asked)
    assert match is not None
    found = read_flat(match, asked)
    assert found == read_input(model, match, asked)
    assert found is not None
    assert found["clusterName"] == "eksdemo1"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", PATH),
        (b"[]", PATH),
        (b"{", PATH),
        (b"{}", PATH),
        (b'{"token":""}', PATH),
        (b'{"token":7}', PATH),
        (b'{"token":null}', PATH),
        (b'{"token":"a.b"}', PATH),
        (b'{"token":"a.b.c","token":"d.e.f"}', PATH),
        (b'{"token":"a.b.c","zone":1}', PATH),
        (b'{"token":"a.b.c"}', PATH.replace("eksdemo1", "x" * 101)),
        (b'{"token":"a.b.c"}', PATH.replace("eksdemo1", "-x")),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_long_way(body: bytes, path: str) -> None:
    model, asked = load_service("eks-auth"), request(body, path)
    match = model.match(asked)
    assert match is not None
    assert read_flat(match, asked) is None
    with pytest.raises(InvalidInput):
        read_input(model, match, asked)


def test_operations_with_other_members_are_none_of_its() -> None:
    model = load_service("eks")
    asked = HttpRequest(method="POST", path="/clusters/c/pod-identity-associations", body=b'{"namespace":"n"}')
    match = model.match(asked)
    assert match is not None
    assert read_flat(match, asked) is None
