"""GET: one object, a list, or a watch."""

from __future__ import annotations

from podid.core.clock import Clock
from podid.localcluster.apiserver.http import Answer, Request, json_answer
from podid.localcluster.apiserver.paths import Target
from podid.localcluster.apiserver.shapes import choose_shape, frame_shaper, shape_list, shape_object
from podid.localcluster.apiserver.watching import MAX_SECONDS, Watch, frames
from podid.localcluster.objects.errors import BadRequest, Cause, Expired, Invalid, NotFound
from podid.localcluster.objects.selectors import FieldTerm, Filter, parse_field_selector, parse_label_selector
from podid.localcluster.objects.store import ObjectStore


class Reader:
    """Answers what does not change anything."""

    def __init__(self, store: ObjectStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def get(self, target: Target, request: Request) -> Answer:
        kind = target.kind
        obj = self._store.get(kind.resource, target.namespace, target.name)
        if obj is None:
            raise NotFound.of(kind.resource, kind.group, target.name)
        return json_answer(shape_object(obj, kind, choose_shape(request.accept, request.query), self._clock()))

    def list(self, target: Target, request: Request) -> Answer:
        """A list, or a watch where the query says so. A name in the path watches that one object."""
        kind, query = target.kind, request.query
        shape = choose_shape(request.accept, query)
        filter_ = read_filter(target, request)
        namespace = target.namespace or None
        if query.flag("watch"):
            watch = self._watch(target, request, filter_, namespace)
            stream = frames(self._store, watch, frame_shaper(kind, shape, self._clock))
            return Answer(stream=stream)
        revision = str(self._store.revision)
        found = [obj for obj in self._store.list(kind.resource, namespace) if filter_.accepts(obj)]
        return json_answer(shape_list(found, kind, shape, now=self._clock(), revision=revision))

    def _watch(self, target: Target, request: Request, filter_: Filter, namespace: str | None) -> Watch:
        query = request.query
        text = query.text("resourceVersion")
        if text and not text.isdecimal():
            raise BadRequest(f"resourceVersion: Invalid value: {text[:50]!r}: strconv.ParseUint: invalid syntax")
        since = int(text or "0")
        initial = query.flag("sendInitialEvents")
        if initial and query.text("resourceVersionMatch") != "NotOlderThan":
            cause = Cause(
                "FieldValueForbidden",
                "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                "resourceVersionMatch",
            )
            raise Invalid.of("ListOptions", "meta.k8s.io", "", [cause])
        if since > self._store.revision:
            raise Expired(f"Too large resource version: {since}, current: {self._store.revision}")
        seconds = query.integer("timeoutSeconds") or 0
        return Watch(
            kind=target.kind,
            namespace=namespace,
            filter=filter_,
            since=None if since == 0 or initial else since,
            bookmarks=query.flag("allowWatchBookmarks"),
            mark_initial_end=initial and query.flag("allowWatchBookmarks"),
            seconds=min(seconds, MAX_SECONDS) if seconds > 0 else MAX_SECONDS,
        )


def read_filter(target: Target, request: Request) -> Filter:
    """The selectors of the query; a name in the path counts as one. Raises BadRequest."""
    fields = parse_field_selector(request.query.text("fieldSelector"), target.kind.resource)
    if target.name:
        fields += (FieldTerm("metadata.name", target.name, True),)
    return Filter(parse_label_selector(request.query.text("labelSelector")), fields)
