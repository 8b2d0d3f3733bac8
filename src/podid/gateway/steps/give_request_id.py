"""Step 1: the id under which this request is found in every answer and log line."""

from __future__ import annotations

from podid.core.ids import RandomBytes, uuid7
from podid.gateway.steps.values import Numbered, Received


def give_request_id(received: Received, random: RandomBytes) -> Numbered:
    """Make an id of our own; one the client sends is not taken over, two requests must never share one."""
    return Numbered(received=received, request_id=uuid7(int(received.now.timestamp() * 1000), random))
