"""For whom moto acts right now: what a stack makes of ours is made as the caller who asked for the stack.

Set around each call of moto, in the thread that makes it. What moto does later, in threads of its own, acts for nobody and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from podid.core.caller import Input, Output
from podid.core.errors import AccessDenied

Perform = Callable[[str, str, Input], Output]
"""Carries out an operation of podid's own rooms, authorised for the caller: (service, operation, members)."""


def refuse(_service: str, _operation: str, _members: Input) -> Output:
    """The `Perform` of calls in which moto has nothing to ask of podid's rooms."""
    raise AccessDenied("Nobody asked for this: a service of moto acts on its own.")


_current: ContextVar[tuple[Perform, Input] | None] = ContextVar("podid_acting", default=None)


@contextmanager
def acting(perform: Perform, members: Input) -> Iterator[None]:
    """Within this block moto acts for the caller behind `perform`, who asked with these members."""
    token = _current.set((perform, members))
    try:
        yield
    finally:
        _current.reset(token)


def perform(service: str, operation: str, **members: object) -> Output:
    """Carry out an operation of ours for whoever moto acts for; members that are None are left out."""
    current = _current.get()
    act = refuse if current is None else current[0]
    return act(service, operation, {name: value for name, value in members.items() if value is not None})


def asked_with() -> Input:
    """The input of the call that moto carries out."""
    current = _current.get()
    return {} if current is None else current[1]
