"""The counters of AWS's agent, under its names.

Names and labels: `pkg/handlers/eks_credential_handler.go` and `internal/credsretriever/refreshing_cache.go` of AWS's agent;
`pod_identity_local_validation` is of its 0.2 line.
"""

from __future__ import annotations

from collections import Counter

from podid.lean.messages import Response
from podid.lean.metrics import CounterFamily, expose


class Metrics:
    """What the agent counts."""

    def __init__(self) -> None:
        self.responses: Counter[int] = Counter()
        """Answers to `/v1/credentials` by status; a plain counter, for it is touched at each request."""
        self.state = CounterFamily(
            "pod_identity_cache_state", "What the cache had for a request, and the pods it dropped", ("state",)
        )
        self.errors = CounterFamily(
            "pod_identity_cache_errors", "Renewals of kept credentials that failed", ("code", "type")
        )
        self.validations = CounterFamily(
            "pod_identity_local_validation", "Rotated tokens checked against the cluster's keys", ("result",)
        )
        self.hits = 0

    def renewal_failed(self, code: str, *, final: bool) -> None:
        """Count a failed renewal; final ones end the lease."""
        self.errors.add(code[:64], "NonRecoverable" if final else "Recoverable")

    def expose(self) -> Response:
        """All of them, for Prometheus."""
        responses = CounterFamily("pod_identity_http_response", "Answers to requests for credentials", ("code",))
        for status, count in self.responses.items():
            responses.add(str(status), count=count)
        self.state.values[("hit",)] = self.hits
        return expose([responses, self.errors, self.state, self.validations])
