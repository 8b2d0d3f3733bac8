"""The checks of AssumeRoleForPodIdentity: numbered alike in the page, in the module's own list, and beside the code."""

from __future__ import annotations

import re
from pathlib import Path

import podid.eks_auth.service as service

PAGE = Path(__file__).parents[2] / "docs" / "eks-auth.md"
CODE = Path(service.__file__).read_text()
COUNT = 19


def numbered(text: str, pattern: str) -> dict[int, str]:
    return {int(number): rest for number, rest in re.findall(pattern, text, re.MULTILINE)}


def test_page_and_module_have_the_same_checks() -> None:
    page = numbered(PAGE.read_text(), r"^\| (\d+) \| (.*) \|$")
    assert service.__doc__ is not None
    module = numbered(service.__doc__, r"^ {4,5}(\d+)  (.*)$")
    assert list(page) == list(module) == list(range(1, COUNT + 1))
    for number, text in module.items():
        assert " ".join(text.partition("  else")[0].split()[:3]) in page[number].replace("`", "")


def test_every_check_of_the_room_stands_beside_its_code_and_in_order() -> None:
    body = CODE.partition("def assume_role_for_pod_identity")[2].partition("def _cluster")[0]
    stated = re.findall(r"#\s+(\d+)(?: to (\d+))?", body)
    covered = [number for first, last in stated for number in range(int(first), int(last or first) + 1)]
    assert covered == list(range(3, COUNT + 1))
