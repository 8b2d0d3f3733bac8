"""Batches: found again by request, by time and by caller, in the order of single entries; whatever a request holds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event, func, select
from tests.unit.audit.callers import ANN, NODE, SERVICE, call

from podid.audit import Decided, DecisionLog, Entry, Proceedings, batches, called, entries_of, proceedings_of
from podid.audit.batches import Kept
from podid.audit.tables import BATCHES
from podid.core.ids import uuid7
from podid.eks_auth.events import assumed
from podid.store import MasterKey, Store, open_store

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    yield opened
    opened.close()


def write(store: Store, *batch: Kept) -> None:
    with store.append() as connection:
        batches.write(connection, batches.rows_of(batch))


def find(store: Store, request_id: str) -> list[Entry]:
    with store.read() as connection:
        return batches.find(connection, request_id)


def between(store: Store, start: datetime, end: datetime, **wanted: Any) -> list[Entry]:
    with store.read() as connection:
        return batches.between(connection, start, end, **wanted)


def request_id(at: datetime) -> str:
    return uuid7(int(at.timestamp() * 1000), random.Random(str(at)).randbytes)


def entry(seconds: float, **members: Any) -> Entry:
    at = NOW + timedelta(seconds=seconds)
    return Entry(**{"at": at, "request_id": request_id(at), **members})


def exchange(seconds: float) -> Proceedings:
    """A call with everything: a decision, an AssumeRole for it, an event."""
    at = NOW + timedelta(seconds=seconds)
    made = replace(call(NODE), now=at, request_id=request_id(at))
    made.notes.assumed.append(
        assumed(
            SERVICE,
            role_arn="arn:aws:iam::444455556666:role/app",
            session_name="s",
            duration=900,
            tags={"k": "v"},
            policy=None,
            outcome=_refusal(),
        )
    )
    decided = [Decided("eks-auth:AssumeRoleForPodIdentity", "arn:c", "Allowed", ("identity:p[0]", "boundary:q[x]"))]
    end = called(made, prefix="eks-auth", parameters={"clusterName": "c", "token": "t"}, answer={})
    return proceedings_of(made, secure=True, decided=decided, assumed=made.notes.assumed, done=end)


def _refusal() -> Any:
    from podid.core.errors import AccessDenied

    return AccessDenied("no", private="trust implicit")


def test_a_call_is_read_as_its_entries_in_order(store: Store) -> None:
    kept = exchange(0)
    write(store, kept)
    decision, assuming, end = find(store, kept.request_id)
    assert (decision.action, decision.outcome) == ("eks-auth:AssumeRoleForPodIdentity", "Allowed")
    assert decision.decided_by == ("identity:p[0]", "boundary:q[x]")
    assert (decision.caller_arn, decision.source_ip, decision.event) == (NODE.arn, "10.88.0.2", "")
    assert (assuming.action, assuming.resource) == ("sts:AssumeRole", "arn:aws:iam::444455556666:role/app")
    assert (assuming.caller_arn, assuming.account, assuming.source_ip) == (SERVICE.service, "444455556666", "")
    assert (assuming.outcome, assuming.error_code, assuming.reason) == ("Failed", "AccessDenied", "trust implicit")
    assert (end.action, end.outcome) == ("eks-auth:AssumeRoleForPodIdentity", "Completed")
    assert (end.caller_arn, end.access_key_id, end.account) == (NODE.arn, "ASIANODE", NODE.account)
    assert assuming.event != end.event
    assert {each.at for each in (decision, assuming, end)} == {kept.at}


def test_requests_are_found_across_batches_by_whatever_id(store: Store) -> None:
    kept = [[exchange(batch * 10 + number / 1000) for number in range(20)] for batch in range(5)]
    for batch in kept:
        write(store, *batch, entry(batch[0].at.timestamp() % 1, request_id="named-otherwise", action="a"))
    for each in (kept[0][0], kept[2][7], kept[4][19]):
        assert find(store, each.request_id) == entries_of(each)
    assert len(find(store, "named-otherwise")) == 5
    for unknown in ("", "no such id", request_id(NOW + HOUR), "ffffffff-ffff-7fff-bfff-ffffffffffff", "\ud800"):
        assert find(store, unknown) == []


def test_an_id_names_the_few_batches_that_may_have_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [exchange(number) for number in range(50)]
    for each in kept:
        write(store, each)
    looked_into: list[bytes] = []
    unpacked = batches._unpacked

    def note(packed: bytes, *wanted: str) -> Iterator[tuple[int, Kept]]:
        looked_into.append(packed)
        return unpacked(packed, *wanted)

    monkeypatch.setattr(batches, "_unpacked", note)
    assert find(store, kept[30].request_id)
    assert len(looked_into) == 1
    looked_into.clear()
    assert len(between(store, NOW, NOW + HOUR, limit=6)) == 6
    assert len(looked_into) <= 3


def test_what_is_looked_for_enters_the_index(store: Store) -> None:
    """A scan would read every batch there is."""
    write(store, exchange(0))
    asked: list[tuple[str, Any]] = []
    with store.read() as connection:

        def note(*told: Any) -> None:
            asked.append((told[2], told[3]))

        event.listen(connection.engine, "before_cursor_execute", note)
        try:
            assert batches.find(connection, exchange(0).request_id)
            assert batches.between(connection, NOW, NOW + HOUR)
        finally:
            event.remove(connection.engine, "before_cursor_execute", note)
        for statement, parameters in asked:
            plan = [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert plan[0].startswith("SEARCH audit_batches USING INDEX ix_audit_batches_last_at"), plan
    assert len(asked) == 2


def test_a_span_of_time_is_in_order_however_batches_lie(store: Store) -> None:
    """Against a plain sort of all entries: batches that overlap, as two replicas write them, and instants that several share."""
    chance = random.Random(7)
    numbered: list[tuple[datetime, int, Entry]] = []
    for _ in range(60):
        batch = []
        middle = chance.uniform(0, 100)
        for _ in range(chance.randint(1, 5)):
            made = entry(
                round(middle + chance.choice((0, 1, 2, chance.uniform(-40, 40)))),
                account=chance.choice(("1", "2")),
                caller_arn=chance.choice(("arn:a", "arn:b", "arn:c")),
            )
            batch.append(made)
            numbered.append((made.at, len(numbered), made))
        write(store, *batch)
    for _ in range(60):
        start = NOW + timedelta(seconds=chance.randint(-50, 120))
        end = start + timedelta(seconds=chance.randint(0, 100))
        account, arn, limit = (
            chance.choice(("", "1")),
            chance.choice(("", "arn:b", "arn:z")),
            chance.choice((0, 1, 3, 20, 500)),
        )
        right = [
            each
            for at, _, each in sorted(numbered, key=lambda found: found[:2], reverse=True)
            if start <= at < end and account in ("", each.account) and arn in ("", each.caller_arn)
        ][:limit]
        assert between(store, start, end, account=account, caller_arn=arn, limit=limit) == right


def test_filters_see_who_made_each_entry(store: Store) -> None:
    write(store, exchange(0), exchange(1))
    named = between(store, NOW, NOW + HOUR, caller_arn="pods.eks.amazonaws.com")
    assert [each.action for each in named] == ["sts:AssumeRole"] * 2
    assert len(between(store, NOW, NOW + HOUR, account="444455556666")) == 2
    assert len(between(store, NOW, NOW + HOUR, account=NODE.account, caller_arn=NODE.arn)) == 4
    assert between(store, NOW, NOW + HOUR, caller_arn=ANN.arn) == []


HOSTILE = ["half \ud800 a character", "\udfff", "nul \0 in it", "x" * 100_000, "\ud83d" * 100_000]


@pytest.mark.parametrize("text", HOSTILE, ids=["half", "half, too", "nul", "long", "long halves"])
def test_what_a_hostile_request_holds_loses_nobody(store: Store, text: str) -> None:
    made = replace(
        call(NODE), now=NOW, request_id=request_id(NOW), user_agent=text, host=text, region=text, source_ip=text
    )
    end = called(made, parameters={text: text}, answer={text: [text]})
    decided = [Decided(text, text, "Allowed", (text, text), text)]
    bad = proceedings_of(made, secure=True, decided=decided, done=end)
    before, after = exchange(1), exchange(2)
    names = ("region", "caller_arn", "access_key_id", "action", "resource", "error_code", "reason")
    write(store, before, bad, entry(3, decided_by=(text,), **dict.fromkeys(names, text)), after)
    assert find(store, before.request_id) == entries_of(before)
    assert find(store, after.request_id) == entries_of(after)
    decision, ended = find(store, bad.request_id)
    assert (len(decision.action), len(decision.resource), len(decision.reason)) <= (256, 4096, 4096)
    assert len("\n".join(decision.decided_by)) <= 4096
    assert decision.resource == text[:4096].encode("utf-8", "replace").decode()
    assert len(ended.event) <= 65_536
    (single,) = find(store, entry(3).request_id)
    assert max(len(getattr(single, name)) for name in names) <= 4096


def test_the_oldest_batches_go(store: Store) -> None:
    for number in range(30):
        write(store, exchange(number))
    write(store, entry(2.5))  # written last, and old all the same
    with store.append() as connection:
        batches.prune(connection, 10)
    with store.read() as connection:
        left = connection.execute(select(func.sum(BATCHES.c.size), func.min(BATCHES.c.last_at))).one()
    assert tuple(left) == (12, NOW + timedelta(seconds=26))
    with store.append() as connection:
        batches.prune(connection, 10_000)
    assert len(between(store, NOW, NOW + HOUR)) == 12


def test_a_process_that_is_killed_loses_what_waited_and_no_more(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = f"""
import os
from tests.unit.audit.test_audit_batches import exchange
from podid.audit import DecisionLog
from podid.store import MasterKey, open_store
log = DecisionLog(open_store("sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate()))
for number in range(600):
    log.record(exchange(number))
log.flush()
log.record(exchange(700))
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == -9
    store = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    try:
        found = between(store, NOW, NOW + HOUR, limit=5000)
        assert len(found) in (1800, 1803)
        log = DecisionLog(store)
        log.record(exchange(800))
        log.close()
        assert len(between(store, NOW, NOW + HOUR, limit=5000)) == len(found) + 3
    finally:
        store.close()
