"""An answer of moto in one protocol, rewritten in the client's own.

Needed where the client speaks smithy-rpc-v2-cbor, which moto does not read: moto is then asked in a protocol that it and the service
both have, and its answer is parsed by botocore and handed on as values, for the wire's writer.
"""

from __future__ import annotations

from typing import Any

from podid.core.caller import Output
from podid.core.errors import AwsError
from podid.core.http import HttpResponse


class Answered(AwsError):
    """An error that moto gave, in values: `code` and `status` are the answer's own."""


def _error(code: str, status: int, message: str) -> AwsError:
    kind = type("Answered", (Answered,), {"code": code, "status": status})
    return kind(message)  # type: ignore[no-any-return]


def read(answer: HttpResponse, operation: Any, protocol: str) -> Output:
    """The members of a successful answer. Raises an AwsError with the code, status and text of an unsuccessful one."""
    from botocore.parsers import create_parser

    parsed = create_parser(protocol).parse(
        {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body, "context": {}},
        operation.output_shape,
    )
    metadata = parsed.pop("ResponseMetadata", {})
    if answer.status >= 300:
        error = parsed.get("Error", {})
        raise _error(
            str(error.get("Code", "InternalFailure")),
            int(metadata.get("HTTPStatusCode", answer.status)),
            str(error.get("Message", "")),
        )
    return parsed  # type: ignore[no-any-return]
