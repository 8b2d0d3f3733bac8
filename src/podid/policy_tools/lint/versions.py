"""The policy's version, and what `${…}` means under it.

Source: the IAM user guide, "IAM JSON policy elements: Version" and "Variables and tags".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.globals import find_global, find_tag_key
from podid.policy_tools.lint.look import Look, Part, Placed

_VARIABLE = re.compile(r"\$\{\s*([^{},]*?)\s*(?:,[^{}]*)?\}")
_NO_KEYS = frozenset({"*", "?", "$"})


def check(look: Look) -> Iterator[Remark]:
    if not look.document.has_variables:
        found = [(path, text) for part in look.parts for text, path in _texts(part) if _VARIABLE.search(text)]
        for path, text in found:
            yield Remark("variables-as-text", path, f"{text!r} is taken as it stands", 'add "Version": "2012-10-17"')
        if not found:
            written = "has Version 2008-10-17" if look.has_version else "has no Version"
            yield Remark("old-version", ("Version",), f"the policy {written}", 'say "Version": "2012-10-17"')
        return
    for part in look.parts:
        for text, path in _texts(part):
            for found_variable in _VARIABLE.finditer(text):
                key = found_variable[1]
                if key.lower().startswith("aws:") and find_global(key) is None and find_tag_key(key) is None:
                    yield Remark(
                        "unknown-variable",
                        path,
                        f"there is no condition key {key!r}, so nothing matches {text!r}",
                        "see AWS's list of global condition keys",
                    )
                elif key not in _NO_KEYS and ":" not in key:
                    yield Remark(
                        "unknown-variable",
                        path,
                        f"${{{key}}} is no condition key, so nothing matches {text!r}",
                        "write ${service:key}",
                    )


def _texts(part: Part) -> Iterator[Placed]:
    """Where variables may stand: resources and conditions."""
    yield from part.resources
    for test, path in part.tests:
        yield from part.values(test, path)
