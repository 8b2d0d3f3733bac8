"""Where botocore keeps its service models, read without importing botocore.

    botocore/data/SERVICE/API-VERSION/service-2.json.gz

The newest version folder of a service wins. Only the traits that a server needs are decoded; documentation is skipped by the decoder, which
is what makes a model load in about a millisecond.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import zlib
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

_METADATA_KEY = '"metadata":'


class RawError(Struct, rename="camel", frozen=True):
    code: str = ""
    http_status_code: int | None = None
    sender_fault: bool | None = None


class RawReference(Struct, rename="camel", frozen=True):
    """How a structure, list, map or operation refers to a shape, with the traits of that place."""

    shape: str
    location: str = ""
    location_name: str = ""
    query_name: str = ""
    flattened: bool = False
    streaming: bool = False
    jsonvalue: bool = False
    idempotency_token: bool = False
    host_label: bool = False
    timestamp_format: str = ""
    xml_namespace: dict[str, str] | str | None = None
    xml_attribute: bool = False
    result_wrapper: str = ""
    enum: tuple[str, ...] = ()


class RawShape(Struct, rename="camel", frozen=True):
    type: str
    members: dict[str, RawReference] = {}
    required: tuple[str, ...] = ()
    member: RawReference | None = None
    key: RawReference | None = None
    value: RawReference | None = None
    payload: str = ""
    location_name: str = ""
    flattened: bool = False
    streaming: bool = False
    jsonvalue: bool = False
    timestamp_format: str = ""
    xml_namespace: dict[str, str] | str | None = None
    enum: tuple[str, ...] = ()
    min: int | float | None = None
    max: int | float | None = None
    pattern: str = ""
    sensitive: bool = False
    sparse: bool = False
    document: bool = False
    union: bool = False
    eventstream: bool = False
    exception: bool = False
    fault: bool = False
    error: RawError | None = None


class RawHttp(Struct, rename="camel", frozen=True):
    method: str = "POST"
    request_uri: str = "/"
    response_code: int | None = None


class RawOperation(Struct, rename="camel", frozen=True):
    name: str
    http: RawHttp = RawHttp()
    input: RawReference | None = None
    output: RawReference | None = None
    errors: tuple[RawReference, ...] = ()
    deprecated: bool = False
    auth: tuple[str, ...] = ()
    authtype: str = ""
    unsigned_payload: bool = False


class RawMetadata(Struct, rename="camel", frozen=True):
    api_version: str
    endpoint_prefix: str
    protocol: str
    protocols: tuple[str, ...] = ()
    service_id: str = ""
    signing_name: str = ""
    signature_version: str = ""
    target_prefix: str = ""
    json_version: str = ""
    xml_namespace: str = ""
    aws_query_compatible: dict[str, str] | None = None


class RawService(Struct, rename="camel", frozen=True):
    metadata: RawMetadata
    operations: dict[str, RawOperation]
    shapes: dict[str, RawShape]


_DECODER = msgspec.json.Decoder(RawService)


class UnknownService(LookupError):
    """botocore has no model of that name."""


@cache
def data_folder() -> Path:
    """The `data` folder of the installed botocore. Raises ModuleNotFoundError where it is not installed."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("botocore is not installed: `podid serve` needs it for its service models")
    return Path(spec.origin).parent / "data"


@cache
def service_names() -> frozenset[str]:
    """The name of every service that botocore has a model of."""
    return frozenset(entry.name for entry in data_folder().iterdir() if entry.is_dir())


def read_service(name: str) -> RawService:
    """The newest model of a service. Raises UnknownService."""
    return _DECODER.decode(gzip.decompress(_model_file(name).read_bytes()))


@cache
def services_signing_as(signing_name: str) -> tuple[str, ...]:
    """The services whose requests are signed with this name, in alphabetical order: `rds` is signed so by rds, neptune and docdb."""
    return _signing_index().get(signing_name, ())


@cache
def _signing_index() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name in sorted(service_names()):
        try:
            metadata = _read_metadata(_model_file(name))
        except UnknownService:
            continue
        found.setdefault(metadata.signing_name or metadata.endpoint_prefix, []).append(name)
    return {signing_name: tuple(names) for signing_name, names in found.items()}


def _read_metadata(path: Path) -> RawMetadata:
    """The `metadata` object at the head of a model, without unpacking all of it."""
    start = zlib.decompressobj(wbits=31).decompress(path.read_bytes(), 8192).decode("utf-8", "replace")
    begin = start.find(_METADATA_KEY)
    if begin < 0:
        return read_service(path.parent.parent.name).metadata
    try:
        value, _ = json.JSONDecoder().raw_decode(start, begin + len(_METADATA_KEY))
    except json.JSONDecodeError:  # the metadata is longer than what was unpacked
        return read_service(path.parent.parent.name).metadata
    return msgspec.convert(value, RawMetadata)


def _model_file(name: str) -> Path:
    # The name is looked up in a listing, never joined into a path: it may come from a signature's scope.
    if name not in service_names():
        raise UnknownService(f"botocore has no model of the service {name[:80]!r}")
    folder = data_folder() / name
    versions = [entry for entry in folder.iterdir() if (entry / "service-2.json.gz").is_file()]
    if not versions:
        raise UnknownService(f"botocore has no model of the service {name!r}")
    return max(versions) / "service-2.json.gz"
