"""EKS Auth on a real store, with the real IAM, STS and EKS, a cluster whose tokens the test signs, and a clock that the test moves."""

from __future__ import annotations

import json
import random as stdlib_random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from podid.core.caller import Call, Caller, Output
from podid.core.operations import invoke
from podid.core.tokens import SigningKey, sign_token
from podid.eks import Cluster, ClusterRegistration, Eks, KubeconfigAccess
from podid.eks_auth import ClusterKeys, EksAuth
from podid.iam import Authorizer, Iam
from podid.store import MasterKey, Store, open_store
from podid.sts import KeyRing, Sts

ACCOUNT, REGION, CLUSTER, ISSUER = "111122223333", "us-east-1", "eksdemo1", "https://issuer.test"


class Seconds:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        return self.value


class World:
    """All of it, with short ways to what tests do again and again."""

    def __init__(self, folder: Path, store: Store, keys: dict[str, SigningKey]) -> None:
        random = stdlib_random.Random(7).randbytes
        self.folder, self.store, self.keys, self.random = folder, store, keys, random
        self.now = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
        self.seconds = Seconds()
        self.iam = Iam(store, random=random, clock=lambda: self.now)
        authorizer = Authorizer(self.iam)
        self.sts = Sts(self.iam, authorizer, KeyRing.load_or_create(folder / "ring.json"), random=random)
        access = KubeconfigAccess()
        self.eks = Eks(store, self.iam, authorizer, access, random=random, clock=lambda: self.now)
        self.eks_auth = EksAuth(
            self.eks, self.iam, self.sts, authorizer, random=random, keys=ClusterKeys(access, monotonic=self.seconds)
        )
        self.iam.ensure_user(ACCOUNT, "admin", policy_arns=("arn:aws:iam::aws:policy/AdministratorAccess",))
        key = self.iam.find_key(self.iam.ensure_access_key(ACCOUNT, "admin").access_key_id)
        assert key is not None
        self.administrator: Caller = key.caller
        self.jwks = folder / "jwks.json"
        self.publish("rsa")
        self.cluster: Cluster = self.register()

    def register(self, **facts: Any) -> Cluster:
        known = {"name": CLUSTER, "version": "1.33", "issuer": ISSUER} | (facts or {"jwks_file": self.jwks})
        return self.eks.register_cluster(ACCOUNT, REGION, ClusterRegistration(**known))

    def publish(self, *names: str) -> str:
        """Write the key set of the named keys into the cluster's file, replacing it as an API server's operator would."""
        document = json.dumps({"keys": [self.keys[name].public_jwk() for name in names]})
        fresh = self.jwks.with_suffix(".new")
        fresh.write_text(document)
        fresh.rename(self.jwks)
        return document

    def token(self, *, key: str = "rsa", **changes: Any) -> str:
        """A token as the kubelet mounts it; `changes` replace claims, None removes one."""
        issued = int(self.now.timestamp())
        claims: dict[str, Any] = {
            "aud": ["pods.eks.amazonaws.com"],
            "exp": issued + 86_400,
            "iat": issued,
            "nbf": issued,
            "iss": ISSUER,
            "sub": "system:serviceaccount:default:app",
            "kubernetes.io": {
                "namespace": "default",
                "node": {"name": "node-1", "uid": "n-uid"},
                "pod": {"name": "aws-cli", "uid": "5e1f1f5e-0000-4000-8000-000000000001"},
                "serviceaccount": {"name": "app", "uid": "sa-uid"},
            },
        } | changes
        return sign_token(self.keys[key], {name: value for name, value in claims.items() if value is not None})

    def call(self, room: Any, operation: str, **members: Any) -> Output:
        call = Call(
            caller=self.administrator,
            account=ACCOUNT,
            region=REGION,
            partition="aws",
            now=self.now,
            request_id="r",
            service="eks",
            operation=operation,
        )
        self.last = call
        return invoke(room.handlers(), call, members)

    def assume(self, token: str, **members: Any) -> Output:
        asked = {"clusterName": CLUSTER, "token": token} | members
        return self.call(self.eks_auth, "AssumeRoleForPodIdentity", **asked)

    def role(self, name: str, *statements: dict[str, Any], account: str = ACCOUNT, may: Any = None) -> str:
        """A role with the given trust statements (default: Pod Identity may assume and tag)."""
        usual = {"Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
        trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements or (usual,)]}
        own = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": may or "s3:*"}]}
        return self.iam.ensure_role(account, name, trust=json.dumps(trust), inline={"own": json.dumps(own)}).arn

    def associate(self, role_arn: str, **members: Any) -> Any:
        asked = {"clusterName": CLUSTER, "namespace": "default", "serviceAccount": "app", "roleArn": role_arn} | members
        return self.call(self.eks, "CreatePodIdentityAssociation", **asked)["association"]

    def caller_of(self, answer: Output) -> Caller:
        given = answer["credentials"]
        return self.sts.open_session(given["accessKeyId"], given["sessionToken"], self.now).caller

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, SigningKey]:
    """An RSA and an EC key of the cluster, a key of its next rotation, and a stranger's."""
    made: dict[str, Any] = {name: rsa.generate_private_key(65537, 2048) for name in ("rsa", "next", "stranger")}
    made["ec"] = ec.generate_private_key(ec.SECP256R1())
    return {name: SigningKey.from_pem(_pem(key)) for name, key in made.items()}


def _pem(key: Any) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))


@pytest.fixture
def world(tmp_path: Path, signing_keys: dict[str, SigningKey]) -> Iterator[World]:
    store = open_store(f"sqlite:///{tmp_path}/state.db", master_key=MasterKey((b"k" * 32,)))
    made = World(tmp_path, store, signing_keys)
    yield made
    made.eks.close()
    store.close()
