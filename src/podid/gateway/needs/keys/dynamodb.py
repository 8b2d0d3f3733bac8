"""Condition keys of DynamoDB, for access by item and attribute.

Which attribute is the partition key only the table knows. Source: DynamoDB developer guide, "Using IAM policy conditions for fine-grained
access control" and "IAM policies with transactions"; "PartiQL IAM security policies".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from podid.gateway.needs.keys.values import Reader, Values, member, text_of
from podid.gateway.needs.need import Asked, Need
from podid.gateway.needs.partiql import attributes_of, leading_values, selects_everything, statements_of

_TOKEN = re.compile(r"\s*(?:(:\w+)|([#A-Za-z_][\w#-]*)((?:\.[#\w-]+|\[\d+\])*)|(\S))")
_WORDS = frozenset(
    [
        "set",
        "remove",
        "add",
        "delete",
        "and",
        "or",
        "not",
        "between",
        "in",
        "if_not_exists",
        "list_append",
        "attribute_exists",
        "attribute_not_exists",
        "attribute_type",
        "begins_with",
        "contains",
        "size",
    ]
)
_EQUALITY = re.compile(r"(?<![\w#:-])(?:(#?[\w-]++)\s*+=\s*+(:\w++)|(:\w++)\s*+=\s*+(#?[\w-]++))")
"""Possessive, and from the beginning of a word only: a long word that is none costs its length, not the square of it."""
_EXPRESSIONS = (
    "ProjectionExpression",
    "UpdateExpression",
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
)
_LISTS = ("AttributesToGet",)
_MAPS = (
    "Key",
    "Item",
    "Expected",
    "AttributeUpdates",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
    "ExclusiveStartKey",
)
_PROJECTIONS = ("ProjectionExpression", "AttributesToGet")
_ENCLOSING = frozenset({"TransactGetItems", "TransactWriteItems", "ExecuteTransaction", "BatchExecuteStatement"})
_LONGEST = 4096
"""As long as an expression may be, in characters."""


def _leading_keys(asked: Asked, need: Need) -> Values:
    """The values of the partition key that a call works on."""
    attribute = asked.lookup.full_arn("dynamodb", "", "", "partition-key", need.resource) or ""
    if not attribute:
        return ()
    found: list[str] = []
    for part in parts_of(asked, need):
        for holder in ("Key", "Item"):
            if isinstance(part.get(holder), Mapping):
                found += _of_attribute(part[holder].get(attribute))
        found += _of_query(part, attribute)
    for statement, parameters in statements_of(asked):
        found += leading_values(statement, parameters, attribute)
    return tuple(dict.fromkeys(found))


def _of_query(part: Mapping[str, Any], attribute: str) -> Iterator[str]:
    names, values = part.get("ExpressionAttributeNames") or {}, part.get("ExpressionAttributeValues") or {}
    for left, value, other, right in _EQUALITY.findall(str(part.get("KeyConditionExpression") or "")[:_LONGEST]):
        name, placeholder = left or right, value or other
        if names.get(name, name) == attribute:
            yield from _of_attribute(values.get(placeholder))
    condition = (part.get("KeyConditions") or {}).get(attribute)
    if isinstance(condition, Mapping):
        for value in condition.get("AttributeValueList") or ():
            yield from _of_attribute(value)


def _of_attribute(value: Any) -> list[str]:
    """`{"S": "x"}` as text."""
    if not isinstance(value, Mapping) or not value:
        return []
    text = text_of(next(iter(value.values())))
    return [] if text is None else [text]


def parts_of(asked: Asked, need: Need) -> Iterator[Mapping[str, Any]]:
    """What a call does to the table of a need: itself, or those parts of a batch or a transaction."""
    requests = asked.members.get("RequestItems")
    items = asked.members.get("TransactItems")
    if isinstance(requests, Mapping):
        for name, entry in requests.items():
            if _same_table(str(name), need.resource):
                yield from _of_batch(entry)
    elif isinstance(items, list):
        for item in items:
            for part in item.values() if isinstance(item, Mapping) else ():
                if isinstance(part, Mapping) and _same_table(str(part.get("TableName", "")), need.resource):
                    yield part
    else:
        yield asked.members


def _of_batch(entry: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(entry, Mapping):
        yield entry
        for key in entry.get("Keys") or ():
            yield {"Key": key}
    elif isinstance(entry, list):
        for write in entry:
            if isinstance(write, Mapping):
                yield (write.get("PutRequest") or write.get("DeleteRequest") or {})


def _same_table(name: str, resource: str) -> bool:
    return name == resource or resource.endswith(f":table/{name}")


def _attributes(asked: Asked, need: Need) -> Values:
    """The top-level attributes that a call names, those of its keys included."""
    found: dict[str, None] = {}
    for part in parts_of(asked, need):
        names = part.get("ExpressionAttributeNames") or {}
        for holder in _MAPS:
            if isinstance(part.get(holder), Mapping):
                found |= dict.fromkeys(map(str, part[holder]))
        for holder in _LISTS:
            found |= dict.fromkeys(map(str, part.get(holder) or ()))
        for holder in _EXPRESSIONS:
            for name in _names_in(str(part.get(holder) or "")[:_LONGEST]):
                found[str(names.get(name, name))] = None
    for statement, _ in statements_of(asked):
        found |= dict.fromkeys(attributes_of(statement))
    return tuple(found)


def _names_in(expression: str) -> Iterator[str]:
    for match in _TOKEN.finditer(expression):
        name = match[2]
        if name and name.lower() not in _WORDS:
            yield name


def _select(asked: Asked, need: Need) -> Values:
    """SPECIFIC_ATTRIBUTES where a call names what it wants to see, else everything; or what it says itself."""
    if asked.text("Select"):
        return (asked.text("Select"),)
    statements = [statement for statement, _ in statements_of(asked)]
    if statements:
        return ("ALL_ATTRIBUTES" if any(map(selects_everything, statements)) else "SPECIFIC_ATTRIBUTES",)
    parts = list(parts_of(asked, need))
    if any(part.get(name) for part in parts for name in _PROJECTIONS):
        return ("SPECIFIC_ATTRIBUTES",)
    return ("ALL_PROJECTED_ATTRIBUTES",) if asked.text("IndexName") else ("ALL_ATTRIBUTES",)


def _enclosing(asked: Asked, _need: Need) -> Values:
    return (asked.operation,) if asked.operation in _ENCLOSING else ()


def _full_scan(asked: Asked, need: Need) -> Values:
    attribute = asked.lookup.full_arn("dynamodb", "", "", "partition-key", need.resource) or ""
    found = [leading_values(statement, parameters, attribute) for statement, parameters in statements_of(asked)]
    return ("true" if not all(found) else "false",)


READERS: Mapping[str, Reader] = {
    "attributes": _attributes,
    "enclosingoperation": _enclosing,
    "fulltablescan": _full_scan,
    "leadingkeys": _leading_keys,
    "returnconsumedcapacity": member("ReturnConsumedCapacity", default="NONE"),
    "returnvalues": member("ReturnValues", default="NONE"),
    "select": _select,
}
FAMILIES: Mapping[str, Any] = {}
