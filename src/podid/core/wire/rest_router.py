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
    """One operation that an address may mean."""

    def __init__(self, operation: OperationModel) -> None:
        self.operation = operation
        self.template = template_of(operation)

    @cached_property
    def label_members(self) -> dict[str, str]:
        """The member of each label: the template has wire names."""
        shape = self.operation.input
        if shape is None:
            return {}
        return {member.wire_name: member.name for member in shape.bound_members if member.location == "uri"}

    @cached_property
    def needs(self) -> tuple[tuple[bool, str], ...]:
        """What the operation cannot do without, path aside: whether it is a query parameter (else a header), and its name."""
        shape = self.operation.input
        if shape is None:
            return ()
        return tuple(
            (True, member.wire_name) if member.location == "querystring" else (False, member.wire_name.lower())
            for member in shape.bound_members
            if member.name in shape.required and member.location in ("querystring", "header")
        )

    @cached_property
    def own_names(self) -> frozenset[str]:
        """The query parameters that the operation knows."""
        shape = self.operation.input
        bound = () if shape is None else shape.bound_members
        return self.template.literal_names | {member.wire_name for member in bound if member.location == "querystring"}

    def selects(self, query: dict[str, str]) -> bool:
        """Whether the query has what the template asks for."""
        return all(name in query and (value is None or query[name] == value) for name, value in self.template.literals)

    def rank(self, query: dict[str, str], headers: set[str]) -> tuple[int, ...]:
        """The more a template says, the better it fits.

        `x-id`, which SDKs add, only decides between equals: a caller could write anything there. Last comes the shorter name: ListBuckets
        before ListDirectoryBuckets.
        """
        template, operation = self.template, self.operation
        met = sum(name in (query if in_query else headers) for in_query, name in self.needs)
        return (
            len(template.segments) - len(template.labels),
            len(template.literals),
            met - len(self.needs),
            met,
            not operation.deprecated,
            query.get("x-id") == operation.name,
            -len(operation.name),
        )


class _Address:
    """A path template and the operations that share it."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.routes: list[_Route] = []

    def fit(self, raw: tuple[str, ...]) -> dict[str, str] | None:
        """The label values of a path, by label; None where it is not of the template. A trailing slash counts in a greedy label only."""
        template = self.template
        labels: dict[str, str] = {}
        if template.greedy >= 0:
            before, after = template.greedy, len(template.segments) - template.greedy - 1
            end = len(raw) - after
            value = _decoded("/".join(raw[before:end])) if end > before else ""
            if not value:
                return None
            labels[template.labels[before]] = value
            raw = (*raw[:before], "", *raw[end:])
        for position, expected in enumerate(template.segments):
            segment = raw[position]
            if position == template.greedy:
                continue
            if position not in template.labels:
                if segment != expected and _decoded(segment) != expected:
                    return None
            elif segment in ("", ".", ".."):
                return None
            else:
                labels[template.labels[position]] = _decoded(segment)
        return labels


class Router:
    """All addresses of a rest service: by method, number of segments and first literal segment, so that few are tried."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._fixed: dict[tuple[str, int, str], list[_Address]] = {}
        self._greedy: dict[str, list[_Address]] = {}
        self._selecting: dict[str, set[str]] = {}
        addresses: dict[tuple[str, tuple[str, ...]], _Address] = {}
        for operation in model.operations.values():
            route = _Route(operation)
            template = route.template
            method = operation.method
            address = addresses.get((method, template.segments))
            if address is None:
                address = addresses[method, template.segments] = _Address(template)
                self._add(method, address)
            address.routes.append(route)
            bare = {name for name, value in template.literals if value is None}
            self._selecting.setdefault(method, set()).update(bare)

    def _add(self, method: str, address: _Address) -> None:
        template = address.template
        if template.greedy >= 0:
            self._greedy.setdefault(method, []).append(address)
            return
        first = "" if not template.segments or 0 in template.labels else template.segments[0]
        self._fixed.setdefault((method, len(template.segments), first), []).append(address)

    def match(self, request: HttpRequest) -> Match | None:
        """The operation and its labels. Raises Unreadable for an address that cannot be decoded, InvalidInput for an ambiguous one."""
        if not request.path.startswith("/"):
            return None
        raw = tuple(request.path.split("/")[1:])
        segments = _segments(request.path)
        candidates = [
            *self._fixed.get((request.method, len(segments), _decoded(segments[0]) if segments else ""), ()),
            *(self._fixed.get((request.method, len(segments), ""), ()) if segments else ()),
        ]
        found = [(address, address.fit(segments)) for address in candidates]
        found += [(address, address.fit(raw)) for address in self._greedy.get(request.method, ())]
        able = [(route, labels) for address, labels in found if labels is not None for route in address.routes]
        if not able:
            return None
        pairs = form.parse_pairs(request.query) if request.query else []
        query = dict(pairs)
        able = [(route, labels) for route, labels in able if route.selects(query)]
        if not able:
            return None
        headers = {name for name, _ in request.headers}
        route, labels = max(able, key=lambda one: one[0].rank(query, headers)) if len(able) > 1 else able[0]
        if pairs:
            self._refuse_ambiguous(route, pairs, request.method)
        return Match(route.operation, {route.label_members.get(name, name): text for name, text in labels.items()})

    def _refuse_ambiguous(self, route: _Route, pairs: Pairs, method: str) -> None:
        selecting = self._selecting.get(method, set())
        names = [name for name, _ in pairs]
        literals = route.template.literal_names
        others = {name for name in names if name in selecting and name not in route.own_names}
        twice = {name for name in literals if names.count(name) > 1}
        if others or twice:
            code, status = dialect_of(self._model.name, self._model.protocol).constraint
            told = ", ".join(sorted(others | literals))
            raise InvalidInput(code, status, f"Conflicting query string parameters: {told}")


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
