"""Users, groups, and everything a user proves itself with."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any, Final

from tests.tools.steps import Of, Service, Step

from podid.iam.totp import code_of, step_at

ACCOUNT: Final = "111122223333"
READ_ONLY: Final = "arn:aws:iam::aws:policy/ReadOnlyAccess"
DOCUMENT: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
TAGS: Final = [{"Key": "Team", "Value": "a"}]
_ANN: Final[dict[str, Any]] = {"UserName": "ann"}
_NOBODY: Final[dict[str, Any]] = {"UserName": "nobody"}
_SERIAL: Final = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
_iam = Service("iam")
ok, no = _iam.ok, _iam.no


def code(steps_back: int) -> Of:
    """A code of the device `phone` whose clock is so many steps behind."""

    def make(seed: str | bytes) -> str:
        return code_of(base64.b32decode(seed), step_at(datetime.now(UTC)) - steps_back)

    return Of("seed", make)


USERS: Final[tuple[Step, ...]] = (
    ok("CreateUser", UserName="ann", Path="/staff/", Tags=TAGS, expect={"User.Path": "/staff/"}),
    no("EntityAlreadyExists", "CreateUser", UserName="ANN"),
    no("NoSuchEntity", "CreateUser", UserName="bob", PermissionsBoundary=f"arn:aws:iam::{ACCOUNT}:policy/none"),
    ok("GetUser", **_ANN, expect={"User.Tags.#": 1}),
    no("NoSuchEntity", "GetUser", **_NOBODY),
    ok("ListUsers", PathPrefix="/staff/", expect={"Users.#": 1}),
    no("ValidationError", "ListUsers", Marker="nonsense"),
    ok("TagUser", **_ANN, Tags=[{"Key": "Cost", "Value": "7"}]),
    no("InvalidInput", "TagUser", **_ANN, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]),
    ok("ListUserTags", **_ANN, expect={"Tags.#": 2}),
    no("NoSuchEntity", "ListUserTags", **_NOBODY),
    ok("UntagUser", **_ANN, TagKeys=["cost"]),
    no("NoSuchEntity", "UntagUser", **_NOBODY, TagKeys=["x"]),
    ok("PutUserPermissionsBoundary", **_ANN, PermissionsBoundary=READ_ONLY),
    no("NoSuchEntity", "PutUserPermissionsBoundary", **_NOBODY, PermissionsBoundary=READ_ONLY),
    ok("DeleteUserPermissionsBoundary", **_ANN),
    no("NoSuchEntity", "DeleteUserPermissionsBoundary", **_NOBODY),
    ok("PutUserPolicy", **_ANN, PolicyName="p", PolicyDocument=DOCUMENT),
    no("MalformedPolicyDocument", "PutUserPolicy", **_ANN, PolicyName="p", PolicyDocument="{}"),
    ok("GetUserPolicy", **_ANN, PolicyName="p", expect={"PolicyName": "p"}),
    no("NoSuchEntity", "GetUserPolicy", **_ANN, PolicyName="q"),
    ok("ListUserPolicies", **_ANN, expect={"PolicyNames": ["p"]}),
    no("NoSuchEntity", "ListUserPolicies", **_NOBODY),
    ok("AttachUserPolicy", **_ANN, PolicyArn=READ_ONLY),
    no("NoSuchEntity", "AttachUserPolicy", **_ANN, PolicyArn=READ_ONLY + "Not"),
    ok("ListAttachedUserPolicies", **_ANN, expect={"AttachedPolicies.0.PolicyName": "ReadOnlyAccess"}),
    no("NoSuchEntity", "ListAttachedUserPolicies", **_NOBODY),
    ok("UpdateUser", **_ANN, NewPath="/people/"),
    no("NoSuchEntity", "UpdateUser", **_NOBODY, NewPath="/people/"),
)

GROUPS: Final[tuple[Step, ...]] = (
    ok("CreateGroup", GroupName="team", expect={"Group.GroupName": "team"}),
    no("EntityAlreadyExists", "CreateGroup", GroupName="Team"),
    ok("AddUserToGroup", GroupName="team", **_ANN),
    no("NoSuchEntity", "AddUserToGroup", GroupName="none", **_ANN),
    ok("GetGroup", GroupName="team", expect={"Users.0.UserName": "ann"}),
    no("NoSuchEntity", "GetGroup", GroupName="none"),
    ok("ListGroups", expect={"Groups.#": 1}),
    no("ValidationError", "ListGroups", Marker="nonsense"),
    ok("ListGroupsForUser", **_ANN, expect={"Groups.#": 1}),
    no("NoSuchEntity", "ListGroupsForUser", **_NOBODY),
    ok("PutGroupPolicy", GroupName="team", PolicyName="p", PolicyDocument=DOCUMENT),
    no("MalformedPolicyDocument", "PutGroupPolicy", GroupName="team", PolicyName="p", PolicyDocument="x"),
    ok("GetGroupPolicy", GroupName="team", PolicyName="p", expect={"GroupName": "team"}),
    no("NoSuchEntity", "GetGroupPolicy", GroupName="team", PolicyName="q"),
    ok("ListGroupPolicies", GroupName="team", expect={"PolicyNames": ["p"]}),
    no("NoSuchEntity", "ListGroupPolicies", GroupName="none"),
    ok("AttachGroupPolicy", GroupName="team", PolicyArn=READ_ONLY),
    no("NoSuchEntity", "AttachGroupPolicy", GroupName="none", PolicyArn=READ_ONLY),
    ok("ListAttachedGroupPolicies", GroupName="team", expect={"AttachedPolicies.#": 1}),
    no("NoSuchEntity", "ListAttachedGroupPolicies", GroupName="none"),
    ok("UpdateGroup", GroupName="team", NewGroupName="crew"),
    no("NoSuchEntity", "UpdateGroup", GroupName="team", NewPath="/x/"),
    no("DeleteConflict", "DeleteGroup", GroupName="crew"),
    ok("DetachGroupPolicy", GroupName="crew", PolicyArn=READ_ONLY),
    no("NoSuchEntity", "DetachGroupPolicy", GroupName="crew", PolicyArn=READ_ONLY),
    ok("DeleteGroupPolicy", GroupName="crew", PolicyName="p"),
    no("NoSuchEntity", "DeleteGroupPolicy", GroupName="crew", PolicyName="p"),
    ok("RemoveUserFromGroup", GroupName="crew", **_ANN),
    no("NoSuchEntity", "RemoveUserFromGroup", GroupName="crew", **_NOBODY),
    ok("DeleteGroup", GroupName="crew"),
)

_KEY: Final[dict[str, Any]] = {"AccessKeyId": Of("ann_key")}
_SSH: Final[dict[str, Any]] = {**_ANN, "SSHPublicKeyId": Of("ssh_id")}
_CREDENTIAL: Final[dict[str, Any]] = {**_ANN, "ServiceSpecificCredentialId": Of("credential_id")}
_CERTIFICATE: Final[dict[str, Any]] = {**_ANN, "CertificateId": Of("certificate_id")}

CREDENTIALS: Final[tuple[Step, ...]] = (
    ok(
        "CreateAccessKey",
        **_ANN,
        keep={"ann_key": "AccessKey.AccessKeyId", "ann_secret": "AccessKey.SecretAccessKey"},
        expect={"AccessKey.Status": "Active"},
    ),
    no("NoSuchEntity", "CreateAccessKey", **_NOBODY),
    ok("ListAccessKeys", **_ANN, expect={"AccessKeyMetadata.#": 1}),
    no("NoSuchEntity", "ListAccessKeys", **_NOBODY),
    ok("GetAccessKeyLastUsed", **_KEY, expect={"UserName": "ann"}),
    no("NoSuchEntity", "GetAccessKeyLastUsed", AccessKeyId="AKIAIOSFODNN7EXAMPLE"),
    ok("CreateLoginProfile", **_ANN, Password="Correct-Horse-1", PasswordResetRequired=True),
    no("EntityAlreadyExists", "CreateLoginProfile", **_ANN, Password="Correct-Horse-1"),
    no("NoSuchEntity", "CreateLoginProfile", **_NOBODY, Password="Correct-Horse-1"),
    ok("GetLoginProfile", **_ANN, expect={"LoginProfile.PasswordResetRequired": True}),
    no("NoSuchEntity", "GetLoginProfile", **_NOBODY),
    no("PasswordPolicyViolation", "UpdateLoginProfile", **_ANN, Password="short"),
    ok("UpdateLoginProfile", **_ANN, PasswordResetRequired=False),
    ok("AttachUserPolicy", **_ANN, PolicyArn="arn:aws:iam::aws:policy/IAMUserChangePassword"),
    ok("ChangePassword", OldPassword="Correct-Horse-1", NewPassword="Battery-Staple-2", who="ann"),
    no("AccessDenied", "ChangePassword", OldPassword="Correct-Horse-1", NewPassword="Battery-Staple-3", who="ann"),
    ok("DetachUserPolicy", **_ANN, PolicyArn="arn:aws:iam::aws:policy/IAMUserChangePassword"),
    ok("DeleteLoginProfile", **_ANN),
    no("NoSuchEntity", "DeleteLoginProfile", **_ANN),
    ok(
        "CreateVirtualMFADevice",
        VirtualMFADeviceName="phone",
        keep={"seed": "VirtualMFADevice.Base32StringSeed"},
        expect={"VirtualMFADevice.SerialNumber": _SERIAL},
    ),
    no("EntityAlreadyExists", "CreateVirtualMFADevice", VirtualMFADeviceName="phone"),
    ok("TagMFADevice", SerialNumber=_SERIAL, Tags=TAGS),
    no("NoSuchEntity", "TagMFADevice", SerialNumber=_SERIAL + "2", Tags=TAGS),
    ok("ListMFADeviceTags", SerialNumber=_SERIAL, expect={"Tags.#": 1}),
    no("NoSuchEntity", "ListMFADeviceTags", SerialNumber=_SERIAL + "2"),
    ok("UntagMFADevice", SerialNumber=_SERIAL, TagKeys=["Team"]),
    no("NoSuchEntity", "UntagMFADevice", SerialNumber=_SERIAL + "2", TagKeys=["Team"]),
    no(
        "InvalidAuthenticationCode",
        "EnableMFADevice",
        **_ANN,
        SerialNumber=_SERIAL,
        AuthenticationCode1=code(8),
        AuthenticationCode2=code(8),
    ),
    ok(
        "EnableMFADevice",
        **_ANN,
        SerialNumber=_SERIAL,
        AuthenticationCode1=code(8),
        AuthenticationCode2=code(7),
    ),
    ok("ListMFADevices", **_ANN, expect={"MFADevices.0.SerialNumber": _SERIAL}),
    no("NoSuchEntity", "ListMFADevices", **_NOBODY),
    ok("ListVirtualMFADevices", AssignmentStatus="Assigned", expect={"VirtualMFADevices.0.User.UserName": "ann"}),
    no("ValidationError", "ListVirtualMFADevices", Marker="nonsense"),
    ok("GetMFADevice", SerialNumber=_SERIAL, expect={"UserName": "ann"}),
    no("NoSuchEntity", "GetMFADevice", SerialNumber=_SERIAL + "2"),
    ok(
        "ResyncMFADevice",
        **_ANN,
        SerialNumber=_SERIAL,
        AuthenticationCode1=code(6),
        AuthenticationCode2=code(5),
    ),
    no(
        "InvalidAuthenticationCode",
        "ResyncMFADevice",
        **_ANN,
        SerialNumber=_SERIAL,
        AuthenticationCode1=code(5),
        AuthenticationCode2=code(5),
    ),
    ok("UploadSSHPublicKey", **_ANN, SSHPublicKeyBody=Of("ssh_key"), keep={"ssh_id": "SSHPublicKey.SSHPublicKeyId"}),
    no("DuplicateSSHPublicKey", "UploadSSHPublicKey", **_ANN, SSHPublicKeyBody=Of("ssh_key")),
    ok("GetSSHPublicKey", **_SSH, Encoding="PEM", expect={"SSHPublicKey.Status": "Active"}),
    no("NoSuchEntity", "GetSSHPublicKey", **_ANN, SSHPublicKeyId="APKA" + "A" * 17, Encoding="SSH"),
    ok("ListSSHPublicKeys", **_ANN, expect={"SSHPublicKeys.#": 1}),
    no("NoSuchEntity", "ListSSHPublicKeys", **_NOBODY),
    ok("UpdateSSHPublicKey", **_SSH, Status="Inactive"),
    no("InvalidInput", "UpdateSSHPublicKey", **_SSH, Status="Expired"),
    ok("DeleteSSHPublicKey", **_SSH),
    no("NoSuchEntity", "DeleteSSHPublicKey", **_SSH),
    ok(
        "UploadSigningCertificate",
        **_ANN,
        CertificateBody=Of("certificate"),
        keep={"certificate_id": "Certificate.CertificateId"},
    ),
    no("MalformedCertificate", "UploadSigningCertificate", **_ANN, CertificateBody="x"),
    ok("ListSigningCertificates", **_ANN, expect={"Certificates.0.Status": "Active"}),
    no("NoSuchEntity", "ListSigningCertificates", **_NOBODY),
    ok("UpdateSigningCertificate", **_CERTIFICATE, Status="Inactive"),
    no("NoSuchEntity", "UpdateSigningCertificate", **_ANN, CertificateId="A" * 32, Status="Inactive"),
    ok("DeleteSigningCertificate", **_CERTIFICATE),
    no("NoSuchEntity", "DeleteSigningCertificate", **_CERTIFICATE),
    ok(
        "CreateServiceSpecificCredential",
        **_ANN,
        ServiceName="codecommit.amazonaws.com",
        keep={"credential_id": "ServiceSpecificCredential.ServiceSpecificCredentialId"},
        expect={"ServiceSpecificCredential.ServiceUserName": f"ann-at-{ACCOUNT}"},
    ),
    no("NotSupportedService", "CreateServiceSpecificCredential", **_ANN, ServiceName="s3.amazonaws.com"),
    ok("ListServiceSpecificCredentials", **_ANN, expect={"ServiceSpecificCredentials.#": 1}),
    no("NotSupportedService", "ListServiceSpecificCredentials", **_ANN, ServiceName="s3.amazonaws.com"),
    ok("UpdateServiceSpecificCredential", **_CREDENTIAL, Status="Inactive"),
    no("InvalidInput", "UpdateServiceSpecificCredential", **_CREDENTIAL, Status="Expired"),
    ok("ResetServiceSpecificCredential", **_CREDENTIAL, expect={"ServiceSpecificCredential.Status": "Inactive"}),
    no("NoSuchEntity", "ResetServiceSpecificCredential", **_ANN, ServiceSpecificCredentialId="A" * 21),
    ok("DeleteServiceSpecificCredential", **_CREDENTIAL),
    no("NoSuchEntity", "DeleteServiceSpecificCredential", **_CREDENTIAL),
)

FAREWELL: Final[tuple[Step, ...]] = (
    no("DeleteConflict", "DeleteUser", **_ANN),
    ok("UpdateAccessKey", **_ANN, **_KEY, Status="Inactive"),
    no("NoSuchEntity", "UpdateAccessKey", **_NOBODY, **_KEY, Status="Active"),
    ok("DeleteAccessKey", **_ANN, **_KEY),
    no("NoSuchEntity", "DeleteAccessKey", **_ANN, **_KEY),
    no("DeleteConflict", "DeleteVirtualMFADevice", SerialNumber=_SERIAL),
    ok("DeactivateMFADevice", **_ANN, SerialNumber=_SERIAL),
    no("NoSuchEntity", "DeactivateMFADevice", **_ANN, SerialNumber=_SERIAL),
    ok("DeleteVirtualMFADevice", SerialNumber=_SERIAL),
    no("NoSuchEntity", "DeleteVirtualMFADevice", SerialNumber=_SERIAL),
    ok("DetachUserPolicy", **_ANN, PolicyArn=READ_ONLY),
    no("NoSuchEntity", "DetachUserPolicy", **_ANN, PolicyArn=READ_ONLY),
    ok("DeleteUserPolicy", **_ANN, PolicyName="p"),
    no("NoSuchEntity", "DeleteUserPolicy", **_ANN, PolicyName="p"),
    ok("DeleteUser", **_ANN),
    no("NoSuchEntity", "DeleteUser", **_ANN),
)
