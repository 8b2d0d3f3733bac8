"""Whose word counts for an issuer's keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from podid.core.tokens import SigningKey
from podid.eks import ClusterRegistration, Eks, KubeconfigAccess
from podid.eks_auth.keys import FetchProblem
from podid.gateway import provider_keys
from podid.gateway.provider_keys import ProviderKeySets
from podid.iam import Authorizer, Iam
from podid.store import MasterKey, open_store

OPERATOR, TENANT, OTHER, REGION = "111122223333", "222233334444", "333344445555", "us-east-1"
ISSUER = "https://oidc.example.com/id/ONE"


def new_key() -> SigningKey:
    private = ec.generate_private_key(ec.SECP256R1())
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return SigningKey.from_pem(private.private_bytes(encoding, form, serialization.NoEncryption()))


def jwks(key: SigningKey) -> str:
    return json.dumps({"keys": [key.public_jwk()]})


@pytest.fixture
def eks(tmp_path: Path) -> Iterator[Eks]:
    store = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey.generate())
    iam = Iam(store)
    made = Eks(store, iam, Authorizer(iam), KubeconfigAccess())
    yield made
    made.close()
    store.close()


def register(eks: Eks, account: str, name: str, key: SigningKey, issuer: str = ISSUER) -> None:
    eks.register_cluster(account, REGION, ClusterRegistration(name=name, version="1.33", issuer=issuer, jwks=jwks(key)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The network: what is there by URL."""
    there: dict[str, bytes] = {}

    def fetch(url: str, *, loopback: bool = True) -> tuple[bytes, int | None]:
        assert not loopback
        if url not in there:
            raise FetchProblem(f"{url}: no route to host")
        return there[url], None

    monkeypatch.setattr(provider_keys, "fetch", fetch)
    return there


def test_a_cluster_of_the_account_vouches_without_a_network(eks: Eks, asked: dict[str, bytes]) -> None:
    key = new_key()
    register(eks, TENANT, "one", key)
    for issuer in (ISSUER, f"{ISSUER}/"):
        assert ProviderKeySets(eks, {})(issuer, TENANT).find(key.kid) is not None


def test_the_cluster_of_another_account_does_not(eks: Eks, asked: dict[str, bytes]) -> None:
    register(eks, TENANT, "forger", new_key())
    with pytest.raises(OSError, match="no route"):
        ProviderKeySets(eks, {})(ISSUER, OTHER)


def test_a_cluster_that_a_caller_registered_does_not(eks: Eks, asked: dict[str, bytes]) -> None:
    key = new_key()
    registration = ClusterRegistration(name="told", version="1.33", issuer=ISSUER, jwks=jwks(key), by_call=True)
    eks.register_cluster(TENANT, REGION, registration)
    with pytest.raises(OSError, match="no route"):
        ProviderKeySets(eks, {})(ISSUER, TENANT)


def test_a_cluster_of_the_installation_file_vouches_for_all(eks: Eks, asked: dict[str, bytes]) -> None:
    key = new_key()
    register(eks, OPERATOR, "local", key)
    keys = ProviderKeySets(eks, {ISSUER: (OPERATOR, REGION, "local")})
    assert keys(ISSUER, OTHER).find(key.kid) is not None
    # ... while it is that cluster: one of its name that was made anew has another issuer.
    register(eks, OPERATOR, "local", new_key(), issuer="https://elsewhere.example.com")
    with pytest.raises(OSError, match="no route"):
        keys(ISSUER, OTHER)


def test_other_issuers_are_asked_themselves(eks: Eks, asked: dict[str, bytes]) -> None:
    key = new_key()
    place = f"{ISSUER}/.well-known/openid-configuration"
    asked[place] = json.dumps({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", "more": 1}).encode()
    asked[f"{ISSUER}/keys"] = jwks(key).encode()
    keys = ProviderKeySets(eks, {})
    assert keys(ISSUER, OTHER).find(key.kid) is not None
    asked[place] = json.dumps({"issuer": "https://other.example.com", "jwks_uri": f"{ISSUER}/keys"}).encode()
    with pytest.raises(OSError, match="another issuer"):
        keys(ISSUER, OTHER)
    asked[place] = b"[]"
    with pytest.raises(OSError, match="cannot be read"):
        keys(ISSUER, OTHER)
    asked[place] = json.dumps({"issuer": ISSUER, "jwks_uri": "http://127.0.0.1/keys"}).encode()
    with pytest.raises(OSError):
        keys(ISSUER, OTHER)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/keys", "http://example.com/keys", "file:///etc/passwd"])
def test_nothing_but_https_is_fetched_for_a_provider(url: str) -> None:
    from podid.eks_auth.keys import fetch

    with pytest.raises(FetchProblem, match="https only"):
        fetch(url, loopback=False)
