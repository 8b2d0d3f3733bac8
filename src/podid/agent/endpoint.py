"""`/v1/credentials`: one request from its bytes to its answer.

AWS's agent makes these checks, in this order; so does this one, and adds what is marked +:

    1  path and method           404, 307; + other methods than GET and HEAD are refused
    2  Host                      one, and one of the agent's addresses: else 400, 403
    3  token present             400
    4  token readable            400
    5  token within its time     400
    6  lease, else EKS Auth

Who may have which lease is decided by the token's hash alone, and a hash is known only after EKS Auth, or the cluster's own keys, have
accepted the token. Until then calls under way and refusals belong to the hash. A call that is under way is shared by all who need it.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import logging
import posixpath
import urllib.parse
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from podid.agent import answers, token
from podid.agent.failures import Busy, Failure, Unreachable
from podid.agent.leases import Holder, Leases, Plan, new_lease, plan, postponed
from podid.agent.limits import Buckets
from podid.agent.metrics import Metrics
from podid.agent.settings import AgentSettings
from podid.agent.token import BadToken, UnverifiedClaims
from podid.lean.messages import Request, Response

log = logging.getLogger(__name__)

PATH: Final = b"/v1/credentials"
_MAX_FLIGHTS: Final = 1024
"""Calls of EKS Auth under way or waiting for a connection."""
_MAX_REFUSALS: Final = 1024

Outcome = Response | Failure


class Upstream(Protocol):
    async def assume(self, token: bytes) -> answers.Grant:
        """The credentials of a token's pod. Raises a Failure."""


class TokenKeys(Protocol):
    async def confirm(self, token: bytes, known: UnverifiedClaims, now: float) -> bool:
        """Whether the cluster signed this token, for the pod and service account of `known`."""


class CredentialEndpoint:
    """Answers the pods of a node. `clock` and `random` are time.time and random.random, or a test's."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        hosts: tuple[str, ...],
        upstream: Upstream,
        metrics: Metrics,
        clock: Callable[[], float],
        random: Callable[[], float],
        keys: TokenKeys | None = None,
    ) -> None:
        self._settings = settings
        self._hosts = hosts
        self._usual_hosts = frozenset(
            form.encode() for host in hosts for form in (host, f"{host}:{settings.port}", f"[{host}]")
        )
        self._upstream = upstream
        self._metrics = metrics
        self._clock = clock
        self._random = random
        self._keys = keys
        self._leases = Leases(settings.max_cache_size)
        self._flights: dict[str, asyncio.Task[Outcome]] = {}
        self._refusals: OrderedDict[bytes, tuple[Failure, float]] = OrderedDict()
        self._asks = Buckets(rate=settings.asks_per_second, burst=settings.asks_burst)

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """The handler of the lean server."""
        if request.target != PATH:
            elsewhere = _elsewhere(request)
            if elsewhere is not None:
                return elsewhere
        result = self._credentials(request)
        if isinstance(result, Response):
            self._metrics.responses[result.status] += 1
            return result
        return self._counted(result)

    async def renew(self) -> None:
        """Renew what is due, for ever: a few each second, only for pods that ask."""
        while True:
            await asyncio.sleep(1.0)
            try:
                self.renew_due()
            except Exception:  # pods are served all the same
                log.exception("renewing failed")

    def renew_due(self) -> None:
        """Start the renewals that are due now, as many as a second may have."""
        now = self._clock()
        self._leases.drop_expired(now)
        for holder, _ in zip(self._leases.due(now), range(self._settings.max_service_qps), strict=False):
            self._renew(holder)

    async def close(self) -> None:
        """Give up the calls under way."""
        for flight in list(self._flights.values()):
            flight.cancel()

    @property
    def leases(self) -> Leases:
        return self._leases

    # one request

    def _credentials(self, request: Request) -> Response | Awaitable[Response]:
        host: bytes | None = None
        bearer_token = b""
        for name, value in zip(request.names, request.values, strict=True):
            if name == b"authorization":
                bearer_token = bearer_token or value
            elif name == b"host":
                if host is not None:
                    return answers.TWO_HOSTS
                host = value
        if host is None and request.version == "1.1":
            return answers.NO_HOST
        if request.method not in ("GET", "HEAD"):
            return answers.ONLY_GET
        if host not in self._usual_hosts:
            asked = _host_of(request, host or b"")
            if asked not in self._hosts:
                return answers.wrong_host(self._hosts, asked)
        token_hash = hashlib.sha256(bearer_token).digest()
        now = self._clock()
        bearer = self._leases.find(token_hash)
        holder: Holder | None = None
        if bearer is not None and bearer.not_before <= now < bearer.expires_at:
            holder = bearer.holder
            todo = plan(holder.lease, now)
            if todo is Plan.SERVE:
                return self._serve(holder)
            if todo is Plan.SERVE_THEN_REFRESH:
                if not holder.renewing:
                    self._renew(holder)
                return self._serve(holder)
        try:
            claims = token.read(bearer_token)
            token.check_times(claims, now)
        except BadToken as problem:
            return answers.bad_request(str(problem))
        return self._ask(request.peer, bearer_token, token_hash, claims, holder, now)

    def _serve(self, holder: Holder) -> Response:
        self._leases.touch(holder)
        self._metrics.hits += 1
        return holder.lease.answer

    def _ask(
        self,
        peer: str,
        bearer_token: bytes,
        token_hash: bytes,
        claims: UnverifiedClaims,
        holder: Holder | None,
        now: float,
    ) -> Response | Awaitable[Response]:
        """Answer what no lease answers at once. `holder` is the pod's, where the token was verified before."""
        known = self._refusals.get(token_hash)
        if known is not None and now < known[1]:
            return answers.failure(known[0], strict=self._settings.strict_aws_status)
        key = holder.pod if holder is not None else token_hash.hex()
        if key not in self._flights:
            caller = token_hash if _is_loopback(peer) else peer
            if len(self._flights) >= _MAX_FLIGHTS or not self._asks.take(caller, now):
                busy = Busy("too many requests for new credentials at once; try again in a second")
                return answers.failure(busy, strict=self._settings.strict_aws_status)
        if holder is None and self._keys is not None:
            rotated = self._leases.of_pod(claims.kubernetes.pod.uid)
            if rotated is not None and plan(rotated.lease, now) is not Plan.FETCH:
                return self._rotated(self._keys, rotated, bearer_token, token_hash, claims)
        self._metrics.state.add("miss")
        return self._landed(self._fly(key, bearer_token, token_hash, claims, holder), holder)

    async def _rotated(
        self, keys: TokenKeys, holder: Holder, bearer_token: bytes, token_hash: bytes, claims: UnverifiedClaims
    ) -> Response:
        """A token not seen before that says it is of a pod with a lease: believed if the cluster's keys confirm it."""
        confirmed = await keys.confirm(bearer_token, holder.claims, self._clock())
        self._metrics.validations.add("success" if confirmed else "failure")
        if confirmed and plan(holder.lease, self._clock()) is not Plan.FETCH:
            self._leases.add_token(holder, bearer_token, token_hash, claims)
            return self._serve(holder)
        self._metrics.state.add("miss")
        return await self._landed(self._fly(token_hash.hex(), bearer_token, token_hash, claims, None), None)

    async def _landed(self, flight: asyncio.Task[Outcome], holder: Holder | None) -> Response:
        """Wait for a call under way, but not so long that an SDK gives up."""
        done, _ = await asyncio.wait({flight}, timeout=self._settings.answer_within)
        outcome: Outcome
        if done and not flight.cancelled():
            outcome = flight.result()
        else:
            outcome = Unreachable(
                f"EKS Auth has not answered within {self._settings.answer_within:g} s; it is still being asked"
            )
        if isinstance(outcome, Response):
            if holder is not None:
                self._leases.touch(holder)
            return outcome
        if holder is not None and not outcome.final and plan(holder.lease, self._clock()) is not Plan.FETCH:
            return self._serve(holder)
        return answers.failure(outcome, strict=self._settings.strict_aws_status)

    async def _counted(self, pending: Awaitable[Response]) -> Response:
        response = await pending
        self._metrics.responses[response.status] += 1
        return response

    # calls of EKS Auth

    def _renew(self, holder: Holder) -> None:
        """Start a renewal with the pod's best token, which need not be the one it showed just now."""
        self._fly(holder.pod, holder.token, hashlib.sha256(holder.token).digest(), holder.claims, holder)

    def _fly(
        self, key: str, bearer_token: bytes, token_hash: bytes, claims: UnverifiedClaims, holder: Holder | None
    ) -> asyncio.Task[Outcome]:
        """The call under way for this key; started if there is none."""
        flight = self._flights.get(key)
        if flight is None:
            if holder is not None:
                holder.renewing = True
            flight = asyncio.get_running_loop().create_task(self._fetch(bearer_token, token_hash, claims, holder))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return flight

    async def _fetch(
        self, bearer_token: bytes, token_hash: bytes, claims: UnverifiedClaims, holder: Holder | None
    ) -> Outcome:
        try:
            grant = await self._upstream.assume(bearer_token)
        except Failure as problem:
            self._failed(problem, token_hash, claims, holder)
            return problem
        except Exception:
            log.exception("asking EKS Auth failed")
            return Failure("internal error of the agent; its log says more")
        finally:
            if holder is not None:
                holder.renewing = False
        return self._granted(grant, bearer_token, token_hash, claims, holder)

    def _granted(
        self,
        grant: answers.Grant,
        bearer_token: bytes,
        token_hash: bytes,
        claims: UnverifiedClaims,
        holder: Holder | None,
    ) -> Outcome:
        now = self._clock()
        if grant.expires_at <= now:
            return Unreachable("EKS Auth gave credentials that have already ended; is the node's clock right?")
        answer = answers.credentials(grant)
        log.info("credentials granted", extra={**_named(claims), "association": grant.association})
        if self._settings.caching:
            lease = new_lease(
                answer,
                now=now,
                expires_at=grant.expires_at,
                retention=self._settings.max_credential_retention_before_renewal,
                random=self._random(),
            )
            before = self._leases.evicted
            # EKS Auth has accepted the token, so what it says of its pod is true.
            pod = claims.kubernetes.pod.uid or token_hash.hex()
            held = self._leases.put(pod, lease, bearer_token, token_hash, claims)
            held.asked = holder is None
            self._metrics.state.add("evicted", count=self._leases.evicted - before)
        return answer

    def _failed(self, problem: Failure, token_hash: bytes, claims: UnverifiedClaims, holder: Holder | None) -> None:
        now = self._clock()
        log.warning(
            "no credentials granted",
            extra={**_named(claims), "kind": problem.kind, "reason": answers.clean(str(problem))},
        )
        if not problem.passing:
            self._refusals[token_hash] = (problem, now + self._settings.refused_for)
            self._refusals.move_to_end(token_hash)
            if len(self._refusals) > _MAX_REFUSALS:
                self._refusals.popitem(last=False)
        if holder is not None:
            self._metrics.renewal_failed(problem.kind, final=problem.final)
            if problem.final:
                self._leases.drop(holder.pod)
            else:
                holder.lease = postponed(holder.lease, now=now, random=self._random())


def _named(claims: UnverifiedClaims) -> dict[str, str]:
    kubernetes = claims.kubernetes
    return {
        "namespace": kubernetes.namespace[:63],
        "service_account": kubernetes.serviceaccount.name[:253],
        "pod": kubernetes.pod.name[:253],
    }


def _elsewhere(request: Request) -> Response | None:
    """The answer to another target than the usual bytes; None where they mean the same path after all."""
    path = _path_of(request.target)
    if path == PATH.decode():
        return None
    cleaned = posixpath.normpath("/" + path.lstrip("/"))
    if path.endswith("/") and cleaned != "/":
        cleaned += "/"
    return answers.moved(urllib.parse.quote(cleaned)) if cleaned != path else answers.NOT_FOUND


def _path_of(target: bytes) -> str:
    """The decoded path of a target in origin or absolute form, without its query."""
    written = target.decode("latin-1").partition("?")[0]
    if not written.startswith("/"):
        written = "/" + written.partition("://")[2].partition("/")[2]
    return urllib.parse.unquote(written, errors="replace")


def _host_of(request: Request, host: bytes) -> str:
    """The host asked for, without port and brackets. A target in absolute form has the last word (RFC 9112, section 3.2.2)."""
    written = host.decode("latin-1")
    if not request.target.startswith(b"/"):
        written = request.target.decode("latin-1").partition("://")[2].partition("/")[0]
    if written.startswith("["):
        return written[1:].partition("]")[0]
    return written.rpartition(":")[0] if written.count(":") == 1 else written


def _is_loopback(peer: str) -> bool:
    try:
        return not peer or ipaddress.ip_address(peer.partition("%")[0]).is_loopback
    except ValueError:
        return False
