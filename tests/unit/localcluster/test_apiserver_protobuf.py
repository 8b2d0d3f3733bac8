"""Reading Kubernetes' protobuf, by a writer that knows no more than the wire format."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from podid.localcluster.apiserver import protobuf
from podid.localcluster.apiserver.bodies import read_object
from podid.localcluster.apiserver.protobuf import ENVELOPE, Unreadable, read_envelope, read_message
from podid.localcluster.objects.errors import UnsupportedMediaType
from podid.localcluster.objects.fields import Type, WireField


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def field(number: int, value: Any) -> bytes:
    """One field: a number, or bytes, or text."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    return ENVELOPE + field(1, field(1, api_version) + field(2, kind)) + field(2, raw) + field(3, "") + field(4, "")


def entry(key: str, value: str) -> bytes:
    return field(1, key) + field(2, value)


def test_a_config_map_as_kubectl_sends_it() -> None:
    metadata = field(1, "c") + field(2, "") + field(3, "default") + field(5, "") + field(7, 0) + field(8, b"")
    metadata += field(11, entry("app", "x"))
    raw = field(1, metadata) + field(2, entry("a", "1")) + field(2, entry("b", ""))
    assert read_envelope(envelope("v1", "ConfigMap", raw)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "namespace": "default", "labels": {"app": "x"}},
        "data": {"a": "1", "b": ""},
    }


def test_a_token_request() -> None:
    bound = field(1, "Pod") + field(2, "v1") + field(3, "p") + field(4, "uid-1")
    spec = field(1, "sts.amazonaws.com") + field(1, "other") + field(3, bound) + field(4, 1200)
    raw = field(1, field(1, "")) + field(2, spec) + field(3, field(1, "") + field(2, b""))
    read = read_envelope(envelope("authentication.k8s.io/v1", "TokenRequest", raw))
    assert read["spec"] == {
        "audiences": ["sts.amazonaws.com", "other"],
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "uid-1"},
        "expirationSeconds": 1200,
    }


def test_delete_options_keep_a_grace_of_zero_and_leave_false_out() -> None:
    raw = field(1, 0) + field(4, "Background") + field(5, "All")
    read = read_envelope(envelope("v1", "DeleteOptions", raw))
    assert read == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "propagationPolicy": "Background",
        "dryRun": ["All"],
    }
    pod = field(2, field(11, 0) + field(12, 1) + field(21, 0))
    assert read_envelope(envelope("v1", "Pod", pod))["spec"] == {"hostPID": True, "automountServiceAccountToken": False}


def test_every_scalar() -> None:
    port = field(2, field(2, 1) + field(1, 1) + field(3, "http"))
    quantity = field(1, field(1, "cpu") + field(2, field(1, "500m")))
    http_probe = field(1, field(2, port))
    container = field(1, "c") + field(8, quantity) + field(11, http_probe)
    spec = field(2, container) + field(25, -5) + field(1, field(1, "v") + field(2, field(2, b"")))
    metadata = (
        field(8, field(1, 1_700_000_000) + field(2, 5))
        + field(99, "unknown")
        + varint(98 << 3 | 1)
        + struct.pack("<q", 7)
    )
    read = read_envelope(envelope("v1", "Pod", field(1, metadata) + field(2, spec)))
    assert read["metadata"] == {"creationTimestamp": "2023-11-14T22:13:20Z"}
    assert read["spec"] == {
        "containers": [
            {
                "name": "c",
                "resources": {"limits": {"cpu": "500m"}},
                "readinessProbe": {"httpGet": {"port": "http"}},
            }
        ],
        "priority": -5,
        "volumes": [{"name": "v", "emptyDir": {}}],
    }


def test_bytes_and_packed_numbers_and_embedded_json() -> None:
    secret = read_envelope(envelope("v1", "Secret", field(2, field(1, "k") + field(2, b"\x00\xff"))))
    assert base64.b64decode(secret["data"]["k"]) == b"\x00\xff"
    context = field(2, field(14, field(4, varint(7) + varint(8))))
    assert read_envelope(envelope("v1", "Pod", context))["spec"]["securityContext"] == {"supplementalGroups": [7, 8]}
    revision = field(2, field(1, '{"spec":{"a":1}}')) + field(3, 4)
    assert read_envelope(envelope("apps/v1", "ControllerRevision", revision))["data"] == {"spec": {"a": 1}}


def test_an_unknown_kind_names_the_way_out() -> None:
    with pytest.raises(Unreadable, match="kubectl apply -f"):
        read_envelope(envelope("batch/v1", "CronJob", b""))
    with pytest.raises(UnsupportedMediaType, match="CronJob"):
        read_object(envelope("batch/v1", "CronJob", b""), "application/vnd.kubernetes.protobuf")


GOOD = envelope("v1", "ConfigMap", field(1, field(1, "c")) + field(2, entry("a", "1")))


@pytest.mark.parametrize("size", range(len(GOOD)))
def test_a_message_that_is_cut_short_is_unreadable_or_smaller(size: int) -> None:
    try:
        read = read_envelope(GOOD[:size], "ConfigMap")
    except Unreadable:
        return
    assert set(read) <= {"apiVersion", "kind", "metadata", "data"}


@pytest.mark.parametrize(
    "raw",
    [
        b"\x0b",  # wire type 3
        b"\xff" * 11,  # a number without an end
        field(1, 5),  # a number where a message belongs
        field(1, field(1, b"\xff\xfe")),  # not UTF-8
        field(1, field(8, field(1, 1 << 62))),  # a time out of range
        field(2, field(1, "a") + field(2, 5)),  # a number where text belongs
    ],
)
def test_what_is_broken_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        read_envelope(envelope("v1", "ConfigMap", raw))


def test_nesting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = Type("Loop", {}, {1: WireField("again", "Loop", False, False, False)})
    monkeypatch.setattr(protobuf, "find_type", lambda name: loop)
    raw = b""
    for _ in range(40):
        raw = field(1, raw)
    with pytest.raises(Unreadable, match="levels deep"):
        read_message(raw, loop)
