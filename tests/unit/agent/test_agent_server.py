"""The agent over real HTTP, against an EKS Auth over real HTTP that checks its signatures."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from podid.agent.server import CannotListen

Run = Callable[..., Any]
Token = Callable[..., str]


def test_a_pod_gets_credentials_and_the_second_time_from_the_lease(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        first, second = await world.get(token()), await world.get(token())
        assert first.status == 200
        assert dict(first.headers)["content-type"] == "application/json"
        assert json.loads(first.body) == {
            "AccessKeyId": "ASIA0000000000000001",
            "SecretAccessKey": "pod-secret",
            "Token": "pod-session",
            "AccountId": "444455556666",
            "Expiration": json.loads(second.body)["Expiration"],
        }
        assert second.body == first.body
        assert world.eks_auth.paths == ["/clusters/eksdemo1/assume-role-for-pod-identity"]
        assert world.eks_auth.tokens == [token()]

    in_world(scenario)


def test_a_hundred_at_once_are_one_call(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        world.eks_auth.hold = asyncio.Event()
        asked = [asyncio.create_task(world.get(token())) for _ in range(100)]
        while len(world.agent.endpoint._flights) < 1 or not world.calls:
            await asyncio.sleep(0)
        world.eks_auth.hold.set()
        answers = await asyncio.gather(*asked)
        assert {answer.status for answer in answers} == {200}
        assert world.calls == 1

    in_world(scenario)


def test_a_hundred_refused_at_once_are_one_call_and_the_next_try_is_new(in_world: Run, token: Token) -> None:
    text = "Unauthorized Exception! EKS does not have permissions to assume the associated role."

    async def scenario(world: Any) -> None:
        world.eks_auth.refuse(400, "AccessDeniedException", text)
        answers = await asyncio.gather(*(world.get(token()) for _ in range(100)))
        assert {(a.status, a.body) for a in answers} == {
            (400, f"[request-1]: (AccessDeniedException): {text}, fault: client\n".encode())
        }
        assert world.calls == 1
        world.clock.move(0.5)
        world.eks_auth.behaviour = world.eks_auth.grant
        assert (await world.get(token())).status == 200

    in_world(scenario)


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        ({"headers": ()}, 400, "Service account token cannot be empty"),
        ({"headers": (("Authorization", ""),)}, 400, "Service account token cannot be empty"),
        (
            {"headers": (("Authorization", "garbage"),)},
            400,
            "Service account token cannot be parsed: token is malformed: token contains an invalid number of segments",
        ),
        (
            {"headers": (("Host", "evil.example"),)},
            403,
            "Access Denied. Called agent through invalid address, please use either"
            " [169.254.170.23 fd00:ec2::23 127.0.0.1] address not evil.example",
        ),
        ({"headers": (("Host", "localhost"),)}, 403, None),
        ({"headers": (("Host", "169.254.170.23."),)}, 403, None),
        ({"headers": (("Host", ""),)}, 403, None),
        ({"headers": (("Host", "169.254.170.23:8080"),)}, 400, "Service account token cannot be empty"),
        ({"headers": (("Host", "[fd00:ec2::23]:80"),)}, 400, "Service account token cannot be empty"),
        ({"headers": (("Host", "fd00:ec2::23"),)}, 400, "Service account token cannot be empty"),
        ({"headers": (("Host", "169.254.170.23"), ("Host", "169.254.170.23"))}, 400, None),
        ({"path": "/"}, 404, "404 page not found"),
        ({"path": "/v1/credentials/"}, 404, "404 page not found"),
        ({"path": "/v1/credentials/x"}, 404, "404 page not found"),
        ({"path": "/V1/credentials"}, 404, "404 page not found"),
        ({"path": "//v1/credentials"}, 307, None),
        ({"path": "/x/../v1/credentials"}, 307, None),
        ({"path": "/v1/%63redentials"}, 400, "Service account token cannot be empty"),
        ({"path": "/v1/credentials?x=y"}, 400, "Service account token cannot be empty"),
        ({"path": "http://evil.example/v1/credentials"}, 403, None),
        ({"method": "POST"}, 405, "Method Not Allowed"),
    ],
)
def test_refusals_in_the_words_of_awss_agent(
    in_world: Run, asked: dict[str, Any], status: int, body: str | None
) -> None:
    async def scenario(world: Any) -> None:
        headers = asked.get("headers", ())
        answer = await world.get(
            "", *headers, method=asked.get("method", "GET"), path=asked.get("path", "/v1/credentials")
        )
        assert answer.status == status
        if body is not None:
            assert answer.body.decode() == body + "\n"
        if status == 307:
            assert dict(answer.headers)["location"] == "/v1/credentials"
        assert world.calls == 0

    in_world(scenario)


def test_a_token_outside_its_time_is_refused_even_where_a_lease_is_there(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        mine = token(life=600)
        assert (await world.get(mine)).status == 200
        world.clock.move(600)
        answer = await world.get(mine)
        assert (answer.status, answer.body) == (
            400,
            b"Service account token failed basic claim validations: token is expired\n",
        )
        early = await world.get(token(early=60))
        assert early.body == b"Service account token failed basic claim validations: token is not valid yet\n"
        assert world.calls == 1

    in_world(scenario)


def test_head_is_answered_empty(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> bytes:
        await world.get(token())
        port = int(world.agent.credential_places[0].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"HEAD /v1/credentials HTTP/1.1\r\nHost: 169.254.170.23\r\nAuthorization: {token()}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = await reader.read()
        writer.close()
        return answer

    answer = in_world(scenario)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


def test_a_claimed_pod_uid_gives_no_right_to_its_lease(in_world: Run, token: Token) -> None:
    """Another token that only says it is of the same pod goes to EKS Auth, which refuses it; the lease is untouched."""

    async def scenario(world: Any) -> None:
        mine = await world.get(token())
        world.eks_auth.refuse(400, "InvalidTokenException", "bad signature")
        forged = await world.get(token(name="forged"))
        assert forged.status == 400
        assert b"pod-secret" not in forged.body
        assert (await world.get(token())).body == mine.body

    in_world(scenario)


def test_a_rotated_token_is_accepted_with_eks_auth_and_takes_the_lease_over(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        await world.get(token())
        await world.get(token(name="rotated", life=7200))
        assert world.calls == 2
        assert len(world.agent.endpoint.leases) == 1
        assert (await world.get(token())).body == (await world.get(token(name="rotated", life=7200))).body
        assert world.calls == 2

    in_world(scenario)


@pytest.mark.parametrize("off", [{"max_cache_size": 0}, {"max_credential_retention_before_renewal": 0.0}])
def test_with_the_cache_off_each_request_asks(in_world: Run, token: Token, off: dict[str, Any]) -> None:
    async def scenario(world: Any) -> None:
        for _ in range(3):
            assert (await world.get(token())).status == 200
        assert world.calls == 3

    in_world(scenario, **off)


def test_one_caller_with_ever_new_tokens_is_turned_away(
    in_world: Run, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("podid.agent.endpoint._is_loopback", lambda peer: False)

    async def scenario(world: Any) -> None:
        statuses = [(await world.get(token(uid=f"u{n}"))).status for n in range(5)]
        assert statuses == [200, 200, 200, 503, 503]
        assert (await world.get(token(uid="u0"))).status == 200  # a lease costs nothing
        world.clock.move(1)
        assert (await world.get(token(uid="u4"))).status == 200

    in_world(scenario, asks_per_second=1.0, asks_burst=3)


def test_probes_and_metrics(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        await world.get(token())
        await world.get(token())
        await world.get("")
        for place in (world.agent.probe_place, world.agent.metrics_place):
            for path in ("/healthz", "/readyz"):
                answer = await world.ask(place, path)
                assert (answer.status, answer.body) == (200, b"")
        assert (await world.ask(world.agent.probe_place, "/metrics")).status == 404
        metrics = await world.ask(world.agent.metrics_place, "/metrics")
        assert dict(metrics.headers)["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = metrics.body.decode()
        for line in (
            "# TYPE pod_identity_http_response counter",
            'pod_identity_http_response{code="200"} 2',
            'pod_identity_http_response{code="400"} 1',
            'pod_identity_cache_state{state="hit"} 1',
            'pod_identity_cache_state{state="miss"} 1',
        ):
            assert line + "\n" in text

    in_world(scenario)


def test_a_probe_fails_where_the_listener_is_gone(in_world: Run) -> None:
    async def scenario(world: Any) -> None:
        await world.agent._servers[0].close(grace=0)
        answer = await world.ask(world.agent.probe_place, "/healthz")
        assert (answer.status, answer.body) == (500, b"Internal Server Error occurred\n")

    in_world(scenario)


def test_a_mapped_agent_serves_on_loopback_and_takes_its_names(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        assert world.agent.credential_places == (f"http://127.0.0.1:{free}",)
        for host in (f"127.0.0.1:{free}", "localhost", "169.254.170.23"):
            assert (await world.get(token(), ("Host", host))).status == 200
        assert (await world.get(token(), ("Host", "evil.example"))).status == 403

    free = free_port()
    listen = json.dumps({"169.254.170.23:80": free, "[fd00:ec2::23]:80": free})
    in_world(scenario, environment={"PODID_LISTEN": listen}, bind_hosts=("169.254.170.23,[fd00:ec2::23]",), port=80)


def test_an_ipv6_address_that_the_node_does_not_have_is_passed_over(
    in_world: Run, token: Token, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(world: Any) -> None:
        assert len(world.agent.credential_places) == 1
        assert (await world.get(token())).status == 200

    in_world(scenario, bind_hosts=("127.0.0.1", "[2001:db8::23]"))
    assert "serving without IPv6" in caplog.text


@pytest.mark.parametrize("hosts", [("192.0.2.23",), ("192.0.2.23", "127.0.0.1"), ("[2001:db8::23]",)])
def test_an_address_that_is_needed_and_not_there_stops_the_start(in_world: Run, hosts: tuple[str, ...]) -> None:
    async def scenario(world: Any) -> None:
        raise AssertionError("started")

    with pytest.raises(CannotListen, match="cannot listen on"):
        in_world(scenario, bind_hosts=hosts)


def free_port() -> int:
    from podid.lean.server import bound_socket

    with bound_socket("127.0.0.1", 0) as sock:
        return int(sock.getsockname()[1])


def test_the_log_has_a_line_for_a_grant_and_none_for_a_get_and_no_secret(
    in_world: Run, token: Token, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="podid")

    async def scenario(world: Any) -> None:
        await world.get(token())
        before = len(caplog.records)
        for _ in range(5):
            await world.get(token())
        assert len(caplog.records) == before
        world.eks_auth.refuse(400, "AccessDeniedException", "no")
        await world.get(token(uid="u2"))

    in_world(scenario)
    written = "\n".join(str(vars(record)) for record in caplog.records)
    assert "credentials granted" in written
    assert "no credentials granted" in written
    for secret in ("pod-secret", "pod-session", "node-secret", token(), token().split(".")[1]):
        assert secret not in written
