"""Lifecycle hooks: a command in the container, or an HTTP request to it, when it has started or before it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Literal

from podid.localcluster.isolation.port import Sandbox
from podid.localcluster.kubelet import probing
from podid.localcluster.kubelet.probes import Probe

_LONGEST = 30.0


async def run_hook(
    when: Literal["postStart", "preStop"],
    container: Mapping[str, Any],
    sandbox: Sandbox,
    environment: Mapping[str, str],
    longest: float = _LONGEST,
) -> str:
    """Run a container's hook, if it has one, for so many seconds at most. What went wrong; empty: nothing did."""
    handler = (container.get("lifecycle") or {}).get(when)
    if not handler:
        return ""
    if "sleep" in handler:
        await asyncio.sleep(min(float(handler["sleep"].get("seconds") or 0), longest))
        return ""
    good, text = await probing.ask(Probe(action=handler, timeout=longest), container, sandbox, environment)
    return "" if good else text
