"""Values made from a service model, and botocore as the other end of the wire."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import botocore.awsrequest
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.session
import pytest

from podid.core.http import HttpRequest, HttpResponse
from podid.core.wire import Member, Shape

_WORDS = ("a", "Zürich", "x&y=<1>", "two words", "per%cent", "'quoted\"", "slash/ed", "plus+", "日本", "0", "true")
_HEADER_WORDS = ("a", "x&y=<1>", "two words", "per%cent", "plus+", "0", "true")
_PATH_WORDS = ("a", "Zürich", "two words", "per%cent", "plus+", "arn:aws:x:y/z", "日本", "a;b", "~t-_.")


class Maker:
    """Makes members of a shape, at random but repeatably: every member now and then, nesting bounded."""

    def __init__(self, seed: str, *, milliseconds: bool) -> None:
        self._random = random.Random(seed)
        self._milliseconds = milliseconds

    def members(self, shape: Shape, *, required_only: bool = False) -> dict[str, Any]:
        return self._structure(shape, 0, required_only)

    def _structure(self, shape: Shape, depth: int, required_only: bool = False) -> dict[str, Any]:
        members = {}
        chosen = list(shape.members.values())
        if shape.raw.union and chosen:
            chosen = [self._random.choice(chosen)]
        for member in chosen:
            needed = member.name in shape.required or shape.raw.union or member.location == "uri"
            if needed or (not required_only and depth < 4 and self._random.random() < 0.6):
                value = self.value(member, depth + 1)
                if value is not None:
                    members[member.name] = value
        # A structure with nothing in it does not show in a form or in most XML: let there be something, if only to end a recursion.
        for member in () if members or required_only or depth == 0 else shape.members.values():
            value = self.value(member, depth + 1)
            if value is not None:
                return {member.name: value}
        return members

    def value(self, member: Member, depth: int) -> Any:
        shape = member.shape
        kind = shape.type
        if kind == "structure":
            if shape.document:
                return {"a": [1, "b", None, {"c": 1.5}]}
            made = None if shape.eventstream or depth > 6 else self._structure(shape, depth)
            return None if shape.raw.union and not made else made  # one of a union's members is always there
        if kind == "list":
            items = [self.value(shape.item, depth + 1) for _ in range(self._random.choice((1, 2, 3)))]
            return None if any(item is None for item in items) else items
        if kind == "map":
            return self._map(member, depth)
        return self._scalar(member)

    def _map(self, member: Member, depth: int) -> Any:
        entries = {}
        for position in range(self._random.choice((1, 2))):
            value = self.value(member.shape.value, depth + 1)
            if value is None:
                return None
            if member.shape.value.shape.type == "string" and member.location:
                value = self._random.choice(_HEADER_WORDS)
            keys = member.shape.key.enum or (f"key{position}",)
            entries[keys[position % len(keys)] if member.shape.key.enum else f"key{position}"] = value
        return entries

    def _scalar(self, member: Member) -> Any:
        kind = member.shape.type
        if kind == "string":
            return self._text(member)
        if kind in ("integer", "long"):
            return self._random.choice((0, 1, -5, 2**31 - 1))
        if kind in ("float", "double"):
            return self._random.choice((0.5, -2.25, 1024.0))
        if kind == "boolean":
            return self._random.random() < 0.5
        if kind == "blob":
            return self._random.choice((b"x", b"\x00\xff\xfe", "ünï".encode()))
        assert kind == "timestamp"
        whole = member.location == "header" or member.timestamp_format == "rfc822" or not self._milliseconds
        at = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC) + timedelta(seconds=self._random.randrange(10**9))
        return at if whole else at + timedelta(milliseconds=self._random.choice((0, 7, 123, 990)))

    def _text(self, member: Member) -> Any:
        if member.jsonvalue and member.location == "header":
            return {"a": [1, 2], "b": "c"}
        if member.enum:
            return self._random.choice(member.enum)
        if member.is_host_label:
            return "label-1"
        if member.location == "uri":
            return self._random.choice(_PATH_WORDS)
        if member.location in ("header", "headers"):
            return self._random.choice(_HEADER_WORDS)
        return self._random.choice(_WORDS)


class Other:
    """botocore, seen from the server: what its client sends, and what it makes of an answer."""

    def __init__(self) -> None:
        self._loader = botocore.session.get_session().get_component("data_loader")
        self._models: dict[str, botocore.model.ServiceModel] = {}

    def model(self, service: str) -> Any:
        if service not in self._models:
            self._models[service] = botocore.model.ServiceModel(
                self._loader.load_service_model(service, "service-2"), service
            )
        return self._models[service]

    def send(self, service: str, operation: str, members: dict[str, Any], protocol: str) -> HttpRequest:
        model = self.model(service).operation_model(operation)
        serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
        sent = serializer.serialize_to_request(members, model)
        query = sent["query_string"]
        path, _, fixed = sent["url_path"].partition("?")
        pairs = [
            (name, one)
            for name, value in (query or {}).items()
            for one in (value if isinstance(value, list) else [value])
        ]
        parts = [
            *([fixed] if fixed else []),
            *(f"{quote(str(n), safe='-._~')}={quote(str(v), safe='-._~')}" for n, v in pairs),
        ]
        body = sent["body"]
        if isinstance(body, dict):
            body = urlencode(body).encode()
        headers = tuple((name.lower(), _header(value)) for name, value in sent["headers"].items())
        return HttpRequest(
            method=sent["method"], path=urlsplit(path).path or "/", query="&".join(parts), headers=headers, body=body
        )

    def receive(self, service: str, operation: str, response: HttpResponse, protocol: str) -> Any:
        model = self.model(service).operation_model(operation)
        parser = botocore.parsers.create_parser(protocol)
        shape = model.output_shape
        payload = shape.serialization.get("payload")
        if payload and shape.members[payload].type_name == "blob":
            # As botocore's endpoint does: the body of such an answer is handed on unread.
            response = HttpResponse(status=response.status, headers=response.headers, body=b"")
        parsed = parser.parse(_as_botocore(response), shape)
        parsed.pop("ResponseMetadata", None)
        return parsed

    def receive_error(self, response: HttpResponse, protocol: str) -> Any:
        return botocore.parsers.create_parser(protocol).parse(_as_botocore(response), None)


def _header(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _as_botocore(response: HttpResponse) -> dict[str, Any]:
    headers = botocore.awsrequest.HeadersDict(dict(response.headers))
    return {"headers": headers, "status_code": response.status, "body": response.body}


@pytest.fixture(scope="session")
def other() -> Other:
    return Other()


@pytest.fixture(scope="session")
def maker() -> Callable[..., Maker]:
    return Maker


@pytest.fixture(scope="session")
def normal() -> Callable[[Any], Any]:
    """Values as both ends can be compared: instants as epoch milliseconds, and no empty maps, which some bodies cannot show."""

    def normalise(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: normalise(held) for key, held in value.items() if held != {}}
        if isinstance(value, list):
            return [normalise(held) for held in value]
        if isinstance(value, datetime):
            return round(value.timestamp() * 1000)
        return value

    return normalise
