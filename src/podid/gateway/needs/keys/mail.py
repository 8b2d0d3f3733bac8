"""Condition keys of SES: who a message is from and for. Source: SES developer guide, "Identity and access management in Amazon SES"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses, parseaddr

from podid.gateway.needs.keys.values import Reader, Values, first_of, texts
from podid.gateway.needs.need import Asked, Need

_LONGEST_HEAD = 64 * 1024
_LONGEST_FIELD = 16 * 1024
_DEEPEST = 50
_OF_SENDERS = (("Source",), ("FromEmailAddress",))
_OF_RECIPIENTS = (
    ("Destinations",),
    ("Destination", "ToAddresses"),
    ("Destination", "CcAddresses"),
    ("Destination", "BccAddresses"),
    ("Destinations", "Destination", "ToAddresses"),
    ("BulkEmailEntries", "Destination", "ToAddresses"),
)


def _raw(asked: Asked) -> Message | None:
    """The head of a message that comes whole."""
    for content in (asked.members.get("RawMessage"), (asked.members.get("Content") or {}).get("Raw")):
        data = content.get("Data") if isinstance(content, Mapping) else None
        if isinstance(data, bytes):
            return message_from_bytes(data[:_LONGEST_HEAD])
    return None


def _readable(text: str) -> str:
    """An address field that Python's reader can take, which goes as deep as comments are nested; nothing of one that it cannot."""
    return "" if text.count("(") > _DEEPEST or len(text) > _LONGEST_FIELD else text


def senders(asked: Asked) -> Iterator[tuple[str, str]]:
    """Name and address of who a message says it is from."""
    for text in texts(asked.members, *_OF_SENDERS):
        yield parseaddr(_readable(text))
    message = _raw(asked)
    if message is not None:
        yield from getaddresses([_readable(str(value)) for value in message.get_all("From", [])])


def _from_address(asked: Asked, _need: Need) -> Values:
    return tuple(dict.fromkeys(address for _, address in senders(asked) if address))


def _from_name(asked: Asked, _need: Need) -> Values:
    return tuple(dict.fromkeys(name for name, _ in senders(asked) if name))


def _recipients(asked: Asked, _need: Need) -> Values:
    found = list(texts(asked.members, *_OF_RECIPIENTS))
    message = _raw(asked)
    if message is not None and not found:
        found = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
    return tuple(dict.fromkeys(address for _, address in getaddresses([_readable(text) for text in found]) if address))


def _version(asked: Asked, _need: Need) -> Values:
    return ("2" if asked.service.model == "sesv2" else "1",)


READERS: Mapping[str, Reader] = {
    "apiversion": _version,
    "feedbackaddress": first_of("ReturnPath", "FeedbackForwardingEmailAddress"),
    "fromaddress": _from_address,
    "fromdisplayname": _from_name,
    "recipients": _recipients,
}
