"""Which loopback port stands for which port of the node. Recorded in the home: running pods hold them, and so do the variables in their
environments.

A port of the node is 80 (the agent's; it stands for the agent's addresses), `imds`, or one that a `hostNetwork` container declares. The
ports are kept bound by the node's process while podid runs, not listening: a stranger that took one would be sent tokens. They are had alone:
another installation of the same user, whose sockets the kernel would let share them, is a stranger too.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterable
from pathlib import Path

AGENT = "80"
IMDS = "imds"
LOOPBACK = "127.0.0.1"


class Places:
    """The table, in a file of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            read = json.loads(file.read_bytes())
            self._ports = {str(name): int(port) for name, port in read.items()}
        except (OSError, ValueError, AttributeError):
            self._ports = {}

    @property
    def ports(self) -> dict[str, int]:
        return dict(self._ports)

    def port(self, name: str) -> int:
        """The loopback port for a name; a free one the first time."""
        if name not in self._ports:
            self._ports[name] = _free_port(set(self._ports.values()))
            self._write()
        return self._ports[name]

    def leave_taken(self) -> None:
        """Choose others for those ports that somebody took while nothing of this node's ran; only then may it be called."""
        for name, port in list(self._ports.items()):
            held = hold(port)
            if held is not None:
                held.close()
            else:
                del self._ports[name]
                self.port(name)

    def _write(self) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self._ports))
        new.chmod(0o600)
        new.replace(self._file)

    def known(self, name: str) -> int | None:
        return self._ports.get(name)

    def listening(self, agent: Iterable[str], declared: Iterable[tuple[str, int]]) -> str:
        """PODID_LISTEN for a container on the node's network: JSON, from `ADDRESS:PORT` (`*` for any) to a loopback port."""
        table = {f"{_bracketed(address)}:{AGENT}": self.port(AGENT) for address in agent}
        for address, port in declared:
            table[f"{_bracketed(address) if address else '*'}:{port}"] = self.port(str(port))
        return json.dumps(table)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _free_port(taken: set[int]) -> int:
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def _is_free(port: int) -> bool:
    """Whether nobody has bound the port: neither a listener, nor one who would share it. Connections that are over do not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def hold(port: int) -> socket.socket | None:
    """Keep a port bound without listening; None while somebody has it, though they would share it.

    SO_REUSEPORT alone: whoever listens must ask for it too, and be of the same user (socket(7)).
    """
    if not _is_free(port):
        return None
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        held.bind((LOOPBACK, port))
    except OSError:
        held.close()
        return None
    os.set_inheritable(held.fileno(), False)
    return held
