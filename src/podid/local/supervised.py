"""A part's own side of the two pipes to its supervisor: when it may begin, when it must end, and telling that it is ready.

The reading end of one carries a byte once all that the part needs is prepared, and closes with the supervisor, however that ends; so the part
can import its modules meanwhile, and is never left behind. Into the other it writes a byte when it serves. That needs nothing of the kernel
that only Linux has. Without the variables, as when a person starts the part, every function does nothing.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Final

PARENT_PIPE: Final = "PODID_PARENT_PIPE"
READY_PIPE: Final = "PODID_READY_PIPE"
GO: Final = b"g"
READY: Final = b"r"


def wait_for_go() -> bool:
    """Wait until the part may begin. False: the supervisor went away, or gave the start up. From then on the part ends with it."""
    descriptor = _taken(PARENT_PIPE)
    if descriptor is None:
        return True
    if os.read(descriptor, 1) != GO:
        return False
    threading.Thread(target=_end_with_parent, args=(descriptor,), name="parent", daemon=True).start()
    return True


def tell_ready() -> None:
    """Tell the supervisor that this part answers. Once is enough."""
    descriptor = _taken(READY_PIPE)
    if descriptor is not None:
        with contextlib.suppress(OSError):  # nobody waits any more
            os.write(descriptor, READY)
        os.close(descriptor)


def _end_with_parent(descriptor: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(descriptor, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)


def _taken(variable: str) -> int | None:
    """The descriptor that a variable names, which no program that this one starts shall have. Given once."""
    text = os.environ.pop(variable, "")
    if not text.isdigit():
        return None
    descriptor = int(text)
    try:
        os.set_inheritable(descriptor, False)
    except OSError:
        return None
    return descriptor
