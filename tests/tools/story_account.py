"""The account itself, server certificates, and what podid does not have."""

from __future__ import annotations

from typing import Any, Final

from tests.tools.steps import Of, Service, Step
from tests.tools.story_users import ACCOUNT, TAGS

_WEB: Final[dict[str, Any]] = {"ServerCertificateName": "web"}
_NONE: Final[dict[str, Any]] = {"ServerCertificateName": "none"}
_REQUEST: Final[dict[str, Any]] = {"DelegationRequestId": "d" * 20}
_NO_ORGANIZATION: Final = "OrganizationNotFoundException"
_iam = Service("iam")
ok, no = _iam.ok, _iam.no

ACCOUNT_ITSELF: Final[tuple[Step, ...]] = (
    ok("CreateAccountAlias", AccountAlias="acme"),
    no("EntityAlreadyExists", "CreateAccountAlias", AccountAlias="acme"),
    ok("ListAccountAliases", expect={"AccountAliases": ["acme"]}),
    no("ValidationError", "ListAccountAliases", Marker="nonsense"),
    ok("DeleteAccountAlias", AccountAlias="acme"),
    no("NoSuchEntity", "DeleteAccountAlias", AccountAlias="acme"),
    no("NoSuchEntity", "GetAccountPasswordPolicy"),
    ok("UpdateAccountPasswordPolicy", MinimumPasswordLength=10, RequireNumbers=True),
    no("ValidationError", "UpdateAccountPasswordPolicy", MaxPasswordAge=2000),
    ok("GetAccountPasswordPolicy", expect={"PasswordPolicy.MinimumPasswordLength": 10}),
    ok("DeleteAccountPasswordPolicy"),
    no("NoSuchEntity", "DeleteAccountPasswordPolicy"),
    ok("SetSecurityTokenServicePreferences", GlobalEndpointTokenVersion="v1Token"),
    no("ValidationError", "SetSecurityTokenServicePreferences", GlobalEndpointTokenVersion="v3Token"),
    ok("GetAccountSummary", expect={"SummaryMap.GlobalEndpointTokenVersion": 1}),
    ok("GetAccountAuthorizationDetails", Filter=["Role"], expect={"UserDetailList": []}),
    no("ValidationError", "GetAccountAuthorizationDetails", Marker="nonsense"),
    no("ReportNotPresent", "GetCredentialReport"),
    ok("GenerateCredentialReport", expect={"State": "STARTED"}),
    ok("GetCredentialReport", expect={"ReportFormat": "text/csv"}),
    ok("GetAccountProperties", expect={"Properties": {}}),
    no("InvalidInput", "PutAccountProperties", Properties={"A/b": "true"}),
)

CERTIFICATES: Final[tuple[Step, ...]] = (
    ok("UploadServerCertificate", **_WEB, CertificateBody=Of("certificate"), PrivateKey=Of("private_key")),
    no(
        "KeyPairMismatch",
        "UploadServerCertificate",
        **_NONE,
        CertificateBody=Of("certificate"),
        PrivateKey=Of("other_private_key"),
    ),
    ok("GetServerCertificate", **_WEB, expect={"ServerCertificate.ServerCertificateMetadata.Path": "/"}),
    no("NoSuchEntity", "GetServerCertificate", **_NONE),
    ok("ListServerCertificates", expect={"ServerCertificateMetadataList.#": 1}),
    no("ValidationError", "ListServerCertificates", Marker="nonsense"),
    ok("TagServerCertificate", **_WEB, Tags=TAGS),
    no("NoSuchEntity", "TagServerCertificate", **_NONE, Tags=TAGS),
    ok("ListServerCertificateTags", **_WEB, expect={"Tags.#": 1}),
    no("NoSuchEntity", "ListServerCertificateTags", **_NONE),
    ok("UntagServerCertificate", **_WEB, TagKeys=["Team"]),
    no("NoSuchEntity", "UntagServerCertificate", **_NONE, TagKeys=["Team"]),
    ok("UpdateServerCertificate", **_WEB, NewPath="/cloudfront/"),
    no("NoSuchEntity", "UpdateServerCertificate", **_NONE, NewPath="/x/"),
    ok("DeleteServerCertificate", **_WEB),
    no("NoSuchEntity", "DeleteServerCertificate", **_WEB),
)

# The service authorization reference names no permission for four of this year's operations: nobody may call them, and the sentence says so.
NOT_HERE: Final[tuple[Step, ...]] = (
    no(_NO_ORGANIZATION, "ListOrganizationsFeatures"),
    no(_NO_ORGANIZATION, "EnableOrganizationsRootCredentialsManagement"),
    no(_NO_ORGANIZATION, "DisableOrganizationsRootCredentialsManagement"),
    no(_NO_ORGANIZATION, "EnableOrganizationsRootSessions"),
    no(_NO_ORGANIZATION, "DisableOrganizationsRootSessions"),
    no("NotImplemented", "GenerateOrganizationsAccessReport", EntityPath="o-a1b2c3d4e5/r-f6g7h8i9j0example"),
    no("NoSuchEntity", "GetOrganizationsAccessReport", JobId="0" * 36),
    no(
        "NotImplemented",
        "CreateDelegationRequest",
        Description="x",
        Permissions={"PolicyTemplateArn": "arn:aws:iam::aws:delegation-template/x"},
        RequestorWorkflowId="workflow",
        NotificationChannel="arn:x",
        SessionDuration=3600,
    ),
    ok("ListDelegationRequests", expect={"DelegationRequests": []}),
    no("ValidationError", "ListDelegationRequests", Marker="nonsense"),
    no("NoSuchEntity", "GetDelegationRequest", **_REQUEST),
    no("NoSuchEntity", "AcceptDelegationRequest", **_REQUEST),
    no("NoSuchEntity", "AssociateDelegationRequest", **_REQUEST),
    no("NoSuchEntity", "RejectDelegationRequest", **_REQUEST),
    no("AccessDenied", "UpdateDelegationRequest", **_REQUEST),
    no("NoSuchEntity", "SendDelegationToken", **_REQUEST),
    no("NoSuchEntity", "GetHumanReadableSummary", EntityArn=f"arn:aws:iam::{ACCOUNT}:delegation-request/{'d' * 20}"),
    no("NotImplemented", "EnableOutboundWebIdentityFederation"),
    no("FeatureDisabled", "DisableOutboundWebIdentityFederation"),
    no("FeatureDisabled", "GetOutboundWebIdentityFederationInfo"),
)
