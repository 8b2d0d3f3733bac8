from __future__ import annotations

import re
from typing import Any

import pytest

from podid.agent.limits import Buckets
from podid.agent.listen import read
from podid.agent.server import accepted_hosts
from podid.agent.settings import AgentSettings, BadSettings, check, hosts_of

MAPPED = {
    "PODID_LISTEN": '{"169.254.170.23:80": 41001, "[fd00:ec2::23]:80": 41001, "127.0.0.1:2703": 41002, "*:2705": 41003}'
}


def test_defaults_are_those_of_awss_agent() -> None:
    settings = AgentSettings(cluster_name="c")
    check(settings)
    assert hosts_of(settings) == ("169.254.170.23", "fd00:ec2::23")
    assert (settings.port, settings.probe_port, settings.metrics_port) == (80, 2703, 2705)
    assert (settings.max_cache_size, settings.max_service_qps) == (2000, 3)
    assert settings.max_credential_retention_before_renewal == 3 * 3600


def test_bind_hosts_may_come_as_a_list_with_commas() -> None:
    assert hosts_of(AgentSettings(cluster_name="c", bind_hosts=("127.0.0.1,[::1]", "127.0.0.1"))) == (
        "127.0.0.1",
        "::1",
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"cluster_name": ""}, "cluster name ''"),
        ({"cluster_name": "-x"}, "cluster name '-x'"),
        ({"cluster_name": "a/../b"}, "cluster name"),
        ({"cluster_name": "x" * 101}, "cluster name"),
        ({"bind_hosts": ("",)}, "bind hosts"),
        ({"port": 65536}, "port 65536"),
        ({"endpoint": "eks-auth.example"}, "endpoint 'eks-auth.example'"),
        ({"max_cache_size": -1}, "cache size"),
        ({"max_service_qps": 0}, "max service qps 0"),
    ],
)
def test_what_cannot_be_meant_is_named(change: dict[str, Any], text: str) -> None:
    with pytest.raises(BadSettings, match=re.escape(text)):
        check(AgentSettings(**{"cluster_name": "c", **change}))


def test_listen_map_finds_addresses_as_declared_and_by_wildcard() -> None:
    found = read(MAPPED)
    assert found.find("169.254.170.23", 80) == 41001
    assert found.find("fd00:ec2::23", 80) == 41001
    assert found.find("localhost", 2703) == 41002
    assert found.find("0.0.0.0", 2705) == 41003
    assert found.find("169.254.170.23", 81) is None
    assert found.has_host("fd00:ec2::23")
    assert not read({})


@pytest.mark.parametrize(
    "written",
    ["[]", "{", '{"x": 1}', '{"169.254.170.23:80": 0}', '{"169.254.170.23:80": 70000}', '{":80": 1}', '{"a:b": 1}'],
)
def test_a_listen_map_that_cannot_be_read_is_refused(written: str) -> None:
    with pytest.raises(BadSettings, match="PODID_LISTEN"):
        read({"PODID_LISTEN": written})


def test_hosts_accepted() -> None:
    settings = AgentSettings(cluster_name="c")
    assert accepted_hosts(settings, read({})) == ("169.254.170.23", "fd00:ec2::23")
    assert accepted_hosts(settings, read(MAPPED)) == ("169.254.170.23", "fd00:ec2::23", "127.0.0.1", "localhost")
    assert "0.0.0.0" not in accepted_hosts(AgentSettings(cluster_name="c", bind_hosts=("0.0.0.0",)), read({}))


def test_a_bucket_empties_and_fills_for_each_caller_alone() -> None:
    buckets = Buckets(rate=1.0, burst=2, callers=3)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 0.0)
    assert not buckets.take("a", 0.9)
    assert buckets.take("a", 1.9)
    assert [buckets.take("a", 100.0) for _ in range(3)] == [True, True, False]
    for caller in range(10):
        buckets.take(caller, 100.0)
    assert len(buckets._levels) == 3
