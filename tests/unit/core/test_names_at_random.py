"""Ids made of bytes that were fetched in bulk, and the HMAC that begins with its key already hashed."""

from __future__ import annotations

import hmac
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from podid.core.ids import BulkRandom, uuid4, uuid7
from podid.core.macs import mac_with


def test_uuids_have_their_version_and_variant() -> None:
    for _ in range(200):
        random = uuid.UUID(uuid4(os.urandom))
        assert (random.version, random.variant) == (4, uuid.RFC_4122)
        timed = uuid.UUID(uuid7(1_700_000_000_123, os.urandom))
        assert (timed.version, timed.variant) == (7, uuid.RFC_4122)
        assert timed.int >> 80 == 1_700_000_000_123


def test_timed_uuids_sort_by_time() -> None:
    made = [uuid7(1_700_000_000_000 + number, os.urandom) for number in range(100)]
    assert made == sorted(made)


def test_bulk_random_gives_what_is_asked_and_never_twice() -> None:
    random = BulkRandom()
    made = [random(16) for _ in range(2000)]
    assert {len(one) for one in made} == {16}
    assert len(set(made)) == 2000
    assert len(random(10_000)) == 10_000


def test_threads_do_not_share_a_page() -> None:
    random, together = BulkRandom(), threading.Barrier(4)

    def draw(_: int) -> list[bytes]:
        together.wait()
        return [random(16) for _ in range(1000)]

    with ThreadPoolExecutor(4) as pool:
        made = [one for some in pool.map(draw, range(4)) for one in some]
    assert len(set(made)) == 4000


def test_a_child_process_does_not_repeat_its_parent() -> None:
    from podid.core.ids import names_at_random

    names_at_random(16)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, names_at_random(16))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 16)
    os.close(reader)
    os.close(writer)
    assert theirs != names_at_random(16)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 200])
def test_the_mac_is_hmac_sha256(length: int) -> None:
    key = bytes(range(length % 256))[:length].ljust(length, b"k")
    mac = mac_with(key)
    for text in (b"", b"x", os.urandom(200)):
        assert mac(text) == hmac.digest(key, text, "sha256")
