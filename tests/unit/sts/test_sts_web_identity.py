"""AssumeRoleWithWebIdentity, as IRSA pods use it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from podid.core.caller import ANONYMOUS
from podid.core.errors import AccessDenied, AwsError
from podid.core.tokens import KeySet, SigningKey, parse_jwks, sign_token
from podid.sts import Sts

ACCOUNT = "111122223333"
ISSUER = "oidc.example.com/id/ABC"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
KEY = SigningKey(ec.generate_private_key(ec.SECP256R1()))
OTHER_KEY = SigningKey(ec.generate_private_key(ec.SECP256R1()))
SUBJECT = "system:serviceaccount:default:app"


def jwks(*keys: SigningKey) -> str:
    return json.dumps({"keys": [key.public_jwk() for key in keys]})


class Pod:
    """A pod with a token, and a role that trusts its service account."""

    def __init__(self, world: Any) -> None:
        self.world = world
        world.iam.ensure_oidc_provider(ACCOUNT, f"https://{ISSUER}", client_ids=("sts.amazonaws.com",), jwks=jwks(KEY))
        self.role = world.role(
            world.trust(
                {
                    "Principal": {"Federated": PROVIDER},
                    "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
                    "Condition": {"StringEquals": {f"{ISSUER}:sub": SUBJECT, f"{ISSUER}:aud": "sts.amazonaws.com"}},
                }
            )
        )

    def token(self, key: SigningKey = KEY, **claims: Any) -> str:
        now = self.world.clock()
        base = {
            "iss": f"https://{ISSUER}",
            "sub": SUBJECT,
            "aud": ["sts.amazonaws.com"],
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
        }
        return sign_token(key, {name: value for name, value in {**base, **claims}.items() if value is not None})

    def assume(self, token: str | None = None, sts: Sts | None = None, **members: Any) -> Any:
        asked = {"RoleArn": self.role, "RoleSessionName": "pod", "WebIdentityToken": token or self.token(), **members}
        return self.world.sts_call("AssumeRoleWithWebIdentity", ANONYMOUS, **asked)


@pytest.fixture
def pod(world: Any) -> Pod:
    return Pod(world)


def refused(pod: Pod, token: str, code: str, **members: Any) -> str:
    with pytest.raises(AwsError) as caught:
        pod.assume(token, **members)
    assert caught.value.code == code
    return caught.value.public


def test_a_service_account_gets_its_role(pod: Pod, world: Any) -> None:
    answer = pod.assume()
    assert answer["SubjectFromWebIdentityToken"] == SUBJECT
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["Provider"] == PROVIDER
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/app/pod"
    assert world.open(answer["Credentials"]).kind == "role-session"


def test_another_service_account_does_not(pod: Pod) -> None:
    told = refused(pod, pod.token(sub="system:serviceaccount:default:other"), "AccessDenied")
    assert told == "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def test_nor_does_one_whose_role_is_not_there(pod: Pod) -> None:
    missing = f"arn:aws:iam::{ACCOUNT}:role/nobody"
    assert refused(pod, pod.token(), "AccessDenied", RoleArn=missing).startswith("Not authorized")


def test_a_role_that_trusts_another_provider(pod: Pod, world: Any) -> None:
    world.iam_call(
        "UpdateAssumeRolePolicy",
        RoleName="app",
        PolicyDocument=world.trust(
            {"Principal": {"Federated": PROVIDER + "X"}, "Action": "sts:AssumeRoleWithWebIdentity"}
        ),
    )
    with pytest.raises(AccessDenied):
        pod.assume()


def test_the_issuer_must_be_registered_in_the_roles_account(pod: Pod, world: Any) -> None:
    told = refused(pod, pod.token(iss="https://elsewhere.example.com"), "InvalidIdentityToken")
    assert told == "No OpenIDConnect provider found in your account for https://elsewhere.example.com"
    world.role(world.trust({"Principal": {"AWS": ACCOUNT}}), account="444455556666")
    other = "arn:aws:iam::444455556666:role/app"
    assert refused(pod, pod.token(), "InvalidIdentityToken", RoleArn=other).startswith("No OpenIDConnect provider")


@pytest.mark.parametrize("issuer", [None, 7, f"http://{ISSUER}", ISSUER])
def test_an_issuer_is_an_https_url(pod: Pod, issuer: Any) -> None:
    refused(pod, pod.token(iss=issuer), "InvalidIdentityToken")


def test_the_audience_must_be_registered(pod: Pod) -> None:
    assert refused(pod, pod.token(aud="pods.eks.amazonaws.com"), "InvalidIdentityToken") == "Incorrect token audience"
    assert pod.assume(pod.token(aud=["x", "sts.amazonaws.com"]))["Audience"] == "sts.amazonaws.com"
    assert pod.assume(pod.token(aud="sts.amazonaws.com"))


def test_forged_and_broken_tokens(pod: Pod) -> None:
    refused(pod, pod.token(OTHER_KEY), "InvalidIdentityToken")
    refused(pod, "not.a.token", "InvalidIdentityToken")
    refused(pod, pod.token(sub=None), "InvalidIdentityToken")
    head, _, signature = pod.token().split(".")
    _, other, _ = pod.token(sub="system:serviceaccount:default:admin").split(".")
    refused(pod, f"{head}.{other}.{signature}", "InvalidIdentityToken")


def test_a_token_ends(pod: Pod, world: Any) -> None:
    token = pod.token()
    world.clock.move(hours=1)
    told = refused(pod, token, "ExpiredTokenException")
    assert told.startswith("Token expired: current date/time 2026-01-02T04:04:05")
    refused(pod, pod.token(exp=None), "InvalidIdentityToken")


def test_tags_and_source_identity_come_with_the_token(pod: Pod, world: Any) -> None:
    claims: dict[str, Any] = {
        "https://aws.amazon.com/tags": {"principal_tags": {"team": ["a"]}, "transitive_tag_keys": ["team"]},
        "https://aws.amazon.com/source_identity": "ann",
    }
    answer = pod.assume(pod.token(**claims))
    caller = world.open(answer["Credentials"])
    assert dict(caller.tags) == {"team": "a"}
    assert caller.session.transitive == {"team"}
    assert caller.source_identity == answer["SourceIdentity"] == "ann"


@pytest.mark.parametrize(
    "claim",
    [
        7,
        {"principal_tags": {"a": "1"}},
        {"principal_tags": {"a": ["1", "2"]}},
        {"principal_tags": 7},
        {"transitive_tag_keys": 7},
    ],
)
def test_tags_of_another_form_are_refused(pod: Pod, claim: Any) -> None:
    refused(pod, pod.token(**{"https://aws.amazon.com/tags": claim}), "InvalidIdentityToken")


def test_session_policies_and_durations_hold_here_too(pod: Pod, world: Any) -> None:
    world.iam_call("PutRolePolicy", RoleName="app", PolicyName="p", PolicyDocument=world.allow("s3:*"))
    answer = pod.assume(Policy=world.allow("s3:GetObject"), DurationSeconds=900)
    caller = world.open(answer["Credentials"])
    assert not world.authorizer.decide(caller, "s3:PutObject", "*", {}).allowed
    refused(pod, pod.token(), "ValidationError", DurationSeconds=7200)


def test_a_session_is_known_by_its_provider(pod: Pod, world: Any) -> None:
    caller = world.open(pod.assume()["Credentials"])
    assert caller.provider == PROVIDER
    condition = {"StringEquals": {"aws:FederatedProvider": PROVIDER}}
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}],
    }
    world.iam_call("PutRolePolicy", RoleName="app", PolicyName="p", PolicyDocument=json.dumps(policy))
    assert world.authorizer.decide(caller, "s3:GetObject", "*", {}).allowed
    other = msgspec.structs.replace(caller, provider=PROVIDER + "x")
    assert not world.authorizer.decide(other, "s3:GetObject", "*", {}).allowed
    assert not world.authorizer.decide(msgspec.structs.replace(caller, provider=""), "s3:GetObject", "*", {}).allowed


# Keys that are fetched.


class Fetched:
    """An issuer on the network, as the port sees it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked: list[str] = []
        self.away = False

    def __call__(self, issuer: str, account: str) -> KeySet:
        assert account == ACCOUNT
        self.asked.append(issuer)
        if self.away:
            raise OSError("no route to host")
        return parse_jwks(self.text)


@pytest.fixture
def issuer(pod: Pod, world: Any) -> Fetched:
    fetched = Fetched(jwks(KEY))
    world.iam.ensure_oidc_provider(ACCOUNT, f"https://{ISSUER}", client_ids=(), jwks="")
    world.sts = Sts(world.iam, world.authorizer, world.ring, fetch_keys=fetched)
    return fetched


def test_keys_are_fetched_once_an_hour(pod: Pod, issuer: Fetched, world: Any) -> None:
    pod.assume()
    pod.assume()
    assert issuer.asked == [f"https://{ISSUER}"]
    world.clock.move(hours=1)
    pod.assume()
    assert len(issuer.asked) == 2


def test_an_unknown_key_is_looked_for_again_but_not_always(pod: Pod, issuer: Fetched, world: Any) -> None:
    pod.assume()
    issuer.text = jwks(KEY, OTHER_KEY)
    refused(pod, pod.token(OTHER_KEY), "InvalidIdentityToken")  # too soon after the last time
    assert len(issuer.asked) == 1
    world.clock.move(seconds=31)
    assert pod.assume(pod.token(OTHER_KEY))
    assert len(issuer.asked) == 2


def test_an_issuer_that_is_away(pod: Pod, issuer: Fetched, world: Any) -> None:
    issuer.away = True
    assert refused(pod, pod.token(), "IDPCommunicationError").startswith("Couldn't retrieve verification key")
    issuer.away, issuer.text = False, "nonsense"
    refused(pod, pod.token(), "IDPCommunicationError")
    assert len(issuer.asked) == 1  # an issuer that is away is left in peace for a while
    world.clock.move(seconds=30)
    refused(pod, pod.token(), "IDPCommunicationError")
    issuer.text = jwks(KEY)
    world.clock.move(seconds=30)
    assert pod.assume()
    assert len(issuer.asked) == 3


def test_without_a_port_nothing_is_fetched(pod: Pod, world: Any) -> None:
    world.iam.ensure_oidc_provider(ACCOUNT, f"https://{ISSUER}", client_ids=(), jwks="")
    assert "does not fetch" in refused(pod, pod.token(), "IDPCommunicationError")


def test_the_authorized_party_is_the_client_where_a_token_names_one(pod: Pod, world: Any) -> None:
    """IAM user guide, "Available keys for AWS OIDC federation": aud is azp where there is one, and oaud then is aud."""
    condition = {
        "StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:oaud": "another"},
        "StringLike": {f"{ISSUER}:email": "*@example.com"},
    }
    statement = {
        "Principal": {"Federated": PROVIDER},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    world.role(world.trust(statement))
    answer = pod.assume(pod.token(azp="sts.amazonaws.com", aud=["another"], email="ann@example.com"))
    caller = world.open(answer["Credentials"])
    assert caller.federation == {f"{ISSUER}:aud": ("sts.amazonaws.com",), f"{ISSUER}:sub": (SUBJECT,)}
    text = refused(pod, pod.token(azp="another", aud=["sts.amazonaws.com"]), "InvalidIdentityToken")
    assert text == "Incorrect token audience"
