"""Where the reference's ARNs, filled from a request, are not yet those that the service asks for.

Sources: DynamoDB developer guide, on indexes; Lambda developer guide, "Resources and conditions for Lambda actions"; CloudWatch Logs user guide,
on the two forms of a log group's ARN; Secrets Manager, ECS, SNS, Kinesis, Systems Manager and Elastic Load Balancing guides.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from podid.gateway.needs.need import Asked, Need

Refinement = Callable[[Asked, Sequence[Need]], Iterator[Need]]
"""From a call and the needs that the reference gives for it to those that are asked for."""


def _of_index(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """Who reads an index needs it for the index, and not for the table."""
    index = asked.text("IndexName") and any("/index/" in need.resource for need in needs)
    for need in needs:
        if not index or "/index/" in need.resource or ":table/" not in need.resource:
            yield need


def _of_qualified(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """A version or an alias of a function is a resource of its own."""
    qualifier = asked.text("Qualifier")
    for need in needs:
        kind, _, name = need.resource.split(":", 5)[-1].partition(":")
        if qualifier and kind == "function" and ":" not in name:
            need = replace(need, resource=f"{need.resource}:{qualifier}")
        yield need


_ON_GROUPS_THEMSELVES = frozenset({"TagResource", "UntagResource", "ListTagsForResource"})


def _of_log_group(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """Log groups are asked for with what comes after them (policies end in `:*`), except where they are tagged."""
    for need in needs:
        parts = need.resource.split(":")
        if len(parts) == 7 and parts[5] == "log-group" and asked.operation not in _ON_GROUPS_THEMSELVES:
            need = replace(need, resource=f"{need.resource}:log-stream:")
        yield need


def _of_task_definition(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """A family without a revision means its newest."""
    name = asked.text("taskDefinition")
    for need in needs:
        if need.resource.endswith(":task-definition/*:*") and name and not name.startswith("arn:"):
            found = asked.lookup.full_arn("ecs", asked.call.account, asked.call.region, "task-definition", name)
            written = asked.arn(f"task-definition/{name}" if ":" in name else f"task-definition/{name}:*")
            need = replace(need, resource=found or written)
        yield need


def _of_node(_asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """EC2's instances are EC2's, all other nodes are Systems Manager's."""
    for need in needs:
        managed, instance = ":managed-instance/" in need.resource, need.resource.rpartition("/")[2].startswith("i-")
        if not (managed and instance) and not (":ec2:" in need.resource and ":instance/mi-" in need.resource):
            yield need


def _of_stack(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """The last part of a stack's ARN is an identifier that only the service knows."""
    for need in needs:
        kind, _, rest = need.resource.split(":", 5)[-1].partition("/")
        name, _, identifier = rest.partition("/")
        if kind in ("stack", "changeSet") and identifier in (name, ""):
            found = asked.lookup.full_arn("cloudformation", asked.call.account, asked.call.region, kind, name)
            need = replace(need, resource=found or asked.arn(f"{kind}/{name}/*"))
        yield need


_OF_TYPE = {"network": "net", "gateway": "gwy"}


def _of_balancer(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """A load balancer's ARN has its type, which CreateLoadBalancer says."""
    for need in needs:
        if asked.operation == "CreateLoadBalancer":
            word = _OF_TYPE.get(asked.text("Type"), "app")
            need = replace(need, resource=asked.arn(f"loadbalancer/{word}/{asked.text('Name') or '*'}/*"))
        elif asked.operation == "CreateTargetGroup":
            need = replace(need, resource=asked.arn(f"targetgroup/{asked.text('Name') or '*'}/*"))
        yield need


def _of_rule(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """A rule lies on one bus: the one that is named, or the default."""
    bus = asked.text("EventBusName").rpartition("/")[2]
    for need in needs:
        kind, _, name = need.resource.split(":", 5)[-1].partition("/")
        if kind != "rule" or ("/" in name) == (bus not in ("", "default")):
            yield need


def _of_phone(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """A message to a telephone is about no topic."""
    for need in needs:
        yield replace(need, resource="*") if asked.text("PhoneNumber") and not asked.text("TopicArn") else need


def _of_iterator(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """A shard iterator says of which stream it is."""
    for need in needs:
        if need.resource.endswith(":stream/*") and asked.text("ShardIterator"):
            need = replace(need, resource=asked.arn(f"stream/{_stream_of(asked.text('ShardIterator')) or '*'}"))
        yield need


def _stream_of(iterator: str) -> str:
    """The stream in an iterator of moto's: base64 of NAME:SHARD:…"""
    try:
        return base64.b64decode(iterator, validate=True).decode("ascii").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _of_secrets(asked: Asked, needs: Sequence[Need]) -> Iterator[Need]:
    """Values that are fetched together need the right to fetch each."""
    yield from needs
    if asked.operation == "BatchGetSecretValue":
        for name in asked.members.get("SecretIdList") or ():
            found = asked.lookup.full_arn("secretsmanager", asked.call.account, asked.call.region, "secret", str(name))
            written = str(name) if str(name).startswith("arn:") else asked.arn(f"secret:{name}-??????")
            yield Need(action="secretsmanager:GetSecretValue", resource=found or written)


REFINEMENTS: Mapping[str, Refinement] = {
    "cloudformation": _of_stack,
    "dynamodb": _of_index,
    "ecs": _of_task_definition,
    "elbv2": _of_balancer,
    "events": _of_rule,
    "kinesis": _of_iterator,
    "lambda": _of_qualified,
    "logs": _of_log_group,
    "secretsmanager": _of_secrets,
    "sns": _of_phone,
    "ssm": _of_node,
}
"""By service."""
