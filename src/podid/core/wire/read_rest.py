"""What the rest protocols bind to places outside the body: path labels, query parameters, headers."""

from __future__ import annotations

from typing import Any

from podid.core.http import HttpRequest
from podid.core.wire import form, scalars
from podid.core.wire.form import Pairs
from podid.core.wire.model import Match
from podid.core.wire.problems import Unreadable
from podid.core.wire.rest_router import template_of
from podid.core.wire.shapes import Member, Shape


def read_bindings(match: Match, shape: Shape, request: HttpRequest) -> dict[str, Any]:
    """The members that do not travel in the body. Raises Unreadable."""
    members: dict[str, Any] = {}
    pairs = form.parse_pairs(request.query) if request.query else []
    for member in shape.bound_members:
        value = _bound(member, match, pairs, request, shape)
        if value is not None:
            members[member.name] = value
    return members


def _bound(member: Member, match: Match, pairs: Pairs, request: HttpRequest, shape: Shape) -> Any:
    if member.location == "uri":
        text = match.path_members.get(member.name)
        return None if text is None else scalars.from_text(member, text)
    if member.location == "querystring":
        if member.shape.type == "map":
            return _query_map(member, match, pairs, shape)
        return _query_value(member, pairs)
    if member.location == "header":
        return _header(member, request)
    if member.location == "headers":
        return _prefixed(member, request)
    raise Unreadable(f"{member.wire_name} cannot be sent")  # statusCode: an answer's


def _query_value(member: Member, pairs: Pairs) -> Any:
    texts = [text for name, text in pairs if name == member.wire_name]
    if not texts:
        return None
    if member.shape.type == "list":
        return [scalars.from_text(member.shape.item, text) for text in texts]
    if len(texts) > 1:
        # Which of the two counts is what readers disagree about.
        raise Unreadable(f"the query parameter {member.wire_name} is given twice")
    return scalars.from_text(member, texts[0])


def _query_map(member: Member, match: Match, pairs: Pairs, shape: Shape) -> dict[str, Any] | None:
    """All parameters that nothing else has taken."""
    taken = {
        other.wire_name for other in shape.bound_members if other.location == "querystring" and other is not member
    }
    taken |= template_of(match.operation).literal_names
    held = member.shape.value
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name in taken or name.lower().startswith("x-amz-"):
            continue
        if held.shape.type == "list":
            found.setdefault(name, []).append(scalars.from_text(held.shape.item, text))
        elif name in found:
            raise Unreadable(f"the query parameter {name[:80]!r} is given twice")
        else:
            found[name] = scalars.from_text(held, text)
    return found or None


def _header(member: Member, request: HttpRequest) -> Any:
    name = member.wire_name.lower()
    texts = [text for key, text in request.headers if key == name]
    if not texts:
        return None
    if member.shape.type == "list":
        item = member.shape.item
        return [scalars.from_text(item, text) for text in split_list(", ".join(texts), item.shape.type)]
    if len(texts) > 1:
        raise Unreadable(f"the header {member.wire_name} is given twice")
    if member.jsonvalue:
        return scalars.header_json(texts[0])
    return scalars.from_text(member, texts[0])


def split_list(text: str, kind: str) -> list[str]:
    """The items of a list in a header (RFC 9110 section 5.6.1): quoted where they hold a comma; HTTP dates hold one each."""
    if kind == "timestamp" and "GMT" in text:
        days = [part.strip() for part in text.split(",")]
        return [f"{day}, {date}" for day, date in zip(days[::2], days[1::2], strict=False)]
    items: list[str] = []
    at = 0
    while at <= len(text):
        at += len(text) - at - len(text[at:].lstrip())
        if text[at : at + 1] == '"':
            item, at = _quoted(text, at + 1)
            at = text.find(",", at) + 1 or len(text) + 1
        else:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            item, at = text[at:end].strip(), end + 1
        items.append(item)
    return items


def _quoted(text: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(text):
        character = text[at]
        if character == '"':
            return "".join(parts), at + 1
        if character == "\\" and at + 1 < len(text):
            at += 1
            character = text[at]
        parts.append(character)
        at += 1
    raise Unreadable("a quoted item of a header does not end")


def _prefixed(member: Member, request: HttpRequest) -> dict[str, str] | None:
    prefix = member.wire_name.lower() if member.is_named else ""
    found: dict[str, str] = {}
    for name, text in request.headers:
        if name.startswith(prefix) and len(name) > len(prefix):
            key = name[len(prefix) :]
            # Repeated metadata headers are one value with commas (RFC 9110 section 5.3).
            found[key] = f"{found[key]},{text}" if key in found else text
    return found or None
