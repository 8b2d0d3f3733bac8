"""Finds the handler in moto for a call, and calls it.

Each service's modules are imported at its first call (or when `warm` asks for them, in a thread of its own). One lock a service keeps
two calls from changing its dictionaries at once: moto has no locks of its own, and the work is done under the interpreter's lock anyway.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from podid.core.caller import Input, Output
from podid.core.errors import AwsError, NotImplementedHere
from podid.core.http import HttpResponse
from podid.core.waiting import about_to_wait
from podid.gateway.catalog import Service
from podid.gateway.moto_services import (
    canonical,
    iam_view,
    json_answers,
    messages,
    restraints,
    s3,
    settings,
    translation,
)
from podid.gateway.moto_services.acting import Perform, acting, refuse
from podid.gateway.moto_services.iam_view import AskIam

log = logging.getLogger("podid.gateway.moto")

_Handler = Callable[[Any, str, Any], Any]
_UNLOCKED = frozenset({"awslambda", "stepfunctions", "batch"})
"""Services whose calls may last, or come back to this endpoint while they are under way."""


_DEFAULTS: Mapping[tuple[str, str], Input] = {("cloudformation", "CreateChangeSet"): {"ChangeSetType": "UPDATE"}}
"""Members that a service fills in where they were not given, and moto fills in otherwise."""

_REPEATS_ENDPOINT = frozenset({"sqs"})
"""Services whose answers hold a URL that clients call next: a queue's. It must lead back here."""


class ServiceFailed(AwsError):
    """moto broke down over a request that it should have answered."""

    code, status = "InternalFailure", 500


class MotoCall(Struct, frozen=True, kw_only=True):
    """One authorised call for moto. `protocol` is the client's."""

    service: Service
    operation: str
    members: Input
    protocol: str
    account: str
    region: str
    access_key_id: str
    endpoint: str
    """How the client called this endpoint, `http://127.0.0.1:4566`: for the few answers that repeat it."""
    request_id: str
    perform: Perform = refuse
    """Operations of podid's own, as the caller of this call: what a stack makes of roles and associations."""


class _Ready(Struct, frozen=True, kw_only=True):
    """A service of moto that has been imported."""

    model: Any
    handlers: tuple[tuple[re.Pattern[str], _Handler], ...]
    lock: threading.RLock


class MotoServices:
    """All services of moto, each imported when first called."""

    def __init__(self, ask_iam: AskIam) -> None:
        self._ask_iam = ask_iam
        self._ready: dict[str, _Ready] = {}
        self._importing = threading.Lock()

    def carry_out(self, call: MotoCall) -> HttpResponse | Output:
        """Have moto carry out a call: its answer as it is, or, where moto does not speak the client's protocol, the answer's members.

        Raises NotImplementedHere where moto has no such operation, ServiceFailed where it broke; and in the second case whatever
        error moto answered with.
        """
        about_to_wait()
        ready = self._service(call.service)
        operation = ready.model.operation_model(call.operation)
        protocol = canonical.protocol_for(ready.model, call.protocol)
        members = {**_DEFAULTS.get((call.service.model, call.operation), {}), **call.members}
        if call.service.model == "s3":
            members = s3.prepare(call.operation, members)
        host = call.service.host.format(region=call.region, account=call.account)
        message = canonical.write(
            operation,
            members,
            protocol=protocol,
            host=host,
            account=call.account,
            region=call.region,
            signing_name=call.service.signing_name,
            access_key_id=call.access_key_id,
        )
        if call.service.model in _REPEATS_ENDPOINT:
            message = canonical.addressed_to(message, call.endpoint)
        handler = _find(ready, f"https://{host}{message.path}")
        if handler is None:
            raise _unknown(call)
        request = messages.as_moto_request(message, form=protocol in ("query", "ec2"))
        answer = self._ask(ready, handler, request, call)
        if protocol != call.protocol:
            return translation.read(answer, operation, protocol)
        if protocol == "json":
            return json_answers.in_form(answer, operation)
        return json_answers.with_type(answer) if protocol == "rest-json" else answer

    def members_of(self, call: MotoCall) -> Output:
        """The same, always as the answer's members."""
        answer = self.carry_out(call)
        if not isinstance(answer, HttpResponse):
            return answer
        ready = self._service(call.service)
        protocol = canonical.protocol_for(ready.model, call.protocol)
        return translation.read(answer, ready.model.operation_model(call.operation), protocol)

    def _ask(self, ready: _Ready, handler: _Handler, request: Any, call: MotoCall) -> HttpResponse:
        from werkzeug.exceptions import HTTPException

        try:
            with ready.lock, acting(call.perform, call.members):
                status, headers, body = handler(request, request.raw_url, request.headers)
                answer = messages.as_answer(status, headers, body, head=request.method == "HEAD")
        except HTTPException as error:
            answer = messages.as_answer(error.code or 500, error.get_headers(), error.get_body())
        except NotImplementedError as error:
            raise _unknown(call, str(error)) from error
        except AwsError:
            raise
        except Exception as error:
            log.exception(
                "moto failed at %s:%s", call.service.model, call.operation, extra={"request_id": call.request_id}
            )
            raise ServiceFailed(
                f"moto, which serves {call.service.model} here, could not answer {call.operation}.", private=repr(error)
            ) from error
        return messages.with_request_id(answer, call.request_id)

    def _service(self, service: Service) -> _Ready:
        ready = self._ready.get(service.model)
        if ready is None:
            with self._importing:
                ready = self._ready.get(service.model) or self._import(service)
                self._ready[service.model] = ready
        if not iam_view.shows(self._ask_iam):  # another endpoint of this process had its turn
            iam_view.show(self._ask_iam)
        return ready

    def _import(self, service: Service) -> _Ready:
        settings.prepare()
        iam_view.show(self._ask_iam)
        from moto.backends import get_backend
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.core.utils import get_service_model

        restraints.apply()
        regions = get_backend(service.backend)[DEFAULT_ACCOUNT_ID]  # type: ignore[call-overload]
        some = regions["us-east-1"] if "us-east-1" in regions else regions["aws"]
        urls = some.urls  # imports the handlers' modules
        restraints.apply()
        if service.model == "cloudformation":
            from podid.gateway.moto_services import stacks

            stacks.install()
        return _Ready(
            model=get_service_model(service.model),
            handlers=tuple((re.compile(url), handler) for url, handler in urls.items()),
            lock=_NoLock() if service.backend in _UNLOCKED else threading.RLock(),  # type: ignore[arg-type]
        )


class _NoLock:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def _find(ready: _Ready, url: str) -> _Handler | None:
    for pattern, handler in ready.handlers:
        if pattern.match(url):
            return handler
    return None


def _unknown(call: MotoCall, private: str = "") -> NotImplementedHere:
    return NotImplementedHere(
        f"{call.service.model}:{call.operation} is served by moto here, which does not implement it.", private=private
    )
