"""A fake EKS Auth that is a real HTTP server and checks each signature, an agent beside it, and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from podid.agent.server import Agent
from podid.agent.settings import AgentSettings
from podid.core.http import HttpRequest, HttpResponse
from podid.core.sigv4 import check, read_claim
from podid.lean.client import HttpClient
from podid.lean.messages import Request, Response
from podid.lean.messages import json as json_response
from podid.lean.server import HttpServer, bound_socket

T = TypeVar("T")
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "node-secret"


class MovedClock:
    """Starts now and stands still until it is moved: signatures stay within EKS Auth's window, tests never sleep."""

    def __init__(self) -> None:
        self.at = float(int(time.time()))

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def move(self, seconds: float) -> None:
        self.at += seconds


class FakeEksAuth:
    """AssumeRoleForPodIdentity over HTTP. `behaviour` may be replaced; requests with a bad signature fail the test."""

    def __init__(self, clock: MovedClock) -> None:
        self.clock = clock
        self.tokens: list[str] = []
        self.paths: list[str] = []
        self.life = 21600.0
        self.behaviour: Callable[[], Response | Awaitable[Response]] = self.grant
        self.hold: asyncio.Event | None = None
        self.problems: list[str] = []
        self.server: HttpServer | None = None
        self.url = ""

    async def start(self) -> None:
        self.server = HttpServer(self.answer)
        sock = bound_socket("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        await self.server.listen(sock)

    async def answer(self, request: Request) -> Response:
        self._check(request)
        self.paths.append(request.target.decode())
        self.tokens.append(json.loads(request.body)["token"])
        if self.hold is not None:
            await self.hold.wait()
        result = self.behaviour()
        return result if isinstance(result, Response) else await result

    def grant(self) -> Response:
        body = {
            "subject": {"namespace": "default", "serviceAccount": "s3"},
            "audience": "pods.eks.amazonaws.com",
            "podIdentityAssociation": {"associationArn": "arn:a", "associationId": "a-dt1bedfjc72dlwp5n"},
            "assumedRoleUser": {
                "arn": "arn:aws:sts::444455556666:assumed-role/target/eks-c-p-uuid",
                "assumeRoleId": "AROAEXAMPLE:eks-c-p-uuid",
            },
            "credentials": {
                "accessKeyId": f"ASIA{len(self.tokens):016d}",
                "secretAccessKey": "pod-secret",
                "sessionToken": "pod-session",
                "expiration": self.clock.at + self.life,
            },
        }
        return json_response(200, json.dumps(body).encode())

    def refuse(self, status: int, code: str, message: str) -> None:
        """From now on answer with an error of the rest-json protocol."""
        headers = (("x-amzn-ErrorType", f"{code}:http://internal.amazon.com/"), ("x-amzn-RequestId", "request-1"))
        body = json.dumps({"message": message}).encode()
        self.behaviour = lambda: json_response(status, body, *headers)

    def _check(self, request: Request) -> None:
        received = HttpRequest(
            method=request.method,
            path=request.target.decode(),
            headers=tuple((name.decode(), value.decode()) for name, value in request.headers),
            body=request.body,
        )
        try:
            claim = read_claim(received)
            assert claim is not None
            assert (claim.access_key_id, claim.region, claim.service) == (KEY, "us-east-1", "eks-auth")
            check(claim, received, SECRET, now=self.clock())
        except Exception as problem:
            self.problems.append(repr(problem))
            raise


class World:
    """An agent, the EKS Auth it asks, and a client to be a pod with."""

    def __init__(self, clock: MovedClock, eks_auth: FakeEksAuth, agent: Agent) -> None:
        self.clock = clock
        self.eks_auth = eks_auth
        self.agent = agent
        self.client = HttpClient(connections=200)

    async def get(
        self, token: str = "", *headers: tuple[str, str], method: str = "GET", path: str = "/v1/credentials"
    ) -> HttpResponse:
        sent = (("Authorization", token), *headers) if token else headers
        request = HttpRequest(method=method, path=path, headers=sent)
        return await self.client.send(self.agent.credential_places[0], request, seconds=10)

    async def ask(self, url: str, path: str) -> HttpResponse:
        return await self.client.send(url, HttpRequest(method="GET", path=path), seconds=10)

    @property
    def calls(self) -> int:
        return len(self.eks_auth.tokens)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def make_token(
    clock: MovedClock, *, uid: str = "uid-1", life: float = 3600.0, early: float = -5.0, name: str = ""
) -> str:
    """A token that only looks like one: the agent does not check signatures by itself. `name` makes it another of the same pod."""
    claims = {
        "iss": "https://issuer.example",
        "aud": ["pods.eks.amazonaws.com"],
        "exp": int(clock.at + life),
        "nbf": int(clock.at + early),
        "jti": name,
        "sub": "system:serviceaccount:default:s3",
        "kubernetes.io": {
            "namespace": "default",
            "pod": {"name": "pod-1", "uid": uid},
            "serviceaccount": {"name": "s3", "uid": "sa-1"},
        },
    }
    return f"{part({'alg': 'RS256', 'kid': 'k'})}.{part(claims)}.c2lnbmF0dXJl"


ENVIRONMENT = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}


def settings_for(url: str, **changes: Any) -> AgentSettings:
    given: dict[str, Any] = {
        "cluster_name": "eksdemo1",
        "port": 0,
        "probe_port": 0,
        "metrics_port": 0,
        "metrics_address": "127.0.0.1",
        "bind_hosts": ("127.0.0.1",),
        "endpoint": url,
        "attempts": 1,
        "grace": 0.5,
    }
    return AgentSettings(**{**given, **changes})


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def token(clock: MovedClock) -> Callable[..., str]:
    return lambda **options: make_token(clock, **options)


@pytest.fixture
def in_world(clock: MovedClock) -> Callable[..., Any]:
    """Runs a scenario with a started agent; keyword arguments change its settings."""

    def run(
        scenario: Callable[[World], Awaitable[T]], *, environment: dict[str, str] | None = None, **changes: Any
    ) -> T:
        async def main() -> T:
            eks_auth = FakeEksAuth(clock)
            await eks_auth.start()
            agent = Agent(
                settings_for(eks_auth.url, **changes), environment={**ENVIRONMENT, **(environment or {})}, clock=clock
            )
            world = World(clock, eks_auth, agent)
            try:
                await agent.start()
                async with asyncio.timeout(30):
                    return await scenario(world)
            finally:
                await world.client.close()
                await agent.stop()
                assert eks_auth.server is not None
                await eks_auth.server.close(grace=0.5)
                assert eks_auth.problems == []

        return asyncio.run(main())

    return run


class Background:
    """An event loop on a thread of its own, for clients that block."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()
