"""The root file system of a container: what of the host it sees, and what is its own.

An allow-list, never the host's root: programs and libraries, the parts of /etc that they need, podid's tools, the pod's volumes; for
podid's own pods also podid's interpreter and packages. Each is a detached copy of a mount that is read-only, with all below it,
before it appears anywhere: there is no moment at which the view could be written. What a program may write is memory: /tmp, /run,
/var, its home.

`build` is called in a mount namespace of its own, which belongs to the node; the container's user namespace is entered afterwards, and
its copy of these mounts is locked by the kernel (mount_namespaces(7)): they can be neither remounted nor taken away there.
"""

# A helper process: pathlib would cost start-up time.
# ruff: noqa: PTH101, PTH102, PTH103, PTH110, PTH112, PTH115, PTH123, PTH208, PTH211

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from typing import Any, Final

from podid.localcluster.isolation.namespaces import kernel

FOLDERS: Final = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store", "gnu/store")
"""Of the host's root; a link among them stays a link."""

CONFIGURATION: Final = (
    "alternatives",
    "ca-certificates",
    "ca-certificates.conf",
    "crypto-policies",
    "gai.conf",
    "inputrc",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "login.defs",
    "mime.types",
    "os-release",
    "debian_version",
    "profile",
    "protocols",
    "rpc",
    "services",
    "shells",
    "ssl/cert.pem",
    "ssl/certs",
    "ssl/openssl.cnf",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "pki/tls/openssl.cnf",
    "terminfo",
    "timezone",
    "xattr.conf",
)
"""Of the host's /etc. Private keys lie beside certificates on some hosts: only the certificates are named."""

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_READ_ONLY = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
_MEMORY = kernel.MS_NOSUID | kernel.MS_NODEV
_MASKED: Final = ("acpi", "asound", "kcore", "keys", "latency_stats", "sched_debug", "scsi", "timer_list")
_UNCHANGED: Final = ("bus", "fs", "irq", "sysrq-trigger")
"""Below /proc: what container runtimes hide, and what they make read-only. /proc/sys follows in `init.py`."""
_NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\nrpc: files\n"
_PLAIN_IDS = 1000
"""Ids from here on are people's on common systems."""


def build(root: str, view: dict[str, Any], owner: tuple[int, int]) -> None:
    """Make the view at the empty folder `root` and make it the root of the caller, whose working directory is then `/`.

    `view`: `tools`, `own` (lists of host folders, by their own path for `own`), `hide` (host folders that must not show), `volumes`
    ({source, target, sub_path, read_only}), `files` ({name in /etc: text}), `read_only`, `folder` (the working directory, made where
    it may be). `owner` are the ids, as the caller's user namespace has them, that own what is writable. Raises OSError.
    """
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_SLAVE)
    kernel.mount("podid", root, "tmpfs", _MEMORY, "mode=755,size=16m")
    top = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    for name in FOLDERS:
        _show(top, "/" + name, name)
    for number, tool in enumerate(view["tools"]):
        _show(top, tool, f"opt/podid/tools/{number}")
    _etc(root, top, view["files"])
    _dev(root, top)
    for name in ("home", "media", "mnt", "opt", "srv", "sys", "proc"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    kernel.mount("proc", f"{root}/proc", "proc", _MEMORY | kernel.MS_NOEXEC)
    _mask(root, top)
    writable = _memory(root, owner)
    for path in view["own"]:
        _show(top, path, path.lstrip("/"))
    shown = [("/" + name, "/" + name) for name in FOLDERS] + [(path, path) for path in view["own"]]
    shown += [(path, f"/opt/podid/tools/{number}") for number, path in enumerate(view["tools"])]
    for path in view["hide"]:
        _hide(top, path, shown)
    for volume in view["volumes"]:
        _volume(top, volume)
    if view["folder"]:
        with contextlib.suppress(OSError):  # the program's start says so
            os.close(_place(top, view["folder"]))
    _seal(top, writable if view["read_only"] else ())
    os.close(top)
    os.chdir(root)
    kernel.pivot_root(".", ".")
    kernel.unmount(".", kernel.MNT_DETACH)
    os.chdir("/")


def tool_path(count: int) -> str:
    """PATH in a container: podid's tools, then the system's."""
    tools = [f"/opt/podid/tools/{number}/bin" for number in range(count)]
    return ":".join([*tools, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"])


def _show(top: int, source: str, target: str) -> None:
    """Show a file or folder of the host read-only; a link as a link; what is not there, or may not be seen, not at all."""
    try:
        details = os.lstat(source)
    except OSError:
        return
    if stat.S_ISLNK(details.st_mode):
        parent, _, name = target.rpartition("/")
        folder = _place(top, parent)
        try:
            os.symlink(os.readlink(source), name, dir_fd=folder)
        except FileExistsError:
            pass
        finally:
            os.close(folder)
        return
    if stat.S_ISDIR(details.st_mode) or stat.S_ISREG(details.st_mode):
        _attach(
            _copy(source, read_only=True, recursive=True), _place(top, target, file=not stat.S_ISDIR(details.st_mode))
        )


def _copy(source: str, *, read_only: bool, recursive: bool, folder: int = -1) -> int:
    tree = kernel.clone_tree(folder, source, recursive=recursive)
    attributes = _READ_ONLY if read_only else kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
    kernel.add_attributes(tree, attributes, recursive=recursive)
    return tree


def _attach(tree: int, place: int) -> None:
    kernel.attach_tree(tree, place)
    os.close(tree)
    os.close(place)


def _place(top: int, path: str, *, file: bool = False) -> int:
    """Open the mount point `path` of the view, following its links but never out of it, and making what is missing."""
    names = [name for name in path.split("/") if name not in ("", ".")]
    if ".." in names:
        raise OSError(22, "a path may not contain ..", path)
    done = ""
    here = kernel.open_in_root(top, "/", os.O_PATH | os.O_DIRECTORY)
    for position, name in enumerate(names, 1):
        following = f"{done}/{name}"
        try:
            found = kernel.open_in_root(top, following, os.O_PATH)
        except FileNotFoundError:
            if file and position == len(names):
                os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=here))
            else:
                os.mkdir(name, 0o755, dir_fd=here)
            found = kernel.open_in_root(top, following, os.O_PATH)
        os.close(here)
        here = found
        done = following
    return here


def _etc(root: str, top: int, files: dict[str, str]) -> None:
    os.mkdir(f"{root}/etc")
    for name in (*CONFIGURATION, *_java("/etc")):
        _show(top, f"/etc/{name}", f"etc/{name}")
    own = {
        "nsswitch.conf": _NSSWITCH,
        "passwd": passwd(_lines("/etc/passwd")),
        "group": group(_lines("/etc/group")),
        **files,
    }
    for name, text in own.items():
        with open(f"{root}/etc/{name}", "x") as file:
            file.write(text)
    os.symlink("/proc/self/mounts", f"{root}/etc/mtab")


def _java(etc: str) -> list[str]:
    """What Java does not start without on Debian, which keeps it there. Passwords for managing programs from afar may lie beside it: they stay out."""
    found = []
    for folder in os.listdir(etc):
        if folder.startswith("java-") and os.path.isdir(f"{etc}/{folder}"):
            settings = [name for name in os.listdir(f"{etc}/{folder}") if name.endswith((".cfg", ".properties"))]
            names = (*settings, "security", "jfr", "management/management.properties")
            found += [f"{folder}/{name}" for name in names]
    return found


def _lines(path: str) -> list[str]:
    try:
        with open(path, errors="replace") as file:
            return file.read(1 << 20).splitlines()
    except OSError:
        return []


def passwd(lines: Iterable[str]) -> str:
    """The system's own users of a passwd file, none of its people; root's home and shell are the container's."""
    kept = ["root:x:0:0:root:/root:/bin/sh"]
    for line in lines:
        fields = line.split(":")
        if (
            len(fields) == 7
            and fields[2].isdigit()
            and fields[0] != "root"
            and (0 < int(fields[2]) < _PLAIN_IDS or fields[2] == "65534")
        ):
            kept.append(":".join([fields[0], "x", fields[2], fields[3], "", "/nonexistent", "/usr/sbin/nologin"]))
    return "\n".join(kept) + "\n"


def group(lines: Iterable[str]) -> str:
    """The system's own groups, without members."""
    kept = ["root:x:0:"]
    for line in lines:
        fields = line.split(":")
        if (
            len(fields) == 4
            and fields[2].isdigit()
            and fields[0] != "root"
            and (0 < int(fields[2]) < _PLAIN_IDS or fields[2] == "65534")
        ):
            kept.append(f"{fields[0]}:x:{fields[2]}:")
    return "\n".join(kept) + "\n"


def _dev(root: str, top: int) -> None:
    os.mkdir(f"{root}/dev")
    kernel.mount("podid", f"{root}/dev", "tmpfs", kernel.MS_NOSUID, "mode=755,size=64k")
    for name in _DEVICES:
        try:
            tree = kernel.clone_tree(-1, f"/dev/{name}", recursive=False)
        except OSError:
            continue
        kernel.add_attributes(tree, kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NOEXEC, recursive=False)
        _attach(tree, _place(top, f"dev/{name}", file=True))
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "fd/0"),
        ("stdout", "fd/1"),
        ("stderr", "fd/2"),
    ):
        os.symlink(target, f"{root}/dev/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"{root}/dev/{name}")
    kernel.mount(
        "devpts",
        f"{root}/dev/pts",
        "devpts",
        kernel.MS_NOSUID | kernel.MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=0620",
    )
    kernel.mount("podid", f"{root}/dev/shm", "tmpfs", _MEMORY, "mode=1777,size=64m")  # noqa: S108


def _mask(root: str, top: int) -> None:
    """Hide what of the kernel no container may see or switch, also where its root has the number of the host's root."""
    for name in _MASKED:
        path = f"{root}/proc/{name}"
        if os.path.isdir(path):
            kernel.mount("podid", path, "tmpfs", _MEMORY | kernel.MS_RDONLY, "mode=555,size=4k")
        elif os.path.exists(path):
            kernel.mount("/dev/null", path, None, kernel.MS_BIND)
    for name in _UNCHANGED:
        path = f"{root}/proc/{name}"
        if os.path.exists(path):
            _attach(_copy(path, read_only=True, recursive=True), kernel.open_in_root(top, f"/proc/{name}", os.O_PATH))


def _memory(root: str, owner: tuple[int, int]) -> tuple[str, ...]:
    """What a program may write, gone with the container."""
    for name, mode in (("root", "700"), ("tmp", "1777"), ("run", "755"), ("var", "755")):
        os.mkdir(f"{root}/{name}")
        kernel.mount("podid", f"{root}/{name}", "tmpfs", _MEMORY, f"mode={mode},size=25%,uid={owner[0]},gid={owner[1]}")
    for name, permissions in (("cache", 0o755), ("lib", 0o755), ("log", 0o755), ("tmp", 0o1777)):
        os.mkdir(f"{root}/var/{name}")
        os.chmod(f"{root}/var/{name}", permissions)
        os.chown(f"{root}/var/{name}", *owner)
    os.symlink("/run", f"{root}/var/run")
    os.symlink("/run/lock", f"{root}/var/lock")
    os.mkdir(f"{root}/run/lock")
    os.chmod(f"{root}/run/lock", 0o1777)  # noqa: S103
    return ("root", "tmp", "run", "var")


def _hide(top: int, path: str, shown: Iterable[tuple[str, str]]) -> None:
    """Cover a folder of the host that shows through a folder above it (`shown`: the host's path, the view's)."""
    hidden = os.path.realpath(path)
    for outside, inside in shown:
        above = os.path.realpath(outside)
        if hidden != above and not hidden.startswith(above + "/"):
            continue
        try:
            place = kernel.open_in_root(top, inside + hidden.removeprefix(above), os.O_PATH | os.O_DIRECTORY)
        except OSError:
            continue
        kernel.mount("podid", f"/proc/self/fd/{place}", "tmpfs", _MEMORY | kernel.MS_RDONLY, "mode=000,size=4k")
        os.close(place)


def _volume(top: int, volume: dict[str, Any]) -> None:
    source = os.open(volume["source"], os.O_PATH | os.O_CLOEXEC)
    if volume["sub_path"]:
        inside = kernel.open_in_root(source, volume["sub_path"], os.O_PATH)
        os.close(source)
        source = inside
    is_file = not stat.S_ISDIR(os.fstat(source).st_mode)
    tree = _copy("", read_only=volume["read_only"], recursive=False, folder=source)
    os.close(source)
    _attach(tree, _place(top, volume["target"], file=is_file))


def _seal(top: int, also: Iterable[str]) -> None:
    """Nothing more may be written at the root (and where asked for, in what else is memory)."""
    for name in ("", *also):
        folder = kernel.open_in_root(top, "/" + name, os.O_PATH)
        kernel.add_attributes(folder, _READ_ONLY, recursive=False)
        os.close(folder)
