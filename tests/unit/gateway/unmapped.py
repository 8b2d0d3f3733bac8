"""The operations that nobody mapped, as listed: `# SERVICE: why`, then the operations of that service, one a line."""

from __future__ import annotations

from pathlib import Path

LIST = Path(__file__).parent / "unmapped_operations.txt"


def listed() -> tuple[list[str], dict[str, str]]:
    """The operations, and the reason of each service."""
    operations: list[str] = []
    reasons: dict[str, str] = {}
    for line in LIST.read_text().splitlines():
        if line.startswith("#"):
            service, _, reason = line.removeprefix("#").partition(":")
            reasons[service.strip()] = reason.strip()
        elif line:
            operations.append(line)
    return operations, reasons
