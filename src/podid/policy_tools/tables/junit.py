"""Results in the XML that CI systems read, after JUnit's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from podid.policy_tools.tables.run import Result

Explain = Callable[[Result], str]
"""Tells why a check failed, in lines of text."""


def junit(suite: str, results: Sequence[Result], explain: Explain) -> str:
    """One suite of test cases, the text of a whole XML document."""
    failed = sum(not result.passed for result in results)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites tests="{len(results)}" failures="{failed}">',
        f'  <testsuite name="{_text(suite)}" tests="{len(results)}" failures="{failed}" errors="0" skipped="0">',
    ]
    for result in results:
        opening = f'    <testcase classname="{_text(result.check.name)}" name="{_text(result.title)}"'
        if result.passed:
            lines.append(f"{opening}/>")
            continue
        lines += [
            f"{opening}>",
            f'      <failure message="{_text(result.failure)}">{_text(explain(result))}</failure>',
            "    </testcase>",
        ]
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])


def _text(text: str) -> str:
    """Text of an element or attribute. What XML 1.0 has no character for is left out."""
    return escape(
        "".join(each for each in text if each in "\t\n" or (each >= " " and not "\ud800" <= each <= "\udfff"))
    )
