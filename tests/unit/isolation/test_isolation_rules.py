"""The rules of the isolation that need nothing but values."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.localcluster.isolation.choose import Hints, Trial, Unavailable, _is_chroot, choose, refusal
from podid.localcluster.isolation.helper import messages, processes
from podid.localcluster.isolation.helper.execute import start_error
from podid.localcluster.isolation.helper.log_file import LONGEST_LINE, Lines, LogFile, format_time
from podid.localcluster.isolation.namespaces import network, privileges, view
from podid.localcluster.isolation.process.places import Places, hold
from podid.localcluster.isolation.process.rewriting import Rewriting

# -- messages -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), max_size=5), st.integers(1, 7))
def test_messages_are_read_however_they_are_cut(sent: list[dict[str, str]], size: int) -> None:
    data = b"".join(messages.encode(message) for message in sent)
    reader = messages.Reader()
    read = []
    for at in range(0, len(data), size):
        read += [message for message, _ in reader.feed(data[at : at + size])]
    assert read == sent


@pytest.mark.parametrize("data", [b"{\n", b"[]\n", b"3\n", b"\xff\n"])
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(messages.Malformed):
        messages.Reader().feed(data)


def test_an_endless_line_is_refused() -> None:
    reader = messages.Reader()
    with pytest.raises(messages.Malformed):
        for _ in range(messages.LARGEST_LINE // 65536 + 2):
            reader.feed(b"x" * 65536)


def test_a_socket_far_down_can_be_reached(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    path = str(deep / "s.sock")
    with messages.listen(path), messages.listen(path) as listener, socket.socket(socket.AF_UNIX) as client:
        with messages.short_address(path) as address:
            client.connect(address)
        peer, _ = listener.accept()
        peer.close()


# -- logs ---------------------------------------------------------------------------------------------------------------


def test_lines_are_cut_and_stamped() -> None:
    lines = Lines("stdout")
    assert (
        lines.feed(b"one\ntwo\nthr", 0.5)
        == b"1970-01-01T00:00:00.500000000Z stdout F one\n1970-01-01T00:00:00.500000000Z stdout F two\n"
    )
    assert lines.feed(b"ee\n\n", 1).splitlines() == [
        b"1970-01-01T00:00:01.000000000Z stdout F three",
        b"1970-01-01T00:00:01.000000000Z stdout F ",
    ]
    assert lines.end(2) == b""
    lines.feed(b"rest", 2)
    assert lines.end(2) == b"1970-01-01T00:00:02.000000000Z stdout F rest\n"


def test_a_long_line_is_stored_in_pieces() -> None:
    lines = Lines("stderr")
    stored = lines.feed(b"x" * (LONGEST_LINE + 1), 0) + lines.feed(b"y\n", 0)
    tags = [line.split(b" ")[2] for line in stored.splitlines()]
    assert tags[-1] == b"F"
    assert set(tags[:-1]) == {b"P"}
    assert b"".join(line.split(b" ", 3)[3] for line in stored.splitlines()) == b"x" * (LONGEST_LINE + 1) + b"y"


@given(st.floats(0, 4_000_000_000))
def test_times_sort_as_text(now: float) -> None:
    assert format_time(now) < format_time(now + 1)
    assert len(format_time(now)) == len("1970-01-01T00:00:00.000000000Z")


def test_a_log_that_has_grown_makes_room(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "0.log"), largest=10)
    for word in (b"first..\n", b"second.\n", b"third..\n"):
        log.write(word)
    log.close()
    assert (tmp_path / "0.log").read_bytes() == b"third..\n"
    assert (tmp_path / "0.log.1").read_bytes() == b"second.\n"


# -- processes ----------------------------------------------------------------------------------------------------------


def test_a_stranger_with_the_recorded_pid_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "node.json"
    record.write_text(json.dumps({"pid": os.getpid(), "started": "1"}))
    assert processes.end_recorded(str(record)) is False
    assert not record.exists()
    for broken in ("", "{", "[]", '{"pid": "x"}'):
        record.write_text(broken)
        assert processes.end_recorded(str(record)) is False


def test_a_process_that_ends_as_it_is_to_be_killed_has_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen(("true",))
    ended.wait()
    record = tmp_path / "node.json"
    record.write_text(json.dumps({"pid": ended.pid, "started": "7"}))
    lives = iter(["7"])  # at the look before the kill; then no more
    monkeypatch.setattr(processes, "start_time", lambda _: next(lives, ""))
    assert processes.end_recorded(str(record)) is True
    assert not record.exists()


def test_start_errors_are_a_shells() -> None:
    assert start_error(FileNotFoundError(2, "No such file or directory", "/bin/x"), "x")["code"] == 127
    assert start_error(PermissionError(13, "Permission denied", "/x"), "/x")["code"] == 126
    assert start_error(OSError(8, "Exec format error", "/x"), "/x")["error"] == 'exec: "/x": exec format error'
    assert (
        start_error(FileNotFoundError(2, "cannot work in /no: No such file"), "x")["error"]
        == "cannot work in /no: No such file"
    )


# -- ids and rights -----------------------------------------------------------------------------------------------------


def test_real_root_needs_its_rights_and_not_only_its_number() -> None:
    full = "Name:\tx\nCapEff:\t000001fffeffffff\n"
    assert privileges.is_real_root(full, 0)
    assert not privileges.is_real_root(full, 1000)
    assert not privileges.is_real_root("CapEff:\t00000000a80425fb\n", 0)
    assert not privileges.is_real_root("", 0)


def test_each_pod_of_real_root_has_ids_of_its_own() -> None:
    whole = "         0          0 4294967295\n"
    ids = [privileges.choose_ids(whole, number) for number in range(2, 255)]
    assert all(one.size == 65536 for one in ids)
    assert len({one.first for one in ids}) == 253
    assert min(one.first for one in ids) > 1_879_048_191
    assert max(one.first + one.size for one in ids) < 2**31
    assert ids[0].mapping(0) == f"0 {ids[0].first} 65536\n"
    assert ids[0].outside(7) == ids[0].first + 7


def test_fewer_ids_are_used_where_there_are_fewer() -> None:
    assert privileges.choose_ids("0 1000 1\n", 2) == privileges.Ids(0, 1)
    assert privileges.choose_ids("0 1000 1\n1 100000 65536\n", 2) == privileges.Ids(65536, 1)
    assert privileges.choose_ids("0 100000 200000\n", 2) == privileges.Ids(134464, 65536)
    one = privileges.Ids(0, 1)
    assert one.mapping(1234) == "1234 0 1\n"
    assert one.outside(1234) == 0


def test_capabilities_are_the_usual_without_those_dropped() -> None:
    assert privileges.container_capabilities((), 0) == 0xA80425FB
    assert privileges.container_capabilities(("ALL",), 0) == privileges.container_capabilities((), 1000) == 0
    assert not privileges.container_capabilities(("CAP_NET_RAW", "kill"), 0) & (1 << 13 | 1 << 5)


def test_pods_have_addresses_after_the_nodes() -> None:
    assert [str(address) for address in network.pod_addresses(2)] == ["10.88.0.2", "fd10:88::2"]
    for number in (0, 1, 255):
        with pytest.raises(ValueError, match="is not in"):
            network.pod_addresses(number)


def test_the_views_users_are_the_systems() -> None:
    lines = [
        "root:x:0:0:root:/root:/bin/zsh",
        "daemon:x:1:1:secret comment:/usr/sbin:/bin/sh",
        "alice:x:1000:1000::/home/alice:/bin/bash",
        "nobody:x:65534:65534::/:/bin/false",
        "broken",
        "odd:x:-1:1:::",
    ]
    made = view.passwd(lines).splitlines()
    assert [line.split(":")[0] for line in made] == ["root", "daemon", "nobody"]
    assert made[0] == "root:x:0:0:root:/root:/bin/sh"
    assert "secret comment" not in "".join(made)
    assert view.group(["root:x:0:", "sudo:x:27:alice", "alice:x:1000:"]) == "root:x:0:\nsudo:x:27:\n"


# -- choosing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trial", "hints", "way_out"),
    [
        (
            Trial("user namespace", errno.ENOSPC, "x"),
            Hints(max_user_namespaces="0"),
            "sysctl user.max_user_namespaces=15000",
        ),
        (
            Trial("user namespace", errno.EPERM, "x"),
            Hints(unprivileged_userns_clone="0"),
            "kernel.unprivileged_userns_clone=1",
        ),
        (
            Trial("mount", errno.EACCES, "x"),
            Hints(apparmor_restricts="1"),
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (Trial("mount of proc", errno.EPERM, "x"), Hints(in_container=True), "systempaths=unconfined"),
        (Trial("user namespace", errno.EPERM, "x"), Hints(in_container=True), "--privileged"),
        (Trial("root file system", errno.ENOSYS, "x"), Hints(), "Linux 5.12"),
        (Trial("bridge", errno.EOPNOTSUPP, "x"), Hints(), "modprobe bridge veth"),
        (
            Trial("mount of proc", errno.EPERM, "x"),
            Hints(max_user_namespaces="0", in_container=True),
            "systempaths=unconfined",
        ),
        (Trial("user namespace", errno.EPERM, "x"), Hints(max_user_namespaces="0"), "max_user_namespaces=15000"),
        (Trial("user namespace", errno.EPERM, "x"), Hints(in_chroot=True, root=True), "inside a chroot"),
        (Trial("user namespace", errno.EPERM, "x"), Hints(root=True), "forbids it even to root"),
        (Trial("user namespace", errno.EPERM, "x"), Hints(), "run podid as root"),
    ],
)
def test_a_refusal_names_the_step_and_the_way_out(trial: Trial, hints: Hints, way_out: str) -> None:
    text = refusal(trial, hints)
    assert text.startswith(f"namespaces cannot be used here: {trial.refused} was refused")
    assert way_out in text
    assert "\n" not in text


def test_a_chroot_is_known_by_its_root_being_no_mount() -> None:
    proc = "28 21 0:23 / /proc rw,nosuid shared:12 - proc proc rw"
    root = "21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw"
    assert _is_chroot(proc)
    assert not _is_chroot(f"{root}\n{proc}")
    assert not _is_chroot("")


def test_auto_takes_processes_where_namespaces_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Trial("mount of proc", errno.EPERM, "mount proc: Operation not permitted")
    monkeypatch.setattr("podid.localcluster.isolation.choose.try_namespaces", lambda scratch: refused)
    chosen = choose("auto")
    assert chosen.name == "process"
    assert "mount of proc was refused" in chosen.why
    assert "not kept apart" in chosen.why
    assert "; for namespaces: " in chosen.why
    with pytest.raises(Unavailable, match="mount of proc was refused"):
        choose("namespaces")
    assert choose("process").name == "process"


def test_no_linux_no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert choose("auto").name == "process"
    with pytest.raises(Unavailable, match="a feature of Linux"):
        choose("namespaces")


# -- rewriting ----------------------------------------------------------------------------------------------------------

REWRITING = Rewriting(
    {"/var/run/secrets/pods": "/P/var/run/secrets/pods", "/var/run/secrets": "/P/var/run/secrets", "/data": "/P/data"},
    {"169.254.170.23": 41001, "fd00:ec2::23": 41001, "169.254.169.254": 41002},
)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("/data", "/P/data"),
        ("/data/x", "/P/data/x"),
        ("/database", "/database"),
        ("/my/data", "/my/data"),
        ("x/data", "x/data"),
        ("/var/run/secrets/pods/token", "/P/var/run/secrets/pods/token"),
        ("/var/run/secrets/other", "/P/var/run/secrets/other"),
        ("--file=/data/a:/data/b", "--file=/P/data/a:/P/data/b"),
        ("cat '/data' > /data;", "cat '/P/data' > /P/data;"),
        ("file:///data/x", "file:///P/data/x"),
        ("http://host/data", "http://host/data"),
        ("/data.old /data-2", "/data.old /data-2"),
        ("http://169.254.170.23/v1/credentials", "http://127.0.0.1:41001/v1/credentials"),
        ("http://169.254.170.23:80/v1", "http://127.0.0.1:41001/v1"),
        ("http://169.254.170.23", "http://127.0.0.1:41001"),
        ("http://[fd00:ec2::23]/v1", "http://127.0.0.1:41001/v1"),
        ("http://[FD00:EC2::23]/v1", "http://127.0.0.1:41001/v1"),
        ("http://169.254.169.254/latest/api/token", "http://127.0.0.1:41002/latest/api/token"),
        ("curl 169.254.169.254/latest", "curl 127.0.0.1:41002/latest"),
        ("http://169.254.170.23:8080/", "http://169.254.170.23:8080/"),
        ("http://169.254.170.234/", "http://169.254.170.234/"),
        ("169.254.170.23", "169.254.170.23"),
        ("169.254.170.23/32", "169.254.170.23/32"),
        ("169.254.170.23,[fd00:ec2::23]", "169.254.170.23,[fd00:ec2::23]"),
        ("http://evil/169.254.170.23/x", "http://evil/169.254.170.23/x"),
    ],
)
def test_paths_and_addresses_are_rewritten_at_their_boundaries(text: str, rewritten: str) -> None:
    assert REWRITING.text(text) == rewritten


@given(st.text())
def test_without_mounts_and_addresses_nothing_changes(text: str) -> None:
    assert Rewriting({}, {}).text(text) == text


# -- places -------------------------------------------------------------------------------------------------------------


def test_ports_are_recorded_and_stay(tmp_path: Path) -> None:
    places = Places(tmp_path / "ports.json")
    agent, probes = places.port("80"), places.port("2703")
    assert agent != probes
    again = Places(tmp_path / "ports.json")
    assert (again.port("80"), again.known("2703"), again.known("1")) == (agent, probes, None)
    table = json.loads(again.listening(("169.254.170.23", "fd00:ec2::23"), (("", 80), ("", 2703), ("127.0.0.1", 2705))))
    assert table == {
        "169.254.170.23:80": agent,
        "[fd00:ec2::23]:80": agent,
        "*:80": agent,
        "*:2703": probes,
        "127.0.0.1:2705": again.known("2705"),
    }
    (tmp_path / "ports.json").write_text("[broken")
    assert Places(tmp_path / "ports.json").ports == {}


def test_a_held_port_can_be_listened_on_by_one_who_shares_it(tmp_path: Path) -> None:
    port = Places(tmp_path / "ports.json").port("80")
    held = hold(port)
    assert held is not None
    with held, socket.socket() as agent, socket.socket() as client:
        agent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        agent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        agent.bind(("127.0.0.1", port))
        agent.listen()
        client.connect(("127.0.0.1", port))
        peer, _ = agent.accept()
        peer.close()


def test_a_held_port_is_not_had_by_one_who_does_not(tmp_path: Path) -> None:
    port = Places(tmp_path / "ports.json").port("80")
    held = hold(port)
    assert held is not None
    with held, socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))


def test_a_port_is_held_by_one_installation_alone(tmp_path: Path) -> None:
    """The kernel would let sockets of one user share it, and hand tokens of one installation to the agent of another."""
    first = Places(tmp_path / "first.json")
    port, other = first.port("80"), first.port("imds")
    held = hold(port)
    assert held is not None
    with held:
        assert hold(port) is None
        first.leave_taken()
        assert first.port("80") != port
        assert first.port("imds") == other
        assert Places(tmp_path / "first.json").ports == first.ports


def test_connections_that_are_over_keep_nobody_from_a_port(tmp_path: Path) -> None:
    with socket.socket() as listener:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):  # as the agent listens
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = int(listener.getsockname()[1])
        with socket.create_connection(("127.0.0.1", port)):
            listener.accept()[0].close()  # the side that closes first keeps the connection for a while: TIME_WAIT
    held = hold(port)
    assert held is not None
    held.close()
