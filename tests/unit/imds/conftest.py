"""A fake `podid serve` that checks signatures, IMDS beside it, and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from podid.core.http import HttpRequest, HttpResponse
from podid.core.sigv4 import check, read_claim
from podid.imds.serve import Imds
from podid.imds.settings import ImdsSettings
from podid.lean.client import HttpClient
from podid.lean.messages import Request, Response
from podid.lean.messages import json as json_response
from podid.lean.server import HttpServer, bound_socket

T = TypeVar("T")
KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "imds-secret"
INSTANCE = "i-0123456789abcdef0"


class MovedClock:
    def __init__(self) -> None:
        self.at = float(int(time.time()))

    def __call__(self) -> float:
        return self.at


class FakeServe:
    """The node session extension of `podid serve`."""

    def __init__(self, clock: MovedClock) -> None:
        self.clock = clock
        self.fetches = 0
        self.status = 200
        self.life = 21600.0
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
            assert (claim.access_key_id, claim.region, claim.service) == (KEY, "us-east-1", "podid")
            assert (request.method, received.path) == ("POST", f"/_podid/nodes/{INSTANCE}/session")
            check(claim, received, SECRET, now=datetime.fromtimestamp(self.clock.at, UTC))
        except Exception as problem:
            self.problems.append(repr(problem))
            raise


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
            imds = Imds(settings_for(serve.url, tmp_path, **changes), clock=clock)
            await imds.start()
            world = World(clock, serve, imds)
            try:
                async with asyncio.timeout(30):
                    return await scenario(world)
            finally:
                await world.client.close()
                await imds.stop()
                assert serve.server is not None
                await serve.server.close(grace=0.5)
                assert serve.problems == []

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
