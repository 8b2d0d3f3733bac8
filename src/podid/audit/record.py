"""A record of CloudTrail as it is written: its members in their order, those that are not there left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType


class Record(Struct, kw_only=True):
    """A record's members, by CloudTrail's names and in its order."""

    eventVersion: str  # noqa: N815
    userIdentity: Any  # noqa: N815
    eventTime: str  # noqa: N815
    eventSource: str  # noqa: N815
    eventName: str  # noqa: N815
    awsRegion: str  # noqa: N815
    sourceIPAddress: str  # noqa: N815
    userAgent: str  # noqa: N815
    errorCode: str | UnsetType = UNSET  # noqa: N815
    errorMessage: str | UnsetType = UNSET  # noqa: N815
    requestParameters: Mapping[str, Any] | None  # noqa: N815
    responseElements: Mapping[str, Any] | None  # noqa: N815
    requestID: str  # noqa: N815
    eventID: str  # noqa: N815
    readOnly: bool  # noqa: N815
    resources: Sequence[Mapping[str, str]] | UnsetType = UNSET
    sharedEventID: str | UnsetType = UNSET  # noqa: N815
    eventType: str = "AwsApiCall"  # noqa: N815
    managementEvent: bool = True  # noqa: N815
    recipientAccountId: str  # noqa: N815
    eventCategory: str = "Management"  # noqa: N815
    tlsDetails: Mapping[str, str] | UnsetType = UNSET  # noqa: N815
    additionalEventData: Mapping[str, str] | UnsetType = UNSET  # noqa: N815


def written_out(event: Record) -> str:
    """The record as JSON text."""
    return msgspec.json.encode(event).decode()
