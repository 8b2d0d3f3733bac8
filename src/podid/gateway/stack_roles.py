"""The roles that stacks are given: CloudFormation assumes one and acts as it, now and for every later change of the stack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from podid.core.caller import Call, Caller
from podid.gateway.loaded import loaded
from podid.gateway.steps.values import Understood
from podid.sts import Sts

_SECONDS = 3600


class StackRoles:
    """Finds the role of the stack that a call is about, and assumes it as cloudformation.amazonaws.com."""

    def __init__(self, sts: Sts) -> None:
        self._sts = sts

    def __call__(self, understood: Understood) -> Callable[[], Caller] | None:
        """What assumes the stack's role; None where it has none. Asked before the call: a stack that is deleted is gone from moto's list.

        The session is made when it is needed; that raises AccessDenied where the role does not trust CloudFormation.
        """
        if understood.call.service != "cloudformation":
            return None
        role_arn = str(understood.members.get("RoleARN") or "") or _role_of_stack(understood)
        return (lambda: self._assume(role_arn, understood.call)) if role_arn else None

    def _assume(self, role_arn: str, call: Call) -> Caller:
        issued = self._sts.assume_role_as_service(
            service="cloudformation.amazonaws.com",
            role_arn=role_arn,
            session_name="AWSCloudFormation",
            duration=_SECONDS,
            now=call.now,
        )
        credentials = issued.credentials
        return self._sts.open_session(credentials.access_key_id, credentials.session_token, call.now).caller


def _role_of_stack(understood: Understood) -> str:
    models = loaded("moto.cloudformation.models")
    name = understood.members.get("StackName")
    if models is None or not name:
        return ""
    regions: Any = models.cloudformation_backends.get(understood.call.account) or {}
    backend = regions[understood.call.region] if understood.call.region in list(regions.keys()) else None
    for stack in list(backend.stacks.values()) if backend is not None else ():
        if name in (stack.name, stack.stack_id):
            return stack.role_arn or ""
    return ""
