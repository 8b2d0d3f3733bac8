"""When a probe's answers change what is thought of a container. Pure.

Source: Kubernetes API reference, Probe; documentation "Configure Liveness, Readiness and Startup Probes".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, structs

ProbeKind = Literal["startup", "liveness", "readiness"]


class Probe(Struct, frozen=True, kw_only=True):
    """How to ask, and how often."""

    action: Mapping[str, Any]
    """The manifest's probe, with one of httpGet, tcpSocket, exec, grpc."""
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    successes: int = 1
    failures: int = 3

    @staticmethod
    def read(manifest: Mapping[str, Any]) -> Probe:
        """From a manifest, whose zeros and absences mean the defaults."""
        return Probe(
            action=manifest,
            initial_delay=float(manifest.get("initialDelaySeconds") or 0),
            period=float(manifest.get("periodSeconds") or 10),
            timeout=float(manifest.get("timeoutSeconds") or 1),
            successes=int(manifest.get("successThreshold") or 1),
            failures=int(manifest.get("failureThreshold") or 3),
        )


class Streak(Struct, frozen=True):
    """How many answers of one kind came in a row, and what they have come to mean."""

    good: bool | None = None
    """The last answer."""
    length: int = 0
    verdict: bool | None = None
    """What is thought of the container; None until a threshold was reached."""

    def after(self, good: bool, probe: Probe) -> Streak:
        """With one answer more."""
        length = self.length + 1 if good == self.good else 1
        reached = length >= (probe.successes if good else probe.failures)
        return structs.replace(self, good=good, length=length, verdict=good if reached else self.verdict)
