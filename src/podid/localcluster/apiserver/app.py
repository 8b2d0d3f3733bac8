"""The API server as an ASGI application: the steps of every request, in order.

1. read the head                     http.Request
2. who asks                          authentication
3. what is meant                     paths; discovery, openapi, version and health have paths of their own
4. may they                          authorization
5. answer                            reading, writing, reviews, token_requests, logs, streams
6. write                             http.send_answer; a failure becomes a Status here, and nowhere else
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from podid.core.clock import Clock
from podid.localcluster.admission.gate import Gate
from podid.localcluster.apiserver import discovery, openapi
from podid.localcluster.apiserver.attributes import Attributes
from podid.localcluster.apiserver.authentication import Authenticator
from podid.localcluster.apiserver.authorization import PUBLIC_PATHS, is_allowed, refusal
from podid.localcluster.apiserver.evictions import evict
from podid.localcluster.apiserver.http import (
    Answer,
    Receive,
    Request,
    Scope,
    Send,
    error_answer,
    json_answer,
    send_answer,
    text_answer,
)
from podid.localcluster.apiserver.issuer import Issuer
from podid.localcluster.apiserver.logs import choose_container, read_logs
from podid.localcluster.apiserver.paths import Target, parse_path
from podid.localcluster.apiserver.portforward import PROTOCOL as PORT_FORWARD
from podid.localcluster.apiserver.portforward import PortForward
from podid.localcluster.apiserver.reading import Reader
from podid.localcluster.apiserver.reviews import review
from podid.localcluster.apiserver.scaling import scale
from podid.localcluster.apiserver.streams import run_attach, run_exec
from podid.localcluster.apiserver.token_requests import request_token
from podid.localcluster.apiserver.websockets import CHANNELS, Channels, choose_protocol, refuse
from podid.localcluster.apiserver.writing import Writer
from podid.localcluster.objects.errors import (
    ApiError,
    BadRequest,
    InternalError,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.ports import ContainerAccess, Object
from podid.localcluster.service_account_tokens import ServiceAccountTokens
from podid.localcluster.users import AUTHENTICATED, User

_log = logging.getLogger(__name__)
_HEALTH: Final = ("/healthz", "/livez", "/readyz")
_VERBS: Final = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_STREAMS: Final = ("exec", "attach", "portforward")


class ApiServer:
    """The application. Set `stopping` to end every stream, before the server's own shutdown waits for them."""

    def __init__(
        self,
        store: ObjectStore,
        gate: Gate,
        authenticator: Authenticator,
        tokens: ServiceAccountTokens,
        issuer: Issuer,
        containers: ContainerAccess | None,
        *,
        clock: Clock,
    ) -> None:
        self.stopping = asyncio.Event()
        self._store = store
        self._authenticator = authenticator
        self._tokens = tokens
        self._issuer = issuer
        self._containers = containers
        self._clock = clock
        self._reader = Reader(store, clock=clock)
        self._writer = Writer(store, gate, clock=clock)
        self._gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            try:
                request = Request(scope, receive)
                answer = await self._answer(request)
            except ApiError as error:
                if error.private:
                    _log.info("refused: %s", error.private)
                answer = error_answer(error)
            except Exception:
                _log.exception("a request failed")
                answer = error_answer(InternalError("the local cluster's API server failed; its log says why"))
            await send_answer(answer, send, receive, self.stopping)

    async def _answer(self, request: Request) -> Answer:
        user = await self._authenticator.identify(request)
        target = parse_path(request.path)
        if target is None:
            return self._answer_path(request, user)
        self._authorize(user, target, _verb(request, target))
        answerers = self._answerers(target)
        answerer = answerers.get(request.method)
        if answerer is None:
            raise MethodNotAllowed
        return await answerer(target, request, user)

    def _answer_path(self, request: Request, user: User) -> Answer:
        """What is no resource."""
        path, verb = request.path, _VERBS.get(request.method, request.method.lower())
        if not is_allowed(user, Attributes(verb=verb, path=path)):
            if AUTHENTICATED not in user.groups and path not in PUBLIC_PATHS:
                raise Unauthorized
            raise refusal(user, Attributes(verb=verb, path=path))
        if path in _HEALTH or path.startswith(tuple(one + "/" for one in _HEALTH)):
            found: Answer | None = text_answer("ok")
        elif path == "/version":
            found = json_answer(discovery.version())
        else:
            found = self._issuer.answer(path) or discovery.discover(path, request.accept) or openapi.describe_api(path)
        if found is None:
            raise NotFound("the server could not find the requested resource")
        if verb != "get":
            raise MethodNotAllowed
        return found

    def _authorize(self, user: User, target: Target, verb: str) -> None:
        wanted = Attributes(
            verb=verb,
            group=target.kind.group,
            resource=target.kind.resource,
            subresource=target.subresource,
            namespace=target.name if target.kind.resource == "namespaces" else target.namespace,
            name=target.name,
        )
        if not is_allowed(user, wanted):
            if AUTHENTICATED not in user.groups:
                raise Unauthorized
            raise refusal(user, wanted)

    def _answerers(self, target: Target) -> dict[str, Callable[[Target, Request, User], Awaitable[Answer]]]:
        """What answers each method, for this kind of target."""
        writer = self._writer
        kind = target.kind
        if not kind.stored:
            return {"POST": self._review} if not target.name else {}
        if not target.name:
            return {"GET": self._list, "POST": writer.create, "DELETE": writer.delete_all}
        match target.subresource:
            case "":
                return {"GET": self._get, "PUT": writer.replace, "PATCH": writer.patch, "DELETE": writer.delete}
            case "status":
                return {"GET": self._get, "PUT": writer.replace, "PATCH": writer.patch}
            case "finalize":
                return {"PUT": writer.replace}
            case "token":
                return {"POST": self._token}
            case "log":
                return {"GET": self._logs}
            case "scale":
                return dict.fromkeys(("GET", "PUT", "PATCH"), self._scale)
            case "eviction":
                return {"POST": self._evict}
            case "exec" | "attach" | "portforward":
                return {"GET": self._no_upgrade, "POST": self._no_upgrade}
        return {}

    async def _get(self, target: Target, request: Request, user: User) -> Answer:
        if request.query.flag("watch"):
            return self._reader.list(target, request)
        return self._reader.get(target, request)

    async def _list(self, target: Target, request: Request, user: User) -> Answer:
        return self._reader.list(target, request)

    async def _review(self, target: Target, request: Request, user: User) -> Answer:
        return await review(self._tokens, target, request, user)

    async def _token(self, target: Target, request: Request, user: User) -> Answer:
        return await request_token(self._store, self._tokens, target, request)

    async def _logs(self, target: Target, request: Request, user: User) -> Answer:
        return await read_logs(self._access(), self._pod(target), request.query, self._clock())

    async def _evict(self, target: Target, request: Request, user: User) -> Answer:
        return await evict(self._gate, target, request, user)

    async def _scale(self, target: Target, request: Request, user: User) -> Answer:
        return await scale(self._store, self._gate, target, request, user)

    async def _no_upgrade(self, target: Target, request: Request, user: User) -> Answer:
        """A stream asked for without a WebSocket: kubectl's second try, whose answer is what it shows."""
        pod = self._pod(target)
        if target.subresource != "portforward":
            choose_container(pod, request.query.text("container"))
        raise BadRequest(
            f"the local cluster speaks {target.subresource} over WebSockets only (kubectl 1.30 or newer, without "
            "KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false); SPDY is not served"
        )

    def _pod(self, target: Target) -> Object:
        pod = self._store.get("pods", target.namespace, target.name)
        if pod is None:
            raise NotFound.of("pods", "", target.name)
        return pod

    def _access(self) -> ContainerAccess:
        if self._containers is None:
            raise BadRequest("this cluster runs no pods")
        return self._containers

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            request = Request(scope, receive)
            user = await self._authenticator.identify(request)
            target = parse_path(request.path)
            if target is None or target.kind.resource != "pods" or target.subresource not in _STREAMS:
                raise NotFound("the server could not find the requested resource")
            self._authorize(user, target, "create")
            pod, access = self._pod(target), self._access()
            if target.subresource == "portforward":
                choose_protocol(scope, (PORT_FORWARD,))
                run = PortForward(access, pod, receive, send).run
            else:
                run = self._channels(scope, receive, send, target, pod, access, request)
        except ApiError as error:
            await refuse(error, send)
            return
        await self._until_stopped(run())

    def _channels(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        target: Target,
        pod: Object,
        access: ContainerAccess,
        request: Request,
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """What runs an exec or attach. Raises ApiError for what can be known before the handshake."""
        container = choose_container(pod, request.query.text("container"))
        if target.subresource == "exec" and not request.query.all("command"):
            raise BadRequest("you must specify at least 1 command for the container")
        protocol = choose_protocol(scope, CHANNELS)
        channels = Channels(receive, send)
        work = run_exec if target.subresource == "exec" else run_attach

        async def run() -> None:
            await channels.accept(protocol)
            await work(access, pod, container, request.query, channels)

        return run

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        task, stop = asyncio.create_task(work), asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
            stop.cancel()
            results = await asyncio.gather(task, stop, return_exceptions=True)
        if isinstance(results[0], Exception) and not isinstance(results[0], ConnectionError):
            _log.error("a stream failed", exc_info=results[0])


def _verb(request: Request, target: Target) -> str:
    """The verb as authorisation names it."""
    if target.subresource in _STREAMS:
        return "create"
    if request.method in ("GET", "HEAD"):
        if request.query.flag("watch"):
            return "watch"
        return "get" if target.name else "list"
    if request.method == "DELETE" and not target.name:
        return "deletecollection"
    return _VERBS.get(request.method, request.method.lower())
