"""moto's answers in the JSON protocols, in AWS's form: the content type (with json's version), errors with AWS's status.

A client's error in this protocol is 400 unless the service's model says otherwise (Smithy, "AWS JSON 1.1 protocol", operation errors).
moto answers some with the 404 or 409 that REST would have, and all as plain `application/json`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from podid.core.http import HttpResponse


def in_form(answer: HttpResponse, operation: Any) -> HttpResponse:
    """The answer as the service itself would have put it. `operation` is botocore's model of what was asked."""
    service = operation.service_model
    content_type = f"application/x-amz-json-{service.metadata.get('jsonVersion', '1.1')}"
    headers = tuple(pair for pair in answer.headers if pair[0] != "content-type")
    status = answer.status
    if 400 <= status < 500:
        status = _status(answer, service)
    return HttpResponse(status=status, headers=(*headers, ("content-type", content_type)), body=answer.body)


def with_type(answer: HttpResponse) -> HttpResponse:
    """An answer of rest-json, whose body moto often leaves without a content type."""
    if not answer.body.startswith((b"{", b"[")) or any(name == "content-type" for name, _ in answer.headers):
        return answer
    headers = (*answer.headers, ("content-type", "application/json"))
    return HttpResponse(status=answer.status, headers=headers, body=answer.body)


def _status(answer: HttpResponse, service: Any) -> int:
    try:
        told = msgspec.json.decode(answer.body, type=dict[str, Any])
    except msgspec.MsgspecError:
        return answer.status
    code = str(told.get("__type", "")).rpartition("#")[2]
    shape = service.shape_for_error_code(code) if code else None
    modelled = shape.metadata.get("error", {}).get("httpStatusCode") if shape is not None else None
    return int(modelled) if modelled else 400
