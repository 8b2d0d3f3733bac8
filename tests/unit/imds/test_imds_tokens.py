from __future__ import annotations

import pytest

from podid.imds import tokens

KEY, NONCE = b"k" * 32, b"n" * 8


def test_a_token_has_the_form_of_ec2s_and_counts_down() -> None:
    token = tokens.make(KEY, expires_at=1000, nonce=NONCE)
    assert len(token) == 56
    assert token.startswith("AQAE")
    assert tokens.seconds_left(KEY, token, 900.0) == 100
    assert tokens.seconds_left(KEY, token, 999.0) == 1
    assert tokens.seconds_left(KEY, token, 1000.0) == 0


def test_an_altered_or_foreign_token_is_none() -> None:
    token = tokens.make(KEY, expires_at=1000, nonce=NONCE)
    for position in range(len(token) - 2):
        other = "A" if token[position] != "A" else "B"
        assert tokens.seconds_left(KEY, token[:position] + other + token[position + 1 :], 0.0) == 0
    assert tokens.seconds_left(b"x" * 32, token, 0.0) == 0


@pytest.mark.parametrize("text", ["", "x", "é" * 56, "=" * 56, "A" * 55, "A" * 57, "AQAE" + "!" * 52])
def test_what_is_no_token_is_none(text: str) -> None:
    assert tokens.seconds_left(KEY, text, 0.0) == 0


@pytest.mark.parametrize(
    ("text", "ttl"),
    [
        ("1", 1),
        ("21600", 21600),
        ("0", None),
        ("21601", None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 50, None),
    ],
)
def test_bounds_of_a_life(text: str, ttl: int | None) -> None:
    assert tokens.parse_ttl(text) == ttl
