"""The image's recipe as a list of instructions. Standard library only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parents[2]


class Instruction(NamedTuple):
    stage: int
    word: str
    text: str


def instructions() -> list[Instruction]:
    """All of them with their continued lines joined and comments gone (Containerfile(5))."""
    lines = [line for line in (_ROOT / "Containerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found: list[Instruction] = []
    stage = -1
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, text = line.partition(" ")
        stage += word == "FROM"
        found.append(Instruction(stage, word, re.sub(r"\s+", " ", text).strip()))
    return found


def of(word: str) -> list[Instruction]:
    """Those of one kind."""
    return [one for one in instructions() if one.word == word]
