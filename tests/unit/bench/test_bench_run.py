"""The run of all benchmarks: a page with every figure, and one that fails told and left out. Nothing is measured here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[3] / "bench"
SCRIPTS = sorted(path.stem for path in BENCH.glob("*.py") if "parser(" in path.read_text() and path.stem != "table")
FAKE = """
import sys
sys.path.insert(0, {bench!r})
import run
from pathlib import Path
run.HERE, run.ROOT = Path({here!r}), Path({here!r})
run.PAGE = Path({here!r}) / "page.md"
run.BENCHES = tuple(run.Bench(name=name, title=name.title(), about="About.", within=20.0) for name in ("good", "broken", "missing"))
sys.argv = ["run.py"]
sys.exit(run.main())
"""
GOOD = """
import sys
sys.path.insert(0, {bench!r})
from table import Row, tell
rows = [
    Row(what="a | b", value=12345.6, unit="/s", peer="floor 20 000 /s", ratio=0.617, budget="at least 0.5", kept=True),
    Row(what="slow", value=41.26, unit="us", budget="at most 40 us", kept=False),
]
tell("good", rows, "json")
"""
BROKEN = """
import sys
sys.path.insert(0, {bench!r})
from table import CannotMeasure, run
def main():
    raise CannotMeasure("the peer is not installed", "scripts/setup --bench")
run(main)
"""


def python(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, cwd=folder)


def test_what_fails_is_told_and_the_others_are_written(tmp_path: Path) -> None:
    for name, text in (("good", GOOD), ("broken", BROKEN)):
        (tmp_path / f"{name}.py").write_text(text.format(bench=str(BENCH)))
    ran = python("-c", FAKE.format(bench=str(BENCH), here=str(tmp_path)), folder=tmp_path)
    assert ran.returncode == 1
    assert "bench: failed: broken, missing" in ran.stderr
    assert "missed: slow: 41.3 us, budget at most 40 us" in ran.stderr
    page = (tmp_path / "page.md").read_text()
    assert "| a / b | 12 346 /s | 0.62 | at least 0.5 | yes | floor 20 000 /s |" in page
    assert "Missed in this run: slow." in page
    assert "## Broken" in page
    assert "the peer is not installed scripts/setup --bench" in page


@pytest.mark.parametrize("name", [*SCRIPTS, "run"])
def test_each_benchmark_says_what_it_does(name: str, tmp_path: Path) -> None:
    ran = python(str(BENCH / f"{name}.py"), "--help", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert f"bench/{name}.py" in ran.stdout
    assert "--output" in ran.stdout


def test_every_benchmark_is_in_the_run(tmp_path: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(BENCH)!r}); import json, run; print(json.dumps([b.name for b in run.BENCHES]))"
    named = json.loads(python("-c", program, folder=tmp_path).stdout)
    assert set(SCRIPTS) <= set(named)
    assert all((BENCH / f"{name}.py").exists() for name in named)
