"""A rotated token, checked on the node against the cluster's keys: in an outage, and against forgeries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.signed_server import MovedClock

from podid.core.tokens import SigningKey, sign_token

Run = Callable[..., Any]


def new_key() -> SigningKey:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningKey.from_pem(pem)


def claims(clock: MovedClock, **changes: Any) -> dict[str, Any]:
    return {
        "iss": "https://issuer.example",
        "aud": ["pods.eks.amazonaws.com"],
        "exp": int(clock.at) + 3600,
        "nbf": int(clock.at) - 5,
        "iat": int(clock.at) - 5,
        "sub": "system:serviceaccount:default:s3",
        "kubernetes.io": {
            "namespace": "default",
            "pod": {"name": "pod-1", "uid": "uid-1"},
            "serviceaccount": {"name": "s3", "uid": "sa-1"},
        },
        **changes,
    }


@pytest.fixture
def key() -> SigningKey:
    return new_key()


@pytest.fixture
def jwks(key: SigningKey, tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    write(file, key)
    return file


def write(file: Path, *keys: SigningKey) -> None:
    file.write_text(json.dumps({"keys": [key.public_jwk() for key in keys]}))


def test_in_an_outage_a_rotated_token_of_a_pod_with_a_lease_is_served(
    in_world: Run, clock: MovedClock, key: SigningKey, jwks: Path
) -> None:
    async def scenario(world: Any) -> None:
        first = await world.get(sign_token(key, claims(clock)))
        world.eks_auth.refuse(503, "ServiceUnavailableException", "down")
        rotated = sign_token(key, claims(clock, jti="rotated"))
        answer = await world.get(rotated)
        assert (answer.status, answer.body) == (200, first.body)
        assert (await world.get(rotated)).status == 200
        assert world.calls == 1
        metrics = (await world.ask(world.agent.metrics_place, "/metrics")).body.decode()
        assert 'pod_identity_local_validation{result="success"} 1' in metrics

    in_world(scenario, token_keys=str(jwks))


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://another"},
        {"aud": ["sts.amazonaws.com"]},
        {
            "kubernetes.io": {
                "namespace": "other",
                "pod": {"name": "pod-1", "uid": "uid-1"},
                "serviceaccount": {"name": "s3", "uid": "sa-1"},
            },
            "sub": "system:serviceaccount:other:s3",
        },
        {
            "kubernetes.io": {
                "namespace": "default",
                "pod": {"name": "pod-1", "uid": "uid-1"},
                "serviceaccount": {"name": "s3", "uid": "sa-of-another-time"},
            }
        },
    ],
)
def test_a_token_of_anything_else_is_for_eks_auth_to_judge(
    in_world: Run, clock: MovedClock, key: SigningKey, jwks: Path, changes: dict[str, Any]
) -> None:
    async def scenario(world: Any) -> None:
        await world.get(sign_token(key, claims(clock)))
        world.eks_auth.refuse(400, "InvalidTokenException", "no")
        assert (await world.get(sign_token(key, claims(clock, **changes)))).status == 400
        assert world.calls == 2

    in_world(scenario, token_keys=str(jwks))


def test_a_forged_signature_is_for_eks_auth_to_judge(
    in_world: Run, clock: MovedClock, key: SigningKey, jwks: Path
) -> None:
    async def scenario(world: Any) -> None:
        await world.get(sign_token(key, claims(clock)))
        world.eks_auth.refuse(400, "InvalidTokenException", "no")
        head, body, _ = sign_token(key, claims(clock, jti="x")).split(".")
        foreign = sign_token(new_key(), claims(clock, jti="y"))
        for forged in (f"{head}.{body}.{'A' * 86}", foreign):
            assert (await world.get(forged)).status == 400

    in_world(scenario, token_keys=str(jwks))


def test_a_new_key_of_the_cluster_is_read_when_a_token_names_it_but_not_at_every_token(
    in_world: Run, clock: MovedClock, key: SigningKey, jwks: Path
) -> None:
    async def scenario(world: Any) -> None:
        await world.get(sign_token(key, claims(clock)))
        world.eks_auth.refuse(503, "ServiceUnavailableException", "down")
        other = new_key()
        assert (await world.get(sign_token(other, claims(clock, jti="1")))).status == 503
        write(jwks, key, other)
        assert (await world.get(sign_token(other, claims(clock, jti="2")))).status == 503  # read a moment ago
        clock.move(11)
        assert (await world.get(sign_token(other, claims(clock, jti="3")))).status == 200

    in_world(scenario, token_keys=str(jwks))


@pytest.mark.parametrize("content", ["", "[]", '{"keys": 3}', "\x00"])
def test_keys_that_cannot_be_read_leave_it_to_eks_auth(
    in_world: Run, clock: MovedClock, key: SigningKey, jwks: Path, content: str
) -> None:
    jwks.write_text(content)

    async def scenario(world: Any) -> None:
        await world.get(sign_token(key, claims(clock)))
        assert (await world.get(sign_token(key, claims(clock, jti="2")))).status == 200
        assert world.calls == 2

    in_world(scenario, token_keys=str(jwks))
