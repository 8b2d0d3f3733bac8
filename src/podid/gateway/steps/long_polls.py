"""Calls that may be answered later: SQS's ReceiveMessage waits up to twenty seconds for a message.

moto waits in the thread that calls it, and nobody could send to any queue meanwhile. So moto is only ever asked what is there now; who
waits is the edge, without a thread, and asks again. A part of step 6.
"""

from __future__ import annotations

from typing import Any

from podid.core.caller import Input
from podid.gateway.loaded import loaded
from podid.gateway.moto_services import MotoCall

LONGEST_WAIT = 20
"""Seconds, SQS's own limit. What asks for more is left for moto to refuse."""


def wait_of(call: MotoCall) -> int:
    """The seconds that a call's answer may be waited for; 0 for calls that are answered at once."""
    if call.service.model != "sqs" or call.operation != "ReceiveMessage":
        return 0
    asked = call.members.get("WaitTimeSeconds")
    seconds = asked if isinstance(asked, int) else _wait_of_queue(call)
    return seconds if 0 < seconds <= LONGEST_WAIT else 0


def without_wait(members: Input) -> Input:
    """The same call, answered at once."""
    return {**members, "WaitTimeSeconds": 0}


def _wait_of_queue(call: MotoCall) -> int:
    """What a queue says itself (ReceiveMessageWaitTimeSeconds)."""
    sqs = loaded("moto.sqs.models")
    if sqs is None:
        return 0
    regions: Any = sqs.sqs_backends.get(call.account) or {}
    backend = regions[call.region] if call.region in list(regions.keys()) else None
    name = str(call.members.get("QueueUrl", "")).rstrip("/").rpartition("/")[2]
    queue = backend.queues.get(name) if backend is not None else None
    return int(getattr(queue, "receive_message_wait_time_seconds", 0) or 0)
