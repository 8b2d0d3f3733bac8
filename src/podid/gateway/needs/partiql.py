"""What a PartiQL statement of DynamoDB needs: its verb says the action, the name after it the table (and perhaps its index)."""

from __future__ import annotations

import re

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
