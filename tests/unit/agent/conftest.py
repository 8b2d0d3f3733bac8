"""A fake EKS Auth that is a real HTTP server and checks each signature, and an agent beside it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from tests.unit.signed_server import KEY, MovedClock, SignedServer

from podid.agent.server import Agent
from podid.agent.settings import AgentSettings
from podid.core.http import HttpRequest, HttpResponse
from podid.lean.client import HttpClient
from podid.lean.messages import Request, Response
from podid.lean.messages import json as json_response

T = TypeVar("T")
SECRET = "node-secret"


class FakeEksAuth(SignedServer):
    """AssumeRoleForPodIdentity over HTTP. `behaviour` may be replaced."""

    def __init__(self, clock: MovedClock) -> None:
        super().__init__(clock, service="eks-auth", secret=SECRET)
        self.tokens: list[str] = []
        self.paths: list[str] = []
        self.life = 21600.0
        self.behaviour: Callable[[], Response | Awaitable[Response]] = self.grant

    async def respond(self, request: Request) -> Response:
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
                await eks_auth.stop()

        return asyncio.run(main())

    return run
