"""`$(NAME)` in a container's command, arguments and variables. Pure.

    text      := { "$$" | "$(" NAME ")" | any other character }

Source: kubernetes `third_party/forked/golang/expansion`: `$$` is one `$`; a name that is not known stays as it was written; there is no
second round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(\$|\([^)]*\))", re.DOTALL)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """The text with its references replaced."""

    def replace(match: re.Match[str]) -> str:
        reference = match.group(1)
        if reference == "$":
            return "$"
        return variables.get(reference[1:-1], match.group(0))

    return _REFERENCE.sub(replace, text)
