"""The node's own credentials: which source, when renewed, what in an outage."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from podid.agent.credentials import EnvironmentSource, FileSource, InstanceSource, Loaded, NodeCredentials
from podid.agent.failures import NoNodeCredentials
from podid.agent.instance import InstanceMetadata
from podid.core.sigv4 import Credentials
from podid.lean.client import HttpClient


class Clock:
    at = 1_800_000_000.0

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


class Scripted:
    """A source that gives what it is told, or fails."""

    name = "scripted"

    def __init__(self) -> None:
        self.loads = 0
        self.problem = ""
        self.life: float | None = 3600.0

    async def load(self, now: float) -> Loaded | None:
        self.loads += 1
        await asyncio.sleep(0)
        if self.problem:
            raise NoNodeCredentials(self.problem)
        ends = None if self.life is None else now + self.life
        return Loaded(Credentials(f"K{self.loads}", "s"), None if ends is None else now + (ends - now) / 2, ends)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_load_for_all_who_wait_and_renewal_behind_the_answer() -> None:
    async def main() -> None:
        clock, source = Clock(), Scripted()
        node = NodeCredentials((source,), clock)
        first = await asyncio.gather(*(node.get() for _ in range(20)))
        assert {found.access_key_id for found in first} == {"K1"}
        clock.at += 1800
        assert (await node.get()).access_key_id == "K1"
        await settle()
        assert (await node.get()).access_key_id == "K2"

    asyncio.run(main())


def test_what_is_there_is_used_until_it_ends_and_not_longer() -> None:
    async def main() -> None:
        clock, source = Clock(), Scripted()
        node = NodeCredentials((source,), clock)
        await node.get()
        source.problem = "IMDS is gone"
        clock.at += 3599
        assert (await node.get()).access_key_id == "K1"
        await settle()
        clock.at += 1
        with pytest.raises(NoNodeCredentials, match="IMDS is gone"):
            await node.get()
        source.problem = ""
        assert (await node.get()).access_key_id == "K4"

    asyncio.run(main())


def test_refused_credentials_are_loaded_anew_and_others_are_left() -> None:
    async def main() -> None:
        node = NodeCredentials((Scripted(),), Clock())
        await node.get()
        node.forget("K0")
        assert (await node.get()).access_key_id == "K1"
        node.forget("K1")
        assert (await node.get()).access_key_id == "K2"

    asyncio.run(main())


def test_the_order_is_environment_file_instance(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n")
    settings = {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_EC2_METADATA_DISABLED": "true"}

    async def chosen(environment: dict[str, str]) -> str:
        metadata = InstanceMetadata(environment, HttpClient())
        sources = (EnvironmentSource(environment), FileSource(environment), InstanceSource(metadata))
        return (await NodeCredentials(sources, Clock()).get()).access_key_id

    assert asyncio.run(chosen({**settings, "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"})) == "ENV"
    assert asyncio.run(chosen(settings)) == "FILE"
    with pytest.raises(NoNodeCredentials, match="neither in the environment"):
        asyncio.run(chosen({**settings, "AWS_PROFILE": "absent"}))


def test_a_rewritten_file_is_seen_within_a_minute(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("[hybrid]\naws_access_key_id=A\naws_secret_access_key=s\naws_session_token=t\n")
    environment = {"AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "hybrid"}

    async def main() -> None:
        clock = Clock()
        node = NodeCredentials((FileSource(environment),), clock)
        assert await node.get() == Credentials("A", "s", "t")
        file.write_text("[hybrid]\naws_access_key_id=B\naws_secret_access_key=s\n")
        clock.at += 60
        await node.get()
        await settle()
        assert (await node.get()).access_key_id == "B"

    asyncio.run(main())


def test_a_malformed_file_is_told_without_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("aws_secret_access_key = VERYSECRET\n")

    async def main() -> None:
        with pytest.raises(NoNodeCredentials) as caught:
            await FileSource({"AWS_SHARED_CREDENTIALS_FILE": str(file)}).load(0.0)
        assert "VERYSECRET" not in str(caught.value)
        assert "MissingSectionHeaderError" in str(caught.value)

    asyncio.run(main())
