"""What the kubelet relies on, from every adapter: one suite for each implementation of `port.Node` and `port.Sandbox`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from podid.localcluster.isolation.choose import choose
from podid.localcluster.isolation.port import CannotStart, IsolationError, Mode, Mount

from .conftest import Rig, greeter, node_in, processes_with

pytestmark = pytest.mark.namespaces


def test_a_container_runs_and_its_streams_end_code_and_times_are_kept(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox, "sh", "-c", "echo out; echo err >&2; printf 'no end'; exit 3")
            state = await rig.until(sandbox, lambda state: state.state == "exited")
            assert (state.code, state.attempt, state.error) == (3, 0, "")
            assert 0 < state.started <= state.finished
            lines = rig.log(sandbox).read_text().splitlines()
            assert sorted(line.split(" ", 1)[1] for line in lines) == [
                "stderr F err",
                "stdout F no end",
                "stdout F out",
            ]
            assert all(line[:4].isdigit() and line.split(" ")[0].endswith("Z") for line in lines)

    asyncio.run(scenario())


def test_sigterm_ends_a_program_that_does_not_handle_it(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox, "sleep", "infinity")
            await sandbox.signal("app", signal.SIGTERM)
            assert (await rig.until(sandbox, lambda state: state.state == "exited")).code == 128 + signal.SIGTERM

    asyncio.run(scenario())


def test_sigkill_ends_what_ignores_everything_and_all_its_children(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            script = "trap '' TERM INT HUP; setsid sleep 1000 & echo up; while :; do sleep 1000; done"
            await rig.start(sandbox, "sh", "-c", script)
            await rig.until_says(sandbox, "up")
            await sandbox.signal("app", signal.SIGTERM)
            await sandbox.signal("app", signal.SIGKILL)
            assert (await rig.until(sandbox, lambda state: state.state == "exited")).code == 128 + signal.SIGKILL
            assert processes_with(PODID_CONTAINER=f"{sandbox.uid}/app") == []

    asyncio.run(scenario())


def test_what_cannot_start_says_why_as_a_shell_would(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            for argv, code, text in (
                (("no-such-program",), 127, 'exec: "no-such-program": executable file not found in $PATH'),
                (("/etc/passwd",), 126, 'exec: "/etc/passwd": permission denied'),
                (("/no/such",), 127, 'exec: "/no/such": no such file or directory'),
            ):
                name = f"c{code}{len(argv[0])}"
                with pytest.raises(CannotStart, match="exec") as refused:
                    await rig.start(sandbox, *argv, name=name)
                assert (refused.value.code, str(refused.value)) == (code, text)
                state = await rig.until(sandbox, lambda state: state.state == "exited", name)
                assert (state.code, state.error) == (code, text)
            await rig.start(sandbox)
            with pytest.raises(CannotStart, match="embedded null byte"):
                await rig.exec(sandbox, "echo", "a\0b")
            with pytest.raises(CannotStart) as missing:
                await rig.exec(sandbox, "no-such-program")
            assert missing.value.code == 127

    asyncio.run(scenario())


def test_the_environment_is_the_containers_alone(home: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the person")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")

    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            environment = {**rig.node.environment(), "MINE": "1"}
            code, said = await rig.run(sandbox, "env", environment=environment)
            variables = dict(line.split("=", 1) for line in said.splitlines())
            assert code == 0
            assert variables["PODID_CONTAINER"] == f"{sandbox.uid}/app"
            assert variables["AWS_ENDPOINT_URL"] == rig.node.addresses.aws_endpoint
            assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "us-east-1"
            assert (variables["AWS_PAGER"], variables["MINE"]) == ("", "1")
            assert "PODID_HOME" not in variables
            assert "SSH_AUTH_SOCK" not in variables
            assert "AWS_SECRET_ACCESS_KEY" not in variables
            assert processes_with(PODID_HOME=str(rig.settings.home)) != []  # podid's own, which carry it

    asyncio.run(scenario())


def test_home_is_empty_and_writable(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            code, said = await rig.run(
                sandbox, "sh", "-c", "ls -A ~; echo x > ~/file; cat ~/file; echo y > /tmp/$$ && rm /tmp/$$"
            )
            assert (code, said) == (0, "x")

    asyncio.run(scenario())


def test_exec_carries_bytes_both_ways_and_the_exit_code(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            assert await rig.exec(sandbox, "sh", "-c", "exit 41") == (41, "")
            assert await rig.exec(sandbox, "sh", "-c", "kill -9 $$") == (137, "")
            big = b"0123456789abcdef" * 100_000
            assert await rig.exec(sandbox, "cat", stdin=big) == (0, big.decode())
            assert await rig.exec(sandbox, "head", "-c1", stdin=big) == (0, "0")
            session = await sandbox.exec("app", ("sh", "-c", "echo a; echo b >&2"), {}, stdin=False, terminal=False)
            said = {number: piece async for number, piece in session.output()}
            assert said == {1: b"a\n", 2: b"b\n"}

    asyncio.run(scenario())


def test_exec_on_a_terminal_has_size_job_control_and_the_exit_code(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            session = await sandbox.exec("app", ("sh",), {}, stdin=True, terminal=True)
            await session.resize(111, 33)
            said = b""

            async def read_on() -> None:
                nonlocal said
                async for number, piece in session.output():
                    assert number == 1
                    said += piece

            async def see(text: bytes) -> None:
                async with asyncio.timeout(10):
                    while text not in said:
                        await asyncio.sleep(0.01)

            reading = asyncio.create_task(read_on())
            await session.write(b"stty size; test -t 0 && echo is''-tty\n")
            await see(b"33 111")
            await see(b"is-tty")
            await session.write(b"trap 'echo got''-int' INT; echo rea''dy; cat\n")
            await see(b"ready")
            await session.write(b"\x03")
            await see(b"got-int")
            await session.write(b"exit 7\n")
            await reading
            assert await session.wait() == 7

    asyncio.run(scenario())


def test_a_client_that_goes_takes_its_program_with_it(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            session = await sandbox.exec(
                "app", ("sh", "-c", "sleep 12345 & wait"), {"MARK": home.name}, stdin=True, terminal=False
            )
            async with asyncio.timeout(10):
                while len(processes_with(MARK=home.name)) < 2:
                    await asyncio.sleep(0.01)
                await session.kill()
                while processes_with(MARK=home.name):
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_a_program_that_leaves_something_behind_does_not_hold_exec(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            async with asyncio.timeout(10):
                assert await rig.exec(sandbox, "sh", "-c", "sleep 1000 & echo done") == (0, "done\n")

    asyncio.run(scenario())


def test_exec_in_a_container_that_does_not_run_is_refused(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.run(sandbox, "true")
            with pytest.raises(CannotStart, match="not running"):
                await rig.exec(sandbox, "true")
            await sandbox.signal("app", signal.SIGTERM)  # is no error

    asyncio.run(scenario())


def test_volumes_show_their_files_and_what_is_put_there_later(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            volume, scratch = (
                home / "pods" / sandbox.uid / "volumes" / "v",
                home / "pods" / sandbox.uid / "volumes" / "s",
            )
            (volume / "deep").mkdir(parents=True)
            scratch.mkdir()
            scratch.chmod(0o777)
            (volume / "deep" / "file").write_text("one")
            mounts = (
                Mount(source=volume, target="/var/run/secrets/v"),
                Mount(source=volume, target="/sub", sub_path="deep/file"),
                Mount(source=scratch, target="/scratch", read_only=False),
            )
            await rig.start(sandbox, "sleep", "infinity", mounts=mounts)
            assert await rig.exec(sandbox, "cat", "/var/run/secrets/v/deep/file", "/sub") == (0, "oneone")
            (volume / "new").write_text("two")
            assert await rig.exec(sandbox, "cat", "/var/run/secrets/v/new") == (0, "two")
            assert (await rig.exec(sandbox, "sh", "-c", "echo here > /scratch/out"))[0] == 0
            assert (scratch / "out").read_text() == "here\n"

    asyncio.run(scenario())


def test_a_sub_path_that_leads_out_of_its_volume_shows_nothing_of_the_host(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            volume = home / "pods" / sandbox.uid / "volumes" / "v"
            volume.mkdir(parents=True)
            (home / "secret").write_text("of podid")
            (volume / "out").symlink_to(home / "secret")
            mounts = (Mount(source=volume, target="/v", sub_path="out"),)
            with pytest.raises(CannotStart):
                await rig.start(sandbox, "cat", "/v", mounts=mounts)

    asyncio.run(scenario())


def test_the_aws_endpoint_and_the_api_server_are_reached(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with greeter() as port, node_in(home, mode, aws_port=port) as rig:
            sandbox = await rig.pod()
            addresses = rig.node.addresses
            await rig.start(sandbox)
            for url in (addresses.aws_endpoint, f"http://{addresses.api_host}:{addresses.api_port}"):
                assert await rig.exec(sandbox, "curl", "-sm5", url) == (0, "hello from the host")

    asyncio.run(scenario())


def test_dial_reaches_a_port_of_the_pod(home: Path, mode: Mode) -> None:
    serve = (
        "import socket,sys; s=socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print(s.getsockname()[1], flush=True)\n"
        "while True: c,_=s.accept(); c.sendall(b'from the pod'); c.close()"
    )

    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox, "/usr/bin/env", "python3", "-c", serve)
            await rig.until_says(sandbox, "\n")
            port = int(rig.log(sandbox).read_text().split()[-1])
            reader, writer = await sandbox.dial(port)
            assert await reader.read() == b"from the pod"
            writer.close()
            await sandbox.signal("app", signal.SIGKILL)
            await rig.until(sandbox, lambda state: state.state == "exited")
            with pytest.raises(IsolationError, match=f"nothing answers at port {port} of the pod"):
                await sandbox.dial(port)

    asyncio.run(scenario())


def test_a_kubelet_that_comes_back_finds_what_runs_and_what_ended(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod(uid="kept")
            await rig.start(sandbox, "sleep", "infinity", name="app")
            await rig.run(sandbox, "sh", "-c", "exit 5", name="over")
            again = choose(mode).node(rig.settings)  # a second kubelet, as after kill -9 of the first
            # the first one's listening sockets are gone with it
            if mode == "namespaces":
                await rig.node._relay.close()  # type: ignore[attr-defined]
            assert await again.start() is True
            adopted = await again.adopt(rig.pod_settings("kept"))
            assert adopted is not None
            assert adopted.addresses == sandbox.addresses
            first = await anext(aiter(adopted.states()))
            assert {state.name: (state.state, state.code) for state in first} == {
                "app": ("running", 0),
                "over": ("exited", 5),
            }
            assert await Rig(home, again, rig.settings, mode).exec(adopted, "echo", "still") == (0, "still\n")
            assert await again.adopt(rig.pod_settings("never-made")) is None
            await again.stop()
            assert await again.adopt(rig.pod_settings("kept")) is None

    asyncio.run(scenario())


def test_sweep_ends_the_pods_that_nobody_wants(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            wanted, other = await rig.pod(uid="wanted"), await rig.pod(uid="other")
            await rig.start(wanted)
            await rig.start(other)
            await rig.node.sweep([wanted.uid])
            async with asyncio.timeout(10):
                while processes_with(PODID_CONTAINER=f"{other.uid}/app"):
                    await asyncio.sleep(0.01)
            assert len(processes_with(PODID_CONTAINER=f"{wanted.uid}/app")) == 1

    asyncio.run(scenario())


def test_a_program_of_the_nodes_own_runs_and_ends_with_its_owner(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            log = home / "own.log"
            one = await rig.node.run("one", ("/bin/sh", "-c", "echo $WHO; exit 6"), {"WHO": "imds"}, log)
            assert (await one.wait(), log.read_text()) == (6, "imds\n")
            two = await rig.node.run("two", ("/bin/sleep", "1000"), {"WHO": f"two-{home.name}"}, log)
            async with asyncio.timeout(10):
                while not processes_with(WHO=f"two-{home.name}"):
                    await asyncio.sleep(0.01)
                await two.stop()
                while processes_with(WHO=f"two-{home.name}"):
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_nothing_is_left_after_stop(home: Path, mode: Mode) -> None:
    async def scenario() -> list[str]:
        async with node_in(home, mode) as rig:
            marks = []
            for number in range(3):
                sandbox = await rig.pod(host_network=number == 2)
                await rig.start(sandbox, "sh", "-c", "trap '' TERM; setsid sleep 9999 & wait")
                marks.append(f"{sandbox.uid}/app")
            await rig.node.run("imds", ("/bin/sleep", "1000"), {"PODID_HOME": str(home)}, home / "log")
            return marks

    links = _links()
    for mark in asyncio.run(scenario()):
        assert processes_with(PODID_CONTAINER=mark) == []
    assert processes_with(PODID_HOME=str(home)) == []
    assert str(home) not in Path("/proc/self/mountinfo").read_text()
    assert _links() <= links


def test_a_removed_pod_leaves_nothing_and_can_be_made_again(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            for _ in range(2):
                sandbox = await rig.pod(uid="again")
                await rig.start(sandbox)
                await sandbox.remove()
                await sandbox.remove()
                assert processes_with(PODID_CONTAINER=f"{sandbox.uid}/app") == []
                assert [state async for state in sandbox.states()] == []

    asyncio.run(scenario())


def _links() -> set[str]:
    """The host's own links: no node ever adds one."""
    return {line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]}


def test_exec_begins_in_the_containers_working_directory(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox, folder="/usr/share")
            assert await rig.exec(sandbox, "pwd") == (0, "/usr/share\n")

    asyncio.run(scenario())


def test_a_node_that_was_killed_is_made_again(home: Path, mode: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, mode) as rig:
            sandbox = await rig.pod(uid="again")
            await rig.start(sandbox)
            record = json.loads((rig.settings.folder / "node.json").read_text())
            os.kill(record["pid"], signal.SIGKILL)
            again = await rig.pod(uid="again")
            await rig.start(again)
            assert await rig.exec(again, "echo", "back") == (0, "back\n")
            assert len(processes_with(PODID_CONTAINER=f"{again.uid}/app")) == 1

    asyncio.run(scenario())
