"""Reads the policy that a resource carries, out of moto's state.

Only what moto has been asked for can carry one: a module of moto that was never imported holds nothing. A policy that cannot be read denies
whatever it should decide: it can only be there if moto took what podid refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from podid.core.arn import Arn, parse_arn
from podid.core.errors import AccessDenied
from podid.core.policy import MalformedPolicy, NamedPolicy, PolicyKind, read_policy
from podid.gateway.loaded import loaded
from podid.gateway.needs.need import Asked, Need

_REMEMBERED = 1024
_Reader = Callable[[Any, Arn, Asked], Any]
"""From a module of moto, the resource's ARN and the call to the policy's text, or nothing."""


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


def _backend(backends: Any, arn: Arn) -> Any:
    """moto's backend of an account and region, without making one that is not there."""
    regions = backends.get(arn.account) if arn.account in backends.keys() else None  # noqa: SIM118  (its __contains__ makes accounts)
    return None if regions is None or arn.region not in regions.keys() else regions[arn.region]  # noqa: SIM118


def _of_bucket(s3: Any, arn: Arn, asked: Asked) -> Any:
    name = arn.resource.partition("/")[0]
    place = s3.s3_backends.bucket_accounts.get(name)
    if place is None or asked.operation == "CreateBucket":
        return None  # who creates asks for a bucket of their own
    partition, account = place
    bucket = s3.s3_backends[account][partition].get_bucket(name)
    if bucket.public_access_block and bucket.public_access_block.restrict_public_buckets:
        from moto.s3.utils import bucket_policy_is_public

        if asked.call.account != account and bucket.policy and bucket_policy_is_public(bucket.policy):
            return None  # RestrictPublicBuckets: a public policy is good for the bucket's own account alone
    return bucket.policy


def _of_queue(sqs: Any, arn: Arn, _asked: Asked) -> Any:
    backend = _backend(sqs.sqs_backends, arn)
    queue = backend.queues.get(arn.resource) if backend else None
    return queue.policy if queue else None


def _of_topic(sns: Any, arn: Arn, _asked: Asked) -> Any:
    backend = _backend(sns.sns_backends, arn)
    topic = backend.topics.get(str(arn)) if backend else None
    return topic.policy if topic else None


def _of_key(kms: Any, arn: Arn, _asked: Asked) -> Any:
    backend = _backend(kms.kms_backends, arn)
    key = backend.keys.get(arn.resource.removeprefix("key/")) if backend and arn.resource.startswith("key/") else None
    return key.policy if key else None


def _of_secret(secretsmanager: Any, arn: Arn, _asked: Asked) -> Any:
    backend = _backend(secretsmanager.secretsmanager_backends, arn)
    secret = backend.secrets.get(str(arn)) if backend else None
    return getattr(secret, "policy", None)


def _of_function(awslambda: Any, arn: Arn, _asked: Asked) -> Any:
    """The statements that AddPermission made, on the function and on all its aliases: each names its resource with the qualifier."""
    kind, _, rest = arn.resource.partition(":")
    if kind != "function":
        return None
    name = rest.partition(":")[0]
    statements: list[Any] = []
    for backends in (awslambda.lambda_backends, _simple_lambda_backends()):
        backend = _backend(backends, arn) if backends is not None else None
        found = backend._lambdas._functions.get(name) if backend else None
        if found:
            statements += map(_statement, found["latest"].policy.statements)
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
    backend = _backend(ecr.ecr_backends, arn)
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


def _of_table(dynamodb: Any, arn: Arn, _asked: Asked) -> Any:
    backend = _backend(dynamodb.dynamodb_backends, arn)
    if backend is None:
        return None
    parts = arn.resource.split("/")
    table = str(Arn(arn.partition, arn.service, arn.region, arn.account, "/".join(parts[:2])))
    held = backend.resource_policies.get(str(arn)) or backend.resource_policies.get(table)
    return held.policy_doc if held else None


def _of_stream(kinesis: Any, arn: Arn, _asked: Asked) -> Any:
    backend = _backend(kinesis.kinesis_backends, arn)
    return backend.resource_policies.get(str(arn)) if backend else None


def _of_event_bus(events: Any, arn: Arn, _asked: Asked) -> Any:
    backend = _backend(events.events_backends, arn)
    bus = backend.event_buses.get(arn.resource.removeprefix("event-bus/")) if backend else None
    return bus.policy if bus else None


_READERS: Mapping[str, tuple[str, _Reader]] = {
    "s3": ("moto.s3.models", _of_bucket),
    "sqs": ("moto.sqs.models", _of_queue),
    "sns": ("moto.sns.models", _of_topic),
    "kms": ("moto.kms.models", _of_key),
    "secretsmanager": ("moto.secretsmanager.models", _of_secret),
    "lambda": ("moto.awslambda.models", _of_function),
    "ecr": ("moto.ecr.models", _of_repository),
    "dynamodb": ("moto.dynamodb.models", _of_table),
    "kinesis": ("moto.kinesis.models", _of_stream),
    "events": ("moto.events.models", _of_event_bus),
}
