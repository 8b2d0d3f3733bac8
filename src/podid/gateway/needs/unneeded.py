"""Operations that need no permission, and why, service by service.

Source: each operation's page in its service's API reference, which says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podid.gateway.needs.need import Asked, Need

_OF_USERS = (
    "AssociateSoftwareToken ChangePassword ConfirmDevice ConfirmForgotPassword ConfirmSignUp DeleteUser DeleteUserAttributes "
    "DeleteWebAuthnCredential CompleteWebAuthnRegistration ForgetDevice ForgotPassword GetClientToken GetDevice GetTokensFromRefreshToken GetUser "
    "GetUserAttributeVerificationCode GetUserAuthFactors GlobalSignOut InitiateAuth ListDevices ListWebAuthnCredentials "
    "ResendConfirmationCode RespondToAuthChallenge RevokeToken SetUserMFAPreference SetUserSettings SignUp StartWebAuthnRegistration "
    "UpdateAuthEventFeedback UpdateDeviceStatus UpdateUserAttributes VerifySoftwareToken VerifyUserAttribute"
)

UNNEEDED: Mapping[str, Mapping[str, str]] = {
    # service by its model: operation: why
    "cognito-idp": dict.fromkeys(
        _OF_USERS.split(), "who asks shows a token, a code or a client's secret; the service evaluates no IAM policy"
    ),
    "cognito-identity": dict.fromkeys(
        ("GetId", "GetCredentialsForIdentity", "GetOpenIdToken", "UnlinkIdentity"),
        "public: who asks shows a login of an identity provider, or nothing",
    ),
    "sts": {
        "GetCallerIdentity": "needs none, and is answered even where a policy denies it",
        "GetSessionToken": "a user's own matter: no policy can allow or deny it",
    },
}


def is_unneeded(service: str, operation: str) -> bool:
    """Whether an operation needs no permission at all."""
    return operation in UNNEEDED.get(service, {})


def nothing(_asked: Asked) -> Iterator[Need]:
    """The rule of such an operation."""
    return iter(())
