"""What lint has to say about a policy."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from podid.core.policy import PolicyKind
from podid.core.policy.syntax import Path
from podid.policy_tools.lint.codes import CODES


class Remark(Struct, frozen=True):
    """What a check found, at the value that `path` leads to. `message` says what is the matter in this very place, `hint` what to do."""

    code: str
    path: Path
    message: str
    hint: str = ""

    def __post_init__(self) -> None:
        assert self.code in CODES, self.code


class Finding(Struct, frozen=True, kw_only=True):
    """A remark with its place in the text, line and column from 1. An error is what IAM refuses; a warning what a person may regret."""

    code: str
    severity: Literal["error", "warning"]
    line: int
    column: int
    message: str
    hint: str = ""


class Report(Struct, frozen=True):
    """All findings of one policy in the order of its text, read as a policy of `kind`, which was guessed where nobody said it."""

    kind: PolicyKind
    guessed: bool
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors
