"""A service model as a server needs it: which operations there are, and how a request says which one it means."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

from msgspec import Struct, convert

from podid.core.http import HttpRequest
from podid.core.wire.data import RawOperation, RawReference, RawService, read_service
from podid.core.wire.shapes import Member, Shape


class ErrorShape(Struct, frozen=True):
    """A modelled error. `code` is what query-like protocols print, `name` what JSON protocols print; `status` is None where not modelled."""

    name: str
    code: str
    status: int | None
    sender: bool
    shape: Shape


class OperationModel:
    """One operation. `input` and `output` are None where the model has none."""

    def __init__(self, name: str, raw: RawOperation, service: ServiceModel) -> None:
        # The key in the model, not its `name`: CloudFront's has the API version in that, and neither IAM actions nor SDKs do.
        self.name = name
        self.method = raw.http.method
        self.uri = raw.http.request_uri
        self.status = raw.http.response_code or 200
        self.deprecated = raw.deprecated
        self.unsigned = raw.authtype == "none" or "smithy.api#noAuth" in raw.auth
        self.unsigned_payload = raw.unsigned_payload or raw.authtype == "v4-unsigned-body"
        """Whether clients may leave the body out of the signature, as few operations outside S3 allow."""
        self.error_names = tuple(reference.shape for reference in raw.errors)
        self._raw = raw
        self._service = service

    def __repr__(self) -> str:
        return f"OperationModel({self._service.name}:{self.name})"

    @cached_property
    def input(self) -> Shape | None:
        return None if self._raw.input is None else self._service.shape(self._raw.input.shape)

    @cached_property
    def output(self) -> Shape | None:
        return None if self._raw.output is None else self._service.shape(self._raw.output.shape)

    @cached_property
    def input_place(self) -> Member | None:
        """The input with the traits of its place: the name and namespace of a rest-xml root."""
        return self._place(self._raw.input)

    @cached_property
    def output_place(self) -> Member | None:
        """The output with the traits of its place: the result wrapper of the query protocol."""
        return self._place(self._raw.output)

    def _place(self, reference: RawReference | None) -> Member | None:
        return None if reference is None else self._service.member(reference.shape, reference)


class Match(Struct, frozen=True):
    """The operation that a request means, and the values of its path, decoded, by member name."""

    operation: OperationModel
    path_members: dict[str, str]


class ServiceModel:
    """One service of AWS, as botocore's model describes it. Values are linked lazily and then kept."""

    def __init__(self, name: str, raw: RawService) -> None:
        metadata = raw.metadata
        self.name = name
        self.protocols = _protocols(raw)
        self.protocol = self.protocols[0]
        """The protocol that botocore's own client of this version speaks."""
        self.signing_name = metadata.signing_name or metadata.endpoint_prefix
        self.service_id = metadata.service_id
        self.api_version = metadata.api_version
        self.target_prefix = metadata.target_prefix
        self.json_version = metadata.json_version or "1.1"
        self.xml_namespace = metadata.xml_namespace
        self.query_compatible = metadata.aws_query_compatible is not None
        self.bare_errors = metadata.signature_version.startswith("s3")
        """Whether a rest-xml error is an `<Error>` of its own, without `<ErrorResponse>` around it: S3 and its control plane."""
        self.operations: Mapping[str, OperationModel] = MappingProxyType(
            {name: OperationModel(name, operation, self) for name, operation in raw.operations.items()}
        )
        self._raw = raw
        self._shapes: dict[str, Shape] = {}

    def __repr__(self) -> str:
        return f"ServiceModel({self.name})"

    def shape(self, name: str) -> Shape:
        """The shape of that name, linked on first use."""
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes[name] = Shape(name, self._raw.shapes[name], self.shape)
        return shape

    def member(self, name: str, reference: RawReference) -> Member:
        """A shape in a place outside any structure."""
        return Member(name, reference, self.shape)

    def match(self, request: HttpRequest) -> Match | None:
        """Which operation a request means; None where the service has no such operation.

        Raises InvalidInput where the address itself cannot be read, or names two operations at once.
        """
        from podid.core.wire.routing import match_request  # the router knows the model; the model only names it

        return match_request(self, request)

    @cached_property
    def errors(self) -> Mapping[str, ErrorShape]:
        """The modelled errors by shape name and, where it differs, by code. A shape's name beats another's code."""
        by_code: dict[str, ErrorShape] = {}
        by_name: dict[str, ErrorShape] = {}
        for name, raw in self._raw.shapes.items():
            if not raw.exception:
                continue
            status = raw.error.http_status_code if raw.error else None
            code = raw.error.code if raw.error and raw.error.code else name
            sender = not raw.fault if status is None else status < 500
            found = ErrorShape(name, code, status, sender, self.shape(name))
            by_name[name] = found
            by_code.setdefault(code, found)
        return MappingProxyType(by_code | by_name)


def _protocols(raw: RawService) -> tuple[str, ...]:
    metadata = raw.metadata
    # Models before 2024 name one protocol only; the list is in botocore's order of preference.
    protocols = (metadata.protocol, *(name for name in metadata.protocols if name != metadata.protocol))
    if metadata.aws_query_compatible is not None and "query" not in protocols:
        # Services that left the query protocol still take it from old clients.
        protocols = (*protocols, "query")
    return protocols


@cache
def load_service(name: str) -> ServiceModel:
    """The model of a service by botocore's folder name: `eks`, `eks-auth`, `iam`, `sts`, `s3`, `dynamodb`, …

    Kept for the life of the process. Raises UnknownService (a LookupError).
    """
    return ServiceModel(name, read_service(name))


def make_service(name: str, description: Mapping[str, Any]) -> ServiceModel:
    """The model of a service that botocore has none of, described in the form of botocore's files. Raises msgspec's ValidationError."""
    return ServiceModel(name, convert(description, RawService))
