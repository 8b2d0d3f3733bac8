"""Requests of S3 that are let in by their heads: an upload, or a form with one, whose body is taken as it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from podid.core.http import HttpResponse
from podid.core.sigv4 import Claim, SignatureProblem
from podid.core.sigv4.post_policy import SizeRange
from podid.gateway.refusals import refused
from podid.gateway.steps import post_forms
from podid.gateway.steps.uploads import with_content
from podid.gateway.steps.values import Addressed, Authorised
from podid.gateway.uploads.forms import FormReader
from podid.gateway.uploads.intake import Intake
from podid.gateway.uploads.spool import Spool
from podid.gateway.uploads.stated import stated

if TYPE_CHECKING:
    from podid.gateway.passage import Later

Steps = Callable[[], "HttpResponse | Later"]

MAY_COME = HttpResponse(status=100)
"""What steps give that find nothing to refuse, and are not yet the answer."""


class Taker(Protocol):
    """Takes the body of one request, and gives the call that it makes. Raises what the call is refused with."""

    def take(self, pieces: list[bytes]) -> None: ...
    def finish(self) -> Authorised: ...


class UploadTaker:
    """An object whose sender may put it."""

    def __init__(self, authorised: Authorised, intake: Intake) -> None:
        self._authorised = authorised
        self._intake = intake

    def take(self, pieces: list[bytes]) -> None:
        self._intake.take(pieces)

    def finish(self) -> Authorised:
        return with_content(self._authorised, self._intake.finish())


class FormTaker:
    """A form with an object. Who signed it is known once its fields are there; `let_in` then decides about the PutObject it stands for."""

    def __init__(
        self,
        addressed: Addressed,
        boundary: bytes,
        spool: Spool,
        secret_of: Callable[[Claim, Addressed], str],
        let_in: Callable[[Addressed], Authorised],
    ) -> None:
        self._addressed = addressed
        self._spool = spool
        self._secret_of = secret_of
        self._let_in = let_in
        self._reader = FormReader(boundary, self._begin)
        self._fields: dict[str, str] = {}
        self._size = SizeRange(0, 0)
        self._authorised: Authorised | None = None
        self._intake: Intake | None = None

    def take(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            self._reader.feed(piece)

    def finish(self) -> Authorised:
        self._reader.finish()
        assert self._intake is not None
        assert self._authorised is not None
        content = self._intake.finish()
        post_forms.check_size(len(content), self._size)
        self._authorised = with_content(self._authorised, content)
        return self._authorised

    def answer(self, put: HttpResponse) -> HttpResponse:
        """The answer to the PutObject, as one to the form."""
        assert self._authorised is not None
        return post_forms.answer_to_form(put, self._fields, self._authorised.understood)

    def _begin(self, fields: dict[str, str]) -> Callable[[bytes], None]:
        self._fields = fields
        request = self._addressed.numbered.received.request
        claim = post_forms.claim_of(fields, request)
        if claim is not None:
            post_forms.check_claim(claim, fields, self._secret_of(claim, self._addressed), request)
        put, self._size = post_forms.as_put(self._addressed, fields, claim)
        self._authorised = self._let_in(put)
        self._intake = intake = Intake(self._spool, stated(put.request), length=None, most=self._size.most)
        return lambda data: intake.take([data])


class Coming:
    """A request that was let in. Its body is given to `take` as it comes, then `finish` answers. Used by one thread at a time.

    `reach` makes an answer of whatever steps raise, `carry_out` does the call.
    """

    def __init__(
        self,
        taker: Taker,
        addressed: Addressed,
        reach: Callable[[Steps], HttpResponse | Later],
        carry_out: Callable[[Authorised], HttpResponse | Later],
    ) -> None:
        self._taker = taker
        self._request = addressed.numbered.received.request
        self._reach = reach
        self._carry_out = carry_out

    def take(self, pieces: list[bytes]) -> HttpResponse | None:
        """Bytes of the body; gives the answer where no more of it is wanted."""

        def steps() -> HttpResponse:
            self._taker.take(pieces)
            return MAY_COME

        told = self._reach(lambda: self._spelt(steps))
        return told if isinstance(told, HttpResponse) and told is not MAY_COME else None

    def finish(self) -> HttpResponse | Later:
        """The body was whole: the answer."""
        return self._reach(lambda: self._spelt(lambda: self._carry_out(self._taker.finish())))

    def _spelt(self, steps: Steps) -> HttpResponse | Later:
        try:
            return steps()
        except SignatureProblem as problem:  # of a chunk
            raise refused(problem, self._request) from problem
