"""What the first start decides is kept; ports in use are told apart from ports that may be chosen anew."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from podid.local.home import Home
from podid.local.installation import free_port, load, load_or_create
from podid.local.problems import Forbidden, WrongUsage
from podid.local.state import Lock, supervisor_of


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.make()
    return made


def test_the_first_start_decides_and_later_ones_keep(home: Home) -> None:
    first = load_or_create(home, port=0, isolation="auto", random=lambda n: bytes(range(n)))
    assert first.instance_id == "i-00010203040506070"
    again = load_or_create(home, port=0, isolation="process")
    assert (again.instance_id, again.port, again.cluster_port) == (first.instance_id, first.port, first.cluster_port)
    assert again.isolation == "process"
    assert load(home) == again


def test_a_wished_port_in_use_is_refused_with_a_way_out(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Forbidden, match=f"port {port} on 127.0.0.1 is in use") as refused:
            load_or_create(home, port=port, isolation="auto")
    assert "--port 0" in refused.value.way_out


def test_a_free_port_that_was_taken_meanwhile_is_chosen_anew(home: Home) -> None:
    first = load_or_create(home, port=0, isolation="auto")
    with socket.create_server(("127.0.0.1", first.port)), socket.create_server(("127.0.0.1", first.cluster_port)):
        again = load_or_create(home, port=0, isolation="auto")
    assert again.port != first.port
    assert again.cluster_port != first.cluster_port
    assert again.webhook_port == first.webhook_port


@pytest.mark.parametrize("port", [-1, 65536])
def test_what_is_no_port_is_wrong_usage(home: Home, port: int) -> None:
    with pytest.raises(WrongUsage, match=str(port)):
        load_or_create(home, port=port, isolation="auto")


def test_settings_that_cannot_be_read_stop_the_start_and_are_kept(home: Home) -> None:
    home.settings.write_text("{")
    with pytest.raises(Forbidden, match=r"podid\.json"):
        load_or_create(home, port=free_port(), isolation="auto")
    assert home.settings.read_text() == "{"


def test_a_home_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Forbidden, match="cannot write") as refused:
        Home(tmp_path / "file" / "home").make()
    assert "PODID_HOME" in refused.value.way_out


def test_one_supervisor_holds_a_home(home: Home) -> None:
    import os

    assert supervisor_of(home) is None
    first, second = Lock(home), Lock(home)
    assert first.take() is None
    assert second.take() == os.getpid()
    assert supervisor_of(home) == os.getpid()
    first.release()
    assert supervisor_of(home) is None
    assert second.take() is None
    second.release()
