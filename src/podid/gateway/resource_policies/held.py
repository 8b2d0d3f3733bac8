"""Reads the policy that a resource carries, out of moto's state.

Only what moto has been asked for can carry one: a module of moto that was never imported holds nothing. A policy that cannot be read denies
whatever it should decide: it can only be there if moto took what podid refuses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from podid.core.arn import Arn, parse_arn
from podid.core.errors import AccessDenied
from podid.core.policy import MalformedPolicy, NamedPolicy, PolicyKind, read_policy
from podid.gateway.loaded import loaded
from podid.gateway.needs.need import Asked, Need
from podid.gateway.resource_policies import elsewhere, public_access
from podid.gateway.resource_policies.reading import Reader, backend_of

_REMEMBERED = 1024


class HeldByMoto:
    """The `ResourcePolicies` of an endpoint whose other services are moto's."""

    def of(self, asked: Asked, need: Need) -> NamedPolicy | None:
        """The policy on the resource of a need; None where it has none."""
        reader = _READERS.get(need.action.partition(":")[0])
        if reader is None or not need.resource.startswith("arn:"):
            return None
        module_name, read = reader
        module = loaded(module_name)
        if module is None:
            return None
        text = read(module, parse_arn(need.resource), asked)
        if not text:
            return None
        return _parse(need.resource, text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))


@lru_cache(_REMEMBERED)
def _parse(resource: str, text: str) -> NamedPolicy:
    try:
        return NamedPolicy("ResourcePolicy", read_policy(text, PolicyKind.RESOURCE), resource)
    except MalformedPolicy as error:
        raise AccessDenied(f"The policy on {resource} cannot be read: {error.message}") from error


def _of_bucket(s3: Any, arn: Arn, asked: Asked) -> Any:
    name = arn.resource.partition("/")[0]
    place = s3.s3_backends.bucket_accounts.get(name)
    if place is None or asked.operation == "CreateBucket":
        return None  # who creates asks for a bucket of their own
    partition, account = place
    bucket = s3.s3_backends[account][partition].get_bucket(name)
    caller = asked.call.caller
    stranger = caller.kind == "anonymous" or caller.account != account
    if stranger and bucket.policy and public_access.is_public(bucket.policy) and public_access.is_restricted(name):
        return None  # RestrictPublicBuckets: a public policy is good for the bucket's own account alone
    return bucket.policy


def _of_queue(sqs: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(sqs.sqs_backends, arn)
    queue = backend.queues.get(arn.resource) if backend else None
    return queue.policy if queue else None


def _of_topic(sns: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(sns.sns_backends, arn)
    topic = backend.topics.get(str(arn)) if backend else None
    return topic.policy if topic else None


def _of_key(kms: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(kms.kms_backends, arn)
    key = backend.keys.get(arn.resource.removeprefix("key/")) if backend and arn.resource.startswith("key/") else None
    return key.policy if key else None


def _of_secret(secretsmanager: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(secretsmanager.secretsmanager_backends, arn)
    secret = backend.secrets.get(str(arn)) if backend else None
    return getattr(secret, "policy", None)


def _of_function(awslambda: Any, arn: Arn, _asked: Asked) -> Any:
    """The statements that AddPermission made, on the function and on all its aliases: each names its resource with the qualifier."""
    kind, _, rest = arn.resource.partition(":")
    if kind == "layer":
        return _of_layer(awslambda, arn, rest)
    if kind != "function":
        return None
    name = rest.partition(":")[0]
    statements: list[Any] = []
    for backends in (awslambda.lambda_backends, _simple_lambda_backends()):
        backend = backend_of(backends, arn) if backends is not None else None
        found = backend._lambdas._functions.get(name) if backend else None
        if found:
            statements += map(_statement, found["latest"].policy.statements)
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


def _of_layer(awslambda: Any, arn: Arn, named: str) -> Any:
    """The statements on one version of a layer."""
    name, _, version = named.partition(":")
    statements: list[Any] = []
    for backends in (awslambda.lambda_backends, _simple_lambda_backends()):
        backend = backend_of(backends, arn) if backends is not None else None
        layer = backend._layers._layers.get(name) if backend else None
        found = layer.layer_versions.get(version) if layer else None
        # moto adds a function's qualifier to the layer's ARN
        statements += [{**_statement(held), "Resource": str(arn)} for held in found.policy.statements] if found else []
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else None


def _statement(held: dict[str, Any]) -> dict[str, Any]:
    """A statement of AddPermission as the policy language has it: moto keeps an account or an ARN as it was given."""
    statement: dict[str, Any] = {
        name: held[name] for name in ("Sid", "Effect", "Action", "Resource", "Condition") if name in held
    }
    principal = held.get("Principal")
    statement["Principal"] = {"AWS": principal} if isinstance(principal, str) and principal != "*" else principal
    return statement


def _simple_lambda_backends() -> Any:
    module = loaded("moto.awslambda_simple.models")
    return None if module is None else module.lambda_simple_backends


def _of_repository(ecr: Any, arn: Arn, _asked: Asked) -> Any:
    backend = backend_of(ecr.ecr_backends, arn)
    repository = backend.repositories.get(arn.resource.removeprefix("repository/")) if backend else None
    return on_itself(repository.policy) if repository and repository.policy else None


def on_itself(text: str) -> str:
    """A policy whose statements name no resource, because they are about the one they hang on, as one that says so."""
    document = json.loads(text)
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict):
            statement.setdefault("Resource", "*")
    return json.dumps(document)


_READERS: Mapping[str, tuple[str, Reader]] = {
    "s3": ("moto.s3.models", _of_bucket),
    "sqs": ("moto.sqs.models", _of_queue),
    "sns": ("moto.sns.models", _of_topic),
    "kms": ("moto.kms.models", _of_key),
    "secretsmanager": ("moto.secretsmanager.models", _of_secret),
    "lambda": ("moto.awslambda.models", _of_function),
    "ecr": ("moto.ecr.models", _of_repository),
    **elsewhere.READERS,
}
