"""Reads from podid's own logs what was decided while a command ran, so that the demo tells what happened and not what should have."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from podid.local.demo.script import Question
from podid.local.home import Home

Record = dict[str, Any]

_LATE = 0.5
"""Seconds that a line may come after what it tells of: the endpoint writes its log many lines at a time."""


class Facts:
    """`mark()` before a command, `answer()` after it."""

    def __init__(self, home: Home, *, measuring_seconds: float = 0.0) -> None:
        self._home = home
        self.measuring_seconds = measuring_seconds
        """What was spent on measuring how long tools take to start: not the walk's own time."""

    def mark(self) -> int:
        """A place in the log: what is written from now on."""
        try:
            return self._home.log_of("serve").stat().st_size
        except OSError:
            return 0

    def answer(self, asks: Question, *, since: int, output: str) -> tuple[str, ...]:
        """What the log says to the question, one sentence each; nothing where it says nothing."""
        if not asks:
            return ()
        teller: Callable[[list[Record], str], list[str]] = _TELLERS[asks]
        until = time.monotonic() + _LATE
        while not (told := teller(self._records(since), output)) and time.monotonic() < until:
            time.sleep(0.02)
        return tuple(told)

    def _records(self, since: int) -> list[Record]:
        with self._home.log_of("serve").open("rb") as file:
            file.seek(since)
            lines = file.read().decode(errors="replace").splitlines()
        records = []
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                records.append(record)
        return records


def _short(arn: str) -> str:
    return arn.split(":", 5)[-1]


def _last_decision(records: list[Record], action: str) -> Record | None:
    """What was decided last about an action: its members, and the `caller` of the request that it was decided for."""
    for record in reversed(records):
        for decision in record.get("decisions") or ():
            if decision.get("action") == action:
                return {"caller": record.get("caller", ""), **decision}
    return None


def _exchange(records: list[Record]) -> Record | None:
    """The last exchange of a pod's token."""
    return next((record["exchange"] for record in reversed(records) if "exchange" in record), None)


def _decision(records: list[Record], action: str) -> list[str]:
    record = _last_decision(records, action)
    if record is None:
        return []
    caller = _short(str(record["caller"]))
    if record.get("outcome") == "Allowed":
        by = ", ".join(_policy(text) for text in record.get("decided_by") or ())
        return [f"IAM decided: {caller} may {action}; it says so in {by}."]
    return [f"IAM decided: {caller} may not {action}; reason: {record.get('reason')}."]


def _policy(reference: str) -> str:
    """`identity:ARN-or-name[0]` for people."""
    found = re.fullmatch(r"(\w+):(.*)\[(\d+)\]", reference)
    return f"statement {int(found[3]) + 1} of {_short(found[2])}" if found else reference


def _denied(records: list[Record], output: str) -> list[str]:
    return _decision(records, "s3:ListAllMyBuckets")


def _role(records: list[Record], output: str) -> list[str]:
    found = re.search(r'"RoleId": "(AROA\w+)"', output)
    return (
        [f"Its id is {found[1]}: a role of the same name made later is another one, with another id."] if found else []
    )


def _association(records: list[Record], output: str) -> list[str]:
    found = re.search(r"a-[a-z0-9]{17}", output)
    passed = _decision(records, "iam:PassRole")
    return [
        *passed,
        *([f"From now on a pod of default/aws-cli-sa in this cluster is {found[0]}'s role."] if found else []),
    ]


def _injected(records: list[Record], output: str) -> list[str]:
    record = _last_decision(records, "eks:ListPodIdentityAssociations")
    if record is None:
        return []
    return [
        f"At admission the webhook ({_short(str(record['caller']))}) asked EKS for the association of default/aws-cli-sa, and changed the pod."
    ]


def _allowed(records: list[Record], output: str) -> list[str]:
    told = []
    exchange = _exchange(records)
    if exchange is not None:
        tags = str(exchange.get("session_tags", "")).split(",")
        told += [
            f"EKS Auth: the token of pod {exchange['pod']} is good, its service account {exchange['service_account']} has association {exchange['association']}.",
            f"STS: the trust policy of {_short(str(exchange['role']))} lets pods.eks.amazonaws.com in, with {len(tags)} session tags: {', '.join(tags)}.",
            f"The session: {_short(str(exchange['session']))}.",
        ]
    return told + _decision(records, "s3:ListAllMyBuckets")


def _identity(records: list[Record], output: str) -> list[str]:
    return (
        ["The agent served these credentials from its lease: EKS Auth was not asked again."]
        if _exchange(records) is None
        else []
    )


_TELLERS: dict[Question, Callable[[list[Record], str], list[str]]] = {
    "denied": _denied,
    "role": _role,
    "association": _association,
    "injected": _injected,
    "allowed": _allowed,
    "identity": _identity,
}
