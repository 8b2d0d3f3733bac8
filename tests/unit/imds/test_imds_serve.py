"""IMDS over real HTTP, its session from a `podid serve` over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import InstanceMetadataProvider
from botocore.utils import InstanceMetadataFetcher, InstanceMetadataRegionFetcher
from tests.unit.imds.conftest import INSTANCE, FakeServe, settings_for
from tests.unit.signed_server import Background, MovedClock

from podid.imds.serve import Imds, accepted_hosts
from podid.imds.settings import BadSettings, ImdsSettings, check

Run = Callable[..., Any]
ROLES = "/latest/meta-data/iam/security-credentials/"


def test_the_role_and_its_credentials(in_world: Run) -> None:
    async def scenario(world: Any) -> None:
        token = await world.token()
        role = await world.ask(ROLES, token)
        assert (role.status, role.body) == (200, b"eksdemo1-node-role")
        document = json.loads((await world.ask(ROLES + "eksdemo1-node-role", token)).body)
        assert list(document) == [
            "Code",
            "LastUpdated",
            "Type",
            "AccessKeyId",
            "SecretAccessKey",
            "Token",
            "Expiration",
        ]
        assert (document["Code"], document["Type"], document["Token"]) == ("Success", "AWS-HMAC", "node-session")
        info = json.loads((await world.ask("/latest/meta-data/iam/info", token)).body)
        assert info["InstanceProfileArn"] == "arn:aws:iam::111122223333:instance-profile/eksdemo1-node-role"
        identity = json.loads((await world.ask("/latest/dynamic/instance-identity/document", token)).body)
        assert (identity["accountId"], identity["instanceId"], identity["region"]) == (
            "111122223333",
            INSTANCE,
            "us-east-1",
        )
        assert world.serve.fetches == 1

    in_world(scenario)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/latest/meta-data/instance-id", INSTANCE),
        ("/latest/meta-data/placement/region", "us-east-1"),
        ("/latest/meta-data/placement/availability-zone", "us-east-1a"),
        ("/latest/meta-data/placement/", "availability-zone\nregion"),
        ("/latest/meta-data/placement", "availability-zone\nregion"),
        ("/latest/meta-data/", "iam/\ninstance-id\nplacement/\nservices/"),
        ("/latest/meta-data/iam/", "info\nsecurity-credentials/"),
        ("/latest/meta-data/services/partition", "aws"),
        ("/latest/", "dynamic/\nmeta-data/"),
        ("/latest/meta-data/instance-id?x=y", INSTANCE),
        ("/latest/meta-data/instance-id/", INSTANCE),
    ],
)
def test_what_is_there_to_read(in_world: Run, path: str, body: str) -> None:
    async def scenario(world: Any) -> None:
        token = await world.token()
        await world.ask(ROLES, token)
        answer = await world.ask(path, token)
        assert (answer.status, answer.body.decode()) == (200, body)
        assert dict(answer.headers)["content-type"] == "text/plain"

    in_world(scenario)


def test_without_a_good_token_the_answer_is_401(in_world: Run) -> None:
    async def scenario(world: Any) -> None:
        name, good = await world.token("60")
        altered = good[:20] + ("B" if good[20] == "A" else "A") + good[21:]
        for headers in ((), ((name, ""),), ((name, "AQAE" + "A" * 52),), ((name, altered),)):
            answer = await world.ask(ROLES, *headers)
            assert answer.status == 401
            assert b"401 - Unauthorized" in answer.body
            assert b"eksdemo1-node-role" not in answer.body
        assert (await world.ask(ROLES, (name, good))).status == 200
        world.clock.at += 59
        assert (await world.ask(ROLES, (name, good))).status == 200
        world.clock.at += 2
        assert (await world.ask(ROLES, (name, good))).status == 401

    in_world(scenario)


@pytest.mark.parametrize("ttl", ["", "0", "21601", "soon"])
def test_a_token_with_a_bad_life_is_400(in_world: Run, ttl: str) -> None:
    async def scenario(world: Any) -> None:
        header = ("X-aws-ec2-metadata-token-ttl-seconds", ttl)
        assert (await world.ask("/latest/api/token", header, method="PUT")).status == 400

    in_world(scenario)


def test_put_without_a_content_length_works(in_world: Run) -> None:
    """As the SDKs of Java and Rust send it."""

    async def scenario(world: Any) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(world.imds.places[0].rpartition(":")[2]))
        writer.write(
            b"PUT /latest/api/token HTTP/1.1\r\nHost: 169.254.169.254\r\n"
            b"x-aws-ec2-metadata-token-ttl-seconds: 21600\r\nConnection: close\r\n\r\n"
        )
        answer = await reader.read()
        writer.close()
        return answer

    answer = in_world(scenario)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"X-Aws-Ec2-Metadata-Token-Ttl-Seconds: 21600" in answer


@pytest.mark.parametrize(
    ("headers", "method", "path", "status"),
    [
        ((("X-Forwarded-For", "1.2.3.4"),), "PUT", "/latest/api/token", 403),
        ((("X-Forwarded-For", "1.2.3.4"),), "GET", ROLES, 403),
        ((("Host", "evil.example"),), "GET", ROLES, 403),
        ((("Host", "169.254.169.254"), ("Host", "x")), "GET", ROLES, 400),
        ((), "GET", "/latest/api/token", 405),
        ((), "POST", ROLES, 405),
        ((), "GET", "/latest/meta-data/nothing", 404),
        ((), "GET", "/latest/meta-data/instance-id/x", 404),
        ((), "GET", ROLES + "another-role", 404),
        ((), "GET", "/2099-01-01/meta-data/", 404),
    ],
)
def test_refusals(in_world: Run, headers: tuple[tuple[str, str], ...], method: str, path: str, status: int) -> None:
    async def scenario(world: Any) -> None:
        token = await world.token()
        answer = await world.ask(path, token, *headers, method=method)
        assert answer.status == status
        assert answer.body.startswith(b'<?xml version="1.0" encoding="iso-8859-1"?>')
        assert dict(answer.headers)["content-type"] == "text/html"

    in_world(scenario)


async def credentials(world: Any, token: tuple[str, str]) -> tuple[int, str]:
    answer = await world.ask(ROLES + "eksdemo1-node-role", token)
    return answer.status, json.loads(answer.body)["AccessKeyId"] if answer.status == 200 else ""


async def fetched(world: Any, number: int) -> None:
    while world.serve.fetches < number or world.imds._sessions._fetching is not None:
        await asyncio.sleep(0)


def test_the_session_is_renewed_at_half_of_its_life_behind_the_answer(in_world: Run) -> None:
    async def scenario(world: Any) -> None:
        token = await world.token()
        assert await credentials(world, token) == (200, "ASIA0000000000000001")
        world.clock.at += 3 * 3600
        assert await credentials(world, token) == (200, "ASIA0000000000000001")
        await fetched(world, 2)
        assert await credentials(world, token) == (200, "ASIA0000000000000002")

    in_world(scenario)


def test_the_session_is_served_until_it_ends_while_serve_is_down(in_world: Run) -> None:
    async def scenario(world: Any) -> None:
        assert (await credentials(world, await world.token()))[0] == 200
        world.serve.status = 500
        world.clock.at += 6 * 3600 - 1
        token = await world.token()
        assert await credentials(world, token) == (200, "ASIA0000000000000001")
        await fetched(world, 2)
        world.clock.at += 1
        assert await credentials(world, token) == (503, "")
        assert (await world.ask("/latest/meta-data/instance-id", token)).status == 200
        world.serve.status = 200
        assert (await credentials(world, token))[0] == 200

    in_world(scenario)


def test_a_slow_serve_is_a_503_in_time_not_a_silence(in_world: Run) -> None:
    async def scenario(world: Any) -> None:
        await fetched(world, 1)
        world.clock.at += 7 * 3600
        world.serve.hold = asyncio.Event()
        token = await world.token()
        assert await credentials(world, token) == (503, "")
        world.serve.hold.set()
        await fetched(world, 2)
        assert (await credentials(world, token))[0] == 200

    in_world(scenario, answer_within=0.05)


def test_an_inherited_socket_is_served(in_world: Run, clock: MovedClock, tmp_path: Path) -> None:
    from podid.lean.server import bound_socket

    sock = bound_socket("127.0.0.1", 0)
    port = sock.getsockname()[1]

    async def scenario(world: Any) -> None:
        assert world.imds.places == (f"http://127.0.0.1:{port}",)
        await world.token()

    in_world(scenario, listen_fds=(sock.detach(),))


@pytest.fixture
def node(background: Background, clock: MovedClock, tmp_path: Path) -> Any:
    async def start() -> tuple[FakeServe, Imds]:
        serve = FakeServe(clock)
        await serve.start()
        imds = Imds(settings_for(serve.url, tmp_path), clock=clock.seconds)
        await imds.start()
        return serve, imds

    serve, imds = background.run(start())
    yield imds.places[0]

    async def stop() -> None:
        await imds.stop()
        await serve.stop()

    background.run(stop())


def test_botocores_own_provider_reads_the_role(node: str) -> None:
    fetcher = InstanceMetadataFetcher(timeout=5, num_attempts=1, base_url=node, env={}, user_agent="Boto3/x")
    found = InstanceMetadataProvider(iam_role_fetcher=fetcher).load()
    assert found.method == "iam-role"
    assert found.get_frozen_credentials()[:3] == ("ASIA0000000000000001", "node-secret", "node-session")
    region = InstanceMetadataRegionFetcher(timeout=5, num_attempts=1, base_url=node, env={}).retrieve_region()
    assert region == "us-east-1"


def test_localhost_is_accepted_on_loopback_alone() -> None:
    assert "localhost" not in accepted_hosts(["169.254.169.254"])
    assert "localhost" in accepted_hosts(["127.0.0.1"])
    assert "0.0.0.0" not in accepted_hosts(["0.0.0.0"])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"endpoint": "serve:4566"}, "endpoint"),
        ({"instance_id": "../../x"}, "instance id"),
        ({"region": "nowhere"}, "region"),
        ({"zone": "eu-west-1a"}, "zone"),
        ({"hosts": ("imds.example",)}, "host"),
        ({"hosts": ()}, "hosts"),
    ],
)
def test_what_cannot_be_meant_is_named(change: dict[str, Any], text: str, tmp_path: Path) -> None:
    given = {name: getattr(settings_for("http://h", tmp_path), name) for name in ImdsSettings.__struct_fields__}
    with pytest.raises(BadSettings, match=text):
        check(ImdsSettings(**{**given, **change}))
