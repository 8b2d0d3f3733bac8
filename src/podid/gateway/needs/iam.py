"""What IAM's operations need: the reference's actions, on ARNs with the path that the thing has.

A request names a role, the ARN has its path; what exists is looked up, what is being made has its path in the request. An operation on the
caller's own access keys may leave the user out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from podid.gateway.needs import request_tags
from podid.gateway.needs.need import Asked, Need, Rule
from podid.gateway.needs.reference import find_action

_KINDS: Mapping[str, str] = {
    # member of the input: kind of resource in the ARN
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
    "PolicyName": "policy",
    "ServerCertificateName": "server-certificate",
    "VirtualMFADeviceName": "mfa",
    "Name": "saml-provider",
}
_ARNS = ("PolicyArn", "OpenIDConnectProviderArn", "SAMLProviderArn", "SerialNumber", "Arn", "PolicySourceArn")
_INLINE = frozenset(
    {"GetRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "GetUserPolicy", "PutUserPolicy", "DeleteUserPolicy"}
)
_ON_OWN_USER = frozenset(
    {
        "CreateAccessKey",
        "DeleteAccessKey",
        "ListAccessKeys",
        "UpdateAccessKey",
        "GetUser",
        "ChangePassword",
        "ListSigningCertificates",
        "UploadSigningCertificate",
        "UpdateSigningCertificate",
        "DeleteSigningCertificate",
        "CreateLoginProfile",
        "GetLoginProfile",
        "UpdateLoginProfile",
        "DeleteLoginProfile",
        "DeactivateMFADevice",
        "GetMFADevice",
        "ListMFADevices",
        "CreateServiceSpecificCredential",
        "ListServiceSpecificCredentials",
        "UpdateServiceSpecificCredential",
        "DeleteServiceSpecificCredential",
        "ResetServiceSpecificCredential",
    }
)


def _rule(operation: str) -> Rule:
    def rule(asked: Asked) -> Iterator[Need]:
        action = find_action("iam", operation)
        if action is None:
            return
        kinds = {kind.name for kind in (*action.required, *action.optional)}
        context = request_tags.conditions(asked.members)
        resources = _resources(asked, operation, kinds) or ["*"]
        for resource in resources:
            yield Need(action=f"iam:{action.name}", resource=resource, context=context)
        if asked.members.get("Tags") and operation in _TAGGED_BY:
            yield Need(action=f"iam:{_TAGGED_BY[operation]}", resource=resources[0], context=context)
        if operation == "AddRoleToInstanceProfile":
            role = asked.lookup.iam_arn(asked.call.account, "role", asked.text("RoleName"))
            yield Need(
                action="iam:PassRole",
                resource=role or asked.arn(f"role/{asked.text('RoleName')}", region=""),
                context={"iam:PassedToService": ("ec2.amazonaws.com",)},
            )

    return rule


def _resources(asked: Asked, operation: str, kinds: set[str]) -> list[str]:
    """The ARNs of what the call names, of the kinds that the action works on."""
    found = []
    for member, kind in _KINDS.items():
        name = asked.text(member)
        if name and kind in kinds and not (member == "PolicyName" and operation in _INLINE):
            found.append(_arn_of(asked, operation, kind, name))
    for member in _ARNS:
        arn = asked.text(member)
        if arn.startswith("arn:") and any(f":{kind}/" in arn for kind in kinds):
            found.append(arn)
    if not found and "user" in kinds and operation in _ON_OWN_USER and asked.call.caller.kind == "user":
        found.append(asked.call.caller.issuer_arn or asked.call.caller.arn)
    if operation == "CreateOpenIDConnectProvider":
        host = asked.text("Url").removeprefix("https://")
        found.append(asked.arn(f"oidc-provider/{host}", region=""))
    if operation == "CreateServiceLinkedRole":
        service = asked.text("AWSServiceName")
        found.append(asked.arn(f"role/aws-service-role/{service}/*", region=""))
    return found


def _arn_of(asked: Asked, operation: str, kind: str, name: str) -> str:
    existing = asked.lookup.iam_arn(asked.call.account, kind, name)
    if existing is not None:
        return existing
    path = asked.text("Path") if operation.startswith("Create") else ""
    return asked.arn(f"{kind}{path or '/'}{name}", region="")


_TAGGED_BY: Mapping[str, str] = {
    # operation that may carry tags: the action that they need besides. Source: IAM user guide, "Tags for IAM resources".
    "CreateInstanceProfile": "TagInstanceProfile",
    "CreateOpenIDConnectProvider": "TagOpenIDConnectProvider",
    "CreatePolicy": "TagPolicy",
    "CreateRole": "TagRole",
    "CreateSAMLProvider": "TagSAMLProvider",
    "CreateUser": "TagUser",
    "UploadServerCertificate": "TagServerCertificate",
    "CreateVirtualMFADevice": "TagMFADevice",
}


@cache
def rule_of(operation: str) -> Rule | None:
    """The rule of an operation; None where IAM has no action of that name. The reference is read at the first call."""
    return None if find_action("iam", operation) is None else _rule(operation)
