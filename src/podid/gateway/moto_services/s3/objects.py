"""Objects and uploads in parts, over moto's own classes: the body is a content, and is only read where somebody asks for bytes.

Other services of moto (Lambda, CloudFormation, Athena, …) read objects by `value` and get bytes. S3's own handlers are handed contents, see
`handing_contents`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from podid.gateway.moto_services.s3.completing import complete, require_same_algorithm
from podid.gateway.uploads import Content

_handing: ContextVar[bool] = ContextVar("podid_contents", default=False)


@contextmanager
def handing_contents(hand: bool = True) -> Iterator[None]:
    """Within this block an object's `value` is its content and not its bytes."""
    token = _handing.set(hand)
    try:
        yield
    finally:
        _handing.reset(token)


def install(module: Any) -> None:
    """Give `moto.s3.models` objects that keep contents."""
    base_key: Any = module.FakeKey
    base_multipart: Any = module.FakeMultipart

    class StoredObject(base_key):  # type: ignore[misc]
        """An object, or one part of an upload."""

        content = Content(())

        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            if named.get("checksum_value") and not named.get("checksum_type"):
                self.checksum_type: str | None = "FULL_OBJECT"

        @property
        def value(self) -> Content | bytes:
            return self.content if _handing.get() else bytes(self.content)

        @value.setter
        def value(self, value: Content | bytes | str) -> None:
            if not isinstance(value, Content):
                value = Content.of(value.encode() if isinstance(value, str) else bytes(value))
            self.content = value
            self.contentsize = len(value)

        @property
        def etag(self) -> str:
            known = self.__dict__.get("_etag")
            return f'"{known or self.content.digest("MD5").hex()}"'

        def dispose(self, garbage: bool = False) -> None:
            self.content = Content(())  # who is still reading it has it
            super().dispose(garbage=False)

        def __getstate__(self) -> dict[str, Any]:
            with handing_contents(False):
                state: dict[str, Any] = super().__getstate__()
            state.pop("content", None)
            return state

    class StoredUpload(base_multipart):  # type: ignore[misc]
        """An upload in parts."""

        def set_part(self, part_id: int, value: Any) -> Any:
            if isinstance(value, Content):
                require_same_algorithm(self.metadata, value)
            return super().set_part(part_id, value)

        def complete(self, body: Iterator[tuple[int, str]]) -> Any:
            return complete(self, body, module)

    module.FakeKey = StoredObject
    module.FakeMultipart = StoredUpload
    _finish_uploads(module)
    _select_from_bytes(module)


def _finish_uploads(module: Any) -> None:
    """moto leaves out the algorithm of an upload that named none, and takes what it was begun with for metadata."""
    given = module.S3Backend.complete_multipart_upload

    def complete_multipart_upload(backend: Any, *arguments: Any, **named: Any) -> Any:
        key = given(backend, *arguments, **named)
        if key is not None:
            key.checksum_algorithm = key.checksum_algorithm or "CRC64NVME"
            for name in ("x-amz-checksum-algorithm", "x-amz-checksum-type"):
                key.metadata.pop(name, None)
        return key

    module.S3Backend.complete_multipart_upload = complete_multipart_upload


def _select_from_bytes(module: Any) -> None:
    given = module.S3Backend.select_object_content

    def select_object_content(backend: Any, *arguments: Any, **named: Any) -> Any:
        with handing_contents(False):
            return given(backend, *arguments, **named)

    module.S3Backend.select_object_content = select_object_content
