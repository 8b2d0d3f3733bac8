"""What the kubelet relies on, from every adapter: one suite for each implementation of `port.Node` and `port.Sandbox`. Exec and the node have files of their own."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from podid.localcluster.isolation.port import CannotStart, IsolationError, Mode, Mount

from .conftest import greeter, node_in, processes_with

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
