"""One body of S3 while it comes: unwrapped, digested and written away, piece by piece, and in the end held against what was said of it."""

from __future__ import annotations

from podid.core.sigv4 import ChunkDecoder
from podid.gateway.refusals import Said
from podid.gateway.uploads.checksums import running
from podid.gateway.uploads.content import Content
from podid.gateway.uploads.spool import NoRoom, Spool
from podid.gateway.uploads.stated import Stated

LARGEST = 5 * 1024 * 1024 * 1024
"""Bytes of an object in one request, or of one part."""


class Intake:
    """Takes one body. Used by one thread at a time. Raises Said, and SignatureProblem for chunks whose signatures do not hold."""

    def __init__(
        self,
        spool: Spool,
        said: Stated,
        *,
        length: int | None,
        decoder: ChunkDecoder | None = None,
        most: int = LARGEST,
    ) -> None:
        """`length`: of the object, None where the head does not say; `most`: what it may have."""
        if length is not None and length > most:
            raise too_large(length, most)
        try:
            self._writer = spool.writer(length)
        except NoRoom as error:
            raise _no_room() from error
        self._said = said
        self._decoder = decoder
        self._most = most
        self._length = length
        self._digests = {algorithm: running(algorithm) for algorithm in said.needed()}

    def take(self, pieces: list[bytes]) -> None:
        """Bytes as they came."""
        for piece in pieces:
            self._put(self._decoder.feed(piece) if self._decoder is not None else piece)

    def finish(self) -> Content:
        """The body was whole: what it is."""
        trailers: dict[str, str] = {}
        if self._decoder is not None:
            self._decoder.finish()
            trailers = self._decoder.trailers
        if self._length is not None and self._writer.size != self._length:
            raise incomplete()
        digests = {algorithm: digest.digest() for algorithm, digest in self._digests.items()}
        self._said.check(digests.__getitem__, trailers)
        content = self._writer.content()
        content.digests.update(digests)
        content.stated = self._said.algorithm
        return content

    def _put(self, data: bytes) -> None:
        if not data:
            return
        if self._writer.size + len(data) > self._most:
            raise too_large(self._writer.size + len(data), self._most)
        for digest in self._digests.values():
            digest.update(data)
        try:
            self._writer.write(data)
        except NoRoom as error:
            raise _no_room() from error
        except ValueError as error:
            raise incomplete() from error


def incomplete() -> Said:
    """The body has another length than was said."""
    return Said(
        "IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header"
    )


def too_large(size: int, most: int) -> Said:
    """The object is larger than S3 takes."""
    return Said(
        "EntityTooLarge",
        400,
        "Your proposed upload exceeds the maximum allowed size",
        ProposedSize=str(size),
        MaxSizeAllowed=str(most),
    )


def _no_room() -> Said:
    return Said("SlowDown", 503, "Please reduce your request rate.", private="the disk has no room for an upload")
