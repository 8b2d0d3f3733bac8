"""What `scripts/setup` says on machines that lack wheels, with an installer that answers as uv does there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]

_UV = r"""#!/bin/bash
# Answers as uv 0.13 does for a platform on which the packages of $NO_WHEEL have none, and no compiler is there.
case " $* " in
    *" venv "*) exec {python} -m venv --without-pip .venv ;;
    *" --editable "*) touch .venv/bin/podid; chmod +x .venv/bin/podid; exit 0 ;;
    *" --only-binary "*) binary=yes ;;
esac
while [ $# -gt 0 ]; do [ "$1" != --requirement ] || list=$2; shift; done
for name in $NO_WHEEL; do
    grep -q "^$name==" "$list" || continue
    [ -n "$binary" ] || {{ echo "error: Failed to build $name: no compiler"; exit 1; }}
    echo "error: No solution found when resolving dependencies" >&2
    case $name in
        psycopg-binary) found="$name{{implementation_name != 'pypy'}}==3.3.9 has no wheels with a matching platform tag (e.g., \`manylinux_2_17_aarch64\`)" ;;
        *) found="$name==1.0 has no usable wheels" ;;
    esac
    echo "  cause: Because $found and you require $name, we can conclude that your requirements are unsatisfiable." >&2
    exit 1
done
cp "$list" installed.txt
echo "Installed some packages" >&2
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As much of the repository as setup reads, with the stand-in on PATH."""
    for folder in ("requirements", "scripts"):
        shutil.copytree(_ROOT / folder, tmp_path / folder)
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bin").mkdir()
    uv = tmp_path / "bin" / "uv"
    uv.write_text(_UV.format(python=sys.executable))
    uv.chmod(0o755)
    return tmp_path


def setup(tree: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (tree / "scripts" / "setup",),
        cwd=tree,
        env={
            "PATH": f"{tree / 'bin'}:{os.environ['PATH']}",
            "HOME": str(tree),
            "PODID_PYTHON": sys.executable,
            "NO_WHEEL": "",
            **variables,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_where_every_wheel_is_there_nothing_is_built(tree: Path) -> None:
    done = setup(tree)
    assert done.returncode == 0, done.stderr
    assert "from source" not in done.stderr
    assert (tree / "installed.txt").read_text() == (tree / "requirements" / "run.txt").read_text()


def test_what_has_no_wheel_is_named_before_it_fails(tree: Path) -> None:
    done = setup(tree, NO_WHEEL="psycopg-binary cryptography")
    assert done.returncode == 3
    named = next(line for line in done.stderr.splitlines() if line.startswith("setup: no wheel for "))
    assert named.endswith(": psycopg-binary cryptography")
    assert done.stderr.index(named) < done.stderr.index("Failed to build")


def test_on_musl_aws_is_v1(tree: Path) -> None:
    first = setup(tree)
    assert first.returncode == 0, first.stderr
    packages = next((tree / ".venv" / "lib").glob("python3*")) / "site-packages"
    (packages / "musl.pth").write_text(
        'import sysconfig; sysconfig.get_config_vars()["HOST_GNU_TYPE"] = "x86_64-linux-musl"\n'
    )
    (tree / ".venv" / ".podid-run").unlink()
    done = setup(tree)
    assert done.returncode == 0, done.stderr
    installed = (tree / "installed.txt").read_text()
    assert "\nawscli==" in installed
    assert "aws-cdk-asset-awscli-v2" not in installed
