"""A form that a browser posts, taken apart as it comes: fields, then one file (RFC 7578, as S3 takes it).

    --boundary CRLF Content-Disposition: form-data; name="key" CRLF CRLF value CRLF
    --boundary CRLF Content-Disposition: form-data; name="file"; filename="x" CRLF … CRLF CRLF bytes CRLF
    --boundary--

The file is the last field: what follows it is dropped. Nothing of the file is kept here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from podid.gateway.refusals import Said

MOST_BEFORE_FILE: Final = 20_000
"""Bytes of all fields before the file, S3's own limit, but for the heads of parts."""

_MOST_HEAD: Final = 4 * 1024
_MOST_FIELDS: Final = 200
_BOUNDARY: Final = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^;\s"]{1,70}))(?=[;\s]|$)', re.IGNORECASE
)
_DISPOSITION: Final = re.compile(
    r'content-disposition:\s*form-data\s*;\s*name="([^"\r\n]{1,256})"(?:\s*;\s*filename="([^"\r\n]*)")?', re.IGNORECASE
)
_TYPE: Final = re.compile(r"content-type:[ \t]*([^\r\n]*)", re.IGNORECASE)


def boundary_of(content_type: str) -> bytes | None:
    """The boundary of a form's content type; None where it is no form, or says none."""
    found = _BOUNDARY.match(content_type)
    return (found[1] or found[2]).encode("latin-1") if found else None


class FormReader:
    """`begin` is called with the fields once the file begins (names in lower case; `file` is the file's name), and gives what takes the
    file's bytes. Raises Said for what is no such form."""

    def __init__(self, boundary: bytes, begin: Callable[[dict[str, str]], Callable[[bytes], None]]) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._begin = begin
        self._fields: dict[str, str] = {}
        self._size = 0
        # As if the text before the first boundary ended with a line break: it then begins as every other does.
        self._buffer = bytearray(b"\r\n")
        self._take: Callable[[bytes], None] | None = None
        self._whole = False

    def feed(self, data: bytes) -> None:
        """Bytes as they come."""
        if self._whole:
            return
        self._buffer += data
        while self._take is None and self._read_part():
            pass
        if self._take is not None:
            self._pass_on()

    def finish(self) -> None:
        """The form is over."""
        if not self._whole:
            if self._take is None and "file" not in self._fields:
                raise Said(
                    "InvalidArgument", 400, "POST requires exactly one file upload per request.", ArgumentName="file"
                )
            raise _malformed("the body ends within the file")

    def _read_part(self) -> bool:
        """Read one field, or the head of the file; whether there may be another."""
        start = len(self._delimiter)
        if len(self._buffer) < start + 2:
            return False
        if not self._buffer.startswith(self._delimiter) or bytes(self._buffer[start : start + 2]) not in (
            b"\r\n",
            b"--",
        ):
            raise _malformed("a part does not begin with the boundary")
        if self._buffer[start : start + 2] == b"--":
            raise Said(
                "InvalidArgument", 400, "POST requires exactly one file upload per request.", ArgumentName="file"
            )
        head_end = self._buffer.find(b"\r\n\r\n", start)
        if head_end < 0 or head_end > start + _MOST_HEAD:
            if len(self._buffer) > start + _MOST_HEAD:
                raise _malformed("the head of a part is too long")
            return False
        head = self._buffer[start:head_end].decode("utf-8", "replace")
        named = _DISPOSITION.search(head)
        if named is None:
            raise _malformed("a part has no name")
        name = named[1].lower()
        if name == "file":
            del self._buffer[: head_end + 4]
            self._fields["file"] = re.split(r"[\\/]", named[2] or "")[-1]
            kind = _TYPE.search(head)
            if kind is not None:
                self._fields.setdefault("content-type of file", kind[1].strip())
            self._take = self._begin(self._fields)
            return False
        end = self._buffer.find(self._delimiter, head_end + 4)
        if end < 0:
            if len(self._buffer) > MOST_BEFORE_FILE + _MOST_HEAD:
                raise _too_long()
            return False
        value = self._buffer[head_end + 4 : end]
        self._size += len(name) + len(value)
        if self._size > MOST_BEFORE_FILE or len(self._fields) >= _MOST_FIELDS:
            raise _too_long()
        if name in self._fields:
            raise Said("InvalidArgument", 400, f"Bucket POST must not contain the field {name[:64]!r} twice.")
        self._fields[name] = value.decode("utf-8", "replace")
        del self._buffer[:end]
        return True

    def _pass_on(self) -> None:
        """Give on what surely is of the file: what may be the beginning of the boundary stays."""
        assert self._take is not None
        end = self._buffer.find(self._delimiter)
        safe = end if end >= 0 else max(0, len(self._buffer) - len(self._delimiter))
        if safe:
            self._take(bytes(self._buffer[:safe]))
            del self._buffer[:safe]
        if end >= 0:
            self._whole = True
            self._buffer.clear()


def _too_long() -> Said:
    return Said(
        "MaxPostPreDataLengthExceeded",
        400,
        "Your POST request fields preceding the upload file were too large.",
        MaxPostPreDataLengthBytes=str(MOST_BEFORE_FILE),
    )


def _malformed(text: str) -> Said:
    return Said(
        "MalformedPOSTRequest",
        400,
        "The body of your POST request is not well-formed multipart/form-data.",
        private=text,
    )
