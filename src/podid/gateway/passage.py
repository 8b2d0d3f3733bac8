"""How far one request has come on its way through the endpoint, and what it was told."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from msgspec import Struct

from podid.core.http import HttpResponse
from podid.core.operations import Steps
from podid.core.waiting import WouldWait
from podid.core.wire import OperationModel, ServiceModel
from podid.gateway import logs
from podid.gateway.extensions import EXTENSION
from podid.gateway.routing.guess import probable_service
from podid.gateway.steps.find_operation import model_of
from podid.gateway.steps.values import Addressed, Answered, Authenticated, Authorised, Numbered, Understood
from podid.gateway.steps.write_output import write_failure

if TYPE_CHECKING:
    from podid.gateway.coming import FormTaker


class Later(Struct, frozen=True, kw_only=True):
    """There is no answer yet. `again` gives it, or this once more, and should be called after `seconds`."""

    again: Callable[[], HttpResponse | Later]
    seconds: float


Told = HttpResponse | Later | WouldWait
"""What a request is told: its answer, that it has to ask again, or that it came upon something to wait for where nobody may."""


class Passage:
    """One request under way: what each step found, for the next one, for its error and for its line in the log."""

    __slots__ = (
        "_started",
        "addressed",
        "answered",
        "authenticated",
        "authorised",
        "decided_before",
        "failure",
        "form",
        "numbered",
        "told",
        "under_way",
        "understood",
    )

    def __init__(self, numbered: Numbered) -> None:
        self.numbered = numbered
        self.addressed: Addressed | None = None
        self.authenticated: Authenticated | None = None
        self.understood: Understood | None = None
        self.authorised: Authorised | None = None
        self.under_way: Steps | None = None
        """The call, where it is carried out in parts."""
        self.decided_before = 0
        """How many decisions were noted before the call began."""
        self.answered: Answered | None = None
        self.form: FormTaker | None = None
        self.told: Told | None = None
        self.failure: Exception | None = None
        self._started = time.perf_counter()

    def seconds(self) -> float:
        """How long ago the request came."""
        return time.perf_counter() - self._started

    def is_let_in_to(self, services: Collection[str]) -> bool:
        """Whether it is for one of these services, and nothing was found against it."""
        return self.authorised is not None and self.authorised.understood.call.service in services

    def fail(self, error: Exception) -> HttpResponse:
        """A step raised: what the request is told of it, in its service's own form."""
        self.failure = error
        try:
            told = self._in_words(error)
        except Exception as mistake:
            # No error of ours is known to be one that cannot be written; if there is, those that came with it do not suffer.
            self.failure = mistake
            told = HttpResponse(status=500)
        self.told = told
        return told

    def _in_words(self, error: Exception) -> HttpResponse:
        request = self.numbered.received.request
        model: ServiceModel
        operation: OperationModel | None = None
        if self.addressed is not None:
            model, request = self.addressed.model, self.addressed.request
            operation = self.addressed.match.operation if self.addressed.match else None
        else:
            model = model_of(EXTENSION if request.path.startswith("/_podid/") else probable_service(request))
        return write_failure(
            error, model=model, operation=operation, request=request, request_id=self.numbered.request_id
        )

    def seen(self) -> logs.Seen:
        """What became known of it."""
        return logs.Seen(
            numbered=self.numbered,
            addressed=self.addressed,
            authenticated=self.authenticated,
            notes=None if self.understood is None else self.understood.call.notes,
        )
