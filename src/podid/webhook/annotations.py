"""What a pod and its service account say by annotations, and which of two that differ is followed.

Source: amazon-eks-pod-identity-webhook, `pkg/annotations.go`. A value that cannot be read is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

MIN_EXPIRATION: Final = 600
"""Seconds; the API server refuses less (TokenRequest)."""
_MAX_DIGITS: Final = 18


class Annotations(Struct, frozen=True):
    """The annotations of a pod and of its service account, under one prefix. The pod's win."""

    prefix: str
    pod: Mapping[str, str]
    service_account: Mapping[str, str]

    def token_expiration(self, default: int) -> int:
        """Seconds for which a token is asked; at least 600."""
        for place in (self.pod, self.service_account):
            value = place.get(f"{self.prefix}/token-expiration")
            seconds = _integer(value) if isinstance(value, str) else None
            if seconds is not None:
                return max(seconds, MIN_EXPIRATION)
        return max(default, MIN_EXPIRATION)

    def regional_sts(self, default: bool) -> bool:
        """Whether SDKs are told to use the region's own STS; only the service account says."""
        value = self.service_account.get(f"{self.prefix}/sts-regional-endpoints")
        return _BOOLEANS.get(value, default) if isinstance(value, str) else default

    def audience(self, default: str) -> str:
        """Audience of the web identity token; only the service account says."""
        value = self.service_account.get(f"{self.prefix}/audience")
        return value if isinstance(value, str) and value else default

    def role_arn(self) -> str:
        """The role of IRSA, empty where there is none."""
        value = self.service_account.get(f"{self.prefix}/role-arn")
        return value if isinstance(value, str) else ""

    def skipped_containers(self) -> frozenset[str]:
        """Names of containers that are left alone; only the pod says."""
        value = self.pod.get(f"{self.prefix}/skip-containers")
        if not isinstance(value, str):
            return frozenset()
        return frozenset(name for name in (part.strip() for part in value.split(",")) if name)


# What Go's strconv.ParseBool reads.
_BOOLEANS: Final = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)


def _integer(text: str) -> int | None:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (0 < len(digits) <= _MAX_DIGITS and digits.isascii() and digits.isdigit()):
        return None
    return int(text)
