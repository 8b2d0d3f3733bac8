"""Ten associations or a million: whatever EKS Auth and admission ask is found by an index, down to the rows that are wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, text

from podid.eks import association_rows
from podid.eks.instants import from_millis
from podid.eks.tables import ASSOCIATIONS, CLUSTERS
from podid.store import Store

ACCOUNT, REGION, CLUSTER = OF = ("111122223333", "us-east-1", "bench")
COUNT = 3000

QUESTIONS: dict[str, tuple[Callable[[Connection], Any], tuple[str, ...]]] = {
    "the association of a service account": (
        lambda connection: association_rows.find_by_subject(connection, *OF, "default", "sa-77"),
        ("namespace", "service_account"),
    ),
    "admission's list": (
        lambda connection: association_rows.page(
            connection, *OF, namespace="default", service_account="sa-77", after=None, most=101
        ),
        ("namespace", "service_account"),
    ),
    "a page far back": (
        lambda connection: association_rows.page(connection, *OF, after=(1_700_000_002_500, "a-2500"), most=101),
        ("created_at",),
    ),
    "one by its id": (lambda connection: association_rows.find(connection, *OF, "a-77"), ("id",)),
}
"""What is asked, and the columns that the index has to be entered by."""


@pytest.fixture
def full(store: Store) -> Store:
    """A store with some thousand associations."""
    with store.write("eks") as connection:
        connection.execute(insert(CLUSTERS), _cluster())
        connection.execute(insert(ASSOCIATIONS), [_association(number) for number in range(COUNT)])
        connection.execute(text("ANALYZE"))
    return store


def _cluster() -> dict[str, Any]:
    known: dict[str, Any] = {"account": ACCOUNT, "region": REGION, "name": CLUSTER}
    for column in CLUSTERS.columns:
        if column.name not in known and not column.nullable:
            known[column.name] = from_millis(0) if column.name.endswith("_at") else column.type.python_type()
    return known


def _association(number: int) -> dict[str, Any]:
    at = from_millis(1_700_000_000_000 + number)
    return {
        "account": ACCOUNT,
        "region": REGION,
        "cluster": CLUSTER,
        "id": f"a-{number}",
        "namespace": "default",
        "service_account": f"sa-{number}",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/app",
        "target_role_arn": "",
        "disable_session_tags": False,
        "policy": "",
        "owner_arn": "",
        "created_at": at,
        "modified_at": at,
        "tags": "{}",
    }


def test_what_is_asked_often_enters_an_index(full: Store) -> None:
    for question, (ask, columns) in QUESTIONS.items():
        plan = _plan(full, ask)
        assert not [line for line in plan if "Seq Scan" in line or line.startswith("SCAN")], (question, plan)
        entered = [line for line in plan if "Index Cond" in line or line.startswith("SEARCH")]
        assert entered, (question, plan)
        assert all(any(column in line for line in entered) for column in columns), (question, plan)


def _plan(store: Store, ask: Callable[[Connection], Any]) -> list[str]:
    """How the database goes about a question, line by line."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        if "eks_associations" in statement:
            asked.append((statement, parameters))

    with store.read() as connection:
        event.listen(connection.engine, "before_cursor_execute", note)
        try:
            assert ask(connection)
        finally:
            event.remove(connection.engine, "before_cursor_execute", note)
        statement, parameters = asked[0]
        explain = "EXPLAIN" if store.dialect == "postgresql" else "EXPLAIN QUERY PLAN"
        return [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)]


def test_pages_hold_every_association_once(full: Store) -> None:
    seen: list[str] = []
    after = None
    with full.read() as connection:
        while True:
            page = association_rows.page(connection, *OF, after=after, most=700)
            seen += [one.id for one in page]
            if len(page) < 700:
                break
            after = (int(page[-1].created_at.timestamp() * 1000), page[-1].id)
    assert seen == [f"a-{number}" for number in range(COUNT)]
