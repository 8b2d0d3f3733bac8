"""Asking the mutating webhooks, one after another.

Configurations in the order of their names, webhooks in the order of their lists. What one changes, the next one sees, decoded and
defaulted again. After any change, those with `reinvocationPolicy: IfNeeded` that were called before it are called once more.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from typing import Any, Protocol

from podid.core.ids import RandomBytes, uuid4
from podid.localcluster.admission.attributes import Attributes, Context
from podid.localcluster.admission.webhooks.client import Address, CallFailed, Dial, address_of, post
from podid.localcluster.admission.webhooks.matching import concerns
from podid.localcluster.admission.webhooks.review import BadReview, Verdict, read_review, write_review
from podid.localcluster.objects.errors import ApiError, BadRequest, InternalError
from podid.localcluster.objects.metadata import labels_of, name_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.patches.json_patch import PatchProblem, json_patch
from podid.localcluster.ports import Object

_log = logging.getLogger(__name__)
Settle = Callable[[Object], Object]
"""Decodes and defaults an object after a patch."""


class Dialler(Protocol):
    """How a webhook's place is reached."""

    def to_url(self, address: Address) -> Dial: ...
    def to_service(self, namespace: str, name: str, port: int) -> Dial: ...


class Denied(ApiError):
    """A webhook said no; status and reason are its own."""

    def __init__(self, public: str, status: int) -> None:
        super().__init__(public)
        self.status = status  # type: ignore[misc]
        self.reason = _REASONS.get(status, "")  # type: ignore[misc]


_REASONS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 422: "Invalid"}


class WebhookCaller:
    """Calls the webhooks whose configurations are in the store."""

    def __init__(self, store: ObjectStore, dialler: Dialler, *, random: RandomBytes) -> None:
        self._store = store
        self._dialler = dialler
        self._random = random

    async def mutate(
        self, attributes: Attributes, context: Context, *, obj: Object | None, old: Object | None, settle: Settle
    ) -> Object | None:
        """The object after all webhooks. Raises ApiError where one denies, or fails with failurePolicy Fail."""
        asked: list[dict[str, Any]] = []
        changed_after: dict[int, bool] = {}
        for webhook in self._webhooks():
            if not self._concerns(webhook, attributes, obj, old):
                continue
            before = obj
            obj = await self._ask(webhook, attributes, context, obj, old, settle)
            if obj != before:
                changed_after |= dict.fromkeys(range(len(asked)), True)
            asked.append(webhook)
        for index, webhook in enumerate(asked):
            again = webhook.get("reinvocationPolicy") == "IfNeeded" and changed_after.get(index)
            if again and self._concerns(webhook, attributes, obj, old):
                before = obj
                obj = await self._ask(webhook, attributes, context, obj, old, settle)
                if obj != before:
                    changed_after |= dict.fromkeys(range(len(asked)), True)
        return obj

    def _webhooks(self) -> list[dict[str, Any]]:
        configurations = self._store.list("mutatingwebhookconfigurations")
        return [webhook for one in configurations for webhook in one.get("webhooks") or ()]

    def _concerns(
        self, webhook: dict[str, Any], attributes: Attributes, obj: Object | None, old: Object | None
    ) -> bool:
        if attributes.kind.resource == "namespaces":
            namespace = obj or old or {}
        else:
            namespace = self._store.get("namespaces", "", attributes.namespace) or {}
        return concerns(webhook, attributes, obj=obj, old=old, namespace_labels=labels_of(namespace))

    async def _ask(
        self,
        webhook: dict[str, Any],
        attributes: Attributes,
        context: Context,
        obj: Object | None,
        old: Object | None,
        settle: Settle,
    ) -> Object | None:
        name = webhook["name"]
        if context.dry_run and webhook.get("sideEffects") not in ("None", "NoneOnDryRun"):
            raise BadRequest(f'admission webhook "{name}" does not support dry run')
        try:
            verdict = await self._call(webhook, attributes, context, obj, old)
        except (CallFailed, BadReview) as problem:
            text = f'failed calling webhook "{name}": failed to call webhook: {problem}'
            if webhook.get("failurePolicy") == "Ignore":
                _log.warning("%s; its failurePolicy is Ignore", text)
                return obj
            raise InternalError(text) from problem
        context.warnings.extend(verdict.warnings)
        if not verdict.allowed:
            how = (
                f"denied the request: {verdict.message}"
                if verdict.message
                else "denied the request without explanation"
            )
            raise Denied(f'admission webhook "{name}" {how}', verdict.status)
        if verdict.patch is None or obj is None:
            return obj
        try:
            patched = json_patch(obj, verdict.patch)
        except PatchProblem as problem:
            raise InternalError(f'webhook "{name}": {problem}') from problem
        if not isinstance(patched, dict):
            raise InternalError(f'webhook "{name}": its patch leaves no object')
        try:
            return settle(patched)
        except ApiError as problem:
            raise InternalError(f'webhook "{name}": {problem.public}') from problem

    async def _call(
        self, webhook: dict[str, Any], attributes: Attributes, context: Context, obj: Object | None, old: Object | None
    ) -> Verdict:
        client, seconds = webhook["clientConfig"], webhook.get("timeoutSeconds", 10)
        address = address_of(client, seconds)
        service = client.get("service")
        if service is None:
            dial = self._dialler.to_url(address)
        else:
            dial = self._dialler.to_service(service["namespace"], service["name"], service.get("port", 443))
        uid = uuid4(self._random)
        body = write_review(uid, attributes, context, obj=obj, old=old)
        ca_pem = base64.b64decode(client.get("caBundle") or "").decode("utf-8", "replace")
        _log.debug("asking webhook %s about %s %s", webhook["name"], attributes.operation, name_of(obj or old or {}))
        return read_review(await post(address, body, dial=dial, ca_pem=ca_pem, seconds=seconds), uid)
