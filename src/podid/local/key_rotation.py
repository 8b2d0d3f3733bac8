"""New keys in place of old ones: for the ring that seals role sessions, and for the master key that encrypts what is stored.

    1. a new master key in front of the old one, in its file      who encrypts from now on uses it, who decrypts has both
    2. stored secrets encrypted anew, in one transaction
    3. a new key in the ring, whose file is encrypted anew too    sessions sealed with the old one open until they end
    4. the old master key dropped

A process that runs follows: it looks at both files when it uses them. What ends in between is done by the next rotation.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from podid.core.clock import system_clock
from podid.iam import Iam
from podid.local.kept_state import Place, opened, require_schema
from podid.local.problems import Forbidden, LocalProblem, WrongUsage
from podid.local.rotation_wish import What
from podid.store import ENVIRONMENT, MasterKey, MasterKeyProblem, StoreUnavailable
from podid.sts import KeyRing, KeyRingProblem

SETTLING_SECONDS = 1.0
"""Between steps 2 and 4: a request that read a secret before it was encrypted anew may still be opening it."""


class Rotated(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done. Keys are named by their ids, which open nothing."""

    ring_key: str = ""
    ring_keys_held: int = 0
    master_key: str = ""
    secrets_renewed: int = 0


def rotate(place: Place, what: What = What.ALL, *, keep_old: bool = False, settle: float = SETTLING_SECONDS) -> Rotated:
    """Rotate. Raises LocalProblem where a key cannot be read, written or used; what was there then still works."""
    ring = place.ring
    if what in (What.ALL, What.RING) and ring is None:
        raise WrongUsage(
            "the key ring is a file of serve's", "give it: --key-ring-file FILE, or leave it out: --only master-key"
        )
    file = None if what in (What.RING, What.SECRETS) else _master_key_file(place)
    with _alone(file or ring):
        try:
            return _rotate(place, what, file, ring, keep_old=keep_old, settle=settle)
        except (MasterKeyProblem, KeyRingProblem) as problem:
            raise LocalProblem(str(problem), "podid state check says more; nothing was given up") from problem
        except StoreUnavailable as problem:
            raise Forbidden(
                f"{place.name} cannot be used: {problem.private}", "podid state check says more; nothing was given up"
            ) from problem
        except OSError as problem:
            raise Forbidden(
                f"{problem.filename or 'the key file'} cannot be written: {problem.strerror}",
                "where keys are mounted, put a new one in front of the old, then: podid keys rotate --only secrets",
            ) from problem


def _rotate(
    place: Place, what: What, file: Path | None, ring: Path | None, *, keep_old: bool, settle: float
) -> Rotated:
    with opened(place) as store:
        require_schema(store)  # what is secret in another schema is not known here
    if file is not None:
        MasterKey.load(file).rotated().save(file)  # 1
    renewed, name = 0, ""
    with opened(place) as store:
        if what is not What.RING:
            renewed = Iam(store).renew_secrets()  # 2
            name = store.master_key.name
        held = None
        if ring is not None and (what in (What.ALL, What.RING) or ring.exists()):
            held = KeyRing.load_or_create(ring, master_key=store.master_key)
            if what in (What.ALL, What.RING):
                held.rotate(system_clock())  # 3
            else:
                held.encrypt_anew()
    if file is not None and not keep_old:
        time.sleep(settle)
        MasterKey.load(file).without_old().save(file)  # 4
    return Rotated(
        ring_key=held.name if held and what in (What.ALL, What.RING) else "",
        ring_keys_held=held.count if held and what in (What.ALL, What.RING) else 0,
        master_key=name,
        secrets_renewed=renewed,
    )


def _master_key_file(place: Place) -> Path:
    file = place.master_key_file or (place.own_master_key if not os.environ.get(ENVIRONMENT) else None)
    if file is None:
        raise WrongUsage(
            "the master key is in the environment, where podid cannot change it",
            "put a new key in front of it there, start serve anew, then: podid keys rotate --only secrets; the ring alone: --only ring",
        )
    if not file.exists():
        raise Forbidden(f"there is no master key {file}", "name the home that podid runs in: PODID_HOME=/some/folder")
    return file


@contextlib.contextmanager
def _alone(beside: Path | None) -> Iterator[None]:
    """One rotation at a time in a folder of keys."""
    if beside is None:
        yield
        return
    try:
        descriptor = os.open(beside.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError as problem:
        raise Forbidden(
            f"there are no keys in {beside.parent}", "name the home that podid runs in: PODID_HOME=/some/folder"
        ) from problem
    except OSError as problem:
        raise Forbidden(
            f"{beside.parent} cannot be read: {problem.strerror}", "are you the user who started podid?"
        ) from problem
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
