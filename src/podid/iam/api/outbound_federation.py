"""Outbound identity federation: tokens for services elsewhere. podid publishes no issuer that these could ask, so it stays switched off."""

from __future__ import annotations

from typing import NoReturn

from podid.core.caller import Call, Output
from podid.core.errors import NotImplementedHere
from podid.core.operations import operation
from podid.iam.errors import FeatureDisabled


class OutboundFederation:
    @operation("EnableOutboundWebIdentityFederation")
    def enable_outbound_web_identity_federation(self, call: Call) -> Output:
        raise NotImplementedHere(
            "podid issues no tokens for services elsewhere: it publishes no issuer that they could ask."
        )

    @operation("DisableOutboundWebIdentityFederation")
    def disable_outbound_web_identity_federation(self, call: Call) -> Output:
        _switched_off()

    @operation("GetOutboundWebIdentityFederationInfo")
    def get_outbound_web_identity_federation_info(self, call: Call) -> Output:
        _switched_off()


def _switched_off() -> NoReturn:
    raise FeatureDisabled("Outbound web identity federation is not enabled for this account.")
