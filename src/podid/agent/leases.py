"""Who holds which credentials until when, and what to do for a pod that asks now. No sockets, no clock, no randomness.

A lease belongs to a pod, by its UID, and is made only after EKS Auth has accepted a token of that pod. A token leads to its lease by its
hash; a token that nobody has verified leads nowhere, whatever it claims. All times are seconds since the epoch.
"""

from __future__ import annotations

import enum
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from podid.agent.token import UnverifiedClaims
from podid.lean.messages import Response

ADVISORY: Final = 16 * 60.0
"""Seconds that credentials should have left when handed out: boto3 asks again at every call below 15 minutes."""
JITTER: Final = 0.1
"""Part of a waiting time by which it is shortened at random, so that a node's pods do not renew together."""
RETRY: Final = 60.0
"""Seconds until a failed renewal is tried again, and up to twice that (AWS's agent: the same)."""
TOKENS_PER_POD: Final = 4
"""Tokens that lead to one lease: the present one, the one before it, and those of another volume."""


class Plan(enum.Enum):
    """What to do for a pod that asks."""

    FETCH = "ask EKS Auth; there is nothing to serve"
    SERVE = "serve the lease"
    SERVE_THEN_REFRESH = "serve the lease, and renew it behind the answer"
    REFRESH_FIRST = "renew first, for little time is left; the lease is the answer if that fails"


class Lease(Struct, frozen=True, kw_only=True):
    """Credentials, as the answer that carries them."""

    answer: Response
    expires_at: float
    refresh_at: float
    short_at: float
    """From here on less than ADVISORY is left."""


def new_lease(answer: Response, *, now: float, expires_at: float, retention: float, random: float) -> Lease:
    """A lease made now, to be renewed after `retention` seconds or half of its life. `random` is in [0, 1)."""
    life = expires_at - now
    wait = min(retention, life / 2) * (1 - JITTER * random)
    return Lease(
        answer=answer, expires_at=expires_at, refresh_at=now + wait, short_at=expires_at - min(ADVISORY, life / 3)
    )


def postponed(lease: Lease, *, now: float, random: float) -> Lease:
    """The lease after a renewal that failed for now."""
    return Lease(
        answer=lease.answer,
        expires_at=lease.expires_at,
        refresh_at=now + RETRY * (1 + random),
        short_at=lease.short_at,
    )


def plan(lease: Lease | None, now: float) -> Plan:
    """Say what to do for a pod that asks now. The expiry instant is already too late."""
    if lease is None or now >= lease.expires_at:
        return Plan.FETCH
    if now < lease.refresh_at:
        return Plan.SERVE
    return Plan.REFRESH_FIRST if now >= lease.short_at else Plan.SERVE_THEN_REFRESH


class Holder:
    """A pod, its lease, and the newest token it has shown."""

    __slots__ = ("asked", "claims", "lease", "pod", "renewing", "token", "tokens")

    def __init__(self, pod: str, lease: Lease, token: bytes, claims: UnverifiedClaims) -> None:
        self.pod = pod
        self.lease = lease
        self.token = token
        self.claims = claims
        """Of `token`, which EKS Auth or the cluster's keys have confirmed."""
        self.tokens: list[bytes] = []
        self.asked = False
        """Whether the pod has asked for this lease again. Who does not ask is not renewed: the pod may be gone."""
        self.renewing = False

    def __repr__(self) -> str:
        return f"Holder({self.pod}, until {self.lease.expires_at:.0f})"


class Bearer(Struct, frozen=True):
    """A verified token's hash leads here: to the pod, and to the time in which the token is good."""

    holder: Holder
    not_before: float
    expires_at: float


class Leases:
    """The leases of a node, bounded: past `capacity` the pod that has not asked for longest goes."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._pods: OrderedDict[str, Holder] = OrderedDict()
        self._bearers: dict[bytes, Bearer] = {}
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._pods)

    def find(self, token_hash: bytes) -> Bearer | None:
        """Where a token leads, if it was verified before."""
        return self._bearers.get(token_hash)

    def of_pod(self, pod: str) -> Holder | None:
        """A pod's holder; a token that only claims to be that pod's gives no right to it."""
        return self._pods.get(pod)

    def touch(self, holder: Holder) -> None:
        """Note that the pod has asked."""
        holder.asked = True
        if holder.pod in self._pods:
            self._pods.move_to_end(holder.pod)

    def put(self, pod: str, lease: Lease, token: bytes, token_hash: bytes, claims: UnverifiedClaims) -> Holder:
        """Give a pod a lease that EKS Auth granted for this token."""
        holder = self._pods.get(pod)
        if holder is None:
            holder = self._pods[pod] = Holder(pod, lease, token, claims)
            while len(self._pods) > self._capacity:
                self._drop(next(iter(self._pods.values())))
                self.evicted += 1
        holder.lease = lease
        self.add_token(holder, token, token_hash, claims)
        return holder

    def add_token(self, holder: Holder, token: bytes, token_hash: bytes, claims: UnverifiedClaims) -> None:
        """Let a verified token lead to a pod's lease. The one that lives longest is used to renew."""
        if token_hash not in self._bearers:
            holder.tokens.append(token_hash)
            if len(holder.tokens) > TOKENS_PER_POD:
                self._bearers.pop(holder.tokens.pop(0), None)
        self._bearers[token_hash] = Bearer(holder, claims.not_before, claims.expires_at)
        if claims.expires_at >= holder.claims.expires_at:
            holder.token, holder.claims = token, claims

    def drop(self, pod: str) -> None:
        """Forget a pod: EKS Auth refuses it for good."""
        holder = self._pods.get(pod)
        if holder is not None:
            self._drop(holder)

    def drop_expired(self, now: float) -> None:
        """Forget the leases that have ended."""
        for holder in [h for h in self._pods.values() if now >= h.lease.expires_at and not h.renewing]:
            self._drop(holder)

    def due(self, now: float) -> Iterator[Holder]:
        """The pods whose lease should be renewed now, without waiting for their next question."""
        for holder in list(self._pods.values()):
            if (
                now >= holder.lease.refresh_at
                and holder.asked
                and not holder.renewing
                and now < holder.claims.expires_at
            ):
                yield holder

    def _drop(self, holder: Holder) -> None:
        del self._pods[holder.pod]
        for token_hash in holder.tokens:
            self._bearers.pop(token_hash, None)
