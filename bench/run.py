#!/usr/bin/env python3
"""Run all benchmarks, one after the other, and write docs/performance.md: the machine, the commit, every figure with its peer and budget.

    .venv/bin/python bench/run.py [--only NAME …] [--quick] [--write FILE] [-o json]

It wants the machine for itself, for some five minutes, and what `scripts/setup --bench` installs. A benchmark that fails is told and left
out, the others go on; the exit code is then 1. `--quick` measures for an instant each and writes nothing unless told where: to see that all
of them work.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, convert
from table import Row, written

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PAGE = ROOT / "docs" / "performance.md"


class Bench(Struct, frozen=True, kw_only=True):
    """One script beside this one."""

    name: str
    title: str
    about: str
    quick: tuple[str, ...] = ()
    within: float = 240.0
    """Seconds after which it is given up."""


BENCHES = (
    Bench(
        name="eks_auth",
        title="EKS Auth: AssumeRoleForPodIdentity, one core, socket to socket",
        about="Every check is made for every request, nothing is cached by token. The floor is what RSA-2048 verification alone allows on that core.",
        quick=("--seconds", "0.5", "--pods", "20"),
        within=300.0,
    ),
    Bench(
        name="eks_auth_profile",
        title="Where an EKS Auth request's time goes",
        about="Processor time of one request; the ratio is the share of the whole. The steps run without sockets, for as many requests together as came over them, while a timer looks where they are.",
        quick=("--seconds", "1", "--pods", "20"),
    ),
    Bench(
        name="policy",
        title="IAM decisions, policies compiled",
        about="Ratios are podid's time over the peer's, on the same policies and requests. Cedar speaks another language: the policies are translated by hand.",
        quick=("--seconds", "0.05"),
    ),
    Bench(
        name="sigv4",
        title="Signatures",
        about="Reading the claim and checking it, processor time of one thread.",
        quick=("--seconds", "0.05"),
    ),
    Bench(
        name="gateway",
        title="The gateway over moto",
        about="The same signed request to podid, which checks and authorises it, and to moto's own server, which does not. One client, median.",
        quick=("--seconds", "0.5"),
    ),
    Bench(
        name="agent",
        title="The agent: credentials out of its cache, one core",
        about="The floor is asyncio, uvloop and httptools that answer the same bytes without looking. Rates are of one core's processor time.",
        quick=("--seconds", "0.3", "--pods", "50"),
    ),
    Bench(
        name="webhook",
        title="The webhook: admissions over TLS, one core",
        about="The floor is uvicorn over TLS that answers the same bytes. 16 kept connections.",
        quick=("--seconds", "0.3"),
    ),
    Bench(
        name="local_mode",
        title="Local mode: start, stop, demo",
        about="By the clock.",
        quick=("--rounds", "1", "--no-demo"),
    ),
    Bench(
        name="memory",
        title="Memory",
        about="Resident memory of one process; of many, their proportional shares.",
        quick=("--wait", "3"),
    ),
)


class Measured(Struct, frozen=True, kw_only=True):
    """What came of one benchmark: rows, or why there are none."""

    bench: Bench
    rows: tuple[Row, ...] = ()
    problem: str = ""
    seconds: float = 0.0


def measure(bench: Bench, *, quick: bool) -> Measured:
    began = time.monotonic()
    argv = [sys.executable, str(HERE / f"{bench.name}.py"), "-o", "json", *(bench.quick if quick else ())]
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=bench.within, cwd=ROOT, check=False)
    except subprocess.TimeoutExpired:
        return Measured(bench=bench, problem=f"it did not end within {bench.within:.0f} s")
    seconds = time.monotonic() - began
    if ran.returncode != 0:
        lines = ran.stderr.strip().splitlines()
        told = " ".join(line.strip() for line in (lines[-2:] if ran.returncode == 3 else lines[-1:]))
        return Measured(bench=bench, problem=told or f"it ended with {ran.returncode}", seconds=seconds)
    try:
        rows = convert(json.loads(ran.stdout)["rows"], tuple[Row, ...])
    except (ValueError, KeyError, TypeError) as problem:
        return Measured(bench=bench, problem=f"what it printed is not understood: {problem}", seconds=seconds)
    return Measured(bench=bench, rows=rows, seconds=seconds)


def machine() -> dict[str, str]:
    """What the figures were taken on."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def commit() -> str:
    def git(*arguments: str) -> str:
        ran = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        return ran.stdout.strip()

    found = git("rev-parse", "--short", "HEAD")
    changed = git("status", "--porcelain", "--", "src", "bench", "requirements")
    return (found or "unknown") + (" with changes that are not committed" if changed else "")


def page(surroundings: dict[str, str], measured: list[Measured]) -> str:
    """docs/performance.md."""
    parts = [
        "# Performance",
        "",
        "`bench/run.py` measures all of this in one run and writes this page. Absolute figures drift from machine to machine by 30 % and more: what",
        "counts are the ratios to a peer that was measured in the same run. Figures of AWS's agent and webhook are those of their own measurement",
        "beside the same floors. A rate is what one core's processor time allows.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {name} | {value} |" for name, value in surroundings.items()),
        "",
    ]
    missed = [row.what for one in measured for row in one.rows if row.kept is False]
    if missed:
        parts += [f"Missed in this run: {'; '.join(missed)}.", ""]
    for one in measured:
        parts += [f"## {one.bench.title}", "", f"{one.bench.about} `bench/{one.bench.name}.py`", ""]
        parts += table(one.rows) if one.rows else [f"Not measured in this run: {one.problem}."]
        parts.append("")
    return "\n".join(parts)


def table(rows: tuple[Row, ...]) -> list[str]:
    """A Markdown table with the columns that hold something."""
    columns = {
        "": [row.what for row in rows],
        "measured": [f"{written(row.value)} {row.unit}" for row in rows],
        "ratio": ["" if row.ratio is None else _ratio(row.ratio) for row in rows],
        "budget": [row.budget for row in rows],
        "kept": [{True: "yes", False: "**no**", None: ""}[row.kept] for row in rows],
        "peer": [row.peer for row in rows],
    }
    held = {name: cells for name, cells in columns.items() if any(cells)}
    lines = [f"| {' | '.join(held)} |", f"| {' | '.join('---' for _ in held)} |"]
    return lines + [
        f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in zip(*held.values(), strict=True)
    ]


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value >= 0.095 else f"{value:.1g}"


def say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def as_json(surroundings: dict[str, str], measured: list[Measured]) -> dict[str, Any]:
    from msgspec import to_builtins

    benches = [{"bench": one.bench.name, "rows": to_builtins(one.rows), "problem": one.problem} for one in measured]
    return {"machine": surroundings, "benches": benches}


def main() -> int:
    known = [bench.name for bench in BENCHES]
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument(
        "--only",
        action="append",
        choices=known,
        metavar="NAME",
        help=f"only this one; may be repeated: {', '.join(known)}",
    )
    arguments.add_argument("--quick", action="store_true", help="an instant each, to see that all work; writes no page")
    arguments.add_argument(
        "--write", type=Path, metavar="FILE", help="where the page goes (default: docs/performance.md for a whole run)"
    )
    arguments.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="also print all rows as JSON"
    )
    chosen = arguments.parse_args()
    surroundings = machine()
    measured = []
    for bench in BENCHES:
        if chosen.only and bench.name not in chosen.only:
            continue
        one = measure(bench, quick=chosen.quick)
        measured.append(one)
        say(f"{bench.name}: {one.problem or f'{len(one.rows)} rows'} ({one.seconds:.0f} s)")
        for row in one.rows:
            if row.kept is False:
                say(f"  missed: {row.what}: {written(row.value)} {row.unit}, budget {row.budget}")
    target = chosen.write or (None if chosen.quick or chosen.only else PAGE)
    if target is not None:
        target.write_text(page(surroundings, measured))
        say(f"written: {target}")
    if chosen.output == "json":
        print(json.dumps(as_json(surroundings, measured), indent=2))
    failed = [one.bench.name for one in measured if one.problem]
    if failed:
        say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
