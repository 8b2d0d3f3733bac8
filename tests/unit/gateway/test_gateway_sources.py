"""What the tables of needs claim, held against the pages of the operations as botocore carries them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from tests.unit.gateway.asking import whole_needs

from podid.gateway.catalog import SERVICES
from podid.gateway.needs.not_yet_listed import OF_ANOTHER, OF_THEIR_NAME
from podid.gateway.needs.unneeded import UNNEEDED

_NO_POLICY = re.compile(
    r"doesn't evaluate Identity and Access Management \(IAM\) policies in requests for this API operation"
)
_PUBLIC = re.compile(r"This is a public API|No permissions are required")


@cache
def model_of(service: str) -> dict[str, Any]:
    model: dict[str, Any] = Loader().load_service_model(service, "service-2")
    return model


def page(service: str, operation: str) -> str:
    """The text of an operation's page."""
    return re.sub(r"<[^>]+>", "", model_of(service)["operations"][operation].get("documentation", ""))


def test_who_needs_no_permission_is_who_says_so() -> None:
    told = {name for name in model_of("cognito-idp")["operations"] if _NO_POLICY.search(page("cognito-idp", name))}
    assert told <= UNNEEDED["cognito-idp"].keys()
    unsigned = {
        name for name, operation in model_of("cognito-idp")["operations"].items() if operation.get("authtype") == "none"
    }
    assert UNNEEDED["cognito-idp"].keys() <= told | unsigned
    for service in ("cognito-identity", "sts"):
        told = {name for name in model_of(service)["operations"] if _PUBLIC.search(page(service, name))}
        assert UNNEEDED[service].keys() == told


@pytest.mark.parametrize("service", sorted(OF_THEIR_NAME))
def test_actions_of_their_own_name_are_named_on_their_pages(service: str) -> None:
    prefix = SERVICES[service].action_prefix
    for operation in OF_THEIR_NAME[service]:
        text = page(service, operation)
        assert f"{prefix}:{operation}" in text or "the corresponding IAM permission in a policy" in text, operation


def test_other_actions_are_named_on_their_pages() -> None:
    for (service, operation), actions in OF_ANOTHER.items():
        text = page(service, operation)
        for action in actions:
            assert action in text or action.partition(":")[2] in text, (operation, action)


def test_the_unneeded_are_asked_for_nothing() -> None:
    for service, operations in UNNEEDED.items():
        for operation in operations:
            assert whole_needs(service, operation, AccessToken="t") == (), operation
