"""What every benchmark gives: rows, for people as a table, for programs as JSON; and how one ends when it cannot measure.

    {"bench": "agent", "rows": [{"what", "value", "unit", "peer", "ratio", "budget", "kept"}]}

`value` is what was measured, in `unit`. `peer` says what it is held against and that one's own figure, `ratio` is value over peer's.
`budget` is the limit that the design sets, in words; `kept` whether the value is within it (null: nothing was promised).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from msgspec import Struct, to_builtins


class Row(Struct, frozen=True, kw_only=True):
    """One line of a table."""

    what: str
    value: float
    unit: str
    peer: str = ""
    ratio: float | None = None
    budget: str = ""
    kept: bool | None = None


class CannotMeasure(Exception):
    """Something that the benchmark needs is missing. `way_out` is what to do."""

    def __init__(self, what: str, way_out: str) -> None:
        super().__init__(what)
        self.way_out = way_out


def parser(about: str | None) -> argparse.ArgumentParser:
    """A parser with what all benchmarks have: the module's text as help, and `-o`."""
    made = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument(
        "-o", "--output", choices=("text", "json"), default="text", help="a table, or JSON (default: text)"
    )
    return made


def tell(name: str, rows: list[Row], output: str, **more: Any) -> None:
    """Print the rows. `more` stands beside them in the JSON, for `run.py` or for whoever wants details."""
    if output == "json":
        print(json.dumps({"bench": name, "rows": to_builtins(rows), **more}, indent=2))
        return
    width = max(len(row.what) for row in rows)
    for row in rows:
        kept = {True: "kept", False: "MISSED", None: ""}[row.kept]
        ratio = "" if row.ratio is None else f"ratio {row.ratio:.3g}"
        line = f"{row.what:<{width}}  {written(row.value):>10} {row.unit:<6}  {ratio:<12} {row.budget:<22} {kept:<7} {row.peer}"
        print(line.rstrip())


def written(value: float) -> str:
    """A number with three or four digits that count, thousands apart."""
    if abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def run(main: Callable[[], None]) -> None:
    """Run a benchmark's `main`; what is missing is told in two lines, with exit code 3."""
    try:
        main()
    except CannotMeasure as problem:
        sys.stderr.write(f"{sys.argv[0]}: {problem}\n  {problem.way_out}\n")
        raise SystemExit(3) from None
