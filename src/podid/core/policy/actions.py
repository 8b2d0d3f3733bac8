"""Which values of `Action` and `NotAction` name anything.

Source: the IAM user guide, "IAM JSON policy elements: Action": a value is a service's namespace and the name of an action, with wildcards in the
name; `*` is every action of every service. IAM does not store others ("Vendor *ec2 is not valid"); asked about, they name no action.
"""

from __future__ import annotations

_WILDCARDS = frozenset("*?")


def names_actions(value: str) -> bool:
    """Whether a value can match any action: its service is written out, or it is `*` or `*:*`."""
    service, colon, name = value.partition(":")
    if service and not service.strip("*"):
        return not name.strip("*")
    return bool(colon) and _WILDCARDS.isdisjoint(service)
