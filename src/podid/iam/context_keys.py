"""Which condition keys a policy asks for: in its conditions, and as variables in resources and values."""

from __future__ import annotations

import re
from collections.abc import Iterable

from podid.core.policy import Policy

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z0-9_-]+:[^,}\s]+)\s*(?:,[^}]*)?\}")


def context_keys(policies: Iterable[Policy]) -> list[str]:
    """The keys, each once without regard to case, in the order in which they are first met."""
    found: dict[str, str] = {}
    for policy in policies:
        for statement in policy.document.statements:
            for test in statement.conditions:
                found.setdefault(test.key.lower(), test.key)
            if policy.document.has_variables:
                texts = list(statement.resources.values) if statement.resources is not None else []
                texts += [value for test in statement.conditions for value in test.values]
                for key in (match.group(1) for text in texts for match in _VARIABLE.finditer(text)):
                    found.setdefault(key.lower(), key)
    return list(found.values())
