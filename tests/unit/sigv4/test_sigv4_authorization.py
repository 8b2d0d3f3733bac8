"""The Authorization header in every form it may come in, and the dates beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.core.http import HttpRequest
from podid.core.sigv4 import Credentials, Problem, SignatureProblem, check, presign, read_claim

DATE = "20260304T050607Z"
CREDENTIAL = "Credential=AKIDEXAMPLE/20260304/us-east-1/eks/aws4_request"
SIGNED_HEADERS = "SignedHeaders=host;x-amz-date"
MAC = "0123456789abcdef" * 4


def asked(rest: str, *, date: str = DATE) -> HttpRequest:
    headers = (("host", "h"), ("x-amz-date", date), ("authorization", f"AWS4-HMAC-SHA256 {rest}"))
    return HttpRequest(method="GET", path="/", headers=headers)


def signature(request: HttpRequest) -> str | Problem:
    """The signature that a request is read to have, or what is wrong with it."""
    try:
        claim = read_claim(request)
    except SignatureProblem as refused:
        return refused.problem
    assert claim is not None
    assert (claim.access_key_id, claim.day, claim.region, claim.service) == (
        "AKIDEXAMPLE",
        "20260304",
        "us-east-1",
        "eks",
    )
    assert claim.signed_headers == ("host", "x-amz-date")
    return claim.signature


def by_the_letter(rest: str) -> str | Problem:
    """The same, read piece by piece."""
    parts: dict[str, str] = {}
    for piece in rest.split(","):
        name, equals, value = piece.strip().partition("=")
        if not equals or name in parts:
            return Problem.MALFORMED
        parts[name] = value
    if not all(parts.get(name) for name in ("Credential", "SignedHeaders", "Signature")):
        return Problem.MISSING_PARTS
    return parts["Signature"]


@pytest.mark.parametrize("comma", [", ", ",", " ,\t", ",  "])
@pytest.mark.parametrize("parts", [*permutations([CREDENTIAL, SIGNED_HEADERS, f"Signature={MAC}"])])
def test_the_parts_may_stand_in_any_order(parts: tuple[str, ...], comma: str) -> None:
    assert signature(asked(comma.join(parts))) == MAC


@pytest.mark.parametrize(
    "rest",
    [
        f"{CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC}, Signature={MAC}",
        f"{CREDENTIAL}, {SIGNED_HEADERS}, Signature=, Signature={MAC}",
        f"{CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC}, Signature=",
        f"Signature={MAC}, {CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC}",
        f"{CREDENTIAL}, {CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC}",
        f"{CREDENTIAL}, {SIGNED_HEADERS}, SignedHeaders=, Signature={MAC}",
        f"{CREDENTIAL}, {SIGNED_HEADERS}, more, Signature={MAC}",
        f"{CREDENTIAL}, {SIGNED_HEADERS},, Signature={MAC}",
        f"{CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC},",
        f"{CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC}, more",
        f", Signature={MAC}",
        MAC,
    ],
)
def test_a_part_may_not_come_twice_nor_be_none(rest: str) -> None:
    assert signature(asked(rest)) is Problem.MALFORMED


@pytest.mark.parametrize("left_out", [CREDENTIAL, SIGNED_HEADERS, f"Signature={MAC}"])
def test_what_is_missing_is_named(left_out: str) -> None:
    rest = ", ".join(part for part in (CREDENTIAL, SIGNED_HEADERS, f"Signature={MAC}") if part != left_out)
    with pytest.raises(SignatureProblem) as refused:
        read_claim(asked(rest, date=""))
    assert refused.value.problem is Problem.MISSING_PARTS
    assert refused.value.public == (
        f"Authorization header requires '{left_out.partition('=')[0]}' parameter. "
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
    )


def test_a_wrong_date_is_told_before_a_wrong_credential() -> None:
    """The order of the checks is the same for a header that was read before."""
    rest = f"Credential=a/b, {SIGNED_HEADERS}, Signature={MAC}"
    for _ in range(2):
        with pytest.raises(SignatureProblem, match="ISO-8601"):
            read_claim(asked(rest, date="today"))
        with pytest.raises(SignatureProblem, match="5 slash-delimited"):
            read_claim(asked(rest))


PIECES = [CREDENTIAL, SIGNED_HEADERS, f"Signature={MAC}", "Signature=", "Signature=0 ", " ", "more=", "more", "="]


@given(
    st.lists(st.sampled_from(PIECES), max_size=5),
    st.lists(st.sampled_from([", ", ",", " , "]), min_size=5, max_size=5),
)
def test_every_header_is_read_by_the_letter(pieces: list[str], commas: list[str]) -> None:
    rest = "".join(f"{comma}{piece}" for piece, comma in zip(pieces, commas, strict=False)).removeprefix(commas[0])
    assert signature(asked(rest)) == by_the_letter(rest)


@pytest.mark.parametrize(
    "date",
    [
        "20260304T240000Z",  # the next day's midnight, to a lenient reader
        "20260304T050660Z",
        "20260304T056007Z",
        "20260230T050607Z",
        "20261304T050607Z",
        "00000304T050607Z",
        "2026W103T050607Z",  # a week's day
        "20260304t050607z",
        "20260304 050607Z",
        "20260304T0506,7Z",
        "2026030T4050607Z",
        "20260304T05060 Z",
        "20260304T050607+",
        "20260304T050607",
        "20260304T050607ZZ",
        "20260304T050607\u0660Z",
        "\u0662\u0660260304T050607Z",
        "2026-03-04T05:06",
    ],
)
def test_a_date_of_another_form(date: str) -> None:
    rest = f"{CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC}"
    assert signature(asked(rest, date=date)) is Problem.MALFORMED


@pytest.mark.parametrize("first", [0, 1])
def test_a_repeated_header_that_matters_is_found_among_others(first: int) -> None:
    """Whichever of the two holds, and whatever else comes twice."""
    rest = f"{CREDENTIAL}, {SIGNED_HEADERS}, Signature={MAC}"
    dates = [DATE, "20260304T050608Z"]
    headers = (
        ("accept", "a"),
        ("x-amz-date", dates[first]),
        ("accept", "b"),
        ("host", "h"),
        ("authorization", f"AWS4-HMAC-SHA256 {rest}"),
        ("x-amz-date", dates[1 - first]),
    )
    with pytest.raises(SignatureProblem, match=r"^The header 'x-amz-date' must not be given more than once\.$"):
        read_claim(HttpRequest(method="GET", path="/", headers=headers))


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -1200", "Fri, 31 Dec 9999 23:59:59 -0001", "x" * 65])
@pytest.mark.parametrize("scheme", ["AWS4-HMAC-SHA256", "AWS"])
def test_a_date_header_beyond_the_calendar(date: str, scheme: str) -> None:
    rest = f"{CREDENTIAL}, SignedHeaders=date;host, Signature={MAC}" if scheme != "AWS" else f"AKIDEXAMPLE:{MAC}"
    headers = (("host", "h"), ("date", date), ("authorization", f"{scheme} {rest}"))
    with pytest.raises(SignatureProblem) as refused:
        read_claim(HttpRequest(method="GET", path="/", headers=headers))
    assert refused.value.problem is Problem.MALFORMED


def test_a_presigned_request_may_outlast_the_calendar() -> None:
    url = presign(
        Credentials("AKIDEXAMPLE", "secret"),
        method="GET",
        url="http://h/",
        service="s3",
        region="us-east-1",
        now=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
        expires=604_800,
    )
    request = HttpRequest(method="GET", path="/", query=url.partition("?")[2], headers=(("host", "h"),))
    claim = read_claim(request)
    assert claim is not None
    with pytest.raises(SignatureProblem, match="Request is not yet valid"):
        check(claim, request, "secret", now=datetime(2026, 3, 4, tzinfo=UTC))
