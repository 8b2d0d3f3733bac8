"""boto3's own container provider reads from the agent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import CredentialRetrievalError
from tests.unit.agent.conftest import ENVIRONMENT, FakeEksAuth, settings_for
from tests.unit.signed_server import Background, MovedClock

from podid.agent.server import Agent


@pytest.fixture
def pod(
    background: Background,
    clock: MovedClock,
    token: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """The environment of a pod with Pod Identity, and the EKS Auth behind its agent."""
    file = tmp_path / "eks-pod-identity-token"
    file.write_text(token())

    async def start() -> tuple[FakeEksAuth, Agent]:
        eks_auth = FakeEksAuth(clock)
        await eks_auth.start()
        agent = Agent(settings_for(eks_auth.url), environment=ENVIRONMENT, clock=clock)
        await agent.start()
        return eks_auth, agent

    eks_auth, agent = background.run(start())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.credential_places[0] + "/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))
    yield eks_auth

    async def stop() -> None:
        await agent.stop()
        await eks_auth.stop()

    background.run(stop())


def test_boto3_takes_the_credentials_and_their_expiry(pod: FakeEksAuth, clock: MovedClock) -> None:
    credentials = boto3.Session().get_credentials()
    assert credentials.method == "container-role"
    frozen = credentials.get_frozen_credentials()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == ("ASIA0000000000000001", "pod-secret", "pod-session")
    assert frozen.account_id == "444455556666"
    assert credentials._expiry_time == clock() + timedelta(hours=6)


def test_boto3_shows_the_refusal_to_its_user(pod: FakeEksAuth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    pod.refuse(400, "AccessDeniedException", "Unauthorized Exception! EKS does not have permissions.")
    with pytest.raises(CredentialRetrievalError) as caught:
        boto3.Session().get_credentials().get_frozen_credentials()
    assert (
        "Received non 200 response 400 from container metadata: [request-1]: (AccessDeniedException): Unauthorized"
        " Exception! EKS does not have permissions., fault: client" in str(caught.value)
    )
