"""What a container in namespaces tries in vain: the host's files, its network, rights that it does not have, its own first process.

Each is tried by the container's root, with a program of the host, and its failure is what the kernel answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from podid.localcluster.isolation.port import CannotStart, Mode, Mount

from .conftest import Rig, greeter, node_in, processes_with

pytestmark = pytest.mark.namespaces

_PYTHON = ("/usr/bin/env", "python3", "-c")


async def _tries(rig: Rig, script: str) -> tuple[int, str]:
    sandbox = await rig.pod()
    await rig.start(sandbox)
    return await rig.exec(sandbox, "sh", "-c", script + " 2>&1")


def test_the_hosts_files_are_not_there(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        (home / "secret").write_text("of podid")
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            for path in (str(home), str(home / "secret"), os.path.expanduser("~/.ssh"), str(Path(__file__).resolve())):
                code, said = await rig.exec(sandbox, "sh", "-c", f"ls {path} 2>&1")
                assert code != 0, said
            for folder in ("/home", "/root", "/run", "/srv", "/mnt", "/media", "/opt"):
                code, said = await rig.exec(sandbox, "ls", "-A", folder)
                assert (code, said.split()) in ((0, []), (0, ["lock"])), folder
            code, said = await rig.exec(sandbox, "cat", "/etc/passwd")
            people = [
                line.split(":")[0]
                for line in Path("/etc/passwd").read_text().splitlines()
                if 1000 <= int(line.split(":")[2]) < 65000
            ]
            assert code == 0
            assert said.startswith("root:x:0:0:root:/root:/bin/sh\n")
            assert not {line.split(":")[0] for line in said.splitlines()} & set(people)
            assert await rig.exec(sandbox, "test", "-e", "/etc/shadow") == (1, "")

    asyncio.run(scenario())


def test_the_view_can_neither_be_written_nor_made_writable(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            for script, answer in (
                ("touch /usr/x", "Read-only file system"),
                ("touch /etc/x", "Read-only file system"),
                ("touch /x", "Read-only file system"),
                ("mount -o remount,rw /usr", "permission denied"),
                ("mount -o remount,bind,rw /usr", "permission denied"),
                ("mount -o remount,rw /", "permission denied"),
                ("mount -t tmpfs none /mnt", "permission denied"),
                ("umount /usr", "not permitted|must be superuser|permission denied"),
                ("umount -l /proc", "not permitted|must be superuser|permission denied"),
            ):
                code, said = await _tries(rig, script)
                assert code != 0, script
                assert any(text in said for text in answer.split("|")), (script, said)

    asyncio.run(scenario())


def test_no_namespace_can_be_made_in_which_more_is_allowed(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            unshare = "import ctypes,os; l=ctypes.CDLL(None,use_errno=True); r=l.unshare({}); print(os.strerror(ctypes.get_errno()) if r else 'made')"
            assert await rig.exec(sandbox, *_PYTHON, unshare.format(0x10000000)) == (0, "No space left on device\n")
            assert await rig.exec(sandbox, *_PYTHON, unshare.format(0x00020000)) == (0, "Operation not permitted\n")
            assert await rig.exec(sandbox, *_PYTHON, unshare.format(0x40000000)) == (0, "Operation not permitted\n")
            limit = "/proc/sys/user/max_user_namespaces"
            assert await rig.exec(sandbox, "cat", limit) == (0, "0\n")
            code, _ = await rig.exec(sandbox, "sh", "-c", f"echo 100 > {limit}")
            assert code != 0
            code, _ = await rig.exec(sandbox, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
            assert code != 0

    asyncio.run(scenario())


def test_rights_are_a_containers_usual_ones_at_most(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            _, said = await rig.exec(sandbox, "cat", "/proc/self/status")
            _, of_init = await rig.exec(sandbox, "cat", "/proc/2/status")
            for status in (said, of_init):
                facts = dict(line.split(":", 1) for line in status.splitlines())
                assert facts["NoNewPrivs"].strip() == "1"
                for kind in ("CapBnd", "CapEff", "CapPrm"):
                    assert int(facts[kind], 16) & ~0xA80425FB == 0
                assert int(facts["CapAmb"], 16) == int(facts["CapInh"], 16) == 0
            await rig.start(sandbox, name="none", drop_capabilities=("ALL",))
            code, said = await rig.run(
                sandbox, "grep", "CapEff", "/proc/self/status", name="few", drop_capabilities=("ALL",)
            )
            assert (code, said.split()[1]) == (0, "0" * 16)

    asyncio.run(scenario())


def test_the_containers_first_process_gives_nothing_away(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            for script in (
                "cat /proc/1/environ",
                "ls /proc/1/root/",
                "ls -l /proc/1/cwd/",
                "readlink /proc/1/fd/0 || cat /proc/1/fd/0",
                "cat /proc/1/exe",
                "cat /proc/1/maps",
                "dd if=/proc/1/mem count=1",
            ):
                code, said = await _tries(rig, script)
                assert code != 0, script
                assert "ermission denied" in said, (script, said)
            code, said = await _tries(rig, "tr '\\0' ' ' < /proc/1/cmdline")
            assert said.strip() == "podid: init of container app"
            sandbox = await rig.pod()
            await rig.start(sandbox)
            await rig.exec(sandbox, "sh", "-c", "kill -9 1; kill -STOP 1")
            assert await rig.exec(sandbox, "echo", "alive") == (0, "alive\n")

    asyncio.run(scenario())


def test_nothing_of_the_hosts_network_is_reached_but_the_two_ports(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with greeter() as port, node_in(home, namespaces, aws_port=port) as rig:
            sandbox, on_node = await rig.pod(), await rig.pod(host_network=True)
            for pod in (sandbox, on_node):
                await rig.start(pod)
                assert await rig.exec(pod, "curl", "-sm5", "http://10.88.0.1:4566/") == (0, "hello from the host")
                code, _ = await rig.exec(pod, "curl", "-sm2", f"http://127.0.0.1:{port}/")
                assert code == 7
                _, devices = await rig.exec(pod, "cat", "/proc/net/dev")
                names = {line.split(":")[0].strip() for line in devices.splitlines()[2:]}
                assert names in ({"lo", "eth0"}, {"lo", "cni0", "veth2"})
            code, _ = await rig.exec(on_node, "curl", "-sm2", "http://192.0.2.1/")
            assert code == 7  # the node has no route at all
            _, route = await rig.exec(sandbox, "cat", "/proc/net/route")
            assert [line.split()[1] for line in route.splitlines()[1:]] == ["00000000", "0000580A"]

    asyncio.run(scenario())


def test_a_container_sees_no_process_but_its_own(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            await rig.start(sandbox, name="other")
            _, said = await rig.exec(sandbox, "sh", "-c", "ls /proc | grep '^[0-9]' | wc -l")
            assert int(said) <= 6  # init, the program, sh, ls, grep, wc

    asyncio.run(scenario())


def test_a_read_only_volume_stays_so_and_cannot_be_taken_away(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            volume = home / "pods" / sandbox.uid / "v"
            volume.mkdir()
            volume.chmod(0o777)
            await rig.start(sandbox, mounts=(Mount(source=volume, target="/token"),))
            for script in ("touch /token/x", "mount -o remount,bind,rw /token; touch /token/x", "umount /token"):
                code, _ = await rig.exec(sandbox, "sh", "-c", script)
                assert code != 0, script
            assert list(volume.iterdir()) == []

    asyncio.run(scenario())


def test_a_mount_target_with_a_link_stays_in_the_view(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            volume = home / "pods" / sandbox.uid / "v"
            volume.mkdir()
            volume.chmod(0o777)
            (volume / "link").symlink_to(home)
            inner = home / "pods" / sandbox.uid / "inner"
            inner.mkdir()
            mounts = (
                Mount(source=volume, target="/data", read_only=False),
                Mount(source=inner, target="/data/link/put"),
            )
            # the link leads to a path of the view, which is read-only memory or made there; never to the host's folder
            with contextlib.suppress(CannotStart):
                await rig.start(sandbox, mounts=mounts)
            assert not (home / "put").exists()

    asyncio.run(scenario())


def test_podid_itself_is_seen_by_its_own_pods_only(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        own = home / "elsewhere"
        own.mkdir()
        (own / "program").write_text("podid's")
        own.chmod(0o755)
        (own / "program").chmod(0o644)
        async with node_in(home, namespaces, own_folders=(own,)) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox, name="app", own=True)
            assert await rig.exec(sandbox, "cat", str(own / "program")) == (0, "podid's")
            code, _ = await rig.run(sandbox, "cat", str(own / "program"), name="not")
            assert code == 1
            code, said = await rig.exec(sandbox, "sh", "-c", f"echo x > {own}/program 2>/dev/null; ls -A {home}")
            assert "elsewhere\n" in said
            assert (own / "program").read_text() == "podid's"

    asyncio.run(scenario())


def test_tools_are_on_path_and_home_below_them_is_covered(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        tools = home / "tools"
        (tools / "bin").mkdir(parents=True)
        (tools / "home").mkdir()
        (tools / "home" / "secret").write_text("x")
        (tools / "bin" / "aws").write_text("#!/bin/sh\necho podid-aws $1\n")
        (tools / "bin" / "aws").chmod(0o755)
        for folder in (tools, tools / "bin", tools / "home"):
            folder.chmod(0o755)
        async with node_in(home, namespaces, tools=(tools,)) as rig:
            sandbox = await rig.pod()
            assert await rig.run(sandbox, "aws", "s3") == (0, "podid-aws s3")
        settings_home = tools / "home"
        async with node_in(settings_home, namespaces, tools=(tools,)) as rig:
            sandbox = await rig.pod()
            await rig.start(sandbox)
            code, _ = await rig.exec(sandbox, "ls", "/opt/podid/tools/0/home/secret")
            assert code != 0

    asyncio.run(scenario())


def test_a_user_of_the_manifest_is_the_programs_user(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            code, said = await rig.run(
                sandbox, "sh", "-c", "id -u; id -g; grep CapEff /proc/self/status; touch ~/x", user=1234, group=99
            )
            assert (code, said.split()[:2], said.split()[-1]) == (0, ["1234", "99"], "0" * 16)
            await rig.start(sandbox, user=1234)
            assert (await rig.exec(sandbox, "id", "-u")) == (0, "1234\n")

    asyncio.run(scenario())


def test_as_real_root_a_container_is_nobody_outside(home: Path, namespaces: Mode) -> None:
    from podid.localcluster.isolation.namespaces import privileges

    if not privileges.is_real_root(Path("/proc/self/status").read_text(), os.geteuid()):
        pytest.skip("only real root has other ids to give")

    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            one, two = await rig.pod(), await rig.pod()
            owners = set()
            for sandbox in (one, two):
                await rig.start(sandbox)
                (pid,) = processes_with(PODID_CONTAINER=f"{sandbox.uid}/app")
                owners.add(Path(f"/proc/{pid}").stat().st_uid)
            assert len(owners) == 2
            assert min(owners) >= 0x70000000
            volume = home / "pods" / one.uid / "v"
            volume.mkdir()
            (volume / "private").write_text("for the pod alone")
            (volume / "private").chmod(0o400)
            one.hand_over(volume / "private")
            mounts = (Mount(source=volume, target="/v"),)
            assert await rig.run(one, "cat", "/v/private", name="reads", mounts=mounts) == (0, "for the pod alone")

    asyncio.run(scenario())


def test_a_read_only_root_leaves_nothing_to_write(home: Path, namespaces: Mode) -> None:
    async def scenario() -> None:
        async with node_in(home, namespaces) as rig:
            sandbox = await rig.pod()
            code, said = await rig.run(
                sandbox,
                "sh",
                "-c",
                "for d in /tmp /root /run /var; do touch $d/x && echo $d; done; true",
                read_only_root=True,
            )
            assert code == 0
            assert not {"/tmp", "/root", "/run", "/var"} & set(said.splitlines())

    asyncio.run(scenario())
