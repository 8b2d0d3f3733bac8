"""What tools need that look at the text of policies and do not decide by them: the tree, JSON with places, operators, wildcards.

Those who decide have no use for it: `podid.core.policy` is their door.
"""

from __future__ import annotations

from podid.core.policy.document import (
    ConditionTest,
    Document,
    Effect,
    Patterns,
    PolicyKind,
    PrincipalElement,
    Statement,
)
from podid.core.policy.globs import Matcher, Token, Tokens, Wild, matcher, tokens_of
from podid.core.policy.json_text import NotJson, Path, place_of, position_of, read_json
from podid.core.policy.operands import binary, boolean, instant, network, number
from podid.core.policy.operators import Comparison, operators
from podid.core.policy.resources import is_incomplete, readings, resource_template
from podid.core.policy.variables import Template, Variable

__all__ = [
    "Comparison",
    "ConditionTest",
    "Document",
    "Effect",
    "Matcher",
    "NotJson",
    "Path",
    "Patterns",
    "PolicyKind",
    "PrincipalElement",
    "Statement",
    "Template",
    "Token",
    "Tokens",
    "Variable",
    "Wild",
    "binary",
    "boolean",
    "instant",
    "is_incomplete",
    "matcher",
    "network",
    "number",
    "operators",
    "place_of",
    "position_of",
    "read_json",
    "readings",
    "resource_template",
    "tokens_of",
]
