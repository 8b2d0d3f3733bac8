"""Roles, managed policies, instance profiles, identity providers, simulation."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.tools import saml_idp
from tests.tools.steps import Of, Service, Step
from tests.tools.story_users import ACCOUNT, DOCUMENT, READ_ONLY, TAGS

TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
            },
            {
                "Effect": "Allow",
                "Principal": {"Federated": [f"arn:aws:iam::{ACCOUNT}:oidc-provider/known.example.com"]},
                "Action": "sts:AssumeRoleWithWebIdentity",
            },
            {
                "Effect": "Allow",
                "Principal": {"Federated": [f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"]},
                "Action": "sts:AssumeRoleWithSAML",
            },
        ],
    }
)
_APP: Final[dict[str, Any]] = {"RoleName": "app"}
_NONE: Final[dict[str, Any]] = {"RoleName": "none"}
_POLICY: Final[dict[str, Any]] = {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/own"}
_NO_POLICY: Final[dict[str, Any]] = {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/none"}
_PROFILE: Final[dict[str, Any]] = {"InstanceProfileName": "machine"}
_NO_PROFILE: Final[dict[str, Any]] = {"InstanceProfileName": "none"}
_OIDC: Final[dict[str, Any]] = {"OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.example.com"}
_NO_OIDC: Final[dict[str, Any]] = {"OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/none.example.com"}
_SAML: Final[dict[str, Any]] = {"SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"}
_NO_SAML: Final[dict[str, Any]] = {"SAMLProviderArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/none"}
_iam = Service("iam")
ok, no = _iam.ok, _iam.no

PROVIDERS: Final[tuple[Step, ...]] = (
    ok("CreateOpenIDConnectProvider", Url="https://oidc.example.com", ClientIDList=["one"], ThumbprintList=["a" * 40]),
    no("EntityAlreadyExists", "CreateOpenIDConnectProvider", Url="https://oidc.example.com"),
    no("ValidationError", "CreateOpenIDConnectProvider", Url="http://oidc.example.com"),
    ok("GetOpenIDConnectProvider", **_OIDC, expect={"ClientIDList": ["one"], "Url": "oidc.example.com"}),
    no("NoSuchEntity", "GetOpenIDConnectProvider", **_NO_OIDC),
    ok("ListOpenIDConnectProviders", expect={"OpenIDConnectProviderList.#": 2}),
    ok("AddClientIDToOpenIDConnectProvider", **_OIDC, ClientID="two"),
    no("NoSuchEntity", "AddClientIDToOpenIDConnectProvider", **_NO_OIDC, ClientID="two"),
    ok("RemoveClientIDFromOpenIDConnectProvider", **_OIDC, ClientID="one"),
    no("NoSuchEntity", "RemoveClientIDFromOpenIDConnectProvider", **_NO_OIDC, ClientID="one"),
    ok("UpdateOpenIDConnectProviderThumbprint", **_OIDC, ThumbprintList=["b" * 40]),
    no("InvalidInput", "UpdateOpenIDConnectProviderThumbprint", **_OIDC, ThumbprintList=["g" * 40]),
    no("AccessDenied", "UpdateOpenIDConnectProvider", **_OIDC, RemoveContextProvider=True),
    ok("TagOpenIDConnectProvider", **_OIDC, Tags=TAGS),
    no("NoSuchEntity", "TagOpenIDConnectProvider", **_NO_OIDC, Tags=TAGS),
    ok("ListOpenIDConnectProviderTags", **_OIDC, expect={"Tags.#": 1}),
    no("NoSuchEntity", "ListOpenIDConnectProviderTags", **_NO_OIDC),
    ok("UntagOpenIDConnectProvider", **_OIDC, TagKeys=["Team"]),
    no("NoSuchEntity", "UntagOpenIDConnectProvider", **_NO_OIDC, TagKeys=["Team"]),
    ok("DeleteOpenIDConnectProvider", **_OIDC),
    no("NoSuchEntity", "DeleteOpenIDConnectProvider", **_OIDC),
    ok("CreateSAMLProvider", Name="idp", SAMLMetadataDocument=saml_idp.metadata()),
    no("InvalidInput", "CreateSAMLProvider", Name="other", SAMLMetadataDocument="x" * 1000),
    ok("GetSAMLProvider", **_SAML, expect={"SAMLMetadataDocument": saml_idp.metadata()}),
    no("NoSuchEntity", "GetSAMLProvider", **_NO_SAML),
    ok("ListSAMLProviders", expect={"SAMLProviderList.#": 1}),
    ok("UpdateSAMLProvider", **_SAML, SAMLMetadataDocument=saml_idp.metadata()),
    no("InvalidInput", "UpdateSAMLProvider", **_SAML),
    ok("TagSAMLProvider", **_SAML, Tags=TAGS),
    no("NoSuchEntity", "TagSAMLProvider", **_NO_SAML, Tags=TAGS),
    ok("ListSAMLProviderTags", **_SAML, expect={"Tags.#": 1}),
    no("NoSuchEntity", "ListSAMLProviderTags", **_NO_SAML),
    ok("UntagSAMLProvider", **_SAML, TagKeys=["Team"]),
    no("NoSuchEntity", "UntagSAMLProvider", **_NO_SAML, TagKeys=["Team"]),
)

ROLES: Final[tuple[Step, ...]] = (
    ok("CreateRole", **_APP, AssumeRolePolicyDocument=TRUST, Tags=TAGS, MaxSessionDuration=7200),
    no("MalformedPolicyDocument", "CreateRole", RoleName="bad", AssumeRolePolicyDocument="{"),
    ok("GetRole", **_APP, expect={"Role.MaxSessionDuration": 7200}),
    no("NoSuchEntity", "GetRole", **_NONE),
    ok("ListRoles", PathPrefix="/", expect={"Roles.0.RoleName": "app"}),
    no("ValidationError", "ListRoles", Marker="nonsense"),
    ok("UpdateRole", **_APP, Description="an app", MaxSessionDuration=3600),
    no("NoSuchEntity", "UpdateRole", **_NONE, Description="x"),
    ok("UpdateRoleDescription", **_APP, Description="our app", expect={"Role.Description": "our app"}),
    no("NoSuchEntity", "UpdateRoleDescription", **_NONE, Description="x"),
    ok("UpdateAssumeRolePolicy", **_APP, PolicyDocument=TRUST),
    no("MalformedPolicyDocument", "UpdateAssumeRolePolicy", **_APP, PolicyDocument="{}"),
    ok("TagRole", **_APP, Tags=[{"Key": "Cost", "Value": "7"}]),
    no("InvalidInput", "TagRole", **_APP, Tags=[{"Key": "aws:x", "Value": "7"}]),
    ok("ListRoleTags", **_APP, expect={"Tags.#": 2}),
    no("NoSuchEntity", "ListRoleTags", **_NONE),
    ok("UntagRole", **_APP, TagKeys=["Cost"]),
    no("NoSuchEntity", "UntagRole", **_NONE, TagKeys=["Cost"]),
    ok("PutRolePolicy", **_APP, PolicyName="p", PolicyDocument=DOCUMENT),
    no("MalformedPolicyDocument", "PutRolePolicy", **_APP, PolicyName="p", PolicyDocument="[]"),
    ok("GetRolePolicy", **_APP, PolicyName="p", expect={"RoleName": "app"}),
    no("NoSuchEntity", "GetRolePolicy", **_APP, PolicyName="q"),
    ok("ListRolePolicies", **_APP, expect={"PolicyNames": ["p"]}),
    no("NoSuchEntity", "ListRolePolicies", **_NONE),
    ok("PutRolePermissionsBoundary", **_APP, PermissionsBoundary=READ_ONLY),
    no("NoSuchEntity", "PutRolePermissionsBoundary", **_NONE, PermissionsBoundary=READ_ONLY),
    ok("DeleteRolePermissionsBoundary", **_APP),
    no("NoSuchEntity", "DeleteRolePermissionsBoundary", **_NONE),
    ok(
        "CreateServiceLinkedRole",
        AWSServiceName="eks.amazonaws.com",
        expect={"Role.RoleName": "AWSServiceRoleForAmazonEKS"},
    ),
    no("InvalidInput", "CreateServiceLinkedRole", AWSServiceName="eks.amazonaws.com"),
    no("UnmodifiableEntity", "DeleteRole", RoleName="AWSServiceRoleForAmazonEKS"),
    ok("DeleteServiceLinkedRole", RoleName="AWSServiceRoleForAmazonEKS", keep={"task": "DeletionTaskId"}),
    no("NoSuchEntity", "DeleteServiceLinkedRole", RoleName="AWSServiceRoleForAmazonEKS"),
    ok("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=Of("task"), expect={"Status": "SUCCEEDED"}),
    no("NoSuchEntity", "GetServiceLinkedRoleDeletionStatus", DeletionTaskId="task/none"),
    no("AccessDenied", "AcquireRole", TemplateArn="arn:aws:iam::aws:role-template/x"),
    no("NoSuchEntity", "GetRoleTemplateVersion", TemplateArn="arn:aws:iam::aws:role-template/x"),
)

POLICIES: Final[tuple[Step, ...]] = (
    ok("CreatePolicy", PolicyName="own", PolicyDocument=DOCUMENT, expect={"Policy.DefaultVersionId": "v1"}),
    no("EntityAlreadyExists", "CreatePolicy", PolicyName="own", PolicyDocument=DOCUMENT),
    ok("GetPolicy", **_POLICY, expect={"Policy.PolicyName": "own"}),
    no("NoSuchEntity", "GetPolicy", **_NO_POLICY),
    ok("ListPolicies", Scope="Local", expect={"Policies.#": 1}),
    no("ValidationError", "ListPolicies", Marker="nonsense"),
    ok("CreatePolicyVersion", **_POLICY, PolicyDocument=DOCUMENT, expect={"PolicyVersion.VersionId": "v2"}),
    no("MalformedPolicyDocument", "CreatePolicyVersion", **_POLICY, PolicyDocument="{}"),
    ok("GetPolicyVersion", **_POLICY, VersionId="v2", expect={"PolicyVersion.IsDefaultVersion": False}),
    no("NoSuchEntity", "GetPolicyVersion", **_POLICY, VersionId="v9"),
    ok("ListPolicyVersions", **_POLICY, expect={"Versions.#": 2}),
    no("NoSuchEntity", "ListPolicyVersions", **_NO_POLICY),
    ok("SetDefaultPolicyVersion", **_POLICY, VersionId="v2"),
    no("NoSuchEntity", "SetDefaultPolicyVersion", **_POLICY, VersionId="v9"),
    no("DeleteConflict", "DeletePolicyVersion", **_POLICY, VersionId="v2"),
    ok("DeletePolicyVersion", **_POLICY, VersionId="v1"),
    ok("TagPolicy", **_POLICY, Tags=TAGS),
    no("NoSuchEntity", "TagPolicy", **_NO_POLICY, Tags=TAGS),
    ok("ListPolicyTags", **_POLICY, expect={"Tags.#": 1}),
    no("NoSuchEntity", "ListPolicyTags", **_NO_POLICY),
    ok("UntagPolicy", **_POLICY, TagKeys=["Team"]),
    no("NoSuchEntity", "UntagPolicy", **_NO_POLICY, TagKeys=["Team"]),
    ok("AttachRolePolicy", **_APP, **_POLICY),
    no("NoSuchEntity", "AttachRolePolicy", **_NONE, **_POLICY),
    ok("ListAttachedRolePolicies", **_APP, expect={"AttachedPolicies.#": 1}),
    no("NoSuchEntity", "ListAttachedRolePolicies", **_NONE),
    ok("ListEntitiesForPolicy", **_POLICY, expect={"PolicyRoles.0.RoleName": "app"}),
    no("NoSuchEntity", "ListEntitiesForPolicy", **_NO_POLICY),
    no("DeleteConflict", "DeletePolicy", **_POLICY),
    ok(
        "SimulateCustomPolicy",
        PolicyInputList=[DOCUMENT],
        ActionNames=["s3:GetObject"],
        expect={"EvaluationResults.0.EvalDecision": "allowed"},
    ),
    no("InvalidInput", "SimulateCustomPolicy", PolicyInputList=["{}"], ActionNames=["s3:GetObject"]),
    ok(
        "SimulatePrincipalPolicy",
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/app",
        ActionNames=["s3:PutObject"],
        expect={"EvaluationResults.0.EvalDecision": "implicitDeny"},
    ),
    no(
        "NoSuchEntity",
        "SimulatePrincipalPolicy",
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/none",
        ActionNames=["s3:GetObject"],
    ),
    ok("GetContextKeysForCustomPolicy", PolicyInputList=[DOCUMENT], expect={"ContextKeyNames": []}),
    no("InvalidInput", "GetContextKeysForCustomPolicy", PolicyInputList=["{}"]),
    ok(
        "GetContextKeysForPrincipalPolicy",
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/app",
        expect={"ContextKeyNames": []},
    ),
    no("NoSuchEntity", "GetContextKeysForPrincipalPolicy", PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/none"),
    ok(
        "ListPoliciesGrantingServiceAccess",
        Arn=f"arn:aws:iam::{ACCOUNT}:role/app",
        ServiceNamespaces=["s3", "sqs"],
        expect={"PoliciesGrantingServiceAccess.0.Policies.#": 2, "PoliciesGrantingServiceAccess.1.Policies": []},
    ),
    no(
        "InvalidInput",
        "ListPoliciesGrantingServiceAccess",
        Arn=f"arn:aws:iam::{ACCOUNT}:role/app",
        ServiceNamespaces=["x"],
    ),
    ok("GenerateServiceLastAccessedDetails", Arn=_POLICY["PolicyArn"], keep={"job": "JobId"}),
    no("NoSuchEntity", "GenerateServiceLastAccessedDetails", Arn=_NO_POLICY["PolicyArn"]),
    ok(
        "GetServiceLastAccessedDetails", JobId=Of("job"), expect={"JobStatus": "COMPLETED", "ServicesLastAccessed.#": 1}
    ),
    no("NoSuchEntity", "GetServiceLastAccessedDetails", JobId="0" * 36),
    ok(
        "GetServiceLastAccessedDetailsWithEntities",
        JobId=Of("job"),
        ServiceNamespace="s3",
        expect={"EntityDetailsList.0.EntityInfo.Name": "app"},
    ),
    no("NoSuchEntity", "GetServiceLastAccessedDetailsWithEntities", JobId=Of("job"), ServiceNamespace="sqs"),
    ok("DetachRolePolicy", **_APP, **_POLICY),
    no("NoSuchEntity", "DetachRolePolicy", **_APP, **_POLICY),
    ok("DeletePolicy", **_POLICY),
)

PROFILES: Final[tuple[Step, ...]] = (
    ok("CreateInstanceProfile", **_PROFILE),
    no("EntityAlreadyExists", "CreateInstanceProfile", **_PROFILE),
    ok("AddRoleToInstanceProfile", **_PROFILE, **_APP),
    no("LimitExceeded", "AddRoleToInstanceProfile", **_PROFILE, **_APP),
    ok("GetInstanceProfile", **_PROFILE, expect={"InstanceProfile.Roles.0.RoleName": "app"}),
    no("NoSuchEntity", "GetInstanceProfile", **_NO_PROFILE),
    ok("ListInstanceProfiles", PathPrefix="/", expect={"InstanceProfiles.0.InstanceProfileName": "machine"}),
    no("ValidationError", "ListInstanceProfiles", Marker="nonsense"),
    ok("ListInstanceProfilesForRole", **_APP, expect={"InstanceProfiles.#": 1}),
    no("NoSuchEntity", "ListInstanceProfilesForRole", **_NONE),
    ok("TagInstanceProfile", **_PROFILE, Tags=TAGS),
    no("NoSuchEntity", "TagInstanceProfile", **_NO_PROFILE, Tags=TAGS),
    ok("ListInstanceProfileTags", **_PROFILE, expect={"Tags.#": 1}),
    no("NoSuchEntity", "ListInstanceProfileTags", **_NO_PROFILE),
    ok("UntagInstanceProfile", **_PROFILE, TagKeys=["Team"]),
    no("NoSuchEntity", "UntagInstanceProfile", **_NO_PROFILE, TagKeys=["Team"]),
    no("DeleteConflict", "DeleteInstanceProfile", **_PROFILE),
    ok("RemoveRoleFromInstanceProfile", **_PROFILE, **_APP),
    no("NoSuchEntity", "RemoveRoleFromInstanceProfile", **_PROFILE, **_APP),
    ok("DeleteInstanceProfile", **_PROFILE),
)

FAREWELL: Final[tuple[Step, ...]] = (
    ok("DeleteSAMLProvider", **_SAML),
    no("NoSuchEntity", "DeleteSAMLProvider", **_SAML),
    no("DeleteConflict", "DeleteRole", **_APP),
    ok("DeleteRolePolicy", **_APP, PolicyName="p"),
    no("NoSuchEntity", "DeleteRolePolicy", **_APP, PolicyName="p"),
    ok("DeleteRole", **_APP),
)
