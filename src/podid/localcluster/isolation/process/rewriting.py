"""A manifest's paths and addresses, as they are where nothing is mounted and nobody has an address. Pure.

A volume's mount path becomes a folder of the container, and the agent's and IMDS's URLs become loopback ports: in the values of variables,
in `command` and `args`, and in the arguments of exec. At path boundaries, longest first. Never in the contents of files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_NAME = r"[A-Za-z0-9_.\-]"


class Rewriting:
    """The replacements of one container."""

    def __init__(self, paths: Mapping[str, str], hosts: Mapping[str, int]) -> None:
        """`paths`: mount path to folder; `hosts`: address (IPv6 without brackets) to the loopback port that stands for its port 80."""
        self._paths = dict(paths)
        self._hosts = {(f"[{host}]" if ":" in host else host): port for host, port in hosts.items()}
        self._path = self._compile_paths()
        self._url = self._compile_urls()

    def text(self, text: str) -> str:
        """One value or argument."""
        if self._url is not None:
            text = self._url.sub(self._loopback, text)
        if self._path is not None:
            text = self._path.sub(lambda match: self._paths[match.group(0)], text)
        return text

    def _loopback(self, match: re.Match[str]) -> str:
        host = match["host"] or match["bare"]
        return f"{match['scheme'] or ''}127.0.0.1:{self._hosts[host.lower()]}"

    def texts(self, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(self.text(text) for text in texts)

    def values(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {name: self.text(value) for name, value in variables.items()}

    def _compile_paths(self) -> re.Pattern[str] | None:
        """A path begins where no longer path goes on before it (but after a URL's `//`), and ends where its last name ends."""
        if not self._paths:
            return None
        longest_first = sorted(self._paths, key=len, reverse=True)
        names = "|".join(re.escape(path) for path in longest_first)
        return re.compile(rf"(?:(?<=://)|(?<!{_NAME})(?<!/))(?:{names})(?!{_NAME})")

    def _compile_urls(self) -> re.Pattern[str] | None:
        """`http://ADDRESS` with port 80 or none; without a scheme only where a path follows, as in `curl ADDRESS/latest`."""
        if not self._hosts:
            return None
        hosts = "|".join(re.escape(host) for host in sorted(self._hosts, key=len, reverse=True))
        with_scheme = rf"(?P<scheme>http://)(?P<host>{hosts})(?::80)?(?![0-9:])"
        bare = rf"(?<![\w.:/\[\]@])(?P<bare>{hosts})(?::80)?(?=/(?!\d{{1,3}}\b))"
        return re.compile(rf"{with_scheme}|{bare}", re.IGNORECASE)
