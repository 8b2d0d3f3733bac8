"""Starts Python as it would be on a Mac, as far as that can be had on Linux: `pretended_mac.py NAMES.json [-m MODULE | FILE | -c CODE] ...`.

What is different before the program starts:

    names        what the stubs of macOS lack (missing_names.py) is gone from os, socket, signal, ...
    sys          sys.platform is "darwin"; sys.executable is a script that comes here again, so that children are on a Mac too
    files        nothing is found below /proc and /sys
    sockets      no netlink, packet or vsock families, no SOCK_SEQPACKET between Unix sockets; a Unix address has 104 bytes at most,
                 and none without a file; of 127.0.0.0/8 only 127.0.0.1 is there
    libraries    the C library has none of Linux's own calls

Whoever needs one of these meets what they would meet there: AttributeError, ENOENT, EAFNOSUPPORT. psutil is Linux's own all the same, as
it stands for itself on a Mac. Standard library only; it is also what starts podid's helper processes.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib
import json
import os
import runpy
import socket
import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

_HIDDEN = ("/proc", "/sys")
_CALLS = (
    "unshare setns mount umount umount2 prctl syscall pivot_root capset capget clone clone3 signalfd timerfd_create eventfd epoll_create"
    " epoll_create1 inotify_init inotify_init1 fanotify_init memfd_create pidfd_open pidfd_send_signal pipe2 dup3 accept4 splice tee vmsplice"
    " fallocate fallocate64 posix_fallocate posix_fallocate64 posix_fadvise posix_fadvise64 copy_file_range sync_file_range sendfile64 statx"
    " renameat2 getrandom prlimit prlimit64 ppoll sched_getaffinity sched_setaffinity setresuid setresgid getresuid getresgid gettid tgkill"
    " sethostname setdomainname name_to_handle_at open_by_handle_at process_vm_readv process_madvise mount_setattr open_tree move_mount"
    " fsopen fsmount fsconfig personality keyctl add_key quotactl getauxval secure_getenv strchrnul gnu_get_libc_version"
)
_LINUX_CALLS = frozenset(_CALLS.split())
"""What a Mac's C library has not; some of Linux's libraries come in a variant with 64 as well."""
_LONGEST_UNIX_ADDRESS = 103
_FAMILIES = {socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK}
_SEQPACKET, _CLOEXEC = socket.SOCK_SEQPACKET, socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK


def make_interpreter(folder: Path, names: dict[str, list[str]]) -> Path:
    """Write the script that stands for this Python on the pretended Mac."""
    listed = folder / "names.json"
    listed.write_text(json.dumps(names))
    script = folder / "python3"
    flags = 'flags=; while :; do case "$1" in -I|-S|-B|-E|-s|-u) flags="$flags $1"; shift;; *) break;; esac; done'
    start = f'exec "{sys.executable}" $flags "{Path(__file__).resolve()}" "{listed}" "$@"'
    script.write_text(f"#!/bin/sh\n{flags}\n{start}\n")
    script.chmod(0o755)
    return script


def pretend(names: dict[str, list[str]], interpreter: str) -> None:
    """Change this process. Nothing that chooses by platform may have been imported, but psutil, which is imported now."""
    with contextlib.suppress(ImportError):
        importlib.import_module("psutil")
    for module, gone in names.items():
        loaded = importlib.import_module(module)
        for name in gone:
            if hasattr(loaded, name):
                delattr(loaded, name)
    selectors = importlib.import_module("selectors")
    selectors.DefaultSelector = selectors.PollSelector  # type: ignore[attr-defined]
    _stand_in(
        "_scproxy", _get_proxies=dict, _get_proxy_settings=dict
    )  # by which urllib asks the Mac's settings for proxies
    _stand_in("ctypes.macholib")  # by which ctypes.util looks for libraries; Debian leaves it out
    _stand_in("ctypes.macholib.dyld", dyld_find=_find_no_library)
    sys.platform = "darwin"
    sys.executable = interpreter
    _hide_files()
    sys.addaudithook(_audit)


def _stand_in(name: str, **members: Any) -> None:
    """A module that only a Mac's Python has."""
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def _find_no_library(name: str, *_: Any) -> str:
    raise ValueError(f"dylib {name} could not be found")


def _hide_files() -> None:
    for name in ("stat", "lstat", "access", "readlink", "scandir", "listdir", "open"):
        setattr(os, name, _hiding(getattr(os, name), missing=False if name == "access" else None))


def _hiding(call: Callable[..., Any], missing: Any) -> Callable[..., Any]:
    @functools.wraps(call)
    def hidden(path: Any = ".", *arguments: Any, **named: Any) -> Any:
        if _is_hidden(path) and not _asked_by_psutil():
            if missing is not None:
                return missing
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return call(path, *arguments, **named)

    return hidden


def _is_hidden(path: Any) -> bool:
    if not isinstance(path, str | bytes | os.PathLike):
        return False
    text = os.fsdecode(path)
    return any(text == folder or text.startswith(folder + "/") for folder in _HIDDEN)


def _asked_by_psutil() -> bool:
    frame = sys._getframe(1)
    while frame is not None:
        if "psutil" in frame.f_globals.get("__name__", ""):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what the kernel or the libraries of a Mac would refuse. See Python's documentation, "Audit events table"."""
    match event, arguments:
        case "open", (path, *_) if _is_hidden(path) and not _asked_by_psutil():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        case "socket.__new__", (_, family, kind, *_):
            if family in _FAMILIES:
                raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
            if family == socket.AF_UNIX and kind & ~_CLOEXEC == _SEQPACKET:
                raise OSError(errno.EPROTONOSUPPORT, os.strerror(errno.EPROTONOSUPPORT))
        case "socket.bind" | "socket.connect", (end, address) if end.family == socket.AF_UNIX:
            _check_unix_address(os.fsencode(address))
        case "socket.bind", (end, (str(host), *_)) if end.family == socket.AF_INET:
            if host.startswith("127.") and host != "127.0.0.1":
                raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
        case "ctypes.dlsym", (_, str(name)) if name in _LINUX_CALLS:
            raise AttributeError(f"dlsym(RTLD_DEFAULT, {name}): symbol not found")


def _check_unix_address(address: bytes) -> None:
    if len(address) > _LONGEST_UNIX_ADDRESS:
        raise OSError("AF_UNIX path too long")
    if address.startswith(b"\0"):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def start(what: list[str]) -> None:
    """Run a module, a file or code, as the interpreter's own command line would."""
    if what[0] == "-m":
        sys.argv = what[1:]
        if not sys.flags.isolated:
            sys.path[0] = os.getcwd()
        runpy.run_module(what[1], run_name="__main__", alter_sys=True)
    elif what[0] == "-c":
        sys.argv = ["-c", *what[2:]]
        exec(compile(what[1], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = what
        runpy.run_path(what[0], run_name="__main__")


if __name__ == "__main__":
    given = Path(sys.argv[1])
    known = json.loads(given.read_bytes())
    pretend(known, str(given.with_name("python3")))
    assert stat.S_ISREG(os.stat(sys.executable).st_mode)
    start(sys.argv[2:])
