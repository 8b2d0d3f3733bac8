"""Passwords, second factors, keys and certificates of users: the rules beside the plain calls that the stories tell."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from sqlalchemy import select
from tests.tools import saml_idp

from podid.core.caller import Caller
from podid.core.errors import AccessDenied
from podid.iam import Iam, passwords, unreadable_secrets
from podid.iam.tables import LOGIN_PROFILES, MFA_DEVICES, SERVER_CERTIFICATES, SERVICE_CREDENTIALS
from podid.iam.totp import code_of, step_at
from podid.store import MasterKey, Store

ACCOUNT = "111122223333"
GOOD = "Correct-Horse-1"
SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phone"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Passwords are derived at the least cost, but where their form is looked at: 0.2 s each is what an attacker should pay."""
    if "in_the_clear" not in request.node.name:
        monkeypatch.setattr(passwords, "_N", 2)


@pytest.fixture
def ann(aws: Any) -> Any:
    return aws.create_user(UserName="ann")["User"]


@pytest.fixture
def as_ann(client_for: Any, ann: Any) -> Any:
    who = Caller(kind="user", account=ACCOUNT, arn=ann["Arn"], user_id=ann["UserId"], user_name="ann")
    return client_for(caller=who)


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("Ab1-", "Password should have a minimum length of 8"),
        ("abcdefgh1", "Password should have at least three of: uppercase letters, lowercase letters, numbers, symbols"),
    ],
)
def test_a_password_has_length_and_kinds(aws: Any, refused: Any, ann: Any, password: str, text: str) -> None:
    with refused("PasswordPolicyViolation", text, 400):
        aws.create_login_profile(UserName="ann", Password=password)


def test_a_password_is_not_the_accounts_name(aws: Any, refused: Any, ann: Any) -> None:
    aws.create_account_alias(AccountAlias="acme-123-corp")
    aws.update_account_password_policy(MinimumPasswordLength=6)
    aws.create_login_profile(UserName="ann", Password="acme-123-corp")  # a policy of one's own does not forbid it
    aws.delete_login_profile(UserName="ann")
    aws.delete_account_password_policy()
    with refused("PasswordPolicyViolation", "Password should not be identical to the account name", 400):
        aws.create_login_profile(UserName="ann", Password="acme-123-corp")


@pytest.mark.parametrize(
    ("member", "password", "word"),
    [
        ("RequireSymbols", "Abcdefg1", "symbol"),
        ("RequireNumbers", "Abcdefg-", "number"),
        ("RequireUppercaseCharacters", "abcdefg1", "uppercase letter"),
        ("RequireLowercaseCharacters", "ABCDEFG1", "lowercase letter"),
    ],
)
def test_the_accounts_own_policy_decides(
    aws: Any, refused: Any, ann: Any, member: str, password: str, word: str
) -> None:
    aws.update_account_password_policy(MinimumPasswordLength=8)
    aws.create_login_profile(UserName="ann", Password=password)
    aws.update_account_password_policy(MinimumPasswordLength=8, **{member: True})
    with refused("PasswordPolicyViolation", f"Password should have at least one {word}", 400):
        aws.update_login_profile(UserName="ann", Password=password)


def test_earlier_passwords_stay_forbidden_as_long_as_the_policy_says(aws: Any, as_ann: Any, refused: Any) -> None:
    aws.update_account_password_policy(MinimumPasswordLength=8, PasswordReusePrevention=2)
    aws.create_login_profile(UserName="ann", Password=GOOD, PasswordResetRequired=True)
    as_ann.change_password(OldPassword=GOOD, NewPassword="Second-One-2")
    assert not aws.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"]
    for used in ("Second-One-2", GOOD):
        with refused("PasswordPolicyViolation", "Password should not be one of the passwords used before", 400):
            as_ann.change_password(OldPassword="Second-One-2", NewPassword=used)
    as_ann.change_password(OldPassword="Second-One-2", NewPassword="Third-One-3")
    as_ann.change_password(OldPassword="Third-One-3", NewPassword=GOOD)


def test_only_users_change_their_own_password(aws: Any, as_ann: Any, refused: Any) -> None:
    aws.create_login_profile(UserName="ann", Password=GOOD)
    with refused("AccessDenied", "The old password is not correct.", 403):
        as_ann.change_password(OldPassword="Wrong-Horse-1", NewPassword="Second-One-2")
    with refused("InvalidUserType", "Only IAM users can change their own password.", 400):
        aws.change_password(OldPassword=GOOD, NewPassword="Second-One-2")


def test_no_secret_is_kept_in_the_clear(aws: Any, ann: Any, store: Store) -> None:
    aws.create_login_profile(UserName="ann", Password=GOOD)
    seed = aws.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]["Base32StringSeed"]
    made = aws.create_service_specific_credential(UserName="ann", ServiceName="codecommit.amazonaws.com")
    idp = saml_idp.keys()
    aws.upload_server_certificate(
        ServerCertificateName="web",
        CertificateBody=idp.certificate_pem.decode(),
        PrivateKey=idp.private_pem.decode(),
    )
    with store.read() as connection:
        kept = "".join(
            repr(connection.execute(select(table)).one()._mapping)
            for table in (LOGIN_PROFILES, MFA_DEVICES, SERVICE_CREDENTIALS, SERVER_CERTIFICATES)
        )
    assert "scrypt$16384$8$5$" in kept
    secrets = (GOOD, seed.decode(), made["ServiceSpecificCredential"]["ServicePassword"], "PRIVATE KEY")
    assert [secret for secret in secrets if secret in kept] == []
    assert repr(base64.b32decode(seed))[2:-1] not in kept


def test_every_encrypted_secret_is_renewed_with_the_master_key(
    aws: Any, iam: Iam, ann: Any, store: Store, device: Device, clock: Any
) -> None:
    aws.create_access_key(UserName="ann")
    idp = saml_idp.keys()
    aws.upload_server_certificate(
        ServerCertificateName="web",
        CertificateBody=idp.certificate_pem.decode(),
        PrivateKey=idp.private_pem.decode(),
    )
    device.enable(aws)
    with store.read() as connection:
        assert unreadable_secrets(connection, store.master_key) == []
        assert len(unreadable_secrets(connection, MasterKey.generate())) == 3
    assert iam.renew_secrets() == 0
    store.master_key = store.master_key.rotated()
    assert iam.renew_secrets() == 3
    store.master_key = store.master_key.without_old()
    with store.read() as connection:
        assert unreadable_secrets(connection, store.master_key) == []
    clock.move(seconds=30)
    iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())


class Device:
    """An authenticator app."""

    def __init__(self, aws: Any, clock: Any) -> None:
        made = aws.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
        self._seed = base64.b32decode(made["Base32StringSeed"])
        self._clock = clock

    def code(self, off: int = 0) -> str:
        return code_of(self._seed, step_at(self._clock()) + off)

    def enable(self, aws: Any, off: int = 0) -> None:
        codes = {"AuthenticationCode1": self.code(off - 1), "AuthenticationCode2": self.code(off)}
        aws.enable_mfa_device(UserName="ann", SerialNumber=SERIAL, **codes)


@pytest.fixture
def device(aws: Any, clock: Any, ann: Any) -> Device:
    return Device(aws, clock)


def test_a_device_whose_clock_is_off_is_learnt(aws: Any, iam: Iam, clock: Any, ann: Any, device: Device) -> None:
    device.enable(aws, off=-9)
    clock.move(seconds=30)
    iam.prove_mfa(ann["UserId"], SERIAL, device.code(-9), clock())
    clock.move(seconds=30)
    with pytest.raises(AccessDenied, match="invalid MFA one time pass code"):
        iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())


def test_a_code_is_taken_once(aws: Any, iam: Iam, clock: Any, ann: Any, device: Device) -> None:
    device.enable(aws)
    with pytest.raises(AccessDenied, match="invalid MFA one time pass code"):
        iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())  # enabling took it
    clock.move(seconds=30)
    iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())
    with pytest.raises(AccessDenied, match="invalid MFA one time pass code"):
        iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())


def test_codes_cannot_be_tried_out(aws: Any, iam: Iam, clock: Any, ann: Any, device: Device) -> None:
    device.enable(aws)
    clock.move(seconds=60)
    for _ in range(5):
        with pytest.raises(AccessDenied):
            iam.prove_mfa(ann["UserId"], SERIAL, "000000", clock())
    with pytest.raises(AccessDenied):
        iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())
    clock.move(seconds=299)
    with pytest.raises(AccessDenied):
        iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())
    clock.move(seconds=1)
    iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())


def test_a_device_is_its_users_alone(aws: Any, iam: Iam, clock: Any, ann: Any, device: Device, refused: Any) -> None:
    bob = aws.create_user(UserName="bob")["User"]
    with pytest.raises(AccessDenied, match="unable to validate MFA code"):
        iam.prove_mfa(ann["UserId"], SERIAL, device.code(), clock())
    device.enable(aws)
    clock.move(seconds=30)
    with pytest.raises(AccessDenied, match="unable to validate MFA code"):
        iam.prove_mfa(bob["UserId"], SERIAL, device.code(), clock())
    with refused("EntityAlreadyExists", "MFA Device is already in use.", 409):
        aws.enable_mfa_device(
            UserName="bob", SerialNumber=SERIAL, AuthenticationCode1="000000", AuthenticationCode2="000000"
        )
    with refused("DeleteConflict", "Cannot delete entity, must delete MFA device first.", 409):
        aws.delete_user(UserName="ann")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("nonsense", "UnrecognizedPublicKeyEncoding"),
        ("ssh-rsa nonsense", "InvalidPublicKey"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "InvalidPublicKey"),
    ],
)
def test_what_is_no_ssh_key_is_refused(aws: Any, ann: Any, body: str, code: str) -> None:
    with pytest.raises(aws.exceptions.ClientError) as refusal:
        aws.upload_ssh_public_key(UserName="ann", SSHPublicKeyBody=body)
    assert refusal.value.response["Error"]["Code"] == code


def test_ssh_keys_are_rsa_of_2048_bits_in_either_encoding(aws: Any, ann: Any) -> None:
    for key in (rsa.generate_private_key(public_exponent=65537, key_size=1024), ed25519.Ed25519PrivateKey.generate()):
        pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(aws.exceptions.InvalidPublicKeyException):
            aws.upload_ssh_public_key(UserName="ann", SSHPublicKeyBody=pem.decode())
    pem = (
        saml_idp.keys()
        .key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    made = aws.upload_ssh_public_key(UserName="ann", SSHPublicKeyBody=pem.decode())["SSHPublicKey"]
    got = aws.get_ssh_public_key(UserName="ann", SSHPublicKeyId=made["SSHPublicKeyId"], Encoding="SSH")["SSHPublicKey"]
    assert got["SSHPublicKeyBody"].startswith("ssh-rsa ")
    assert len(got["Fingerprint"]) == 47
    with pytest.raises(aws.exceptions.DuplicateSSHPublicKeyException):
        aws.upload_ssh_public_key(UserName="ann", SSHPublicKeyBody=got["SSHPublicKeyBody"] + " comment")


def test_api_keys_expire(aws: Any, ann: Any, clock: Any, refused: Any) -> None:
    made = aws.create_service_specific_credential(
        UserName="ann", ServiceName="bedrock.amazonaws.com", CredentialAgeDays=1
    )["ServiceSpecificCredential"]
    assert made["ServiceCredentialSecret"]
    assert made["ExpirationDate"] == clock().replace(microsecond=0) + timedelta(days=1)
    clock.move(days=1)
    (listed,) = aws.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"]
    assert (listed["UserName"], listed["Status"]) == ("ann", "Expired")
    text = "Credentials of codecommit.amazonaws.com do not expire: CredentialAgeDays cannot be given."
    with refused("InvalidInput", text, 400):
        aws.create_service_specific_credential(
            UserName="ann", ServiceName="codecommit.amazonaws.com", CredentialAgeDays=1
        )


def test_two_of_a_service_each_with_a_name_of_its_own(aws: Any, ann: Any, refused: Any) -> None:
    names = [
        aws.create_service_specific_credential(UserName="ann", ServiceName="cassandra.amazonaws.com")[
            "ServiceSpecificCredential"
        ]["ServiceUserName"]
        for _ in range(2)
    ]
    assert names == [f"ann-at-{ACCOUNT}", f"ann+1-at-{ACCOUNT}"]
    with refused("LimitExceeded", "Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2", 409):
        aws.create_service_specific_credential(UserName="ann", ServiceName="cassandra.amazonaws.com")


def test_uses_of_services_are_reported_to_who_asked(aws: Any, iam: Iam, ann: Any, client_for: Any, clock: Any) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]}
    aws.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(document))
    iam.note_key_use("AKIA", service="sqs", region="eu-west-1", now=clock(), user_id=ann["UserId"])
    job = aws.generate_service_last_accessed_details(Arn=ann["Arn"])["JobId"]
    told: dict[str, Any] = {}
    marker: dict[str, str] = {}
    while True:
        answer = aws.get_service_last_accessed_details(JobId=job, **marker)
        told.update({service["ServiceNamespace"]: service for service in answer["ServicesLastAccessed"]})
        if not answer["IsTruncated"]:
            break
        marker = {"Marker": answer["Marker"]}
    assert "s3" not in told
    assert told["sqs"]["LastAuthenticatedEntity"] == ann["Arn"]
    assert told["sqs"]["LastAuthenticatedRegion"] == "eu-west-1"
    assert told["sqs"]["LastAuthenticated"] == clock().replace(microsecond=0)
    assert "LastAuthenticated" not in told["sns"]
    other = client_for(caller=Caller(kind="user", account=ACCOUNT, arn=ann["Arn"], user_name="ann"))
    with pytest.raises(aws.exceptions.NoSuchEntityException):
        other.get_service_last_accessed_details(JobId=job)
    clock.move(days=1)
    with pytest.raises(aws.exceptions.NoSuchEntityException):
        aws.get_service_last_accessed_details(JobId=job)


def test_the_credential_report_tells_of_passwords_devices_and_certificates(aws: Any, ann: Any, device: Device) -> None:
    aws.create_login_profile(UserName="ann", Password=GOOD)
    device.enable(aws)
    aws.generate_credential_report()
    lines = aws.get_credential_report()["Content"].decode().splitlines()
    columns = dict(zip(lines[0].split(","), lines[2].split(","), strict=True))
    assert (columns["user"], columns["password_enabled"], columns["mfa_active"]) == ("ann", "true", "true")
    assert columns["password_last_used"] == "no_information"
    assert columns["password_last_changed"] == "2026-01-02T03:04:05+00:00"
