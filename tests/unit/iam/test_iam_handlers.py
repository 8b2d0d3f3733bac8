"""Every handler takes what the service model says, and nothing else."""

from __future__ import annotations

import inspect

import pytest

from podid.core.operations import Handler, snake_case
from podid.core.wire import load_service
from podid.iam import Iam


def parameters(handler: Handler) -> dict[str, inspect.Parameter]:
    signature = dict(inspect.signature(handler).parameters)
    signature.pop("call")
    return signature


def test_handlers_follow_the_model(iam: Iam) -> None:
    operations = load_service("iam").operations
    for name, handler in iam.handlers().items():
        shape = operations[name].input
        members = {} if shape is None else {snake_case(member): member for member in shape.members}
        required = set() if shape is None else {snake_case(member) for member in shape.required}
        taken = parameters(handler)
        assert set(taken) <= set(members), name
        without_default = {key for key, parameter in taken.items() if parameter.default is inspect.Parameter.empty}
        assert without_default == required, name
        assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in taken.values()), name


@pytest.mark.parametrize(
    "group",
    [
        "Role",
        "User",
        "Group",
    ],
)
def test_no_operation_on_policies_of_an_owner_is_missing(iam: Iam, group: str) -> None:
    verbs = [f"Put{group}Policy", f"Get{group}Policy", f"Delete{group}Policy", f"List{group}Policies"]
    verbs += [f"Attach{group}Policy", f"Detach{group}Policy", f"ListAttached{group}Policies"]
    assert set(verbs) <= iam.handlers().keys()


def test_what_is_left_out_is_what_we_say_is_left_out(iam: Iam) -> None:
    """A new operation of the model, or one that lost its handler, shows up here."""
    missing = load_service("iam").operations.keys() - iam.handlers().keys()
    assert {name for name in missing if not name.endswith(_LEFT_OUT)} == set()


_LEFT_OUT = (
    # passwords and sign-in
    "ChangePassword",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    # second factors
    "MFADevice",
    "MFADeviceTags",
    # keys and certificates for other protocols
    "SSHPublicKey",
    "ServerCertificate",
    "ServerCertificateTags",
    "SigningCertificate",
    "ServiceSpecificCredential",
    # organizations, delegation, reports on last access
    "OrganizationsRootCredentialsManagement",
    "OrganizationsRootSessions",
    "OrganizationsFeatures",
    "OrganizationsAccessReport",
    "OutboundWebIdentityFederation",
    "OutboundWebIdentityFederationInfo",
    "DelegationRequest",
    "DelegationRequests",
    "SendDelegationToken",
    "ServiceLastAccessedDetails",
    "ServiceLastAccessedDetailsWithEntities",
    "ListPoliciesGrantingServiceAccess",
    "GetHumanReadableSummary",
    # role templates, account properties, trusted identity propagation
    "AcquireRole",
    "RoleTemplateVersion",
    "AccountProperties",
    "SetSecurityTokenServicePreferences",
    "UpdateOpenIDConnectProvider",
)
