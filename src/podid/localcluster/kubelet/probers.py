"""The tasks that ask a pod's running containers, by their probes, and tell what they have come to think."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping

from podid.localcluster.isolation.port import Sandbox
from podid.localcluster.kubelet import probing
from podid.localcluster.kubelet.probes import Probe, ProbeKind, Streak
from podid.localcluster.kubelet.records import Record

_EARLY = 20
_EARLY_PERIOD = 0.25
_EAGER_PERIOD = 0.05

Verdict = Callable[[Record, ProbeKind, bool], None]
Unhealthy = Callable[[Record, ProbeKind, str], None]


class Probers:
    """At most one run of each container is asked."""

    def __init__(self, verdict: Verdict, unhealthy: Unhealthy) -> None:
        """`verdict` is called when the opinion of a container changes; `unhealthy` for every bad answer, with its text."""
        self._verdict = verdict
        self._unhealthy = unhealthy
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}

    def start(self, record: Record, sandbox: Sandbox, environment: Mapping[str, str], *, eager: bool = False) -> None:
        """Ask a container from now on, in the place of its earlier run.

        `eager`: whether it is ready is asked at once and often, and a bad answer during the initial delay is told to nobody.
        """
        self.stop(record.name)
        tasks = []
        passed = asyncio.Event()
        kinds: tuple[ProbeKind, ...] = ("startup", "liveness", "readiness")
        if "startupProbe" not in record.spec:
            passed.set()
        for kind in kinds:
            manifest = record.spec.get(f"{kind}Probe")
            if manifest:
                tasks.append(
                    asyncio.create_task(
                        self._keep_asking(
                            record,
                            kind,
                            Probe.read(manifest),
                            sandbox,
                            environment,
                            passed,
                            eager and kind == "readiness",
                        )
                    )
                )
        self._tasks[record.name] = tasks

    def stop(self, name: str) -> None:
        for task in self._tasks.pop(name, ()):
            task.cancel()

    def stop_all(self) -> None:
        for name in list(self._tasks):
            self.stop(name)

    async def _keep_asking(
        self,
        record: Record,
        kind: ProbeKind,
        probe: Probe,
        sandbox: Sandbox,
        environment: Mapping[str, str],
        passed: asyncio.Event,
        eager: bool,
    ) -> None:
        if kind != "startup":
            await passed.wait()
        loop = asyncio.get_running_loop()
        counts_from = loop.time() + probe.initial_delay
        if not eager:
            await asyncio.sleep(probe.initial_delay)
        streak = Streak()
        for asked in itertools.count(1):
            good, text = await probing.ask(probe, record.spec, sandbox, environment)
            if not good and loop.time() < counts_from:
                await asyncio.sleep(_EAGER_PERIOD)
                continue
            before, streak = streak, streak.after(good, probe)
            if not good:
                self._unhealthy(record, kind, text)
            if streak.verdict is not None and streak.verdict != before.verdict:
                self._verdict(record, kind, streak.verdict)
                if kind == "startup":
                    if streak.verdict:
                        passed.set()
                    return
            # a container that is not ready yet is asked sooner than its period says: it is waited for
            early = kind == "readiness" and not streak.verdict and asked <= _EARLY
            await asyncio.sleep(min(probe.period, _EARLY_PERIOD) if early else probe.period)
