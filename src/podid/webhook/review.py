"""One admission: an AdmissionReview comes as bytes, another goes as bytes. Knows no HTTP.

Only the creation of pods is looked at; everything else is allowed as it is. A pod is never refused for what podid cannot find out,
unless the failure policy says so: then it would otherwise run silently as its node.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol

import msgspec
from msgspec import Struct

from podid.webhook.annotations import Annotations
from podid.webhook.identities import Identities, IdentitiesUnavailable
from podid.webhook.mutate import MalformedPod, MutateConfig, Operation, container_credentials, web_identity

log = logging.getLogger(__name__)

FailurePolicy = Literal["allow", "deny"]
Method = Literal["container_credentials", "sts_web_identity"]

_WARNING: Final = 250
"""Characters of a warning that API servers pass on to kubectl without cutting it."""


class ServiceAccounts(Protocol):
    """Where annotations of service accounts are read, if anywhere."""

    async def annotations(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """The annotations; None where the service account is not there or cannot be read."""


class _GroupVersionKind(Struct, frozen=True):
    group: str = ""
    version: str = ""
    kind: str = ""


class _GroupVersionResource(Struct, frozen=True):
    group: str = ""
    version: str = ""
    resource: str = ""


class _Request(Struct, frozen=True, rename="camel"):
    uid: str
    resource: _GroupVersionResource = _GroupVersionResource()
    kind: _GroupVersionKind = _GroupVersionKind()
    sub_resource: str = ""
    namespace: str = ""
    name: str = ""
    operation: str = ""
    object: dict[str, Any] | None = None


class _Review(Struct, frozen=True, rename="camel"):
    api_version: str = "admission.k8s.io/v1"
    kind: str = "AdmissionReview"
    request: _Request | None = None


class Result(Struct, frozen=True):
    """What was decided, for the metrics, and the answer's bytes."""

    body: bytes
    method: Method | None = None
    missing_service_account: bool = False
    unavailable: bool = False


class Reviewer:
    """Answers reviews. `random` is random.random, or a test's."""

    def __init__(
        self,
        identities: Identities,
        config: MutateConfig,
        *,
        service_accounts: ServiceAccounts | None = None,
        failure_policy: FailurePolicy = "allow",
        random: Callable[[], float],
    ) -> None:
        self._identities = identities
        self._config = config
        self._service_accounts = service_accounts
        self._failure_policy = failure_policy
        self._random = random
        self._decoder = msgspec.json.Decoder(_Review)

    async def review(self, body: bytes) -> Result:
        """Answer one review. Raises nothing: what cannot be read is refused in the answer."""
        try:
            review = self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            return Result(_answer(_Review(), "", allowed=False, message=f"the review cannot be read: {problem}"))
        request = review.request
        if request is None:
            return Result(_answer(review, "", allowed=False, message="bad content"))
        if not _creates_pod(request):
            return Result(_answer(review, request.uid))
        try:
            return await self._pod(review, request, request.object or {})
        except MalformedPod as problem:
            return Result(_answer(review, request.uid, allowed=False, message=str(problem)))
        except IdentitiesUnavailable as problem:
            return Result(self._unavailable(review, request, str(problem)), unavailable=True)

    async def _pod(self, review: _Review, request: _Request, pod: dict[str, Any]) -> Result:
        spec = pod.get("spec")
        name = spec.get("serviceAccountName") if isinstance(spec, Mapping) else None
        # The ServiceAccount admission plugin, which runs before webhooks, fills in `default`.
        account = name if isinstance(name, str) and name else "default"
        has_identity = await self._identities.has(request.namespace, account)
        annotations: Mapping[str, str] | None = None
        missing = False
        if self._service_accounts is not None:
            annotations = await self._service_accounts.annotations(request.namespace, account)
            missing = annotations is None
        if has_identity:
            patch = container_credentials(pod, self._config, service_account=annotations, random=self._random())
            return Result(_answer(review, request.uid, patch=patch), "container_credentials", missing)
        role = Annotations(self._config.annotation_prefix, {}, annotations or {}).role_arn()
        if role:
            patch = web_identity(pod, self._config, role_arn=role, service_account=annotations or {})
            return Result(_answer(review, request.uid, patch=patch), "sts_web_identity")
        return Result(_answer(review, request.uid), None, missing)

    def _unavailable(self, review: _Review, request: _Request, reason: str) -> bytes:
        log.warning(
            "a pod was admitted without knowing whether it has an identity",
            extra={"namespace": request.namespace[:63], "reason": reason, "policy": self._failure_policy},
        )
        if self._failure_policy == "deny":
            return _answer(
                review, request.uid, allowed=False, message=f"Pod Identity associations cannot be read: {reason}"
            )
        text = f"this pod got no Pod Identity, for associations cannot be read: {reason}"
        return _answer(review, request.uid, warning=text[:_WARNING])


def _creates_pod(request: _Request) -> bool:
    resource, kind = request.resource, request.kind
    named = resource.resource or kind.kind
    return (
        request.operation == "CREATE"
        and not request.sub_resource
        and named in ("pods", "Pod")
        and (resource.group or kind.group) == ""
    )


def _answer(
    review: _Review,
    uid: str,
    *,
    allowed: bool = True,
    message: str = "",
    patch: list[Operation] | None = None,
    warning: str = "",
) -> bytes:
    response: dict[str, Any] = {"uid": uid, "allowed": allowed}
    if message:
        response["status"] = {"message": message[:1024]}
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(msgspec.json.encode(patch)).decode()
    if warning:
        response["warnings"] = [warning]
    return msgspec.json.encode({"apiVersion": review.api_version, "kind": review.kind, "response": response})
