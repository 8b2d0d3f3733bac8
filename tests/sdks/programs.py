"""The programs on AWS's SDKs: how each is built, once, in a folder beside the system's temporary files, and run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
BUILT = Path(tempfile.gettempdir()) / f"podid-sdks-{os.getuid()}"


class Sdk(NamedTuple):
    """How a program is built and run, in its folder."""

    tools: tuple[str, ...]
    build: tuple[tuple[str, ...], ...]
    run: tuple[str, ...]


SDKS = {
    "go": Sdk(("go",), (("go", "mod", "tidy"), ("go", "build", "-o", "sdk", ".")), ("./sdk",)),
    "javascript": Sdk(
        ("node", "npm"), (("npm", "install", "--no-package-lock", "--no-audit", "--no-fund"),), ("node", "main.mjs")
    ),
    "java": Sdk(
        ("java", "mvn"),
        (("mvn", "-q", "-B", "compile", "dependency:build-classpath", "-Dmdep.outputFile=classpath.txt"),),
        ("sh", "-c", 'exec java -cp "target/classes:$(cat classpath.txt)" podid.Main "$@"', "java"),
    ),
}


def built(name: str) -> Path:
    """The folder of a program, ready to run; skips the test where its tools are missing or its packages cannot be had."""
    sdk = SDKS[name]
    for tool in sdk.tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    folder = BUILT / name
    sources = [path for path in sorted((HERE / name).rglob("*")) if path.is_file()]
    state = "\n".join(path.read_text() for path in sources)
    mark = folder / ".built"
    if mark.exists() and mark.read_text() == state:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    BUILT.mkdir(mode=0o700, exist_ok=True)
    shutil.copytree(HERE / name, folder)
    for command in sdk.build:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1200)
        if done.returncode:
            pytest.skip(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-500:]}")
    mark.write_text(state)
    return folder
