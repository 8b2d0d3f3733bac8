"""One connection of the server: the half that answers, in the order of the requests."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from inspect import iscoroutine
from typing import Final, cast

from podid.lean.messages import Request, Response, text
from podid.lean.receiving import NEVER, Receiver
from podid.lean.streams import BrokenBody, Source

log = logging.getLogger("podid.lean.server")

_LINGER: Final = 2
"""Seconds for which a refused client may go on sending before it is cut off."""

_PIECE: Final = 256 * 1024
"""Bytes of a source that are read and sent at once."""


class Connection(Receiver):
    """One connection."""

    def _take(self, request: Request, keep: bool) -> None:
        if self._busy or self._waiting:
            self._waiting.append((request, keep))
            self._regulate()
        else:
            self._begin(request, keep)

    def _begin(self, request: Request, keep: bool) -> None:
        self._busy = True
        if self.server.together is not None:
            self.server.gather(self, request, keep)
            return
        try:
            result = self.server.handler(request)
        except Exception:
            result = self.failed(request)
        self.answer(request, result, keep)

    def answer(self, request: Request, result: Response | Awaitable[Response], keep: bool) -> None:
        """Send what the handler gave, now or when it is there."""
        if self._parser is None and iscoroutine(result):  # the connection ended in the turn in which its request came
            result.close()
            return
        if isinstance(result, Response) and result.source is None:
            self._busy = False
            self._send(request, result, keep)
            if self._waiting:
                self._answer_waiting()
        else:
            self.deadline = NEVER  # whoever answers later keeps time itself
            self._pending = result
            self._task = self.server.loop.create_task(self._answer_later(request, result, keep))

    async def _answer_later(self, request: Request, pending: Awaitable[Response] | Response, keep: bool) -> None:
        try:
            response = pending if isinstance(pending, Response) else await pending
        except BrokenBody:
            response = self.server.refused(self._refused or 400, self._peer)
        except Exception:
            response = self.failed(request)
        if response.source is None or request.method == "HEAD":
            self._task, self._busy = None, False
            self._send(request, response, keep)
        else:
            whole = await self._send_source(response, keep)
            self._task, self._busy = None, False
            self._finish(whole and keep, request)
        self._answer_waiting()

    def failed(self, request: Request) -> Response:
        """The answer where the handler raised what it should not."""
        log.exception("a request failed", extra={"target": request.target[:200].decode("latin-1")})
        return text(500, "Internal Server Error")

    def _answer_waiting(self) -> None:
        while self._waiting and not self._busy:  # those, too, after which the connection ends
            self._begin(*self._waiting.popleft())
        if not self._ending:
            self._regulate()

    def _send(self, request: Request, response: Response, keep: bool) -> None:
        if self._ending and self._transport.is_closing():
            return
        keep = self._keeps(response, keep) and (request.stream is None or request.stream.ended)
        ending = b"\r\n" if keep else b"Connection: close\r\n\r\n"
        body = response.body if request.method != "HEAD" else b""
        self._transport.write(b"".join((response.head, self.server.date, ending, body)))
        if keep:
            self._rest()
        else:
            self._finish(False, request)

    def _keeps(self, response: Response, keep: bool) -> bool:
        return (
            keep
            and not response.closes
            and not self.server.closing
            and (bool(self._waiting) or not (self._ending or self._broken))  # those that wait came before what ends it
        )

    async def _send_source(self, response: Response, keep: bool) -> bool:
        """Send head and source, as fast as the client takes them; whether all of it went out."""
        source = cast(Source, response.source)
        ending = b"\r\n" if self._keeps(response, keep) else b"Connection: close\r\n\r\n"
        self._transport.write(b"".join((response.head, self.server.date, ending, response.body)))
        sent, length = 0, len(source)
        try:
            while sent < length and not self._transport.is_closing():
                piece = await self.server.loop.run_in_executor(self.server.readers, source.read, sent, _PIECE)
                if not piece:
                    break
                sent += len(piece)
                self._transport.write(piece)
                if self._writable is not None:
                    await self._writable
        except OSError:
            log.exception("an answer could not be read to its end")
        if sent < length:
            self.abort()  # the client must not take it for the whole
        return sent >= length and self._keeps(response, keep)

    def _finish(self, keep: bool, request: Request) -> None:
        if keep:
            self._rest()
            return
        self._ending = True
        self._waiting.clear()
        if request.stream is not None and not request.stream.ended:
            self._linger()
        else:
            self._transport.close()
            self.deadline = self.server.tick + self.server.limits.write_seconds

    def _rest(self) -> None:
        limits = self.server.limits
        self.deadline = self.server.tick + (limits.receive_seconds if self._receiving else limits.idle_seconds)

    def _refuse(self, status: int) -> None:
        """End the connection with a status, unless answers to earlier requests are still due: then without one."""
        if self._ending:
            return
        if self._stream is not None:  # whoever reads it gives the answer
            self._broken = True
            self._refused = status
            self._stream.fail()
            return
        if self._busy or self._waiting:
            self._end_after_answers()
            return
        self._ending = True
        response = self.server.refused(status, self._peer)
        self._transport.write(b"".join((response.head, self.server.date, b"Connection: close\r\n\r\n", response.body)))
        self._linger()

    def _linger(self) -> None:
        """Stop, though the client may still be sending. Closing at once would reset the connection and with it the answer on its way
        (RFC 9112, section 9.6): what comes is read and dropped for a moment."""
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._held = False
            self._transport.write_eof()
            self._transport.resume_reading()
            self.deadline = self.server.tick + _LINGER
        else:
            self._transport.close()

    def _end_after_answers(self) -> None:
        self._ending = True
        if not self._busy:
            self._transport.close()
            self.deadline = self.server.tick + self.server.limits.write_seconds

    def close_if_idle(self) -> None:
        """Close now if nothing is under way; else after the answer."""
        if not self._busy and not self._receiving:
            self._ending = True
            self._transport.close()

    def abort(self) -> None:
        """End the connection now; unsent bytes are lost."""
        self._ending = True
        self._waiting.clear()
        self._transport.abort()
