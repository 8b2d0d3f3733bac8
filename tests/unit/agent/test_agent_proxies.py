"""The agent behind a proxy, as AWS's agent is by HTTP_PROXY, HTTPS_PROXY and NO_PROXY."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from tests.unit.agent.conftest import ENVIRONMENT, FakeEksAuth, World, settings_for
from tests.unit.lean.small_proxy import SmallProxy
from tests.unit.signed_server import MovedClock

from podid.agent.server import Agent
from podid.agent.settings import BadSettings


@pytest.mark.parametrize(("no_proxy", "asked"), [("", 1), ("eks-auth.test", 0)])
def test_eks_auth_is_asked_through_the_proxy_unless_it_is_excepted(
    clock: MovedClock, token: Callable[..., str], no_proxy: str, asked: int
) -> None:
    async def main() -> None:
        eks_auth = FakeEksAuth(clock)
        await eks_auth.start()
        async with asyncio.timeout(30), SmallProxy(urlsplit(eks_auth.url).port or 0) as proxy:
            environment = {**ENVIRONMENT, "HTTP_PROXY": f"http://127.0.0.1:{proxy.port}", "NO_PROXY": no_proxy}
            agent = Agent(
                settings_for("http://eks-auth.test", answer_within=20.0), environment=environment, clock=clock
            )
            world = World(clock, eks_auth, agent)
            try:
                await agent.start()
                answer = await world.get(token())
                assert answer.status == (200 if asked else 503)
                assert [line.split(" ")[1] for line in proxy.asked] == [
                    "http://eks-auth.test/clusters/eksdemo1/assume-role-for-pod-identity"
                ] * asked
                assert proxy.shown == ["podid-agent"] * asked
            finally:
                await world.client.close()
                await agent.stop()
                await eks_auth.stop()

    asyncio.run(main())


def test_a_proxy_that_cannot_be_meant_stops_the_start(clock: MovedClock) -> None:
    with pytest.raises(BadSettings, match="HTTPS_PROXY"):
        Agent(settings_for("https://x"), environment={"HTTPS_PROXY": "socks5://p:1"}, clock=clock)
