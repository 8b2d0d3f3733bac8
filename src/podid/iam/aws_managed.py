"""The policies that AWS manages, from the data that moto brings.

moto keeps them as one JSON text inside a Python module of 4.7 MB. Importing moto would take seconds, so the file is found and read without
importing it. What stays in memory is an index: where in the file each document lies. A document is read when it is asked for.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct


class AwsManagedPolicy(Struct, frozen=True, kw_only=True):
    """One policy; its only version here is the default one."""

    name: str
    path: str
    arn: str
    id: str
    version: str
    created_at: datetime
    updated_at: datetime
    offset: int
    length: int


class _Entry(Struct, rename="pascal"):
    create_date: datetime
    update_date: datetime
    default_version_id: str
    document: msgspec.Raw
    path: str = "/"


class AwsManagedPolicies:
    """All of them, read at first use. Read-only; `partition` is the one their ARNs are shown in."""

    def __init__(self, file: Path, partition: str) -> None:
        self._file = file
        self._partition = partition
        self._lock = threading.Lock()
        self._index: Mapping[str, AwsManagedPolicy] = {}
        self._stamp: tuple[int, int, int] | None = None

    def is_one(self, arn: str) -> bool:
        """Whether the ARN has the form of an AWS-managed policy's."""
        return arn.startswith(f"arn:{self._partition}:iam::aws:policy/")

    def find(self, arn: str) -> AwsManagedPolicy | None:
        """The policy with that ARN, or None."""
        return self._load().get(arn) if self.is_one(arn) else None

    def all(self) -> Sequence[AwsManagedPolicy]:
        """Every policy, by name."""
        return tuple(self._load().values())

    def document(self, policy: AwsManagedPolicy) -> str:
        """The text of a policy's document."""
        with self._file.open("rb") as file:
            if _stamp(file.fileno()) != self._stamp:  # moto was replaced under a running process
                policy = self._load(again=True)[policy.arn]
            file.seek(policy.offset)
            return msgspec.json.format(file.read(policy.length), indent=2).decode()

    def _load(self, *, again: bool = False) -> Mapping[str, AwsManagedPolicy]:
        with self._lock:
            if not self._index or again:
                with self._file.open("rb") as file:
                    self._stamp = _stamp(file.fileno())
                    self._index = _read_index(file.read(), self._partition)
            return self._index


def _stamp(descriptor: int) -> tuple[int, int, int]:
    status = os.fstat(descriptor)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read_index(source: bytes, partition: str) -> dict[str, AwsManagedPolicy]:
    quotes = b'"""'
    start, end = source.index(quotes) + len(quotes), source.rindex(quotes)
    entries = msgspec.json.decode(source[start:end], type=dict[str, _Entry])
    index = {}
    position = start
    for name, entry in entries.items():
        document = bytes(entry.document)
        position = source.index(document, position)
        arn = f"arn:{partition}:iam::aws:policy{entry.path}{name}"
        index[arn] = AwsManagedPolicy(
            name=name,
            path=entry.path,
            arn=arn,
            id=_policy_id(name),
            version=entry.default_version_id,
            created_at=entry.create_date,
            updated_at=entry.update_date,
            offset=position,
            length=len(document),
        )
        position += len(document)
    return dict(sorted(index.items(), key=lambda item: item[1].name.lower()))


def _policy_id(name: str) -> str:
    """moto's data lack the ids; one that never changes is made from the name."""
    return "ANPA" + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:17]


@lru_cache
def aws_managed_policies(partition: str = "aws") -> AwsManagedPolicies:
    """The policies, shared by all of one process."""
    spec = importlib.util.find_spec("moto")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("AWS-managed policies come from moto's data, and moto is not installed")
    return AwsManagedPolicies(Path(spec.submodule_search_locations[0]) / "iam" / "aws_managed_policies.py", partition)
