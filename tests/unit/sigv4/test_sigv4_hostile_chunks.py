"""Bodies in chunks that must not pass, and what a claim shows of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from podid.core.sigv4 import ChunkDecoder, Claim, Credentials, Problem, SignatureProblem

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def claim_of(payload_hash: str) -> Claim:
    return Claim(
        access_key_id="AK",
        signature="0" * 64,
        date=NOW,
        date_text="20260304T050607Z",
        day="20260304",
        region="us-east-1",
        service="s3",
        payload_hash=payload_hash,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5\r\nhello",
        b"5\r\nhello\r\n",
        b"5\r\nhello\r\n0\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"4\r\nhello\r\n0\r\n\r\n",
        b"6\r\nhello!\r\n0\r\n\r\n",
        b"4\r\nhell\r\n0\r\n\r\n",
        b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"fffffffffffffffff\r\n",
        b"ffffffffffffffff\r\nhello",
        b"a" * 5000,
        b"5\r\nhello\r\n0\r\n\r\nmore",
        b"5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
        b"5\r\nhello\r\n0\r\na:1\r\na:2\r\n\r\n",
        b"5\r\nhello\r\n0\r\na:\xff\r\n\r\n",
        b"5\r\nhello\r\n0\r\n" + b"".join(b"t%d:1\r\n" % n for n in range(17)) + b"\r\n",
        b"5\r\nhello\r\n0\r\n" + b"a" * 5000,
    ],
)
def test_a_body_of_the_wrong_form_is_refused(body: bytes) -> None:
    for step in (1, 1000, 10**6):
        decoder = ChunkDecoder(claim_of("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), "secret", decoded_length=5)
        with pytest.raises(SignatureProblem) as refused:
            for at in range(0, len(body), step):
                decoder.feed(body[at : at + step])
            decoder.finish()
        assert refused.value.problem is Problem.BAD_CHUNKS


@pytest.mark.parametrize(
    "word", ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-", "UNSIGNED-PAYLOAD", "0" * 64]
)
def test_other_encodings_are_refused(word: str) -> None:
    with pytest.raises(SignatureProblem) as refused:
        ChunkDecoder(claim_of(word), "secret")
    assert refused.value.problem is Problem.UNSUPPORTED_ALGORITHM


def test_nothing_secret_shows() -> None:
    shown = repr(Credentials("AK", "the-secret", "the-token")) + repr(
        replace(claim_of(""), session_token="the-token", signature="the-mac")
    )
    assert "the-" not in shown
