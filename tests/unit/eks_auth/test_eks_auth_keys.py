"""The keys of a cluster: where they are read, when they are read again, and what happens when they cannot be."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podid.core.errors import AwsError
from podid.eks_auth.keys import ClusterKeys, KeysUnavailable
from podid.eks_auth.keys.fetch import MOST_BYTES, FetchProblem, fetch
from podid.eks_auth.keys.keyring import LOOK, PAUSE, RETRY


class Publisher:
    """A web server that publishes a key set and counts who reads it."""

    def __init__(self) -> None:
        self.body: bytes = b""
        self.headers: dict[str, str] = {}
        self.status = 200
        self.reads: list[tuple[str, str]] = []
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.reads.append((self.path, self.headers.get("Authorization", "")))
                self.send_response(publisher.status)
                for name, value in publisher.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(publisher.body)

            def log_message(self, *_: Any) -> None:
                """Nothing: the test's output is the test's."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def works(world: Any) -> Callable[..., bool]:
    """Whether a token signed with a key is taken."""
    world.associate(world.role("reader"))

    def ask(key: str = "rsa") -> bool:
        try:
            return bool(world.assume(world.token(key=key)))
        except AwsError as error:
            assert error.code in ("InvalidTokenException", "ServiceUnavailableException")
            return False

    return ask


class TestFile:
    def test_rotation_without_a_failed_request(self, world: Any, works: Callable[..., bool]) -> None:
        assert works("rsa") and not works("next")
        world.publish("rsa", "next")
        assert works("next") and works("rsa")
        world.publish("next")
        world.seconds.value += LOOK
        assert works("next") and not works("rsa")

    def test_withdrawn_key_ends_at_the_next_look(self, world: Any, works: Callable[..., bool]) -> None:
        world.publish("rsa", "next")
        assert works("rsa")
        world.seconds.value += LOOK  # long unchanged
        assert works("rsa")
        world.publish("next")
        world.seconds.value += LOOK / 2
        assert works("rsa") and works("next")
        world.seconds.value += LOOK / 2
        assert not works("rsa") and works("next")

    def test_unknown_key_has_the_file_looked_at_at_once(self, world: Any, works: Callable[..., bool]) -> None:
        assert works("rsa") and not works("next")  # for "next" the set was read again: not before PAUSE is over
        assert works("rsa")  # and now it is not looked at before LOOK is over
        world.publish("rsa", "next")
        assert works("next")

    def test_broken_file_leaves_the_set_in_place(self, world: Any, works: Callable[..., bool]) -> None:
        assert works()
        world.jwks.write_text("{")
        assert works()
        world.jwks.unlink()
        assert works()
        world.publish("next")
        world.seconds.value += RETRY
        assert works("next") and not works("rsa")

    def test_missing_file_that_comes(self, world: Any, works: Callable[..., bool]) -> None:
        world.jwks.unlink()
        assert not works()
        world.publish("rsa")
        world.seconds.value += RETRY
        assert works()

    def test_too_large_a_file_is_not_read(self, world: Any, works: Callable[..., bool]) -> None:
        world.jwks.write_bytes(b" " * (MOST_BYTES + 1))
        assert not works()


class TestInline:
    def test_document_of_the_registration(self, world: Any, works: Callable[..., bool]) -> None:
        world.register(jwks=world.publish("next"))
        assert works("next") and not works("rsa")

    def test_another_registration_brings_other_keys(self, world: Any, works: Callable[..., bool]) -> None:
        world.register(jwks=world.publish("next"))
        assert works("next")
        world.register(jwks=world.publish("rsa"))
        assert works("rsa") and not works("next")


class TestUrl:
    @pytest.fixture(autouse=True)
    def published(self, world: Any, publisher: Publisher) -> None:
        publisher.body = world.publish("rsa").encode()
        world.register(jwks_url=f"{publisher.url}/keys")

    def test_set_is_kept(self, publisher: Publisher, works: Callable[..., bool]) -> None:
        assert works() and works() and works()
        assert len(publisher.reads) == 1

    def test_unknown_key_asks_again_at_once_but_not_too_often(
        self, world: Any, publisher: Publisher, works: Callable[..., bool]
    ) -> None:
        assert works()
        publisher.body = world.publish("rsa", "next").encode()
        assert works("next") and len(publisher.reads) == 2
        for _ in range(20):
            assert not works("stranger")
        assert len(publisher.reads) == 2
        world.seconds.value += PAUSE
        assert not works("stranger") and len(publisher.reads) == 3

    @pytest.mark.parametrize(("said", "seconds"), [("max-age=1", 30), ("public, max-age=600", 600), ("no-store", 300)])
    def test_senders_word_on_age_is_taken_within_bounds(
        self, world: Any, publisher: Publisher, works: Callable[..., bool], said: str, seconds: float
    ) -> None:
        publisher.headers = {"Cache-Control": said}
        assert works()
        world.seconds.value += seconds - 1
        assert works() and len(publisher.reads) == 1
        world.seconds.value += 1
        assert works() and len(publisher.reads) == 2

    def test_withdrawn_key_ends_with_the_sets_time(
        self, world: Any, publisher: Publisher, works: Callable[..., bool]
    ) -> None:
        assert works()
        publisher.body = world.publish("next").encode()
        world.seconds.value += 300
        assert not works("rsa") and works("next")

    def test_old_set_serves_while_the_publisher_is_down(
        self, world: Any, publisher: Publisher, works: Callable[..., bool]
    ) -> None:
        assert works()
        publisher.status = 503
        world.seconds.value += 7200
        assert works() and works()
        assert len(publisher.reads) == 2  # failures are not repeated at every request
        publisher.status = 200
        world.seconds.value += RETRY
        assert works() and len(publisher.reads) == 3

    def test_first_read_that_fails_is_told_as_unavailable(
        self, world: Any, publisher: Publisher, works: Callable[..., bool]
    ) -> None:
        publisher.status = 500
        with pytest.raises(AwsError) as refused:
            world.assume(world.token())
        assert refused.value.code == "ServiceUnavailableException" and "500" in refused.value.private
        assert publisher.url not in refused.value.public


def test_many_at_once_read_a_set_once(world: Any, publisher: Publisher, works: Callable[..., bool]) -> None:
    publisher.body = world.publish("rsa").encode()
    world.register(jwks_url=publisher.url)
    threads = [threading.Thread(target=works) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(publisher.reads) == 1


def kubeconfig_of(server: str, path: Path) -> Path:
    path.write_text(
        json.dumps(
            {
                "current-context": "c",
                "clusters": [{"name": "c", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {"token": "serve"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            }
        )
    )
    return path


def test_api_server_is_asked_where_no_source_is_given(
    world: Any, publisher: Publisher, works: Callable[..., bool], tmp_path: Path
) -> None:
    kubeconfig = kubeconfig_of(publisher.url, tmp_path / "kubeconfig")
    publisher.body = world.publish("rsa").encode()
    world.register(kubeconfig=kubeconfig)
    with pytest.raises(AwsError, match="no longer exists"):  # what it answers about the pod is not a pod
        world.assume(world.token())
    assert publisher.reads[0] == ("/openid/v1/jwks", "Bearer serve")
    world.eks.access.close()


def test_another_kubeconfig_is_another_source(world: Any, publisher: Publisher, tmp_path: Path) -> None:
    publisher.body = world.publish("rsa").encode()
    keys = ClusterKeys(world.eks.access, monotonic=world.seconds)
    here = world.register(kubeconfig=kubeconfig_of(publisher.url, tmp_path / "here"))
    assert keys.of(here) is keys.of(here) is keys.of(msgspec.structs.replace(here))
    with pytest.raises(KeysUnavailable):
        keys.of(world.register(kubeconfig=tmp_path / "there"))
    world.eks.access.close()


def test_cluster_without_any_source_is_unavailable(world: Any, works: Callable[..., bool]) -> None:
    world.register(endpoint="https://nowhere.test")
    assert not works()


class TestFetch:
    @pytest.mark.parametrize(
        "url", ["http://example.test/k", "file:///etc/passwd", "ftp://127.0.0.1/k", "https:///k", "x"]
    )
    def test_schemes(self, url: str) -> None:
        with pytest.raises(FetchProblem, match="https only"):
            fetch(url)

    def test_redirect_out_of_the_rule_is_refused(self, publisher: Publisher) -> None:
        publisher.status, publisher.headers = 302, {"Location": "http://metadata.test/latest"}
        with pytest.raises(FetchProblem, match="https only"):
            fetch(publisher.url)

    def test_size(self, publisher: Publisher) -> None:
        publisher.body = b"x" * (MOST_BYTES + 1)
        with pytest.raises(FetchProblem, match="bytes"):
            fetch(publisher.url)
