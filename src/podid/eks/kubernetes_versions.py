"""The Kubernetes versions EKS offers, with their dates.

Source: EKS user guide, "Amazon EKS Kubernetes release calendar". The status of a version is computed from the dates, never stored.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final, Literal

from msgspec import Struct

Support = Literal["STANDARD_SUPPORT", "EXTENDED_SUPPORT", "UNSUPPORTED"]


class KubernetesVersion(Struct, frozen=True):
    """One minor version. Support ends at the beginning of the day, UTC."""

    minor: str
    released: date
    end_of_standard: date
    end_of_extended: date
    platform: str = "eks.1"
    """podid's own: it has had one platform version for each."""

    def support(self, now: datetime) -> Support:
        """How the version is supported at an instant; the day support ends is already too late."""
        today = now.astimezone(UTC).date()
        if today < self.end_of_standard:
            return "STANDARD_SUPPORT"
        return "EXTENDED_SUPPORT" if today < self.end_of_extended else "UNSUPPORTED"


VERSIONS: Final = (
    KubernetesVersion("1.35", date(2026, 1, 27), date(2027, 3, 27), date(2028, 3, 27)),
    KubernetesVersion("1.34", date(2025, 10, 2), date(2026, 12, 2), date(2027, 12, 2)),
    KubernetesVersion("1.33", date(2025, 5, 29), date(2026, 7, 29), date(2027, 7, 29)),
    KubernetesVersion("1.32", date(2025, 1, 23), date(2026, 3, 23), date(2027, 3, 23)),
    KubernetesVersion("1.31", date(2024, 9, 26), date(2025, 11, 26), date(2026, 11, 26)),
    KubernetesVersion("1.30", date(2024, 5, 23), date(2025, 7, 23), date(2026, 7, 23)),
    KubernetesVersion("1.29", date(2024, 1, 23), date(2025, 3, 23), date(2026, 3, 23)),
    KubernetesVersion("1.28", date(2023, 9, 26), date(2024, 11, 26), date(2025, 11, 26)),
)
"""Newest first."""

DEFAULT: Final = "1.34"
"""What CreateCluster makes where no version is asked for; it is never refused, however old this list has become."""


def find_version(minor: str) -> KubernetesVersion | None:
    """The version of that name, such as `1.33`."""
    return next((each for each in VERSIONS if each.minor == minor), None)


def minor_number(minor: str) -> int:
    """`1.33` is 33. Raises ValueError for what has no such form."""
    major, _, number = minor.partition(".")
    if major != "1":
        raise ValueError(f"{minor!r} is not a Kubernetes version: expected 1.N")
    return int(number)
