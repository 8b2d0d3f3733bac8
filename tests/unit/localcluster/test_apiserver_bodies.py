"""Bodies from outside: encodings, bounds, doubled keys."""

from __future__ import annotations

import json

import pytest

from podid.localcluster.apiserver.bodies import MAX_DEPTH, read_json, read_object, read_yaml
from podid.localcluster.objects.errors import BadRequest, UnsupportedMediaType


def test_doubled_keys_are_found() -> None:
    value, doubled = read_json(b'{"a": 1, "b": {"c": 1, "c": 2, "c": 3}, "a": 2}')
    assert value == {"a": 2, "b": {"c": 3}}
    assert doubled == ["c", "c", "a"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 100_000, b"{} x"])
def test_what_is_not_json_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_json(body)


def test_depth_is_bounded() -> None:
    read_json(json.dumps(_nested(MAX_DEPTH - 1)).encode())
    with pytest.raises(BadRequest, match="levels deep"):
        read_json(json.dumps(_nested(MAX_DEPTH)).encode())


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return value


def test_yaml() -> None:
    assert read_yaml(b"a: [1, x]\nb: {c: 2026-01-02}\n")[0] == {"a": [1, "x"], "b": {"c": "2026-01-02"}}
    assert read_yaml(b'  {"a": 1}')[0] == {"a": 1}


@pytest.mark.parametrize(
    "body", [b"a: &x 1\nb: *x\n", b"a: [", b"a: !!python/object:os.system {}", b"a: .nan", b"\ta: 1"]
)
def test_yaml_that_is_not_taken(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read_yaml(body)


def test_encodings() -> None:
    assert read_object(b'{"a": 1}', "")[0] == {"a": 1}
    assert read_object(b"a: 1", "application/yaml")[0] == {"a": 1}
    with pytest.raises(UnsupportedMediaType, match="application/json"):
        read_object(b"{}", "application/cbor")
    with pytest.raises(BadRequest):
        read_object(b"[]", "application/json")
