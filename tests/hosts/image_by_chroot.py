#!/usr/bin/env python3
"""Builds the image of `Containerfile` in a folder, and runs it there: without an engine, by chroot. As root; standard library only.

    image_by_chroot.py build BASE FOLDER      BASE: what `debootstrap --variant=minbase trixie BASE` made. Takes some minutes
    image_by_chroot.py run [--privileged] FOLDER [-- COMMAND [ARGUMENT...]]

`run` starts COMMAND (default: the image's own entrypoint with `--port 0`) as the image's user, in pid, mount, uts, ipc and network namespaces of its
own, on a read-only root with /tmp and the volume writable. Without --privileged it takes away what engines do: capabilities, system calls, parts of /proc.
Ends with its exit code.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.hosts.containerfile import Instruction, instructions, of

_ROOT = Path(__file__).resolve().parents[2]
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_AUTHORITIES = "/run/authorities.crt"
_UNPRIVILEGED = "no-capabilities,no-namespace-calls,masked-proc"


def build(base: Path, folder: Path) -> None:
    """Every stage in a folder beside `folder`; the last one becomes it."""
    stages = max(one.stage for one in instructions()) + 1
    made = [folder.with_name(f"{folder.name}.{number}") for number in range(stages - 1)] + [folder]
    names: dict[str, Path] = {}
    for number, root in enumerate(made):
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(("cp", "--archive", "--reflink=auto", base, root), check=True)
        _let_it_reach_the_registries(root)
        environment, place = {"PATH": _PATH, "HOME": "/root"}, "/"
        for one in instructions():
            if one.stage != number:
                continue
            sys.stderr.write(f"stage {number}: {one.word} {one.text}"[:150] + "\n")
            match one.word:
                case "FROM" if " AS " in one.text:
                    names[one.text.rpartition(" ")[2]] = root
                case "WORKDIR":
                    place = one.text
                    (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
                case "ENV":
                    environment |= dict(pair.split("=", 1) for pair in shlex.split(one.text))
                case "COPY":
                    _copy(one, root, place, names)
                case "RUN":
                    subprocess.run(
                        _in(root, f"cd {place} && {one.text}"), env={**_outside(), **environment}, check=True
                    )
    for root in made:
        (root / _AUTHORITIES.lstrip("/")).unlink()
    for root in made[:-1]:
        shutil.rmtree(root)


def _outside() -> dict[str, str]:
    """What an engine passes on of its own: the way to the package index. Some networks have an authority of their own."""
    kept = {
        name: value for name, value in os.environ.items() if name.lower().endswith("_proxy") or name.startswith("PIP_")
    }
    return kept | {"PIP_CERT": _AUTHORITIES}


def _let_it_reach_the_registries(root: Path) -> None:
    """Engines give a build their resolver."""
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", root / _AUTHORITIES.lstrip("/"))


def _copy(one: Instruction, root: Path, place: str, names: dict[str, Path]) -> None:
    words = one.text.split()
    source = _ROOT
    if words[0].startswith("--from="):
        source = names[words.pop(0).partition("=")[2]]
    target = root / os.path.join(place, words[-1]).lstrip("/")
    for word in words[:-1]:
        path = source / word.lstrip("/")
        if path.is_dir():
            shutil.copytree(
                path, target, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            into = target / path.name if words[-1].endswith("/") else target
            into.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, into)


def _in(root: Path, script: str) -> tuple[str, ...]:
    mounted = f'mount --types proc proc "{root}/proc" && exec chroot "{root}" /bin/sh -c {shlex.quote(script)}'
    return ("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", mounted)


def run(folder: Path, privileged: bool, command: list[str]) -> int:
    """See the module's words on `run`."""
    user, volume = of("USER")[-1].text, of("VOLUME")[-1].text
    command = command or [*json.loads(of("ENTRYPOINT")[-1].text), "--port", "0"]
    variables = dict(pair.split("=", 1) for one in of("ENV") for pair in shlex.split(one.text))
    # the limits' program is no part of the image: it is shown to it, as an engine's own means are not either
    tools = "/tmp/limits/tests/hosts"
    script = f"""
    mount --make-rprivate /
    mount --bind "$ROOT" "$ROOT"
    mount --types proc proc "$ROOT/proc"
    mount --types tmpfs -o mode=755 dev "$ROOT/dev"
    for name in null zero full random urandom tty; do
        touch "$ROOT/dev/$name"; mount --bind "/dev/$name" "$ROOT/dev/$name"
    done
    mkdir "$ROOT/dev/pts" "$ROOT/dev/shm"
    mount --types devpts -o newinstance,ptmxmode=666,mode=620 devpts "$ROOT/dev/pts"
    ln -s pts/ptmx "$ROOT/dev/ptmx"
    ln -s /proc/self/fd "$ROOT/dev/fd"
    mount --types tmpfs -o mode=1777,size=64m shm "$ROOT/dev/shm"
    mount --types tmpfs -o mode=1777 tmp "$ROOT/tmp"
    mount --types tmpfs -o mode=700,uid={user},gid={user} volume "$ROOT{volume}"
    mkdir -p "$ROOT{tools}"
    cp {shlex.quote(str(Path(__file__).parent))}/*.py "$ROOT{tools}"
    mount -o remount,bind,ro "$ROOT"
    ip link set lo up 2>/dev/null || true
    cd "$ROOT"
    pivot_root . .  # and no chroot, in which the kernel gives no namespaces
    umount --lazy .
    cd /
    exec "$@"
    """
    limits = "" if privileged else _UNPRIVILEGED
    cripple = ("/usr/bin/python3", f"{tools}/crippled.py", limits, "--user", user, "--", "/bin/sh", "-c")
    begin = 'cd "$0" && exec "$@"'
    namespaces = ("--mount", "--pid", "--fork", "--kill-child=TERM", "--uts", "--ipc", "--net")
    done = subprocess.run(
        ("unshare", *namespaces, "sh", "-ec", script, "sh", *cripple, begin, volume, *command),
        env={
            **variables,
            "ROOT": str(folder.resolve()),
            "HOME": volume,
            "PATH": f"{variables['PATH']}:/usr/sbin:/sbin",
        },
        check=False,
    )
    return done.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    building = actions.add_parser("build")
    building.add_argument("base", type=Path)
    building.add_argument("folder", type=Path)
    running = actions.add_parser("run")
    running.add_argument("folder", type=Path)
    running.add_argument("--privileged", action="store_true")
    running.add_argument("command", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    if chosen.action == "build":
        build(chosen.base.resolve(), chosen.folder.resolve())
        return 0
    return run(chosen.folder, chosen.privileged, [word for word in chosen.command if word != "--"])


if __name__ == "__main__":
    sys.exit(main())
