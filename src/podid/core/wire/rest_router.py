"""The routes of a rest service: method, path template, and the query parameters and headers that tell operations of one address apart.

Two ways to read one request are a hole when one of us authorises and another one serves, so what is ambiguous is refused: dot segments and
empty segments outside a greedy label, and two sub-resources at once (S3's own "Conflicting query string parameters").
"""

from __future__ import annotations

from functools import cached_property
from urllib.parse import unquote
from weakref import WeakKeyDictionary

from msgspec import Struct

from podid.core.http import HttpRequest
from podid.core.wire import form
from podid.core.wire.dialects import dialect_of
from podid.core.wire.form import Pairs
from podid.core.wire.model import Match, OperationModel, ServiceModel
from podid.core.wire.problems import InvalidInput, Unreadable


class Template(Struct, frozen=True):
    """A `requestUri`, taken apart. A segment is literal text, or a label if `labels` has its position."""

    segments: tuple[str, ...]
    labels: dict[int, str]
    greedy: int
    """The position of the greedy label, or -1."""
    literals: tuple[tuple[str, str | None], ...]
    """Query parameters that select the operation: a name, and a value unless the template has none."""

    @property
    def literal_names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.literals)


def parse_template(uri: str) -> Template:
    """Take apart a template such as `/{Bucket}/{Key+}?tagging`."""
    path, _, query = uri.partition("?")
    segments = _segments(path)
    labels: dict[int, str] = {}
    greedy = -1
    for position, segment in enumerate(segments):
        if segment.startswith("{") and segment.endswith("}"):
            name = segment[1:-1]
            if name.endswith("+"):
                greedy, name = position, name[:-1]
            labels[position] = name
    literals = tuple(
        (name, value if equals else None) for name, equals, value in (p.partition("=") for p in query.split("&") if p)
    )
    return Template(segments, labels, greedy, literals)


def _segments(path: str) -> tuple[str, ...]:
    """The segments after the leading slash; one trailing slash is not a segment."""
    segments = tuple(path.split("/")[1:])
    return segments[:-1] if segments and not segments[-1] else segments


_templates: WeakKeyDictionary[OperationModel, Template] = WeakKeyDictionary()


def template_of(operation: OperationModel) -> Template:
    """The operation's template, parsed once."""
    template = _templates.get(operation)
    if template is None:
        template = _templates[operation] = parse_template(operation.uri)
    return template


class _Route:
    """One operation that a method and path may mean."""

    def __init__(self, operation: OperationModel) -> None:
        self.operation = operation
        self.template = template_of(operation)

    @cached_property
    def label_members(self) -> dict[int, str]:
        """The member of each label: the template has wire names."""
        shape = self.operation.input
        by_label = {}
        if shape is not None:
            by_label = {member.wire_name: member.name for member in shape.bound_members if member.location == "uri"}
        return {position: by_label.get(label, label) for position, label in self.template.labels.items()}

    @cached_property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """Location and wire name of what the operation cannot do without, path aside."""
        shape = self.operation.input
        if shape is None:
            return ()
        return tuple(
            (member.location, member.wire_name if member.location == "querystring" else member.wire_name.lower())
            for member in shape.bound_members
            if member.name in shape.required and member.location in ("querystring", "header")
        )


class Router:
    """All routes of a rest service: by method, number of segments and first literal segment, so that few are tried."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._fixed: dict[tuple[str, int, str], list[_Route]] = {}
        self._greedy: dict[str, list[_Route]] = {}
        self._selecting: dict[str, set[str]] = {}
        for operation in model.operations.values():
            route = _Route(operation)
            template = route.template
            if template.greedy >= 0:
                self._greedy.setdefault(operation.method, []).append(route)
            else:
                first = "" if not template.segments or 0 in template.labels else template.segments[0]
                self._fixed.setdefault((operation.method, len(template.segments), first), []).append(route)
            bare = {name for name, value in template.literals if value is None}
            if bare:
                self._selecting.setdefault(operation.method, set()).update(bare)

    def match(self, request: HttpRequest) -> Match | None:
        if not request.path.startswith("/"):
            return None
        segments = _segments(request.path)
        raw = tuple(request.path.split("/")[1:])
        found: list[tuple[_Route, dict[str, str]]] = []
        for key in (_decoded(segments[0]) if segments else "", ""):
            for route in self._fixed.get((request.method, len(segments), key), ()):
                labels = _fit(route, segments)
                if labels is not None:
                    found.append((route, labels))
            if not key:
                break
        for route in self._greedy.get(request.method, ()):
            labels = _fit_greedy(route, raw)
            if labels is not None:
                found.append((route, labels))
        if not found:
            return None
        pairs = form.parse_pairs(request.query)
        route_and_labels = self._best(found, pairs, request)
        return None if route_and_labels is None else Match(route_and_labels[0].operation, route_and_labels[1])

    def _best(
        self, found: list[tuple[_Route, dict[str, str]]], pairs: Pairs, request: HttpRequest
    ) -> tuple[_Route, dict[str, str]] | None:
        query = dict(pairs)
        able = [(route, labels) for route, labels in found if _selects(route.template, query)]
        if not able:
            return None
        headers = {name for name, _ in request.headers}
        named = query.get("x-id")
        best = max(able, key=lambda one: _rank(one[0], query, headers, named))
        self._refuse_conflict(best[0], query, request.method)
        return best

    def _refuse_conflict(self, route: _Route, query: dict[str, str], method: str) -> None:
        selecting = self._selecting.get(method)
        if not selecting:
            return
        literals = route.template.literal_names
        shape = route.operation.input
        own = set() if shape is None else {member.wire_name for member in shape.bound_members}
        others = [name for name in query if name in selecting and name not in literals and name not in own]
        if others:
            names = ", ".join(sorted({*others, *literals}))
            code, status = dialect_of(self._model.name, self._model.protocol).constraint
            raise InvalidInput(code, status, f"Conflicting query string parameters: {names}")


def _selects(template: Template, query: dict[str, str]) -> bool:
    return all(name in query and (value is None or query[name] == value) for name, value in template.literals)


def _rank(route: _Route, query: dict[str, str], headers: set[str], named: str | None) -> tuple[int, ...]:
    """The more a template says, the better it fits. `x-id`, which SDKs add, only decides between equals: a caller could write anything."""
    needs = [name in (query if location == "querystring" else headers) for location, name in route.needs]
    template = route.template
    return (
        len(template.segments) - len(template.labels),
        len(template.literals),
        -needs.count(False),
        len(needs),
        not route.operation.deprecated,
        named == route.operation.name,
        -len(
            route.operation.name
        ),  # ListBuckets before ListDirectoryBuckets, GetBucketAcl before anything added to its place
    )


def _fit(route: _Route, segments: tuple[str, ...]) -> dict[str, str] | None:
    members = route.label_members
    labels: dict[str, str] = {}
    for position, expected in enumerate(route.template.segments):
        segment = segments[position]
        name = members.get(position)
        if name is None:
            if segment != expected and _decoded(segment) != expected:
                return None
        elif segment in ("", ".", ".."):
            return None
        else:
            labels[name] = _decoded(segment)
    return labels


def _fit_greedy(route: _Route, raw: tuple[str, ...]) -> dict[str, str] | None:
    template = route.template
    before, after = template.greedy, len(template.segments) - template.greedy - 1
    if len(raw) < before + 1 + after:
        return None
    middle = raw[before : len(raw) - after]
    if not any(middle):
        return None
    members = route.label_members
    labels = {members[before]: _decoded("/".join(middle))}
    fixed = [*enumerate(raw[:before])]
    fixed += [
        (position - len(raw) + len(template.segments), raw[position]) for position in range(len(raw) - after, len(raw))
    ]
    for position, segment in fixed:
        name = members.get(position)
        if name is None:
            if _decoded(segment) != template.segments[position]:
                return None
        elif segment in ("", ".", ".."):
            return None
        else:
            labels[name] = _decoded(segment)
    return labels


def _decoded(segment: str) -> str:
    if not segment.isascii():
        raise Unreadable("the path holds characters that must be percent-encoded")
    if "%" not in segment:
        return segment
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise Unreadable("the path is not UTF-8") from error


_routers: WeakKeyDictionary[ServiceModel, Router] = WeakKeyDictionary()


def router_of(model: ServiceModel) -> Router:
    """The router of a rest service, made once."""
    router = _routers.get(model)
    if router is None:
        router = _routers[model] = Router(model)
    return router
