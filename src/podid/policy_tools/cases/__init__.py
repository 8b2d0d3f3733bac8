"""One question to the policy engine, as JSON has it: who asks, for what, and every policy that bears on it.

    a line ──case.py──▶ Case(Request, PolicySet) ──core.policy──▶ Decision ──answers.py──▶ a line
             principals.py   who asks, in all the forms people write
             context.py      condition keys and values
             documents.py    policies, read once and kept
             notes.py        what stands beside it and bears on nothing
             understood.py   what a question leaves to be understood

`stream.py` does that for lines without end. The form of a case is told in docs/policy.md.
"""

from __future__ import annotations

from podid.policy_tools.cases.case import Case, read_case
from podid.policy_tools.cases.context import read_context, read_pairs
from podid.policy_tools.cases.documents import Shelf
from podid.policy_tools.cases.principals import read_principal
from podid.policy_tools.cases.problem import BadCase
from podid.policy_tools.cases.requests import request_of
from podid.policy_tools.cases.stream import answer_lines
from podid.policy_tools.cases.understood import trusts, understood

__all__ = [
    "BadCase",
    "Case",
    "Shelf",
    "answer_lines",
    "read_case",
    "read_context",
    "read_pairs",
    "read_principal",
    "request_of",
    "trusts",
    "understood",
]
