"""What sending with SES needs: the action on the identity that a message is from, and on its configuration set and template.

An identity is an address, or the domain of one where the address itself was not verified. Source: SES developer guide, "Identity and access
management in Amazon SES", and on sending authorization.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

from podid.gateway.needs.keys.mail import senders
from podid.gateway.needs.need import Asked, Need, Rule
from podid.gateway.needs.reference import needs_of_action

_SENDING = frozenset(
    {"SendEmail", "SendRawEmail", "SendTemplatedEmail", "SendBulkTemplatedEmail", "SendBulkEmail", "SendBounce"}
)
_GIVEN = ("SourceArn", "FromEmailAddressIdentityArn", "FromArn")


@cache
def rule_of(operation: str) -> Rule | None:
    """The rule of an operation that sends; None for all others, which the reference knows."""
    return _send if operation in _SENDING else None


def _send(asked: Asked) -> Iterator[Need]:
    identities = dict.fromkeys(_identities(asked))
    done = False
    for need in needs_of_action(asked, asked.operation) or ():
        if not identities or ":identity/" not in need.resource:
            yield need
        elif not done:
            done = True
            for identity in identities:
                yield replace(need, resource=identity)


def _identities(asked: Asked) -> Iterator[str]:
    """Those that a call names by their ARNs, and those of its senders that none of these covers."""
    given = [arn for name in _GIVEN if (arn := asked.text(name)).startswith("arn:")]
    yield from given
    covered = {arn.rpartition("/")[2].lower() for arn in given}
    for _, address in senders(asked):
        if address and not {address.lower(), address.rpartition("@")[2].lower()} & covered:
            yield _identity(asked, address)


def _identity(asked: Asked, address: str) -> str:
    call = asked.call
    found = asked.lookup.full_arn("ses", call.account, call.region, "identity", address)
    return found or asked.arn(f"identity/{address.rpartition('@')[2] or address}")
