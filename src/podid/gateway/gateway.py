"""One request's way through the AWS endpoint: seven steps, each in a file of its own, read here from top to bottom.

    give_request_id   the id of every answer and log line
    find_operation    the signature's scope names the service; its model names the operation
    authenticate      whose key it is, whether the signature is that key's
    read_input        the operation's input, in values
    authorize         which actions on which resources that needs, and whether IAM allows them
    invoke            iam, sts, eks, eks_auth, or moto
    write_output      the answer in the client's protocol

Whatever a step raises is written as an error in the service's own form, by the same file that writes answers.

Requests that came at the same time take each step together, before any of them takes the next: code that has just run for one runs for
the next in a quarter less time, as it is still in the processor's caches. See docs/decisions/0011.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Final, Protocol

from podid.core.caller import ANONYMOUS, Output
from podid.core.errors import PodidError
from podid.core.http import HttpResponse
from podid.core.ids import RandomBytes, names_at_random
from podid.core.operations import Handler
from podid.core.policy import Decision
from podid.core.sigv4 import Claim
from podid.core.waiting import WouldWait
from podid.gateway import logs
from podid.gateway.coming import MAY_COME, Coming, FormTaker, Taker, UploadTaker
from podid.gateway.moto_services import MotoServices
from podid.gateway.needs.need import Lookup, Need
from podid.gateway.passage import Later, Passage, Told
from podid.gateway.refusals import Refusal, Refused
from podid.gateway.steps import s3_cors
from podid.gateway.steps.authenticate import Keys, authenticate, authenticate_head
from podid.gateway.steps.authorize import Authority, Judge, ResourcePolicies, Sentence, StackRole, authorize
from podid.gateway.steps.find_operation import find_operation
from podid.gateway.steps.give_request_id import give_request_id
from podid.gateway.steps.invoke import invoke
from podid.gateway.steps.post_forms import form_boundary, with_form_context
from podid.gateway.steps.read_input import read_input
from podid.gateway.steps.uploads import head_of, intake_of, is_upload
from podid.gateway.steps.values import Addressed, Answered, Authenticated, Authorised, Received, Understood
from podid.gateway.steps.write_output import write_output, write_preflight
from podid.gateway.uploads.spool import Spool

log = logging.getLogger("podid.gateway")

_SHORT: Final = frozenset({"eks-auth", "sts"})
"""Services whose calls only read, and wait for no change: what they see is of the instant at which they came."""

_PAUSE: Final = 0.1
"""Seconds after which it is asked again whether there is something to answer."""

Glance = Callable[[], AbstractContextManager[None]]


class Recorder(Protocol):
    """Takes down what was decided, and what failed."""

    def decided(self, understood: Understood, need: Need, decision: Decision) -> None: ...
    def called(self, understood: Understood, output: Output | None, failure: Exception | None) -> None: ...
    def waits(self, understood: Understood) -> None: ...
    def ended(self, understood: Understood, output: Output | None, failure: Exception | None) -> None: ...
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
        """`glance` is entered for as long as requests read what does not change under them: see `Store.glance`. `spool` has the files that
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
        """The same for a caller who waits in another way: the answer, or when to ask for it again. Raises WouldWait where nobody may wait."""
        return _unless_it_waits(self.begin_together((received,))[0])

    def begin_together(self, received: Sequence[Received]) -> list[Told]:
        """The same for requests that came at the same time, in their order. Where one would have to wait and may not, it is not answered
        but told so: it may be begun anew where waiting is allowed."""
        passages = [Passage(give_request_id(one, self._random)) for one in received]
        with self._glance():
            for step in (self._find, self._authenticate, self._read, self._authorise):
                _take(step, passages)
            self._carry_out([passage for passage in passages if passage.is_let_in_to(_SHORT)])
        self._carry_out([passage for passage in passages if passage.answered is None])
        _take(self._write, passages)
        return [self._end(passage) for passage in passages]

    # The steps. Each leaves what it found with the passage; what it gives is what the request is told, and the end of its way.

    def _find(self, passage: Passage) -> HttpResponse | None:
        addressed = passage.addressed = find_operation(passage.numbered)
        return write_preflight(s3_cors.preflight(addressed), addressed) if s3_cors.is_preflight(addressed) else None

    def _authenticate(self, passage: Passage) -> None:
        addressed = passage.addressed
        assert addressed is not None
        boundary = form_boundary(addressed)
        if boundary is None:
            passage.authenticated = authenticate(addressed, self._keys)
            return
        # A form is signed by its fields: with them it is let in, as the PutObject it stands for, and the next two steps are taken too.
        form = passage.form = self._form(passage, addressed, boundary)
        form.take([addressed.request.body])
        passage.authorised = form.finish()

    def _read(self, passage: Passage) -> None:
        if passage.form is None:
            assert passage.authenticated is not None
            passage.understood = read_input(passage.authenticated)

    def _authorise(self, passage: Passage) -> None:
        if passage.form is None:
            assert passage.understood is not None
            passage.authorised = authorize(passage.understood, self._authority)

    def _carry_out(self, passages: Sequence[Passage]) -> None:
        """Carry out calls; those that have parts, part by part."""
        _take(self._invoke, passages)
        while under_way := [one for one in passages if one.under_way is not None and one.told is None]:
            _take(self._go_on, under_way)

    def _invoke(self, passage: Passage) -> Later | None:
        authorised = passage.authorised
        assert authorised is not None
        passage.decided_before = len(authorised.understood.call.notes.decided)
        try:
            answered = invoke(authorised, rooms=self._rooms, moto=self._moto, authority=self._authority)
        except WouldWait:
            return self._anew(passage)
        if not isinstance(answered, Answered):
            passage.under_way = answered
            return self._go_on(passage)
        if answered.wait and passage.seconds() < answered.wait:
            return self._later(passage, authorised, seconds=_PAUSE)
        passage.answered = answered
        return None

    def _go_on(self, passage: Passage) -> Later | None:
        """The next part of a call."""
        assert passage.under_way is not None
        assert passage.authorised is not None
        try:
            next(passage.under_way)
        except StopIteration as end:
            passage.under_way = None
            passage.answered = Answered(authorised=passage.authorised, output=end.value)
        except WouldWait:
            return self._anew(passage)
        return None

    def _anew(self, passage: Passage) -> Later:
        """A call came upon something to wait for. What was decided before it stays decided; what the room noted it will note again."""
        authorised = passage.authorised
        assert authorised is not None
        passage.under_way = None
        notes = authorised.understood.call.notes
        del notes.decided[passage.decided_before :], notes.assumed[:]
        return self._later(passage, authorised, seconds=0)

    def _write(self, passage: Passage) -> HttpResponse:
        assert passage.answered is not None
        answer = write_output(passage.answered)
        return answer if passage.form is None or answer.status != 200 else passage.form.answer(answer)

    def _later(self, passage: Passage, authorised: Authorised, *, seconds: float) -> Later:
        return Later(again=partial(self._reach, passage, partial(self._finish, passage, authorised)), seconds=seconds)

    def _end(self, passage: Passage) -> Told:
        """What a request is told, once it is taken down. It is told, and so are those that came with it, where that fails."""
        try:
            return self._taken_down(passage)
        except Exception as error:
            log.exception("a request could not be taken down", extra={"request_id": passage.numbered.request_id})
            return passage.fail(error)

    def _taken_down(self, passage: Passage) -> Told:
        told, failure = passage.told, passage.failure
        assert told is not None
        if not isinstance(told, HttpResponse) or told is MAY_COME:
            if passage.understood is not None and not isinstance(told, WouldWait):
                self._record.waits(passage.understood)
            return told
        if failure is not None and not isinstance(failure, PodidError):
            log.error("a request failed", extra={"request_id": passage.numbered.request_id}, exc_info=failure)
        if passage.addressed is not None and passage.addressed.service.model == "s3":
            told = s3_cors.readable(told, passage.addressed.request)
        self._take_down(passage, failure)
        logs.access(passage.seen(), told, failure, seconds=passage.seconds())
        return told

    def _take_down(self, passage: Passage, failure: Exception | None) -> None:
        """For the audit log: decisions, each call of podid's own services, and what else failed."""
        understood = passage.understood
        if understood is not None:
            output = passage.answered.output if passage.answered is not None else None
            output = output if isinstance(output, dict) else None
            self._record.ended(understood, output, failure)
            if understood.authenticated.addressed.service.own:
                return
        if failure is not None:
            self._record.failed(passage.seen(), failure)

    # What is let in by its head, and what is asked for again.

    def recognise(self, received: Received) -> HttpResponse | Coming | None:
        """For a request whose body is still to come: the answer that refuses it, what takes the body of an upload, or None for a body
        that may be collected and come to `begin` with its request.

        Only S3's signatures hold without their body. What else may be large is bounded more tightly, and refused after its body. An
        object that its sender may not put is refused before it is sent.
        """
        passage = Passage(give_request_id(received, self._random))
        coming: list[Coming] = []

        def steps() -> HttpResponse:
            addressed = passage.addressed = find_operation(passage.numbered)
            if addressed.service.model != "s3":
                return MAY_COME
            boundary = form_boundary(addressed)
            if boundary is not None:
                passage.form = self._form(passage, addressed, boundary)
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

    def _coming(self, passage: Passage, taker: Taker) -> Coming:
        assert passage.addressed is not None
        return Coming(taker, passage.addressed, partial(self._reach, passage), partial(self._finish, passage))

    def _secret_of(self, claim: Claim, addressed: Addressed) -> str:
        return self._keys.open(claim, addressed)[1]

    def _let_in(self, passage: Passage, addressed: Addressed) -> Authorised:
        """Decide about what a form stands for, whose signature was checked."""
        caller = ANONYMOUS if addressed.claim is None else self._keys.open(addressed.claim, addressed)[0]
        passage.addressed = addressed
        passage.authenticated = Authenticated(addressed=addressed, caller=caller)
        passage.understood = with_form_context(read_input(passage.authenticated))
        if addressed.claim is not None:
            self._keys.used(caller, addressed)
        return authorize(passage.understood, self._authority)

    def _form(self, passage: Passage, addressed: Addressed, boundary: bytes) -> FormTaker:
        return FormTaker(addressed, boundary, self._spool, self._secret_of, partial(self._let_in, passage))

    def _finish(self, passage: Passage, authorised: Authorised) -> HttpResponse | Later:
        """The last two steps, of a request that was let in before."""
        passage.authorised = authorised
        later = self._invoke(passage)
        while later is None and passage.under_way is not None:
            later = self._go_on(passage)
        return later or self._write(passage)

    def _reach(self, passage: Passage, steps: Callable[[], HttpResponse | Later]) -> HttpResponse | Later:
        """Take steps; whatever they raise becomes an answer."""
        passage.told = passage.failure = None
        _take(lambda _: steps(), [passage])
        return _unless_it_waits(self._end(passage))


def _take(step: Callable[[Passage], Told | None], passages: Iterable[Passage]) -> None:
    """Take a step with those that are not at the end of their way; whatever it raises becomes an answer, here and nowhere else."""
    for passage in passages:
        if passage.told is None:
            try:
                passage.told = step(passage)
            except WouldWait as would:
                passage.told = would
            except Exception as error:
                passage.fail(error)


def _unless_it_waits(told: Told) -> HttpResponse | Later:
    if isinstance(told, WouldWait):
        raise told
    return told
