"""Whether the pod a token is bound to still exists, where its cluster can be asked.

A signature says nothing of that: a token outlives its pod by up to a day. Kubernetes' own TokenReview refuses such tokens, so this does
too, for clusters registered with a kubeconfig. What was learnt is kept for a moment; a cluster that does not answer, or does not let us
ask, is not asked again for a while, and its pods count as alive: this check narrows, it must not take credentials away because an API
server restarts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from typing import Final

from podid.core.tokens import ServiceAccountToken
from podid.core.waiting import about_to_wait
from podid.eks import Cluster, ClusterAccess
from podid.kube import PODS, KubeError, NotFound

KEPT: Final = 1.0
"""Seconds that an answer is used: a pod that is gone is refused about as soon as its own API server would."""
SILENCE: Final = 10.0
"""Seconds that a cluster is left alone after it failed to answer."""
PATIENCE: Final = 0.25
"""Seconds to wait for an answer: AWS's agent gives a whole call one second."""
MOST_PODS: Final = 20_000
MOST_ASKING: Final = 16
"""Questions under way at once; pods beyond that count as alive."""

_log = logging.getLogger("podid.eks_auth.liveness")


class PodLiveness:
    """Answers by pod UID. `monotonic` gives seconds that only grow."""

    def __init__(self, access: ClusterAccess, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._alive: OrderedDict[tuple[str, str], tuple[float, Future[bool]]] = OrderedDict()
        self._silent_until: dict[str, float] = {}
        self._asking = threading.BoundedSemaphore(MOST_ASKING)

    def is_gone(self, cluster: Cluster, pod: ServiceAccountToken) -> bool:
        """Whether the cluster says that there is no such pod any more."""
        if not cluster.kubeconfig:
            return False
        now = self._monotonic()
        key = (cluster.arn, pod.pod_uid)
        with self._lock:
            if now < self._silent_until.get(cluster.arn, 0.0):
                return False
            held = self._alive.get(key)
            if held is None or (held[1].done() and now >= held[0] + KEPT):
                if not self._asking.acquire(blocking=False):
                    return False
                held = (now, Future())
                self._alive[key] = held
                # A daemon: a cluster that hangs must not keep the process from ending.
                threading.Thread(target=self._ask, args=(cluster, pod, held[1]), daemon=True).start()
                while len(self._alive) > MOST_PODS:
                    self._alive.popitem(last=False)
            self._alive.move_to_end(key)
        if not held[1].done():
            about_to_wait()
        try:
            return not held[1].result(timeout=PATIENCE)
        except TookTooLong:
            self._leave_alone(cluster, f"no answer in {PATIENCE} s")
            return False

    def _ask(self, cluster: Cluster, pod: ServiceAccountToken, answer: Future[bool]) -> None:
        alive = True
        try:
            found = self._access.client(cluster).get(PODS, pod.pod_name, pod.namespace)
            alive = (found.get("metadata") or {}).get("uid") == pod.pod_uid
        except NotFound:
            alive = False
        except KubeError as error:
            self._leave_alone(cluster, error.public)
        finally:
            self._asking.release()
            answer.set_result(alive)

    def _leave_alone(self, cluster: Cluster, why: str) -> None:
        with self._lock:
            self._silent_until[cluster.arn] = self._monotonic() + SILENCE
        _log.info("cluster %s is not asked about pods for %d s: %s", cluster.name, SILENCE, why)
