"""The keys of service account tokens: one signs, earlier ones are published while their tokens are good, and a running cluster follows."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podid.localcluster import pki
from podid.localcluster.preparing import prepare, renew_signing_key
from podid.localcluster.settings import ClusterFiles
from podid.localcluster.signing_keys import LONGEST_LIFE, SigningKeys, publish, rotate

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TOKEN = "/api/v1/namespaces/default/serviceaccounts/default/token"


@pytest.fixture
def files(tmp_path: Path) -> ClusterFiles:
    return prepare(tmp_path / "cluster", cluster_name="eksdemo1", port=6443, now=NOW)


def published(files: ClusterFiles) -> list[str]:
    return [key["kid"] for key in json.loads(files.jwks.read_bytes())["keys"]]


def test_an_earlier_key_is_published_until_its_last_token_has_ended(files: ClusterFiles) -> None:
    (first,) = published(files)
    second = rotate(files, pki.make_rsa_key(), NOW)
    assert published(files) == [second, first]
    third = rotate(files, pki.make_rsa_key(), NOW + timedelta(hours=12))
    assert published(files) == [third, first, second]
    publish(files, NOW + LONGEST_LIFE)
    assert published(files) == [third, first, second], "a token of the very last moment is still good"
    publish(files, NOW + LONGEST_LIFE + timedelta(hours=1))
    assert published(files) == [third, second]
    publish(files, NOW + timedelta(days=3))
    assert published(files) == [third]


def test_only_public_halves_are_published_and_kept(files: ClusterFiles) -> None:
    rotate(files, pki.make_rsa_key(), NOW)
    for kept in (files.jwks, files.former_keys):
        assert not {"d", "p", "q"} & _members(kept)
    assert files.service_account_key.stat().st_mode & 0o777 == 0o600


def _members(path: Path) -> set[str]:
    found = json.loads(path.read_bytes())
    keys = found["keys"] if isinstance(found, dict) else [one["jwk"] for one in found]
    assert keys
    return {name for key in keys for name in key}


def test_preparing_again_keeps_what_was_rotated(files: ClusterFiles) -> None:
    rotate(files, pki.make_rsa_key(), NOW)
    before = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    prepare(files.folder, cluster_name="eksdemo1", port=6443, now=NOW)
    assert {path.name: path.read_bytes() for path in files.folder.iterdir()} == before


def test_files_that_are_broken_leave_the_keys_as_they_were(files: ClusterFiles) -> None:
    keys = SigningKeys(files)
    signing = keys().signing.kid
    files.jwks.write_text("{")
    assert keys().signing.kid == signing
    publish(files, NOW)
    assert keys().signing.kid == signing


def test_a_running_cluster_signs_with_the_new_key_and_takes_tokens_of_both(start: Callable[..., Any]) -> None:
    running = start()
    old = issued(running)
    kid = renew_signing_key(running.cluster.files, datetime.now(UTC))
    new = issued(running)
    assert header(new)["kid"] == kid != header(old)["kid"]
    for token in (old, new):
        status, told = running.request("GET", "/api", token=token)
        assert status == 200, told
    served = running.request("GET", "/openid/v1/jwks")[1]
    assert [key["kid"] for key in served["keys"]] == [kid, header(old)["kid"]]
    assert served == json.loads(running.cluster.files.jwks.read_bytes())


def test_no_token_outlives_the_publishing_of_its_key(start: Callable[..., Any]) -> None:
    running = start()
    account = running.cluster.store.get("serviceaccounts", "default", "default")
    token = running.cluster.tokens.issue_for(account, audiences=(), expiration_seconds=10**7).token
    claims = json.loads(_decoded(token.split(".")[1]))
    assert claims["exp"] - claims["iat"] == LONGEST_LIFE.total_seconds()


def issued(running: Any) -> str:
    spec = {"audiences": ["https://kubernetes.default.svc"], "expirationSeconds": 3600}
    return str(running.request("POST", TOKEN, {"spec": spec})[1]["status"]["token"])


def header(token: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(_decoded(token.split(".")[0]))
    return found


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
