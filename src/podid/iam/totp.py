"""Time-based one-time passwords: RFC 6238 with SHA-1, steps of 30 s and six digits, as authenticator apps make them.

code(step) = truncate(HMAC-SHA-1(seed, step)) modulo 10^6          step = seconds since 1970 // 30        (RFC 4226, section 5.3)
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

STEP = 30
DIGITS = 6

ONCE_OFF = 1
"""Steps that a device's clock may be off by at a plain use: RFC 6238, section 5.2, recommends one."""


def step_at(now: datetime) -> int:
    """The step that an instant lies in."""
    return int(now.timestamp()) // STEP


def code_of(seed: bytes, step: int) -> str:
    """The code of a step."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(seed: bytes, code: str, around: int, *, after: int) -> int | None:
    """The step later than `after` and near `around` whose code that is; None where there is none."""
    found = None
    for step in range(around - ONCE_OFF, around + ONCE_OFF + 1):
        # Every step is compared, so that the time taken does not tell which one it was.
        if hmac.compare_digest(code_of(seed, step).encode(), code.encode()) and step > after and found is None:
            found = step
    return found


def find_pair(seed: bytes, first: str, second: str, around: int, *, within: int, after: int) -> int | None:
    """The step of the second of two codes that follow each other, at most `within` steps from `around`; None where there is none."""
    for step in range(max(around - within, after + 1, 1), around + within + 1):
        if hmac.compare_digest(code_of(seed, step).encode(), second.encode()) and hmac.compare_digest(
            code_of(seed, step - 1).encode(), first.encode()
        ):
            return step
    return None
