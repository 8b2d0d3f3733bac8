"""The small parts: timestamps, CBOR, forms, lists in headers."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.parsers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podid.core.wire import cbor, form, timestamps
from podid.core.wire.problems import Unreadable
from podid.core.wire.read_rest import split_list

AT = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29T23:59:58Z",
        "2024-02-29T23:59:58.000Z",
        "2024-02-29t23:59:58z",
        "2024-03-01T01:59:58+02:00",
        "2024-02-29T18:29:58-0530",
        "Thu, 29 Feb 2024 23:59:58 GMT",
        "1709251198",
        "1709251198.0",
        " 1.709251198E9 ",
    ],
)
def test_one_instant_in_many_forms(text: str) -> None:
    assert timestamps.from_text(text) == AT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-02-30T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-02-29T24:00:00Z",
        "٢٠٢٤-02-29T00:00:00Z",
        "1" * 40,
        "9e98",
        "Thu, 99 Feb 2024 23:59:58 GMT",
        "x" * 1000,
        "-99999999999999",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        timestamps.from_text(text)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -1e18, 10**400])
def test_numbers_outside_time_are_refused(value: float) -> None:
    with pytest.raises(Unreadable):
        timestamps.from_number(value)


@given(
    st.integers(min_value=-9_007_199_254_740, max_value=9_007_199_254_740)
)  # where a double still has microseconds: to 2255
def test_milliseconds_survive(milliseconds: int) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    assert timestamps.from_number(timestamps.to_number(at)) == at
    assert timestamps.from_text(timestamps.to_text(at, "iso8601")) == at


def test_an_unknown_format_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="not a timestamp format"):
        timestamps.to_text(AT, "julian")


_ITEMS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=30)
    | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=30,
)


@settings(deadline=None)
@given(_ITEMS)
def test_cbor_survives(item: Any) -> None:
    assert cbor.decode(cbor.encode(item)) == item


@settings(deadline=None)
@given(_ITEMS.filter(lambda item: item is not None))
def test_botocore_reads_our_cbor(item: Any) -> None:
    parser = botocore.parsers.RpcV2CBORParser()
    stream = parser.get_peekable_stream_from_bytes(cbor.encode([item]))
    assert parser.parse_data_item(stream) == [_without_nulls(item)]


def _without_nulls(item: Any) -> Any:
    """botocore leaves out what is null in a map."""
    if isinstance(item, dict):
        return {key: _without_nulls(value) for key, value in item.items() if value is not None}
    return [_without_nulls(value) for value in item] if isinstance(item, list) else item


# RFC 8949 appendix A, of the types that are taken.
@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0),
        ("1903e8", 1000),
        ("1bffffffffffffffff", 2**64 - 1),
        ("3bffffffffffffffff", -(2**64)),
        ("f93c00", 1.0),
        ("f97bff", 65504.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("f97c00", math.inf),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
        ("c1fb41d452d9ec200000", datetime(2013, 3, 21, 20, 4, 0, 500_000, tzinfo=UTC)),
        ("4401020304", b"\x01\x02\x03\x04"),
        ("62c3bc", "ü"),
        ("8301820203820405", [1, [2, 3], [4, 5]]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_cbor_of_the_rfc(data: str, value: Any) -> None:
    assert cbor.decode(bytes.fromhex(data)) == value


def test_cbor_writes_no_other_types() -> None:
    for value in (object(), 2**64, {1, 2}):
        with pytest.raises(ValueError):
            cbor.encode(value)


def test_forms_are_decoded() -> None:
    assert form.parse_pairs("a=b+c&d=%2B%C3%BC&e&&f==") == [("a", "b c"), ("d", "+ü"), ("e", ""), ("f", "=")]


@pytest.mark.parametrize(
    ("text", "kind", "items"),
    [
        ("a, b,c", "string", ["a", "b", "c"]),
        ('"a,b", "c\\"d" ,e', "string", ["a,b", 'c"d', "e"]),
        ("", "string", [""]),
        ("a,", "string", ["a", ""]),
        (
            "Mon, 16 Dec 2019 23:48:18 GMT, Tue, 17 Dec 2019 23:48:18 GMT",
            "timestamp",
            ["Mon, 16 Dec 2019 23:48:18 GMT", "Tue, 17 Dec 2019 23:48:18 GMT"],
        ),
    ],
)
def test_lists_in_headers(text: str, kind: str, items: list[str]) -> None:
    assert split_list(text, kind) == items


def test_a_quote_that_does_not_end_is_refused() -> None:
    with pytest.raises(Unreadable):
        split_list('"a', "string")
