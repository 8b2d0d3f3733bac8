"""A second `up` where podid runs already: nothing to do, unless something else was asked for."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podid.local.detach import require_as_wished
from podid.local.home import Home
from podid.local.installation import load_or_create
from podid.local.problems import LocalProblem
from podid.local.state import State, write_state
from podid.local.supervisor import Wishes


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    write_state(made, State(supervisor=os.getpid(), since=datetime.now(UTC), ready=True, isolation="process"))
    return made


def test_the_same_again_is_nothing_to_do(home: Home) -> None:
    port = load_or_create(home, port=0, isolation="auto").port
    for wishes in (Wishes(), Wishes(port=0), Wishes(port=port), Wishes(isolation="process")):
        require_as_wished(home, wishes)


def test_another_port_or_isolation_needs_a_new_start(home: Home) -> None:
    port = load_or_create(home, port=0, isolation="auto").port
    with pytest.raises(LocalProblem, match=f"on port {port} and not {port + 1}") as told:
        require_as_wished(home, Wishes(port=port + 1))
    assert f"podid up --detach --port {port + 1}" in told.value.way_out
    with pytest.raises(LocalProblem, match="with isolation process and not namespaces"):
        require_as_wished(home, Wishes(isolation="namespaces"))
