"""POST serviceaccounts/NAME/token: `kubectl create token`.

Rules: kubernetes `pkg/registry/core/serviceaccount/storage/token.go`.
"""

from __future__ import annotations

from typing import Any, Final

from podid.localcluster.apiserver.bodies import read_object
from podid.localcluster.apiserver.http import Answer, Request, json_answer
from podid.localcluster.apiserver.paths import Target
from podid.localcluster.objects.conform import conform_to
from podid.localcluster.objects.errors import BadRequest, Cause, Conflict, Invalid, NotFound
from podid.localcluster.objects.metadata import name_of, timestamp, uid_of
from podid.localcluster.objects.store import ObjectStore
from podid.localcluster.objects.validation.pods import MAX_EXPIRATION, MIN_EXPIRATION
from podid.localcluster.ports import Object
from podid.localcluster.service_account_tokens import API_AUDIENCE, ServiceAccountTokens
from podid.localcluster.signing_keys import LONGEST_LIFE

MAX_SECONDS: Final = int(LONGEST_LIFE.total_seconds())
"""Tokens are shortened to this, as EKS does; a warning says so."""
_DEFAULT_SECONDS: Final = 3600
_BINDABLE: Final = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}


async def request_token(store: ObjectStore, tokens: ServiceAccountTokens, target: Target, request: Request) -> Answer:
    """The answer to a TokenRequest. Raises ApiError."""
    account = store.get("serviceaccounts", target.namespace, target.name)
    if account is None:
        raise NotFound.of("serviceaccounts", "", target.name)
    body, _ = read_object(await request.body(), request.content_type, type_name="TokenRequest")
    asked, _ = conform_to(body, "TokenRequest")
    spec: dict[str, Any] = asked.get("spec") or {}
    seconds = spec.get("expirationSeconds", _DEFAULT_SECONDS)
    _check(spec, seconds)
    bound = _bound(store, target, spec.get("boundObjectRef"))
    warnings: list[str] = []
    if seconds > MAX_SECONDS:
        warnings.append(f"requested expiration of {seconds} seconds shortened to {MAX_SECONDS} seconds")
        seconds = MAX_SECONDS
    audiences = spec.get("audiences") or [API_AUDIENCE]
    issued = tokens.issue_for(account, audiences=audiences, expiration_seconds=seconds, **bound)
    told: dict[str, Any] = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": target.name, "namespace": target.namespace, "creationTimestamp": None},
        "spec": {
            "audiences": audiences,
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": issued.token, "expirationTimestamp": timestamp(issued.expires_at)},
    }
    return json_answer(told, 201).warned(warnings)


def _check(spec: dict[str, Any], seconds: int) -> None:
    why = ""
    if seconds < MIN_EXPIRATION:
        why = "may not specify a duration less than 10 minutes"
    elif seconds > MAX_EXPIRATION:
        why = "may not specify a duration larger than 2^32 seconds"
    if why:
        cause = Cause("FieldValueInvalid", f"Invalid value: {seconds}: {why}", "spec.expirationSeconds")
        raise Invalid.of("TokenRequest", "authentication.k8s.io", "", [cause])


def _bound(store: ObjectStore, target: Target, reference: dict[str, Any] | None) -> dict[str, Object]:
    """The object to bind to, as a keyword of `issue_for`. Raises ApiError."""
    if not reference:
        return {}
    kind, name = reference.get("kind", ""), reference.get("name", "")
    resource = _BINDABLE.get(kind)
    if resource is None or reference.get("apiVersion", "v1") != "v1":
        raise BadRequest(f'cannot bind token for serviceaccount "{target.name}" to object of kind "{kind[:100]}"')
    obj = store.get(resource, "" if resource == "nodes" else target.namespace, name)
    if obj is None:
        raise NotFound.of(resource, "", name)
    if kind == "Pod" and (obj.get("spec") or {}).get("serviceAccountName") != target.name:
        raise BadRequest(
            f'cannot bind token for serviceaccount "{target.name}" to pod running with different serviceaccount name.'
        )
    given = reference.get("uid")
    if given and given != uid_of(obj):
        why = f"the UID in the bound object reference ({given}) does not match the UID in record. The object might have been deleted and then recreated"
        raise Conflict.of(resource, "", name_of(obj), why)
    return {kind.lower(): obj}
