"""An installation brings the store to what it says, once and again, and keeps the files of its keys right."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podid.eks import Eks, KubeconfigAccess
from podid.gateway import credentials_files, installation
from podid.iam import Authorizer, Iam
from podid.store import MasterKey, open_store

ACCOUNT = "111122223333"


class Rooms:
    """IAM and EKS over one store."""

    def __init__(self, path: Path) -> None:
        self.store = open_store(f"sqlite:///{path / 'state.db'}", master_key=MasterKey.generate())
        self.iam = Iam(self.store)
        self.eks = Eks(self.store, self.iam, Authorizer(self.iam), KubeconfigAccess())


@pytest.fixture
def rooms(tmp_path: Path) -> Iterator[Rooms]:
    made = Rooms(tmp_path)
    yield made
    made.eks.close()
    made.iam.close()
    made.store.close()


def settings(tmp_path: Path, **more: Any) -> Path:
    file = tmp_path / "installation.json"
    file.write_text(
        json.dumps(
            {
                "account": ACCOUNT,
                "region": "us-east-1",
                "administrator": {"user": "admin", "credentials_file": str(tmp_path / "keys/admin.json")},
                "clusters": [
                    {
                        "name": "c1",
                        "version": "1.33",
                        "endpoint": "https://127.0.0.1:6443",
                        "issuer": "https://issuer.example",
                        "nodes": [{"name": "n", "instance_id": "i-0123456789abcdef0"}],
                        "node_role": "c1-node",
                    }
                ],
                **more,
            }
        )
    )
    return file


def test_applying_twice_changes_nothing(rooms: Rooms, tmp_path: Path) -> None:
    wanted = installation.read(settings(tmp_path))
    nodes = installation.apply(wanted, rooms.iam, rooms.eks)
    first = (tmp_path / "keys/admin.json").read_bytes()
    cluster = rooms.eks.find_cluster(ACCOUNT, "us-east-1", "c1")
    assert installation.apply(wanted, rooms.iam, rooms.eks) == nodes
    assert (tmp_path / "keys/admin.json").read_bytes() == first
    assert rooms.eks.find_cluster(ACCOUNT, "us-east-1", "c1") == cluster
    assert nodes[ACCOUNT, "i-0123456789abcdef0"].role_arn == f"arn:aws:iam::{ACCOUNT}:role/c1-node"


def test_the_key_file_is_for_its_reader_alone(rooms: Rooms, tmp_path: Path) -> None:
    installation.apply(installation.read(settings(tmp_path)), rooms.iam, rooms.eks)
    file = tmp_path / "keys/admin.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    held = credentials_files.read(file)
    assert held is not None
    assert "secret" not in repr(held).lower().replace("secret_access_key", "")
    assert held.credentials.secret_access_key not in repr(held)
    key = rooms.iam.find_key(held.credentials.access_key_id)
    assert key is not None
    assert key.secret == held.credentials.secret_access_key


@pytest.mark.parametrize("content", [None, b"", b"{}", b"nonsense", b'{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}'])
def test_a_missing_or_broken_key_file_is_written_anew(rooms: Rooms, tmp_path: Path, content: bytes | None) -> None:
    wanted = installation.read(settings(tmp_path))
    installation.apply(wanted, rooms.iam, rooms.eks)
    file = tmp_path / "keys/admin.json"
    good = file.read_bytes()
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    installation.apply(wanted, rooms.iam, rooms.eks)
    assert file.read_bytes() == good


def test_the_node_role_trusts_ec2_alone_and_may_ask_for_its_own_cluster(rooms: Rooms, tmp_path: Path) -> None:
    installation.apply(installation.read(settings(tmp_path)), rooms.iam, rooms.eks)
    role = rooms.iam.role(ACCOUNT, "c1-node")
    assert role is not None
    assert json.loads(role.trust_text)["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"account": "1", "region": "r", "surprise": 1}'])
def test_what_is_no_installation_stops_the_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "installation.json"
    file.write_text(text)
    with pytest.raises(installation.InvalidInstallation, match=r"installation\.json"):
        installation.read(file)
    with pytest.raises(installation.InvalidInstallation, match="cannot be read"):
        installation.read(tmp_path / "missing.json")
