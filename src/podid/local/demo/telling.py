"""Tells the walk-through: types each line, shows what came, says what happened inside, and stops loudly where it is not as it must be."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from podid.local.demo.facts import Facts
from podid.local.demo.script import Line, Step
from podid.local.demo.terminal import Ran, run
from podid.local.problems import LocalProblem

_TIMEOUT = 90.0
_AGAIN_WITHIN = 60.0
_DENIED_CODES = (254, 255)
"""What `aws` ends with when a service refuses: v2 and v1."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the transcript."""

    step: str
    command: str
    code: int
    output: str
    says: str
    inside: tuple[str, ...]
    seconds: float
    tool_seconds: float
    """What starting `aws` or `kubectl` alone takes here; the rest of `seconds` is podid's."""


class Audience(Protocol):
    """Who is told: a person's terminal, or a transcript."""

    def step(self, step: Step) -> None: ...
    def typed(self, line: Line) -> None: ...
    def waiting(self, seconds: float) -> None: ...
    def heard(self, heard: Heard) -> None: ...


class Stage(msgspec.Struct, frozen=True):
    """Where the demo plays: the environment of `podid env`, a folder with the manifests, and what the tools alone cost."""

    environment: dict[str, str]
    folder: Path
    facts: Facts
    tool_seconds: Callable[[str], float]


class NotAsItMust(LocalProblem):
    """A step did not show what it must."""


def tell(steps: tuple[Step, ...], stage: Stage, audience: Audience) -> list[Heard]:
    """Play all steps. Raises NotAsItMust at the first line that does not show what it must."""
    transcript: list[Heard] = []
    for step in steps:
        audience.step(step)
        for line in step.lines:
            audience.typed(line)
            mark = stage.facts.mark()
            ran = _type(line, stage, audience)
            heard = Heard(
                step=step.title,
                command=line.command,
                code=ran.code,
                output=ran.output,
                says=line.says,
                inside=stage.facts.answer(line.asks, since=mark, output=ran.output),
                seconds=round(ran.seconds, 3),
                tool_seconds=round(min(stage.tool_seconds(line.command), ran.seconds), 3),
            )
            audience.heard(heard)
            transcript.append(heard)
            _must_show(line, ran)
    return transcript


def _type(line: Line, stage: Stage, audience: Audience) -> Ran:
    end = time.monotonic() + _AGAIN_WITHIN
    while True:
        ran = run(
            line.command,
            environment=stage.environment,
            folder=stage.folder,
            terminal=line.terminal,
            timeout=_TIMEOUT,
            waiting=audience.waiting,
        )
        if not line.again_until or re.search(line.again_until, ran.output) or time.monotonic() > end:
            return ran
        time.sleep(0.2)


def _must_show(line: Line, ran: Ran) -> None:
    codes = _DENIED_CODES if line.code is None else (line.code,)
    if ran.code not in codes:
        raise NotAsItMust(
            f"`{line.command}` ended with {ran.code}, expected {' or '.join(map(str, codes))}",
            "its output is above; podid's side of it: podid logs",
        )
    if line.shows and not re.search(line.shows, ran.output):
        raise NotAsItMust(
            f"`{line.command}` did not show what it must: {line.shows}",
            "its output is above; podid's side of it: podid logs",
        )
