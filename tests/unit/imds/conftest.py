"""A fake `podid serve` that checks signatures, and IMDS beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.unit.signed_server import KEY, MovedClock, SignedServer

from podid.core.http import HttpRequest, HttpResponse
from podid.imds.serve import Imds
from podid.imds.settings import ImdsSettings
from podid.lean.client import HttpClient
from podid.lean.messages import Request, Response
from podid.lean.messages import json as json_response

T = TypeVar("T")
SECRET = "imds-secret"
INSTANCE = "i-0123456789abcdef0"


class FakeServe(SignedServer):
    """The node session extension of `podid serve`."""

    def __init__(self, clock: MovedClock) -> None:
        super().__init__(clock, service="podid", secret=SECRET)
        self.fetches = 0
        self.status = 200
        self.life = 21600.0

    async def respond(self, request: Request) -> Response:
        if (request.method, request.target.decode()) != ("POST", f"/_podid/nodes/{INSTANCE}/session"):
            self.problems.append(f"{request.method} {request.target.decode()}")
        self.fetches += 1
        number = self.fetches
        if self.hold is not None:
            await self.hold.wait()
        if self.status != 200:
            return Response(self.status)
        return json_response(200, json.dumps(self.session(number)).encode())

    def session(self, number: int) -> dict[str, str]:
        def written(at: float) -> str:
            return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

        return {
            "RoleName": "eksdemo1-node-role",
            "InstanceProfileArn": "arn:aws:iam::111122223333:instance-profile/eksdemo1-node-role",
            "InstanceId": INSTANCE,
            "AccountId": "111122223333",
            "Region": "us-east-1",
            "AccessKeyId": f"ASIA{number:016d}",
            "SecretAccessKey": "node-secret",
            "Token": "node-session",
            "Expiration": written(self.clock.at + self.life),
            "LastUpdated": written(self.clock.at),
        }


class World:
    def __init__(self, clock: MovedClock, serve: FakeServe, imds: Imds) -> None:
        self.clock = clock
        self.serve = serve
        self.imds = imds
        self.client = HttpClient()

    async def ask(self, path: str, *headers: tuple[str, str], method: str = "GET") -> HttpResponse:
        request = HttpRequest(method=method, path=path, headers=headers)
        return await self.client.send(self.imds.places[0], request, seconds=10)

    async def token(self, ttl: str = "21600") -> tuple[str, str]:
        answer = await self.ask("/latest/api/token", ("X-aws-ec2-metadata-token-ttl-seconds", ttl), method="PUT")
        assert answer.status == 200
        return ("X-aws-ec2-metadata-token", answer.body.decode())


def settings_for(url: str, folder: Path, **changes: Any) -> ImdsSettings:
    file = folder / "imds.json"
    file.write_text(json.dumps({"AccessKeyId": KEY, "SecretAccessKey": SECRET, "Account": "1", "UserArn": "a"}))
    given: dict[str, Any] = {
        "endpoint": url,
        "credentials_file": file,
        "instance_id": INSTANCE,
        "region": "us-east-1",
        "zone": "us-east-1a",
        "hosts": ("127.0.0.1",),
        "port": 0,
    }
    return ImdsSettings(**{**given, **changes})


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def in_world(clock: MovedClock, tmp_path: Path) -> Callable[..., Any]:
    """Runs a scenario with a started IMDS; keyword arguments change its settings."""

    def run(scenario: Callable[[World], Awaitable[T]], **changes: Any) -> T:
        async def main() -> T:
            serve = FakeServe(clock)
            await serve.start()
            imds = Imds(settings_for(serve.url, tmp_path, **changes), clock=clock.seconds)
            await imds.start()
            world = World(clock, serve, imds)
            try:
                async with asyncio.timeout(30):
                    return await scenario(world)
            finally:
                await world.client.close()
                await imds.stop()
                await serve.stop()

        return asyncio.run(main())

    return run
