"""Where the process really listens: at the addresses it was told, or at loopback ports that stand for them.

A local cluster without namespaces gives a `hostNetwork` container PODID_LISTEN, a JSON object from each declared `ADDRESS:PORT` (IPv6 in
brackets, `*` for any address) to a port on 127.0.0.1:

    {"169.254.170.23:80": 41001, "[fd00:ec2::23]:80": 41001, "127.0.0.1:2703": 41002, "0.0.0.0:2705": 41003}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from podid.agent.settings import BadSettings

VARIABLE: Final = "PODID_LISTEN"
LOOPBACK: Final = "127.0.0.1"
_ANY: Final = ("*", "0.0.0.0", "::")  # noqa: S104 - names to look up, nothing is bound here


class ListenMap:
    """The map of PODID_LISTEN; false where there is none."""

    def __init__(self, places: Mapping[tuple[str, int], int]) -> None:
        self._places = dict(places)

    def __bool__(self) -> bool:
        return bool(self._places)

    def find(self, host: str, port: int) -> int | None:
        """The loopback port that stands for an address."""
        for name in ("127.0.0.1" if host == "localhost" else host, *_ANY):
            found = self._places.get((name, port))
            if found is not None:
                return found
        return None

    def has_host(self, host: str) -> bool:
        """Whether an address stands elsewhere, with whatever port."""
        return any(name in (host, "*") for name, _ in self._places)


def read(environment: Mapping[str, str]) -> ListenMap:
    """The map that the environment gives. Raises BadSettings, quoting the entry, for one that cannot be read."""
    written = environment.get(VARIABLE, "")
    if not written:
        return ListenMap({})
    try:
        entries = msgspec.json.decode(written, type=dict[str, int])
    except msgspec.MsgspecError as problem:
        raise BadSettings(f"{VARIABLE}: expected a JSON object of ADDRESS:PORT to port: {problem}") from problem
    places: dict[tuple[str, int], int] = {}
    for key, target in entries.items():
        host, colon, port = key.rpartition(":")
        if not colon or not host or not port.isdecimal() or not 0 < target < 65536:
            raise BadSettings(f"{VARIABLE}: {key[:100]!r}: {target}: expected ADDRESS:PORT and a port")
        places[(host.strip("[]"), int(port))] = target
    return ListenMap(places)
