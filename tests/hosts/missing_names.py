"""Which names of the standard library Linux has and macOS has not: read from typeshed's stubs, which say it by `sys.platform`.

So nobody keeps a list by hand: what mypy's own stubs hold of this Python's version is what is taken away.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

MODULES = {
    "os": "os/__init__.pyi",
    "posix": "posix.pyi",
    "errno": "errno.pyi",
    "selectors": "selectors.pyi",
    "socket": "socket.pyi",
    "signal": "signal.pyi",
    "fcntl": "fcntl.pyi",
    "select": "select.pyi",
    "resource": "resource.pyi",
    "time": "time.pyi",
    "mmap": "mmap.pyi",
    "termios": "termios.pyi",
}


def missing_on(platform: str) -> dict[str, list[str]]:
    """By module: the names that are here and that `platform` lacks."""
    found = {}
    for module, file in MODULES.items():
        stub = ast.parse((_stubs() / file).read_text())
        names = set(_names(stub.body, sys.platform)) - set(_names(stub.body, platform))
        found[module] = sorted(name for name in names if hasattr(importlib.import_module(module), name))
    return found


def _stubs() -> Path:
    spec = find_spec("mypy")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "typeshed" / "stdlib"


def _names(body: list[ast.stmt], platform: str) -> Iterator[str]:
    """What a stub defines where `sys.platform` is this."""
    for node in body:
        match node:
            case ast.If():
                yield from _names(node.body if _holds(node.test, platform) else node.orelse, platform)
            case ast.FunctionDef() | ast.ClassDef():
                yield node.name
            case ast.AnnAssign(target=ast.Name(name)):
                yield name
            case ast.Assign():
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
            case ast.ImportFrom():
                yield from (alias.asname or alias.name for alias in node.names)


def _holds(test: ast.expr, platform: str) -> bool:
    """A condition of a stub: of the platform and of the version, nothing else (typing's documentation, "Version and platform checks")."""
    names: dict[str, Any] = {"sys": SimpleNamespace(platform=platform, version_info=sys.version_info[:2])}
    return bool(eval(compile(ast.Expression(test), "stub", "eval"), {"__builtins__": {}}, names))
