"""Counters and histograms, and Prometheus's text form of them (exposition format 0.0.4).

Written by hand, for the Prometheus client would be a third of a small process's memory. Values only go up and are lost at a restart, as
Prometheus expects.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from podid.lean.messages import Response

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Family(Protocol):
    """One name with its samples."""

    def write(self, lines: list[str]) -> None:
        """Append the lines of this name."""


class CounterFamily:
    """A counter, or with `gauge` a value that is set, for each set of label values."""

    def __init__(self, name: str, help: str, labels: tuple[str, ...] = (), *, gauge: bool = False) -> None:
        self._name = name
        self._head = _head(name, help, "gauge" if gauge else "counter")
        self._labels = labels
        self.values: Counter[tuple[str, ...]] = Counter()

    def add(self, *values: str, count: int = 1) -> None:
        """Count; `values` are the labels' in their order."""
        self.values[values] += count

    def write(self, lines: list[str]) -> None:
        lines.append(self._head)
        for values, count in self.values.items():
            lines.append(f"{self._name}{_labelled(self._labels, values)} {count}\n")


class HistogramFamily:
    """A histogram with fixed upper bounds, for each set of label values."""

    def __init__(self, name: str, help: str, labels: tuple[str, ...], bounds: Sequence[float]) -> None:
        self._name = name
        self._head = _head(name, help, "histogram")
        self._labels = labels
        self._bounds = tuple(bounds)
        self._buckets: dict[tuple[str, ...], list[int]] = {}
        self._sums: Counter[tuple[str, ...]] = Counter()

    def observe(self, value: float, *values: str) -> None:
        """Take a value in; `values` are the labels' in their order."""
        buckets = self._buckets.setdefault(values, [0] * (len(self._bounds) + 1))
        buckets[bisect_left(self._bounds, value)] += 1
        self._sums[values] += value  # type: ignore[assignment]

    def write(self, lines: list[str]) -> None:
        lines.append(self._head)
        bounds = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        for values, buckets in self._buckets.items():
            for bound, count in zip(bounds, accumulate(buckets), strict=True):
                lines.append(f"{self._name}_bucket{_labelled((*self._labels, 'le'), (*values, bound))} {count}\n")
            labels = _labelled(self._labels, values)
            lines.append(f"{self._name}_sum{labels} {self._sums[values]:g}\n")
            lines.append(f"{self._name}_count{labels} {sum(buckets)}\n")


def expose(families: Sequence[Family]) -> Response:
    """All of them, as the answer to `/metrics`."""
    lines: list[str] = []
    for family in families:
        family.write(lines)
    return Response(200, "".join(lines).encode(), (("Content-Type", CONTENT_TYPE),))


def _head(name: str, help: str, type: str) -> str:
    return f"# HELP {name} {help}\n# TYPE {name} {type}\n"


def _labelled(labels: Sequence[str], values: Sequence[str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{n}="{_escape(v)}"' for n, v in zip(labels, values, strict=True)) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
