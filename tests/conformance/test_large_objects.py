"""Hundreds of megabytes through a process of its own, whose memory stays as it was."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from tests.conformance.endpoint import Endpoint

MIB = 1 << 20
SIZE = 300 * MIB
MOST = 60 * MIB
"""What memory may grow by: a fifth of one object."""

BUCKET = "conformance-large"

pytestmark = [
    pytest.mark.skipif(os.environ.get("PODID_LARGE") != "1", reason="takes 20 s and 1 GB of disk: PODID_LARGE=1"),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read in /proc, which is Linux's"),
]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "object"
    with path.open("wb") as file:
        for _ in range(SIZE // MIB):
            file.write(os.urandom(MIB))
    return path


@pytest.fixture(scope="module")
def s3(endpoint: Endpoint) -> Any:
    s3 = endpoint.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return s3


def digest_of(body: Any) -> str:
    digest = hashlib.sha256()
    while piece := body.read(MIB):
        digest.update(piece)
    return digest.hexdigest()


@pytest.mark.parametrize("parts", [False, True])
def test_an_object_of_300_megabytes(endpoint: Endpoint, s3: Any, large: Path, parts: bool) -> None:
    key = "in-parts" if parts else "at-once"
    before = endpoint.peak_memory(forget=True)
    if parts:
        s3.upload_file(str(large), BUCKET, key, Config=TransferConfig(multipart_threshold=8 * MIB))
    else:
        with large.open("rb") as body:
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    with large.open("rb") as body:
        expected = digest_of(body)
    s3.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": key})
    for each in (key, "copy"):
        assert digest_of(s3.get_object(Bucket=BUCKET, Key=each)["Body"]) == expected
    assert endpoint.peak_memory() - before < MOST
    for each in (key, "copy"):
        s3.delete_object(Bucket=BUCKET, Key=each)
