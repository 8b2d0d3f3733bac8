from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from podid.core.http import HttpRequest
from podid.core.sigv4 import check, read_claim
from podid.lean.client import HttpClient
from podid.lean.messages import Request, Response
from podid.lean.messages import json as json_response
from podid.lean.server import HttpServer, bound_socket
from podid.webhook.identities import EksIdentities, FileIdentities, IdentitiesUnavailable


class Clock:
    """Far enough from any file's time that none counts as just written, until a test says so."""

    def __init__(self) -> None:
        self.at = time.time() + 1000

    def __call__(self) -> float:
        return self.at


def document(*names: str) -> str:
    pairs = (name.split("/") for name in names)
    return json.dumps({"identities": [{"namespace": n, "serviceAccount": s, "extra": 1} for n, s in pairs]})


def has(identities: FileIdentities, name: str) -> bool:
    namespace, account = name.split("/")
    return asyncio.run(identities.has(namespace, account))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "identities.json"


def test_exact_names_are_known(file: Path) -> None:
    file.write_text(document("default/s3", "a/b"))
    identities = FileIdentities(file, Clock())
    assert has(identities, "default/s3")
    assert has(identities, "a/b")
    assert not has(identities, "default/s")
    assert not has(identities, "a/s3")


def test_a_file_that_comes_late_changes_and_goes_is_followed_at_once(file: Path) -> None:
    identities = FileIdentities(file, Clock())
    assert not has(identities, "a/b")
    file.write_text(document("a/b"))
    assert has(identities, "a/b")
    other = file.with_name("new")
    other.write_text(document("c/d"))
    other.replace(file)
    assert not has(identities, "a/b")
    assert has(identities, "c/d")
    file.unlink()
    assert not has(identities, "c/d")


def test_a_config_maps_swapped_link_is_followed(tmp_path: Path) -> None:
    for version, name in (("..1", "a/b"), ("..2", "c/d")):
        (tmp_path / version).mkdir()
        (tmp_path / version / "identities.json").write_text(document(name))
    (tmp_path / "..data").symlink_to("..1")
    file = tmp_path / "identities.json"
    file.symlink_to("..data/identities.json")
    identities = FileIdentities(file, Clock())
    assert has(identities, "a/b")
    (tmp_path / "..tmp").symlink_to("..2")
    (tmp_path / "..tmp").replace(tmp_path / "..data")
    assert has(identities, "c/d")
    assert not has(identities, "a/b")


@pytest.mark.parametrize("broken", ["{", '{"identities": {}}', '{"identities": [3]}', "\x00"])
def test_broken_content_keeps_who_was_there(file: Path, broken: str) -> None:
    file.write_text(document("a/b"))
    identities = FileIdentities(file, Clock())
    assert has(identities, "a/b")
    file.write_text(broken)
    assert has(identities, "a/b")
    file.write_text(document("c/d"))
    assert not has(identities, "a/b")


def test_content_that_was_broken_from_the_start_is_unavailable_not_empty(file: Path) -> None:
    file.write_text("{")
    identities = FileIdentities(file, Clock())
    with pytest.raises(IdentitiesUnavailable, match="not an identities file"):
        has(identities, "a/b")
    with pytest.raises(IdentitiesUnavailable):
        asyncio.run(identities.check())


@pytest.mark.parametrize("empty", ["", "  \n", "{}", '{"identities": null}', '{"identities": []}'])
def test_an_empty_file_is_nobody(file: Path, empty: str) -> None:
    file.write_text(document("a/b"))
    identities = FileIdentities(file, Clock())
    assert has(identities, "a/b")
    file.write_text(empty)
    assert not has(identities, "a/b")


def test_a_second_write_that_its_time_does_not_tell_is_seen(file: Path) -> None:
    """Same inode, same size, same time: as two writes within one tick of the file system's clock."""
    clock = Clock()
    file.write_text(document("a/b"))
    status = file.stat()
    clock.at = status.st_mtime
    identities = FileIdentities(file, clock)
    assert has(identities, "a/b")
    file.write_text(document("c/d"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    clock.at += 0.6
    assert has(identities, "c/d")


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def eks(tmp_path: Path) -> Callable[..., Any]:
    """Runs a scenario with EksIdentities against an EKS that checks each signature."""
    file = tmp_path / "webhook.json"
    file.write_text(json.dumps({"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret"}))

    def run(answer: Callable[[str], Response], scenario: Callable[[EksIdentities], Any]) -> list[str]:
        targets: list[str] = []
        problems: list[str] = []

        def handler(request: Request) -> Response:
            path, _, query = request.target.decode().partition("?")
            headers = tuple((name.decode(), value.decode()) for name, value in request.headers)
            received = HttpRequest(method=request.method, path=path, query=query, headers=headers, body=request.body)
            try:
                claim = read_claim(received)
                assert claim is not None
                assert (claim.service, claim.region) == ("eks", "eu-west-1")
                check(claim, received, "secret", now=NOW)
            except Exception as problem:
                problems.append(repr(problem))
                raise
            targets.append(request.target.decode())
            return answer(query)

        async def main() -> None:
            server = HttpServer(handler)
            sock = bound_socket("127.0.0.1", 0)
            await server.listen(sock)
            http = HttpClient()
            try:
                await scenario(
                    EksIdentities(
                        endpoint=f"http://127.0.0.1:{server._listeners[0].sockets[0].getsockname()[1]}/",
                        region="eu-west-1",
                        cluster_name="demo",
                        credentials_file=file,
                        http=http,
                        clock=lambda: NOW,
                    )
                )
            finally:
                await http.close()
                await server.close(grace=0.1)

        asyncio.run(main())
        assert problems == []
        return targets

    return run


def listed(*names: str) -> Response:
    pairs = (name.split("/") for name in names)
    body = {"associations": [{"namespace": n, "serviceAccount": s, "associationId": "a-1"} for n, s in pairs]}
    return json_response(200, json.dumps(body).encode())


def test_eks_is_asked_for_the_very_pair(eks: Callable[..., Any]) -> None:
    async def scenario(identities: EksIdentities) -> None:
        assert await identities.has("default", "s3")
        assert not await identities.has("default", "other")
        await identities.check()

    targets = eks(lambda query: listed("default/s3"), scenario)
    assert targets == [
        "/clusters/demo/pod-identity-associations?namespace=default&serviceAccount=s3",
        "/clusters/demo/pod-identity-associations?namespace=default&serviceAccount=other",
        "/clusters/demo/pod-identity-associations?maxResults=1",
    ]


@pytest.mark.parametrize(
    "answer", [Response(500), Response(403, b"{}"), json_response(200, b"{}"), Response(200, b"x")]
)
def test_every_other_answer_is_unavailable(eks: Callable[..., Any], answer: Response) -> None:
    async def scenario(identities: EksIdentities) -> None:
        with pytest.raises(IdentitiesUnavailable):
            await identities.has("default", "s3")

    eks(lambda query: answer, scenario)


def test_no_eks_and_no_key_are_unavailable(tmp_path: Path) -> None:
    def made(file: Path) -> EksIdentities:
        return EksIdentities(
            endpoint="http://127.0.0.1:1",
            region="us-east-1",
            cluster_name="c",
            credentials_file=file,
            http=HttpClient(),
            clock=lambda: NOW,
        )

    async def main() -> None:
        with pytest.raises(IdentitiesUnavailable, match="credentials file"):
            await made(tmp_path / "none").has("a", "b")
        file = tmp_path / "key"
        file.write_text('{"AccessKeyId": "A", "SecretAccessKey": "B"}')
        with pytest.raises(IdentitiesUnavailable, match="EKS cannot be reached"):
            await made(file).has("a", "b")

    asyncio.run(main())
