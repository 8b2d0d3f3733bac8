"""podid's own calls to its own rooms: for what happens inside a call that was authorised already."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from podid.core.caller import Call, Caller, Input, Output
from podid.core.clock import Clock
from podid.core.operations import Handler, invoke

_PODID = Caller(kind="service", service="podid", arn="podid")


def iam_asker(handlers: Mapping[str, Handler], clock: Clock) -> Callable[[str, str, Input], Output]:
    """Something that calls operations of IAM for an account, without asking whether podid itself may."""

    def ask(account: str, operation: str, members: Input) -> Output:
        call = Call(
            caller=_PODID,
            account=account,
            region="us-east-1",
            partition="aws",
            now=clock(),
            request_id="",
            service="iam",
            operation=operation,
        )
        return invoke(handlers, call, members)

    return ask
