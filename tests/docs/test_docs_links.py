"""Pages cannot drift: every relative link in them leads to a file that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = [found for found in LINK.findall(page.read_text()) if "://" not in found]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_path_of_one_credential_names_every_room_it_passes() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = set(re.findall(r"\.\./src/podid/(\w+)/", page))
    assert {
        "gateway",
        "core",
        "iam",
        "eks",
        "store",
        "localcluster",
        "webhook",
        "agent",
        "lean",
        "imds",
        "eks_auth",
        "sts",
        "audit",
    } <= rooms
    steps = [int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1))
