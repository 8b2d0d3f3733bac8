"""One request's way through the AWS endpoint: seven steps, each in a file of its own, read here from top to bottom.

    give_request_id   the id of every answer and log line
    find_operation    the signature's scope names the service; its model names the operation
    authenticate      whose key it is, whether the signature is that key's
    read_input        the operation's input, in values
    authorize         which actions on which resources that needs, and whether IAM allows them
    invoke            iam, sts, eks, eks_auth, or moto
    write_output      the answer in the client's protocol

Whatever a step raises is written as an error in the service's own form, by the same file that writes answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Final, Protocol

from msgspec import Struct

from podid.core.caller import ANONYMOUS, Output
from podid.core.errors import AccessDenied, PodidError
from podid.core.http import HttpResponse
from podid.core.ids import RandomBytes, names_at_random
from podid.core.operations import Handler
from podid.core.policy import Decision
from podid.core.sigv4 import Claim
from podid.core.waiting import WouldWait
from podid.core.wire import OperationModel, ServiceModel
from podid.gateway import logs
from podid.gateway.coming import MAY_COME, Coming, FormTaker, Taker, UploadTaker
from podid.gateway.extensions import EXTENSION
from podid.gateway.moto_services import MotoServices
from podid.gateway.needs.need import Lookup, Need
from podid.gateway.refusals import Refusal, Refused
from podid.gateway.routing.guess import probable_service
from podid.gateway.steps import s3_cors
from podid.gateway.steps.authenticate import Keys, authenticate, authenticate_head
from podid.gateway.steps.authorize import Authority, Judge, ResourcePolicies, Sentence, StackRole, authorize
from podid.gateway.steps.find_operation import find_operation, model_of
from podid.gateway.steps.give_request_id import give_request_id
from podid.gateway.steps.invoke import invoke
from podid.gateway.steps.post_forms import form_boundary, with_form_context
from podid.gateway.steps.read_input import read_input
from podid.gateway.steps.uploads import head_of, intake_of, is_upload
from podid.gateway.steps.values import Addressed, Authenticated, Authorised, Numbered, Received, Understood
from podid.gateway.steps.write_output import write_failure, write_output, write_preflight
from podid.gateway.uploads.spool import Spool

log = logging.getLogger("podid.gateway")

_SHORT: Final = frozenset({"eks-auth", "sts"})
"""Services whose calls only read, and wait for no change: what they see is of the instant at which they came."""

Glance = Callable[[], AbstractContextManager[None]]


class Recorder(Protocol):
    """Takes down what was decided, and what failed."""

    def decided(self, understood: Understood, need: Need, decision: Decision) -> None: ...
    def called(self, understood: Understood, output: Output | None, failure: Exception | None) -> None: ...
    def failed(self, seen: logs.Seen, failure: Exception) -> None: ...


class Gateway:
    """The AWS endpoint without its sockets: takes a request, gives its answer. Callable from several threads at once."""

    def __init__(
        self,
        *,
        keys: Keys,
        judge: Judge,
        lookup: Lookup,
        policies: ResourcePolicies,
        sentence: Sentence,
        record: Recorder,
        rooms: Mapping[str, Mapping[str, Handler]],
        moto: MotoServices | None,
        default_account: str,
        stack_role: StackRole | None = None,
        random: RandomBytes = names_at_random,
        glance: Glance = nullcontext,
        spool: Spool | None = None,
    ) -> None:
        """`glance` is entered for as long as one request reads what does not change under it: see `Store.glance`. `spool` has the files that
        large uploads are kept in."""
        self._keys = keys
        self._glance = glance
        self._authority = Authority(
            judge=judge,
            lookup=lookup,
            policies=policies,
            sentence=sentence,
            note=record.decided,
            called=record.called,
            default_account=default_account,
            stack_role=stack_role,
        )
        self._record = record
        self._rooms = rooms
        self._moto = moto
        self._random = random
        self._spool = spool or Spool()

    def answer(self, received: Received) -> HttpResponse:
        """The answer to a request, waited for where it has to be. Raises nothing: what goes wrong is an answer too."""
        told = self.begin(received)
        while isinstance(told, Later):
            time.sleep(told.seconds)
            told = told.again()
        return told

    def begin(self, received: Received) -> HttpResponse | Later:
        """The same for a caller who waits in another way: the answer, or when to ask for it again."""
        passage = _Passage(give_request_id(received, self._random))
        return self._reach(passage, lambda: self._pass(passage))

    def recognise(self, received: Received) -> HttpResponse | Coming | None:
        """For a request whose body is still to come: the answer that refuses it, what takes the body of an upload, or None for a body
        that may be collected and come to `begin` with its request.

        Only S3's signatures hold without their body. What else may be large is bounded more tightly, and refused after its body. An
        object that its sender may not put is refused before it is sent.
        """
        passage = _Passage(give_request_id(received, self._random))
        coming: list[Coming] = []

        def steps() -> HttpResponse:
            addressed = passage.addressed = find_operation(passage.numbered)
            if addressed.service.model != "s3":
                return MAY_COME
            boundary = form_boundary(addressed)
            if boundary is not None:
                passage.form = FormTaker(
                    addressed, boundary, self._spool, self._secret_of, partial(self._let_in, passage)
                )
                coming.append(self._coming(passage, passage.form))
            elif is_upload(addressed):
                passage.authenticated, secret = authenticate_head(head_of(addressed), self._keys)
                passage.understood = read_input(passage.authenticated)
                authorised = authorize(passage.understood, self._authority)
                intake = intake_of(addressed, secret, self._spool)
                coming.append(self._coming(passage, UploadTaker(authorised, intake)))
            else:
                if addressed.claim is None:
                    raise Refused(Refusal.MISSING, private="a large body without a signature")
                passage.authenticated, _ = authenticate_head(addressed, self._keys)
            return MAY_COME

        told = self._reach(passage, steps)
        if isinstance(told, HttpResponse) and told is not MAY_COME:
            return told
        return coming[0] if coming else None

    def _coming(self, passage: _Passage, taker: Taker) -> Coming:
        assert passage.addressed is not None
        return Coming(taker, passage.addressed, partial(self._reach, passage), partial(self._finish, passage))

    def _secret_of(self, claim: Claim, addressed: Addressed) -> str:
        return self._keys.open(claim, addressed)[1]

    def _let_in(self, passage: _Passage, addressed: Addressed) -> Authorised:
        """Decide about what a form stands for, whose signature was checked."""
        caller = ANONYMOUS if addressed.claim is None else self._keys.open(addressed.claim, addressed)[0]
        passage.addressed = addressed
        passage.authenticated = Authenticated(addressed=addressed, caller=caller)
        passage.understood = with_form_context(read_input(passage.authenticated))
        if addressed.claim is not None:
            self._keys.used(caller, addressed)
        return authorize(passage.understood, self._authority)

    def _pass(self, passage: _Passage) -> HttpResponse | Later:
        addressed = passage.addressed = find_operation(passage.numbered)
        if s3_cors.is_preflight(addressed):
            return write_preflight(s3_cors.preflight(addressed), addressed)
        with self._glance():
            authorised = self._authorise(passage, addressed)
            if authorised.understood.call.service in _SHORT:
                return self._finish(passage, authorised)
        return self._finish(passage, authorised)

    def _authorise(self, passage: _Passage, addressed: Addressed) -> Authorised:
        boundary = form_boundary(addressed)
        if boundary is not None:
            form = passage.form = FormTaker(
                addressed, boundary, self._spool, self._secret_of, partial(self._let_in, passage)
            )
            form.take([addressed.request.body])
            return form.finish()
        authenticated = passage.authenticated = authenticate(addressed, self._keys)
        understood = passage.understood = read_input(authenticated)
        return authorize(understood, self._authority)

    def _finish(self, passage: _Passage, authorised: Authorised) -> HttpResponse | Later:
        def again() -> HttpResponse | Later:
            return self._reach(passage, lambda: self._finish(passage, authorised))

        try:
            answered = invoke(authorised, rooms=self._rooms, moto=self._moto, authority=self._authority)
        except WouldWait:  # what was decided stays decided
            return Later(again=again, seconds=0)
        if answered.wait and passage.seconds() < answered.wait:
            return Later(again=again)
        passage.output = answered.output
        answer = write_output(answered)
        return answer if passage.form is None or answer.status != 200 else passage.form.answer(answer)

    def _reach(self, passage: _Passage, steps: Callable[[], HttpResponse | Later]) -> HttpResponse | Later:
        """Take steps; whatever they raise becomes an answer, here and nowhere else."""
        failure: Exception | None = None
        try:
            told = steps()
            if told is MAY_COME or isinstance(told, Later):
                return told
        except Exception as error:
            failure = error
            if not isinstance(error, PodidError):
                log.exception("a request failed", extra={"request_id": passage.numbered.request_id})
            told = passage.write(error)
        if passage.addressed is not None and passage.addressed.service.model == "s3":
            told = s3_cors.readable(told, passage.addressed.request)
        self._take_down(passage, failure)
        logs.access(passage.seen(), told, failure, seconds=passage.seconds())
        return told

    def _take_down(self, passage: _Passage, failure: Exception | None) -> None:
        """For the audit log: each call of podid's own services, and what else failed for another reason than a decision, which is noted."""
        understood = passage.understood
        if understood is not None and understood.authenticated.addressed.service.own:
            output = passage.output if isinstance(passage.output, dict) else None
            self._record.called(understood, output, failure)
        elif failure is not None and not isinstance(failure, AccessDenied):
            self._record.failed(passage.seen(), failure)


class Later(Struct, frozen=True, kw_only=True):
    """There is no answer yet. `again` gives it, or this once more, and should be called after `seconds`."""

    again: Callable[[], HttpResponse | Later]
    seconds: float = 0.1


class _Passage:
    """How far one request has come: what its error is written with, and its log line."""

    def __init__(self, numbered: Numbered) -> None:
        self.numbered = numbered
        self.addressed: Addressed | None = None
        self.authenticated: Authenticated | None = None
        self.understood: Understood | None = None
        self.output: Output | HttpResponse | None = None
        self.form: FormTaker | None = None
        self._started = time.perf_counter()

    def seconds(self) -> float:
        """How long ago the request came."""
        return time.perf_counter() - self._started

    def write(self, error: Exception) -> HttpResponse:
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
        return logs.Seen(numbered=self.numbered, addressed=self.addressed, authenticated=self.authenticated)
