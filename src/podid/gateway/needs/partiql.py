"""What a PartiQL statement of DynamoDB needs: its verb says the action, the name after it the table (and perhaps its index)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Any

from podid.gateway.needs.need import Asked, Need

# Quoted, a name may hold dots and dashes, and be an ARN; unquoted it is a plain word, and a dot begins an index.
_NAME = r'(?:"(?P<quoted>[A-Za-z0-9_.\-:/]{1,1024})"|(?P<plain>\w{1,255}))(?:\."?(?P<index>[A-Za-z0-9_.\-]{3,255})"?)?'
_STATEMENTS = (
    (re.compile(rf"\s*select\b.*?\bfrom\s+{_NAME}", re.IGNORECASE | re.DOTALL), "PartiQLSelect"),
    (re.compile(rf"\s*insert\s+into\s+{_NAME}", re.IGNORECASE), "PartiQLInsert"),
    (re.compile(rf"\s*update\s+{_NAME}", re.IGNORECASE), "PartiQLUpdate"),
    (re.compile(rf"\s*delete\s+from\s+{_NAME}", re.IGNORECASE), "PartiQLDelete"),
    (re.compile(rf"\s*exists\s*\(\s*select\b.*?\bfrom\s+{_NAME}", re.IGNORECASE | re.DOTALL), "ConditionCheckItem"),
)
_LONGEST = 8192
_LITERAL = r"(?:'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|(\?))"
_LITERALS = re.compile(r"'(?:[^']|'')*'")
_OPENS = re.compile(r"\b(?:or|not)\b", re.IGNORECASE)
_LIST = r"[\[(]((?:'(?:[^']|'')*+'|[^'\[\]()])*+)[\])]"
_WORD = re.compile(r'"([^"]{1,255})"|(?<![\w.])([A-Za-z_]\w{0,254})(?!\w|\s*\()')
_KEYWORDS = frozenset(
    [
        "all",
        "and",
        "as",
        "asc",
        "between",
        "begins_with",
        "by",
        "contains",
        "delete",
        "desc",
        "exists",
        "false",
        "from",
        "in",
        "index",
        "insert",
        "into",
        "is",
        "like",
        "limit",
        "list_append",
        "missing",
        "modified",
        "new",
        "not",
        "null",
        "old",
        "on",
        "or",
        "order",
        "remove",
        "returning",
        "select",
        "set",
        "size",
        "true",
        "update",
        "value",
        "values",
        "where",
    ]
)
_PARAMETER = re.compile(r"'(?:[^']|'')*'|(\?)")


def statement_need(asked: Asked, statement: str) -> Need:
    """The need of one statement. What cannot be read needs everything: PartiQLSelect on all tables would not be enough to say so."""
    for pattern, action in _STATEMENTS:
        match = pattern.match(statement[:_LONGEST])
        if match:
            table = match["quoted"] or match["plain"]
            arn = table if table.startswith("arn:") else asked.arn(f"table/{table}")
            return Need(
                action=f"dynamodb:{action}", resource=f"{arn}/index/{match['index']}" if match["index"] else arn
            )
    return Need(action="dynamodb:*")


def statements_of(asked: Asked) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The statements of a call, each with its parameters."""
    members = asked.members
    for entry in (members, *(members.get("Statements") or ()), *(members.get("TransactStatements") or ())):
        if isinstance(entry, Mapping) and isinstance(entry.get("Statement"), str):
            yield entry["Statement"], tuple(entry.get("Parameters") or ())


def attributes_of(statement: str) -> list[str]:
    """The attributes that a statement names; none of one that selects everything."""
    text = _LITERALS.sub("''", statement[:_LONGEST])
    tables = {match["quoted"] or match["plain"] for pattern, _ in _STATEMENTS if (match := pattern.match(text))}
    words = (quoted or plain for quoted, plain in _WORD.findall(text))
    return [word for word in dict.fromkeys(words) if word.lower() not in _KEYWORDS and word not in tables]


def selects_everything(statement: str) -> bool:
    """Whether a statement reads whole items."""
    return re.match(r"\s*select\s+\*", statement[:_LONGEST], re.IGNORECASE) is not None


def leading_values(statement: str, parameters: tuple[Any, ...], attribute: str) -> list[str]:
    """The values that a statement compares an attribute with, or inserts for it; none where it does neither."""
    text = statement[:_LONGEST]
    if not attribute:
        return []
    name = rf"[\"']?{re.escape(attribute)}[\"']?"
    places = [match.start() for match in _PARAMETER.finditer(text) if match[1]]
    found: list[str] = []
    for match in re.finditer(rf"(?<![\w\"']){name}\s*+(?:=|:)\s*+{_LITERAL}", text, re.IGNORECASE):
        found += _value(match, match.start(3), places, parameters)
    for match in re.finditer(rf"(?<![\w\"']){name}\s++in\s*+{_LIST}", text, re.IGNORECASE):
        for inner in re.finditer(_LITERAL, match[1]):
            found += _value(inner, match.start(1) + inner.start(3), places, parameters)
    if found and _OPENS.search(_LITERALS.sub("", text)):
        found.append(
            ""
        )  # what else an `or` or a `not` lets in nobody can say: no policy that lists values may allow it
    return found


def _value(match: re.Match[str], place: int, places: list[int], parameters: tuple[Any, ...]) -> list[str]:
    quoted, number, parameter = match.groups()[-3:]
    if parameter is None:
        return [quoted.replace("''", "'") if quoted is not None else number]
    index = bisect_left(places, place)
    value = parameters[index] if index < len(parameters) else None
    if isinstance(value, Mapping) and value:
        return [str(next(iter(value.values())))]
    return []
