"""AdmissionReview v1: writing the question and reading the answer. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import msgspec
from msgspec import Struct

from podid.localcluster.admission.attributes import Attributes, Context
from podid.localcluster.objects.metadata import encode
from podid.localcluster.ports import Object

_API_VERSION: Final = "admission.k8s.io/v1"


class BadReview(ValueError):
    """The answer is not an AdmissionReview to the question."""


class Verdict(Struct, frozen=True, kw_only=True):
    """What the webhook says. `patch` is a decoded JSON patch, or None; `status` and `message` count where it is not allowed."""

    allowed: bool
    patch: Any = None
    message: str = ""
    status: int = 400
    warnings: tuple[str, ...] = ()


def write_review(
    uid: str, attributes: Attributes, context: Context, *, obj: Object | None, old: Object | None
) -> bytes:
    """The body of the call."""
    kind = attributes.kind
    kind_named = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    resource_named = {"group": kind.group, "version": kind.version, "resource": kind.resource}
    request: dict[str, Any] = {
        "uid": uid,
        "kind": kind_named,
        "resource": resource_named,
        "requestKind": kind_named,
        "requestResource": resource_named,
        "operation": attributes.operation,
        "userInfo": context.user.as_info(),
        "object": obj,
        "oldObject": old,
        "dryRun": context.dry_run,
        "options": context.options or None,
    }
    if attributes.name:
        request["name"] = attributes.name
    if attributes.namespace:
        request["namespace"] = attributes.namespace
    if attributes.subresource:
        request["subResource"] = request["requestSubResource"] = attributes.subresource
    return encode({"kind": "AdmissionReview", "apiVersion": _API_VERSION, "request": request})


def read_review(body: bytes, uid: str) -> Verdict:
    """The answer to the question `uid`. Raises BadReview."""
    try:
        review = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as problem:
        raise BadReview("the answer is not JSON") from problem
    if not isinstance(review, dict) or (review.get("apiVersion"), review.get("kind")) != (
        _API_VERSION,
        "AdmissionReview",
    ):
        raise BadReview(f"expected webhook response of {_API_VERSION}, Kind=AdmissionReview")
    response = review.get("response")
    if not isinstance(response, dict):
        raise BadReview("webhook response is missing")
    if response.get("uid") != uid:
        raise BadReview("expected response.uid to be the request's")
    if not isinstance(response.get("allowed"), bool):
        raise BadReview("response.allowed is missing")
    warnings = tuple(str(text) for text in response.get("warnings") or () if text)
    if not response["allowed"]:
        status = response.get("status") if isinstance(response.get("status"), dict) else {}
        assert isinstance(status, dict)
        code = status.get("code")
        return Verdict(
            allowed=False,
            message=str(status.get("message") or status.get("reason") or ""),
            status=code if isinstance(code, int) and 400 <= code < 600 else 400,
            warnings=warnings,
        )
    return Verdict(allowed=True, patch=_patch(response), warnings=warnings)


def _patch(response: dict[str, Any]) -> Any:
    patch, type_ = response.get("patch"), response.get("patchType")
    if not patch and not type_:
        return None
    if not patch or type_ != "JSONPatch":
        raise BadReview("webhook returned response.patch and response.patchType that do not go together")
    try:
        return msgspec.json.decode(base64.b64decode(str(patch), validate=True))
    except (binascii.Error, ValueError, RecursionError) as problem:
        raise BadReview("response.patch is not a JSON patch in base64") from problem
