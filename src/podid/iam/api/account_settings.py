"""Settings of an account: the version of its global session tokens, and its properties."""

from __future__ import annotations

from collections.abc import Mapping

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam.accounts import set_setting
from podid.iam.errors import InvalidInput, ValidationError
from podid.iam.state import IamState

SESSION_VERSION = "global-endpoint-token-version"


class AccountSettings:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("SetSecurityTokenServicePreferences")
    def set_security_token_service_preferences(self, call: Call, *, global_endpoint_token_version: str) -> Output:
        """Kept, and shown by GetAccountSummary. Tokens are the same in either version: they are good in every region."""
        if global_endpoint_token_version not in ("v1Token", "v2Token"):
            raise ValidationError("The version of the global endpoint's tokens is v1Token or v2Token.")
        with self._state.write() as connection:
            set_setting(connection, call.account, SESSION_VERSION, global_endpoint_token_version[1])
            return {}

    @operation("GetAccountProperties")
    def get_account_properties(self, call: Call) -> Output:
        return {"Properties": {}}

    @operation("PutAccountProperties")
    def put_account_properties(self, call: Call, *, properties: Mapping[str, str]) -> Output:
        """Properties steer features of AWS's own, none of which is here."""
        for key in properties:
            namespace, _, name = key.partition("/")
            if not namespace or not name or "/" in name:
                raise InvalidInput(f"The key {key[:128]!r} is not of the form Namespace/PropertyName.")
        if len({key.partition("/")[0] for key in properties}) > 1:
            raise InvalidInput("All properties in a request must belong to the same namespace.")
        raise InvalidInput(f"The account property {next(iter(properties), '')[:128]!r} is not known.")
