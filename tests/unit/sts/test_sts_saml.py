"""AssumeRoleWithSAML: whose assertions are taken, and what they give."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree
from tests.tools import saml_idp
from tests.tools.saml_idp import ENDPOINT, ISSUER, PREFIX

from podid.core.caller import ANONYMOUS
from podid.core.errors import AccessDenied
from podid.sts.errors import ExpiredIdentityToken, InvalidIdentityToken, ValidationError

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"
PAIR = f"{ROLE},{PROVIDER}"
NS = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "samlp": "urn:oasis:names:tc:SAML:2.0:protocol"}


def trust(world: Any, **condition: Any) -> str:
    statement: dict[str, Any] = {
        "Principal": {"Federated": PROVIDER},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession", "sts:SetSourceIdentity"],
    }
    return str(world.trust({**statement, "Condition": condition} if condition else statement))


@pytest.fixture
def federated(world: Any) -> Any:
    """A world with a provider and a role that trusts it."""
    world.iam_call("CreateSAMLProvider", Name="idp", SAMLMetadataDocument=saml_idp.metadata())
    world.role(trust(world))
    return world


def ask(world: Any, response: str = "", **members: Any) -> Any:
    given = {"RoleArn": ROLE, "PrincipalArn": PROVIDER, "SAMLAssertion": response or made(world), **members}
    return world.sts_call("AssumeRoleWithSAML", ANONYMOUS, **given)


def made(world: Any, **parts: Any) -> str:
    return saml_idp.response(world.clock(), **{"roles": [PAIR], **parts})


@pytest.mark.parametrize("sign", ["Assertion", "Response"])
def test_a_signed_assertion_gives_a_session(federated: Any, sign: str) -> None:
    answer = ask(federated, made(federated, sign=sign))
    assert (answer["Subject"], answer["SubjectType"], answer["Issuer"]) == ("ann", "persistent", ISSUER)
    assert answer["Audience"] == ENDPOINT
    # base64 of SHA-1 of issuer, account, /name: as the API reference writes it.
    assert len(base64.b64decode(answer["NameQualifier"])) == 20
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/app/ann"
    caller = federated.open(answer["Credentials"])
    assert caller.provider == PROVIDER
    assert caller.federation["saml:sub"] == ("ann",)


def test_the_keys_of_the_assertion_are_asked_for_in_the_trust_policy(federated: Any) -> None:
    wanted = {
        "saml:aud": ENDPOINT,
        "saml:iss": ISSUER,
        "saml:sub": "ann",
        "saml:sub_type": "persistent",
        "saml:doc": f"{ACCOUNT}/idp",
        "saml:eduPersonAffiliation": "staff",
        "saml:cn": "Ann",
        "aws:RequestTag/Team": "a",
    }
    tagged = {
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.1": "staff",
        "urn:oid:2.5.4.3": "Ann",
        PREFIX + "PrincipalTag:Team": "a",
    }
    for key, value in wanted.items():
        federated.role(trust(federated, StringEquals={key: value}))
        assert ask(federated, made(federated, attributes=tagged))
        federated.role(trust(federated, StringEquals={key: value + "x"}))
        with pytest.raises(AccessDenied, match="Not authorized to perform sts:AssumeRoleWithSAML"):
            ask(federated, made(federated, attributes=tagged))


def test_tags_source_identity_and_session_name_come_from_the_assertion(federated: Any) -> None:
    attributes = {
        PREFIX + "PrincipalTag:Team": "a",
        PREFIX + "PrincipalTag:Cost": "7",
        PREFIX + "TransitiveTagKeys": ["Team"],
        PREFIX + "SourceIdentity": "ann@example",
        PREFIX + "RoleSessionName": "ann.b",
    }
    answer = ask(federated, made(federated, attributes=attributes))
    assert answer["SourceIdentity"] == "ann@example"
    assert answer["PackedPolicySize"] > 0
    caller = federated.open(answer["Credentials"])
    assert caller.session.tags == {"Team": "a", "Cost": "7"}
    assert caller.session.transitive == {"team"}
    assert caller.source_identity == "ann@example"
    assert caller.session_name == "ann.b"


def test_a_session_ends_with_the_one_at_the_provider(federated: Any) -> None:
    end = federated.clock() + timedelta(minutes=30)
    answer = ask(federated, made(federated, session_until=end))
    assert answer["Credentials"]["Expiration"] == end.replace(microsecond=0)


def test_the_pair_may_be_written_either_way_round_and_must_be_there(federated: Any) -> None:
    assert ask(federated, made(federated, roles=["x,y", f"{PROVIDER}, {ROLE}"]))
    with pytest.raises(AccessDenied, match="Not authorized to perform sts:AssumeRoleWithSAML"):
        ask(federated, made(federated, roles=[f"{ROLE}2,{PROVIDER}"]))
    with pytest.raises(AccessDenied):
        ask(federated, made(federated, roles=[ROLE]))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"issuer": "https://other.example.com"}, "Issuer not present in specified provider"),
    ({"audience": "https://sp.example.com"}, "Response does not contain the required audience"),
    ({"recipient": "https://sp.example.com"}, "Response does not contain the required audience"),
    (
        {"recipient": "https://signin.aws.amazon.com.evil.example/saml"},
        "Response does not contain the required audience",
    ),
    ({"sign": ""}, "Response signature invalid"),
    ({"signer": saml_idp.keys("another")}, "Response signature invalid"),
    ({"status": "urn:oasis:names:tc:SAML:2.0:status:Requester"}, "Invalid SAML response"),
    ({"attributes": {PREFIX + "RoleSessionName": "a b"}}, "RoleSessionName in AuthnResponse must match"),
    ({"attributes": {PREFIX + "RoleSessionName": ["a1", "b1"]}}, "must have one value"),
    ({"attributes": {PREFIX + "RoleSessionName": []}}, "RoleSessionName is required in AuthnResponse"),
    ({"attributes": {PREFIX + "SourceIdentity": "aws:x"}}, "Source Identity must match"),
    ({"attributes": {PREFIX + "SessionDuration": "60"}}, "SessionDuration must be between"),
]


@pytest.mark.parametrize(("parts", "text"), REFUSED)
def test_an_assertion_that_will_not_do_is_refused(federated: Any, parts: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidIdentityToken, match=text):
        ask(federated, made(federated, **parts))


def test_regional_endpoints_are_meant_too(federated: Any) -> None:
    regional = "https://eu-west-1.signin.aws.amazon.com/saml"
    assert ask(federated, made(federated, recipient=regional, audience=regional))["Audience"] == regional


def test_an_assertion_is_good_for_five_minutes_and_no_longer_than_it_says(federated: Any) -> None:
    now = federated.clock().replace(microsecond=0)
    response = made(federated, until=now + timedelta(hours=1))
    federated.clock.now = now + timedelta(minutes=5) - timedelta(microseconds=1)
    assert ask(federated, response)
    federated.clock.now = now + timedelta(minutes=5)
    with pytest.raises(ExpiredIdentityToken, match="Token must be redeemed within 5 minutes of issuance"):
        ask(federated, response)
    federated.clock.now = now
    with pytest.raises(ExpiredIdentityToken, match="Token is expired"):
        ask(federated, made(federated, until=now))
    with pytest.raises(InvalidIdentityToken, match="not yet valid"):
        ask(federated, made(federated, not_before=now + timedelta(minutes=2)))


def _text_of_role(root: Any) -> Any:
    """What an attacker wants to say."""
    evil = copy.deepcopy(next(root.iter(f"{{{NS['saml']}}}Assertion")))
    for signature in evil.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        evil.remove(signature)
    evil.find(".//saml:NameID", NS).text = "mallory"
    return evil


def _wrapped_in_front(root: Any) -> Any:
    evil = _text_of_role(root)
    evil.set("ID", "_evil")
    root.insert(0, evil)
    return root


def _same_id(root: Any) -> Any:
    root.insert(0, _text_of_role(root))
    return root


def _signed_one_hidden_in_extensions(root: Any) -> Any:
    """The signed assertion moves into an element nobody reads, the evil one takes its place with the signature."""
    good = root.find("saml:Assertion", NS)
    evil = _text_of_role(root)
    evil.set("ID", "_evil")
    signature = copy.deepcopy(good.find("{http://www.w3.org/2000/09/xmldsig#}Signature"))
    evil.insert(1, signature)
    hidden = etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object")
    root.replace(good, evil)
    hidden.append(good)
    return root


def _altered(root: Any) -> Any:
    root.find(".//saml:NameID", NS).text = "mallory"
    return root


def _evil_response_around(root: Any) -> Any:
    """A new response with an evil assertion; the signed response is inside its Extensions."""
    outer = copy.deepcopy(root)
    for child in outer.findall("{http://www.w3.org/2000/09/xmldsig#}Signature"):
        outer.remove(child)
    outer.find(".//saml:NameID", NS).text = "mallory"
    outer.set("ID", "_outer")
    outer.insert(0, copy.deepcopy(root.find("{http://www.w3.org/2000/09/xmldsig#}Signature")))
    etree.SubElement(outer, f"{{{NS['samlp']}}}Extensions").append(root)
    return outer


@pytest.mark.parametrize(
    ("sign", "attack"),
    [
        ("Assertion", _wrapped_in_front),
        ("Assertion", _same_id),
        ("Assertion", _signed_one_hidden_in_extensions),
        ("Assertion", _altered),
        ("Response", _altered),
        ("Response", _wrapped_in_front),
        ("Response", _evil_response_around),
    ],
)
def test_what_is_not_signed_is_never_believed(federated: Any, sign: str, attack: Callable[[Any], Any]) -> None:
    with pytest.raises(InvalidIdentityToken):
        ask(federated, made(federated, sign=sign, afterwards=attack))


def test_a_comment_does_not_cut_a_name_short(federated: Any) -> None:
    """ann@example.com<!---->.evil.example is one name to the provider, and must be one here."""

    def commented(root: Any) -> Any:
        name = root.find(".//saml:NameID", NS)
        name.text = "ann@example.com"
        comment = etree.Comment("")
        comment.tail = ".evil.example"
        name.append(comment)
        return root

    assert ask(federated, made(federated, change=commented))["Subject"] == "ann@example.com.evil.example"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<",
        b"\xff\xfe",
        b"<samlp:Response/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        b'<!DOCTYPE x SYSTEM "http://169.254.169.254/"><x/>',
        b"<x>" * 5000,
        b'<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>',
        b'<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"><Status><StatusCode/></Status></Response>',
    ],
)
def test_hostile_documents_are_refused(federated: Any, document: bytes) -> None:
    with pytest.raises(InvalidIdentityToken):
        ask(federated, base64.b64encode(document).decode() + " ")


def test_what_is_no_base64_is_refused(federated: Any) -> None:
    with pytest.raises(InvalidIdentityToken, match="Invalid base64 SAMLResponse"):
        ask(federated, "!!!!")


def test_the_provider_and_the_role_must_be_there(federated: Any) -> None:
    with pytest.raises(InvalidIdentityToken, match="Specified provider doesn't exist"):
        ask(federated, PrincipalArn=PROVIDER + "x")
    missing = ROLE + "x"
    with pytest.raises(AccessDenied):
        ask(federated, made(federated, roles=[f"{missing},{PROVIDER}"]), RoleArn=missing)
    with pytest.raises(ValidationError, match="MaxSessionDuration"):
        ask(federated, DurationSeconds=43_200)


def test_a_session_policy_narrows_the_session(federated: Any) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    answer = ask(federated, Policy=json.dumps(document))
    assert federated.open(answer["Credentials"]).session_policies == (json.dumps(document),)
