"""Running controllers: each is a function over the stored objects that is called after every change of the kinds it watches.

A controller takes no input but the store, so it does not matter how many changes led to one call, or whether an earlier call failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from podid.localcluster.ports import Objects, Resource

_log = logging.getLogger(__name__)
_RETRY_SECONDS: Final = 1.0


class Controller(ABC):
    """`watches`: the kinds whose changes call `reconcile`. `every`: seconds after which it is called anyway."""

    name: ClassVar[str]
    watches: ClassVar[Sequence[Resource]]
    every: ClassVar[float]

    @abstractmethod
    async def reconcile(self) -> None:
        """Make what is stored come true, as far as it can be done now."""


async def run_controllers(objects: Objects, controllers: Sequence[Controller]) -> None:
    """Run all until cancelled. One that fails is logged and tried again; it does not stop the others."""
    async with asyncio.TaskGroup() as group:
        for controller in controllers:
            group.create_task(_run(objects, controller), name=controller.name)


async def _run(objects: Objects, controller: Controller) -> None:
    changed = asyncio.Event()
    changed.set()
    async with asyncio.TaskGroup() as group:
        for resource in controller.watches:
            group.create_task(_signal(objects, resource, changed))
        while True:
            # not wait_for: on Python 3.11 it can swallow a cancellation that comes together with the result
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(controller.every):
                    await changed.wait()
            changed.clear()
            try:
                await controller.reconcile()
            except Exception:
                _log.exception("the %s controller failed; it is tried again", controller.name)
                await asyncio.sleep(_RETRY_SECONDS)
                changed.set()


async def _signal(objects: Objects, resource: Resource, changed: asyncio.Event) -> None:
    async for _ in objects.watch(resource):
        changed.set()
