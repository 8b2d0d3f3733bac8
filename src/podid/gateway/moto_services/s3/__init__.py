"""moto's S3, made to keep objects as contents: in files where they are large, digested once, never copied.

objects.py    an object and an upload in parts, over moto's own
completing.py parts put together, with the checksum of the whole
answering.py  moto's handlers, which take a body and give one
"""

from __future__ import annotations

from typing import Any

from podid.gateway.moto_services.s3 import answering, objects


def keep_contents(module: Any) -> None:
    """Change `moto.s3.models`, once it is imported."""
    objects.install(module)


def hand_contents(module: Any) -> None:
    """Change `moto.s3.responses`, once it is imported."""
    answering.install(module)
