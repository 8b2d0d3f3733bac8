"""The agent when EKS Auth is slow, refuses, is away or answers nonsense; and renewals, which nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from podid.agent.leases import ADVISORY
from podid.lean.messages import Response
from podid.lean.messages import json as json_response

HOUR = 3600.0
Run = Callable[..., Any]
Token = Callable[..., str]


def test_renewal_happens_behind_the_answer_at_half_of_the_life(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        mine = token(life=24 * HOUR)
        first = await world.get(mine)
        world.clock.move(3 * HOUR + 1)
        assert (await world.get(mine)).body == first.body
        await landed(world)
        assert world.calls == 2
        assert (await world.get(mine)).body != first.body

    in_world(scenario)


def test_a_renewal_with_a_newer_token_does_not_lengthen_the_older_ones_time(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        old, new = token(life=4 * HOUR), token(life=24 * HOUR, name="new")
        await world.get(old)
        await world.get(new)
        world.clock.move(3 * HOUR + 1)
        assert (await world.get(old)).status == 200
        await landed(world)
        assert world.eks_auth.tokens == [old, new, new]
        world.clock.move(HOUR)
        assert (
            await world.get(old)
        ).body == b"Service account token failed basic claim validations: token is expired\n"
        assert (await world.get(new)).status == 200

    in_world(scenario)


def test_renewal_needs_no_question_but_a_pod_that_asked(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        await world.get(token(life=24 * HOUR))
        world.clock.move(3 * HOUR + 1)
        world.agent.endpoint.renew_due()
        await landed(world)
        assert world.calls == 2
        world.clock.move(3 * HOUR + 1)
        world.agent.endpoint.renew_due()
        assert not world.agent.endpoint._flights
        assert world.calls == 2

    in_world(scenario)


async def landed(world: Any) -> None:
    while world.agent.endpoint._flights:
        await asyncio.sleep(0)


def test_through_an_outage_the_lease_is_served_until_it_ends(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        mine = token(life=24 * HOUR)
        first = await world.get(mine)
        world.eks_auth.refuse(503, "ServiceUnavailableException", "down")
        start = world.clock.at
        for moment in (4 * HOUR, 6 * HOUR - ADVISORY + 1, 6 * HOUR - 1):
            world.clock.at = start + moment
            answer = await world.get(mine)
            assert (answer.status, answer.body) == (200, first.body)
            await landed(world)
        world.clock.move(1)
        assert (await world.get(mine)).status == 503

    in_world(scenario)


@pytest.mark.parametrize(
    ("code", "status"),
    [("ResourceNotFoundException", 404), ("AccessDeniedException", 400), ("InvalidTokenException", 400)],
)
def test_a_final_refusal_at_renewal_ends_the_lease(in_world: Run, token: Token, code: str, status: int) -> None:
    async def scenario(world: Any) -> None:
        mine = token(life=24 * HOUR)
        await world.get(mine)
        world.eks_auth.refuse(status, code, "gone")
        world.clock.move(3 * HOUR + 1)
        assert (await world.get(mine)).status == 200
        await landed(world)
        assert (await world.get(mine)).status == status
        metrics = (await world.ask(world.agent.metrics_place, "/metrics")).body.decode()
        assert f'pod_identity_cache_errors{{code="{code}",type="NonRecoverable"}} 1' in metrics

    in_world(scenario)


def test_a_slow_eks_auth_is_a_503_in_time_and_found_at_the_next_try(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        world.eks_auth.hold = asyncio.Event()
        answer = await world.get(token())
        assert (answer.status, answer.body) == (
            503,
            b"EKS Auth has not answered within 0.05 s; it is still being asked\n",
        )
        world.eks_auth.hold.set()
        await landed(world)
        assert (await world.get(token())).status == 200
        assert world.calls == 1

    in_world(scenario, answer_within=0.05)


def test_what_may_pass_is_tried_again_and_then_a_503(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        world.eks_auth.refuse(429, "ThrottlingException", "Rate exceeded")
        answer = await world.get(token())
        assert (answer.status, world.calls) == (503, 2)

    in_world(scenario, attempts=2, answer_within=10.0)


def test_strict_status_is_awss(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        world.eks_auth.refuse(429, "ThrottlingException", "Rate exceeded")
        assert (await world.get(token())).status == 429

    in_world(scenario, strict_aws_status=True)


def test_no_eks_auth_at_all_says_why(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        answer = await world.get(token())
        assert answer.status == 503
        assert answer.body.startswith(b"EKS Auth cannot be reached: no connection to http://127.0.0.1:1")

    in_world(scenario, endpoint="http://127.0.0.1:1")


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, b"not json"),
        json_response(200, b"{}"),
        json_response(200, b'{"credentials": null, "assumedRoleUser": null}'),
        json_response(200, b'{"credentials": {"accessKeyId": "LEAK"}, "assumedRoleUser": {"arn": "a"}}'),
    ],
)
def test_an_answer_without_its_members_is_the_servers_fault(in_world: Run, token: Token, answer: Response) -> None:
    async def scenario(world: Any) -> None:
        world.eks_auth.behaviour = lambda: answer
        got = await world.get(token())
        assert got.status == 503
        assert got.body.startswith(b"invalid response from EKS Auth")
        assert b"LEAK" not in got.body

    in_world(scenario)


def test_an_expiration_that_is_no_date_is_the_servers_fault(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        world.eks_auth.life = 1e30
        assert (await world.get(token())).status == 503

    in_world(scenario)


def test_credentials_that_have_ended_are_not_handed_out(in_world: Run, token: Token) -> None:
    async def scenario(world: Any) -> None:
        world.eks_auth.life = 0.0
        assert (await world.get(token())).status == 503

    in_world(scenario)
