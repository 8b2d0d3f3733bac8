"""moto's S3, made to keep objects as contents: in files where they are large, digested once, never copied.

objects.py    an object and an upload in parts, over moto's own
completing.py parts put together, with the checksum of the whole
asking.py     what S3 refuses and moto does not
answering.py  moto's handlers, which take a body and give one
"""

from __future__ import annotations

from typing import Any

from podid.core.caller import Input
from podid.gateway.loaded import loaded
from podid.gateway.moto_services.s3 import answering, objects
from podid.gateway.moto_services.s3.asking import as_s3_takes_it
from podid.gateway.needs.s3 import copy_source
from podid.gateway.uploads import Content


def keep_contents(module: Any) -> None:
    """Change `moto.s3.models`, once it is imported."""
    objects.install(module)


def hand_contents(module: Any) -> None:
    """Change `moto.s3.responses`, once it is imported."""
    answering.install(module)


def prepare(operation: str, members: Input) -> Input:
    """What comes before S3's lock is taken: the members as S3 takes them. Raises Said for what it does not take."""
    members = as_s3_takes_it(operation, members)
    if operation == "CopyObject":
        _digest_source(members)
    return members


def _digest_source(members: Input) -> None:
    """What takes long of a CopyObject: the digests of an object that came in parts, which its copy has."""
    models = loaded("moto.s3.models")
    bucket, name, version = copy_source(str(members.get("CopySource", "")))
    where = models.s3_backends.bucket_accounts.get(bucket) if models is not None else None
    if where is None:
        return
    partition, account = where
    bucket_of_it = models.s3_backends[account][partition].buckets.get(bucket)
    keys = list(bucket_of_it.keys.getlist(name, [])) if bucket_of_it is not None else []
    for key in [key for key in keys if key.version_id == version] if version else keys[-1:]:
        if isinstance(getattr(key, "content", None), Content):
            for algorithm in {"MD5", key.checksum_algorithm or "MD5"}:
                key.content.digest(algorithm)
