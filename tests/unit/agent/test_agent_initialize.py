"""`initialize` against the real kernel, in network namespaces of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podid.agent import initialize
from podid.agent.rtnetlink import Assigned, IpAddress, Route

PROGRAM = """
import ctypes, ipaddress, json, sys
sys.path[:0] = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
flags = 0x40000000 | (0 if __import__("os").geteuid() == 0 else 0x10000000)
if libc.unshare(flags) != 0:
    sys.exit(77)
from podid.agent import initialize
from podid.agent.rtnetlink import Netlink
codes = []
with Netlink() as netlink:
    for step in json.loads(sys.argv[2]):
        if step == "run":
            codes.append(initialize.run({}))
        elif step == "no-dummy":
            def refuse(self, name):
                raise OSError(95, "Operation not supported")
            Netlink.add_dummy = refuse
        elif step == "no-ipv6":
            kept = Netlink.add_address
            def only_four(self, address, link):
                if address.version == 6:
                    raise OSError(13, "Permission denied")
                kept(self, address, link)
            Netlink.add_address = only_four
        elif step == "by-hand":
            for text in initialize.ADDRESSES:
                netlink.add_address(ipaddress.ip_address(text), netlink.link("lo"))
    found = [[str(a.address), a.link] for a in netlink.addresses()]
    routes = [[t, r.link] for t in initialize.ADDRESSES for r in netlink.routes(ipaddress.ip_address(t))]
    links = {name: netlink.link(name) for name in ("lo", "pod-id-link0")}
print(json.dumps({"codes": codes, "addresses": found, "routes": routes, "links": links}))
"""


def in_namespace(*steps: str) -> dict[str, object]:
    paths = [str(Path(initialize.__file__).parents[2]), *sys.path]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(paths), json.dumps(steps)], capture_output=True, text=True
    )
    if done.returncode == 77:
        pytest.skip("this kernel allows no network namespace")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def own(found: dict[str, object]) -> list[list[object]]:
    addresses = found["addresses"]
    assert isinstance(addresses, list)
    return sorted(entry for entry in addresses if entry[0] in initialize.ADDRESSES)


@pytest.mark.namespaces
def test_both_addresses_are_set_up_and_a_second_run_changes_nothing() -> None:
    once, twice = in_namespace("run"), in_namespace("run", "run")
    assert once["codes"] == [0]
    assert twice["codes"] == [0, 0]
    assert [address for address, _ in own(once)] == sorted(initialize.ADDRESSES)
    assert own(twice) == own(once)
    assert twice["routes"] == once["routes"]


@pytest.mark.namespaces
def test_lo_takes_them_where_the_kernel_has_no_dummy_links() -> None:
    found = in_namespace("no-dummy", "run")
    links = found["links"]
    assert isinstance(links, dict)
    assert found["codes"] == [0]
    assert links["pod-id-link0"] is None
    assert [link for _, link in own(found)] == [links["lo"]] * 2


@pytest.mark.namespaces
def test_addresses_that_are_there_already_are_success_without_any_change() -> None:
    found = in_namespace("by-hand", "run")
    assert found["codes"] == [0]
    assert len(own(found)) == 2
    assert isinstance(found["links"], dict)
    assert found["links"]["pod-id-link0"] is None


@pytest.mark.namespaces
def test_trouble_with_ipv6_alone_is_passed_over() -> None:
    found = in_namespace("no-ipv6", "run")
    assert found["codes"] == [0]
    assert [address for address, _ in own(found)] == ["169.254.170.23"]


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves the log of the test run as it is."""
    monkeypatch.setattr(initialize, "log_to_stderr", lambda level: None)


@pytest.mark.usefixtures("quiet")
def test_nothing_is_set_up_where_every_address_is_mapped(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_netlink() -> None:
        raise AssertionError("the kernel was asked")

    monkeypatch.setattr(initialize, "Netlink", no_netlink)
    mapped = {"PODID_LISTEN": '{"169.254.170.23:80": 41001, "[fd00:ec2::23]:80": 41001}'}
    assert initialize.run(mapped) == 0


@pytest.mark.usefixtures("quiet")
def test_a_listen_map_that_cannot_be_read_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert initialize.run({"PODID_LISTEN": "nonsense"}) == 2
    assert "PODID_LISTEN" in capsys.readouterr().err


class Kernel:
    """A node whose route to the IPv4 address leads to a link of somebody else."""

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *problem: object) -> None:
        pass

    def addresses(self) -> Iterator[Assigned]:
        return iter(())

    def link(self, name: str) -> int:
        return 7

    def set_up(self, link: int) -> None:
        pass

    def routes(self, address: IpAddress) -> Iterator[Route]:
        yield Route(address, 3)


@pytest.mark.usefixtures("quiet")
def test_an_address_routed_to_another_link_is_left_alone_and_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(initialize, "Netlink", Kernel)
    assert initialize.run({}) == 3
    assert "routed to another link (index 3)" in str(vars(caplog.records[-1]))
