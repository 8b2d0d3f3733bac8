"""Passwords: which ones an account takes, and how they are kept.

Kept is `scrypt$N$r$p$salt$key`, never the password. A user's earlier passwords share the salt of the first, so that one derivation tells
whether a new one was there before.

Source of the rules: IAM user guide, "Set an account password policy for IAM users". Cost: RFC 7914 with N=2^14, r=8, p=5, one of the
settings that OWASP calls equal; about 0.2 s and 16 MiB each, so no database transaction is ever open meanwhile.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from podid.core.ids import RandomBytes
from podid.iam.errors import PasswordPolicyViolation

_N, _R, _P = 2**14, 8, 5
_MEMORY = 64 * 1024 * 1024
_SYMBOLS: Final = "!@#$%^&*()_+-=[]{}|'"
_CLASSES: Final = (
    ("RequireSymbols", re.compile(f"[{re.escape(_SYMBOLS)}]"), "symbol"),
    ("RequireNumbers", re.compile("[0-9]"), "number"),
    ("RequireUppercaseCharacters", re.compile("[A-Z]"), "uppercase letter"),
    ("RequireLowercaseCharacters", re.compile("[a-z]"), "lowercase letter"),
)
_DEFAULT_LENGTH = 8
_DEFAULT_CLASSES = 3


def check_password(password: str, policy: Mapping[str, Any] | None, *, account_names: Sequence[str]) -> None:
    """Raise PasswordPolicyViolation for a password that the account does not take.

    Without a policy of its own an account wants eight characters of three kinds, and not its own name.
    """
    least = _DEFAULT_LENGTH if policy is None else int(policy["MinimumPasswordLength"])
    if len(password) < least:
        raise PasswordPolicyViolation(f"Password should have a minimum length of {least}")
    if policy is None:
        if sum(bool(pattern.search(password)) for _, pattern, _ in _CLASSES) < _DEFAULT_CLASSES:
            raise PasswordPolicyViolation(
                "Password should have at least three of: uppercase letters, lowercase letters, numbers, symbols"
            )
        if password in account_names:
            raise PasswordPolicyViolation("Password should not be identical to the account name")
        return
    for member, pattern, word in _CLASSES:
        if policy[member] and not pattern.search(password):
            article = "an" if word[0] == "u" else "a"
            raise PasswordPolicyViolation(
                f"Password should have at least one {word}", private=f"{article} {word} is missing"
            )


def hash_password(password: str, random: RandomBytes, *, like: str = "") -> str:
    """A password as it is kept; with the salt and cost of `like`, another one that is kept, where that is given."""
    if like:
        _, n, r, p, salt, _ = like.split("$")
        return _derived(password, int(n), int(r), int(p), salt)
    return _derived(password, _N, _R, _P, base64.b64encode(random(16)).decode())


def same_hash(one: str, other: str) -> bool:
    """Whether two that are kept are of the same password. They must share salt and cost."""
    return hmac.compare_digest(one.encode(), other.encode())


def _derived(password: str, n: int, r: int, p: int, salt: str) -> str:
    key = hashlib.scrypt(password.encode(), salt=base64.b64decode(salt), n=n, r=r, p=p, maxmem=_MEMORY, dklen=32)
    return f"scrypt${n}${r}${p}${salt}${base64.b64encode(key).decode()}"
