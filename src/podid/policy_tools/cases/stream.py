"""Cases line by line: an answer for every line, at once, whatever stands in the line.

{"id": …, "decision": "Allowed" | "ExplicitlyDenied" | "ImplicitlyDenied", "reasons": [[layer, "explicit" | "implicit"], …]}
{"id": …, "error": "what is wrong with the line"}
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec

from podid.core.policy import Layer, Outcome, Reason, decide
from podid.policy_tools.cases.case import LONGEST, id_of, read_case
from podid.policy_tools.cases.documents import Shelf
from podid.policy_tools.cases.problem import BadCase

Read = Callable[[], bytes]
"""Gives what has come since, waiting for at least one byte; nothing at the end."""
Write = Callable[[bytes], object]


def answer(line: bytes, shelf: Shelf) -> bytes:
    """The answer to one line, as a line."""
    try:
        case = read_case(line, shelf)
        decision = decide(case.request, case.policies)
    except BadCase as problem:
        return _line(id_of(line), b'"error":' + _json(str(problem)))
    return _line(id_of(line), _decided(decision.outcome, decision.reasons))


def answer_lines(read: Read, write: Write, shelf: Shelf | None = None) -> None:
    """Answer every line that `read` gives until it gives nothing more. Answers are written whenever what has come so far is answered.

    Empty lines are passed over. Of a line that is too long nothing is kept, and it is answered like any other bad one.
    """
    shelf = shelf if shelf is not None else Shelf()
    rest = b""
    too_long = begun = False
    while chunk := read():
        if not begun:
            begun, chunk = True, chunk.removeprefix(b"\xef\xbb\xbf")
        *lines, rest = (rest + chunk).split(b"\n")
        answers = []
        for line in lines:
            if too_long:
                too_long = False
                answers.append(_TOO_LONG)
            elif line.strip():
                answers.append(answer(line, shelf))
        if len(rest) > LONGEST:
            too_long = True
        if too_long:
            rest = b""
        if answers:
            write(b"".join(answers))
    if too_long:
        write(_TOO_LONG)
    elif rest.strip():
        write(answer(rest, shelf))


_LAYERS = list(Layer)


@lru_cache(maxsize=1000)
def _decided(outcome: Outcome, reasons: tuple[Reason, ...]) -> bytes:
    pairs = [
        [reason.layer.value, reason.kind] for reason in sorted(reasons, key=lambda reason: _LAYERS.index(reason.layer))
    ]
    return b'"decision":' + _json(outcome.value) + b',"reasons":' + _json(pairs)


def _json(value: object) -> bytes:
    if isinstance(value, str):
        value = value.encode(errors="replace").decode()  # half a surrogate pair, quoted from the line
    return msgspec.json.encode(value)


def _line(identity: bytes, rest: bytes) -> bytes:
    return b'{"id":' + identity.replace(b"\r", b" ") + b"," + rest + b"}\n"


_TOO_LONG = _line(b"null", b'"error":' + _json(f"longer than {LONGEST} bytes"))
