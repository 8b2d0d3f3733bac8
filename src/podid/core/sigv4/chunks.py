"""The body of an S3 upload that is signed or checked as it comes: `Content-Encoding: aws-chunked`.

    STREAMING-AWS4-HMAC-SHA256-PAYLOAD            SIZE;chunk-signature=HEX CRLF data CRLF … 0;chunk-signature=HEX CRLF CRLF
    STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER    the same, and after the last chunk   name:value CRLF … x-amz-trailer-signature:HEX CRLF CRLF
    STREAMING-UNSIGNED-PAYLOAD-TRAILER            SIZE CRLF data CRLF … 0 CRLF name:value CRLF … CRLF

Source: Amazon S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", and its
page on trailers. Each signature is chained to the one before, the first to that of the request.

The decoder is fed bytes as they arrive and gives back data as it can, without holding a chunk: data counts only once `finish` has returned.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from podid.core.sigv4.claim import Claim
from podid.core.sigv4.problems import Problem, SignatureProblem
from podid.core.sigv4.scope import EMPTY_SHA256, signing_mac

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_WITH_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_WITH_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

MAX_LINE = 4 * 1024
"""Bytes of a chunk's head or of one trailer line; real ones have about a hundred."""

MAX_TRAILERS = 16
_HEAD = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,16})(?:;chunk-signature=(?P<signature>[0-9a-f]{64}))?")
_TRAILER = re.compile(rb"(?P<name>[A-Za-z0-9-]{1,128}):[ \t]*(?P<value>[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*")
_SIGNATURE_TRAILER = "x-amz-trailer-signature"


class ChunkDecoder:
    """Takes an upload apart, piece by piece.

    `decoded_length` is what the request's `x-amz-decoded-content-length` says. After `finish`, `trailers` has the trailing headers, names in
    lower case. Raises SignatureProblem: MISMATCH for a wrong signature, MALFORMED for a wrong form or length, UNSUPPORTED_ALGORITHM for an
    encoding not listed above.
    """

    def __init__(self, claim: Claim, secret: str, *, decoded_length: int | None = None) -> None:
        if claim.payload_hash not in (SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER):
            raise SignatureProblem(Problem.UNSUPPORTED_ALGORITHM, "The value of x-amz-content-sha256 is not supported.")
        self.trailers: dict[str, str] = {}
        self._signed = claim.payload_hash != UNSIGNED_WITH_TRAILER
        self._has_trailer = claim.payload_hash != SIGNED
        self._mac = signing_mac(secret, claim.day, claim.region, claim.service)
        self._context = f"{claim.date_text}\n{claim.scope}"
        self._previous = claim.signature
        self._expected = decoded_length
        self._length = 0
        self._buffer = bytearray()
        self._left = 0
        self._chunk_signature = ""
        self._chunk_hash = hashlib.sha256()
        self._step = self._read_head
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        """The decoded data that has come out so far."""
        self._buffer += data
        out = bytearray()
        while self._step(out):
            pass
        return bytes(out)

    def finish(self) -> None:
        """Say that the body is over. Raises SignatureProblem where it is not complete."""
        if not self._ended:
            raise _malformed("the body ends within a chunk")
        if self._expected is not None and self._length != self._expected:
            raise _malformed("the body does not have the length that x-amz-decoded-content-length says")

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > MAX_LINE:
                raise _malformed("a line of the chunked body is too long")
            return None
        if end > MAX_LINE:
            raise _malformed("a line of the chunked body is too long")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _read_head(self, out: bytearray) -> bool:
        line = self._line()
        if line is None:
            return False
        found = _HEAD.fullmatch(line)
        if found is None or (found["signature"] is not None) != self._signed:
            raise _malformed(
                "a chunk does not begin with its size and signature"
                if self._signed
                else "a chunk does not begin with its size"
            )
        self._left = int(found["size"], 16)
        self._chunk_signature = found["signature"].decode() if self._signed else ""
        self._chunk_hash = hashlib.sha256()
        if self._left == 0:
            self._check_chunk()
            self._step = self._read_trailer
            return True
        self._length += self._left
        if self._expected is not None and self._length > self._expected:
            raise _malformed("the body is longer than x-amz-decoded-content-length says")
        self._step = self._read_data
        return True

    def _read_data(self, out: bytearray) -> bool:
        if self._left:
            piece = self._buffer[: self._left]
            if not piece:
                return False
            del self._buffer[: len(piece)]
            self._left -= len(piece)
            if self._signed:
                self._chunk_hash.update(piece)
            out += piece
            return True
        if len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise _malformed("a chunk does not end where its size says")
        del self._buffer[:2]
        self._check_chunk()
        self._step = self._read_head
        return True

    def _check_chunk(self) -> None:
        if not self._signed:
            return
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{self._context}\n{self._previous}\n{EMPTY_SHA256}\n{self._chunk_hash.hexdigest()}"
        self._require(text, self._chunk_signature)
        self._previous = self._chunk_signature

    def _read_trailer(self, out: bytearray) -> bool:
        line = self._line()
        if line is None:
            return False
        if not line:
            self._check_trailer()
            self._ended = True
            self._step = self._refuse_rest
            return True
        found = _TRAILER.fullmatch(line)
        name = found["name"].decode().lower() if found else ""
        if found is None or not self._has_trailer or name in self.trailers or len(self.trailers) >= MAX_TRAILERS:
            raise _malformed("the trailer of the body is malformed")
        self.trailers[name] = found["value"].decode()
        return True

    def _refuse_rest(self, out: bytearray) -> bool:
        if self._buffer:
            raise _malformed("bytes follow the last chunk")
        return False

    def _check_trailer(self) -> None:
        if not (self._signed and self._has_trailer):
            return
        given = self.trailers.pop(_SIGNATURE_TRAILER, "")
        canonical = "".join(f"{name}:{self.trailers[name]}\n" for name in sorted(self.trailers))
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        self._require(f"AWS4-HMAC-SHA256-TRAILER\n{self._context}\n{self._previous}\n{digest}", given)

    def _require(self, text: str, given: str) -> None:
        if not hmac.compare_digest(self._mac(text.encode()).hex().encode(), given.encode()):
            raise SignatureProblem(
                Problem.MISMATCH, "The request signature we calculated does not match the signature you provided."
            )


def _malformed(text: str) -> SignatureProblem:
    return SignatureProblem(Problem.BAD_CHUNKS, f"The chunked body is invalid: {text}.")
