"""GET pods/NAME/log: `kubectl logs`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from podid.localcluster.apiserver.http import Answer, Query
from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.objects.metadata import name_of, parse_timestamp
from podid.localcluster.ports import ContainerAccess, LogOptions, NotRunning, Object


async def read_logs(containers: ContainerAccess, pod: Object, query: Query, now: datetime) -> Answer:
    """The log as a stream of text. Raises BadRequest, also where there is no log to read (yet)."""
    container = choose_container(pod, query.text("container"))
    pieces = containers.logs(pod, container, _options(query, now))
    # The first piece is taken before the status line is written, so that what fails at once fails with a status.
    try:
        first = await anext(pieces, None)
    except NotRunning as problem:
        raise BadRequest(str(problem)) from problem
    return Answer(content_type="text/plain", stream=_rest(first, pieces))


async def _rest(first: bytes | None, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    try:
        if first is None:
            return
        yield first
        try:
            async for piece in pieces:
                yield piece
        except NotRunning:
            return
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


def choose_container(pod: Object, wanted: str) -> str:
    """The name of a container of the pod: the wanted one, or the only one. Raises BadRequest."""
    spec: dict[str, Any] = pod["spec"]
    plain = [str(one["name"]) for one in spec.get("containers") or ()]
    started_before = [one["name"] for one in spec.get("initContainers") or ()]
    every = plain + started_before + [one["name"] for one in spec.get("ephemeralContainers") or ()]
    if wanted:
        if wanted not in every:
            raise BadRequest(f"container {wanted} is not valid for pod {name_of(pod)}")
        return wanted
    if len(plain) == 1:
        return plain[0]
    told = f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(plain)}]"
    if started_before:
        told += f" or one of the init containers: [{' '.join(started_before)}]"
    raise BadRequest(told)


def _options(query: Query, now: datetime) -> LogOptions:
    tail, seconds, limit = (query.integer(name) for name in ("tailLines", "sinceSeconds", "limitBytes"))
    for name, value, least in (("tailLines", tail, 0), ("sinceSeconds", seconds, 1), ("limitBytes", limit, 1)):
        if value is not None and value < least:
            raise BadRequest(f"{name}: Invalid value: {value}: must be greater than or equal to {least}")
    since = parse_timestamp(query.text("sinceTime"))
    if query.text("sinceTime") and since is None:
        raise BadRequest("sinceTime: Invalid value: must be RFC 3339")
    if seconds is not None:
        since = now - timedelta(seconds=min(seconds, 10**9))
    return LogOptions(
        follow=query.flag("follow"),
        tail_lines=tail,
        since=since,
        timestamps=query.flag("timestamps"),
        previous=query.flag("previous"),
        limit_bytes=limit,
    )
