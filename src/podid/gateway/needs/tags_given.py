"""The right to tag, for what is made with tags on it: `sqs:TagQueue` beside `sqs:CreateQueue`.

Services ask for it where a creating call carries tags; each names the action in its guide. EC2's is in its own file, for it has tags by kind.
Sources: the services' guides, on tags at creation; for the keys `…:CreateAction` their pages of the service authorization reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from podid.gateway.needs import request_tags
from podid.gateway.needs.keys.by_name import plain
from podid.gateway.needs.need import Asked, Need

_MAKES = ("Create", "Run", "Register", "Request", "Put", "Start", "Copy", "Restore", "Import", "Allocate")
_ACTIONS: Mapping[str, str] = {
    # service by its model: the action that tags
    "acm": "AddTagsToCertificate",
    "athena": "TagResource",
    "autoscaling": "CreateOrUpdateTags",
    "backup": "TagResource",
    "batch": "TagResource",
    "cloudformation": "TagResource",
    "cloudtrail": "AddTags",
    "cloudwatch": "TagResource",
    "codecommit": "TagResource",
    "dms": "AddTagsToResource",
    "dynamodb": "TagResource",
    "ecr": "TagResource",
    "ecs": "TagResource",
    "efs": "TagResource",
    "elasticache": "AddTagsToResource",
    "elb": "AddTags",
    "elbv2": "AddTags",
    "emr": "AddTags",
    "es": "AddTags",
    "events": "TagResource",
    "firehose": "TagDeliveryStream",
    "fsx": "TagResource",
    "glue": "TagResource",
    "kms": "TagResource",
    "lambda": "TagResource",
    "logs": "TagResource",
    "mq": "CreateTags",
    "opensearch": "AddTags",
    "rds": "AddTagsToResource",
    "redshift": "CreateTags",
    "sagemaker": "AddTags",
    "secretsmanager": "TagResource",
    "sns": "TagResource",
    "sqs": "TagQueue",
    "ssm": "AddTagsToResource",
    "stepfunctions": "TagResource",
    "transfer": "TagResource",
    "wafv2": "TagResource",
    "workspaces": "CreateTags",
}
_TELL_WHAT_MADE_IT = frozenset({"cloudformation", "ecs", "elasticfilesystem", "elasticloadbalancing"})
"""Services with a key `…:CreateAction`, whose value is the operation."""
_ELSEWHERE: Mapping[tuple[str, str], str] = {
    # operations that make something else than what they are asked for on
    ("kms", "CreateKey"): "key/*",
    ("ecs", "RunTask"): "task/*",
    ("ecs", "StartTask"): "task/*",
}


def tags_given(asked: Asked, needs: Iterable[Need]) -> Iterator[Need]:
    """The need of a call that makes something with tags; none where it carries none, or does something else."""
    action = _ACTIONS.get(asked.service.model)
    if action is None or action == asked.operation or not asked.operation.startswith(_MAKES):
        return
    tags = dict(request_tags.tags_of(asked.members))
    if not tags:
        return
    prefix = asked.service.action_prefix
    context = request_tags.keys_for(tags)
    if prefix in _TELL_WHAT_MADE_IT:
        context[f"{prefix}:CreateAction"] = (asked.operation,)
    elsewhere = _ELSEWHERE.get((asked.service.model, asked.operation))
    resource = (
        asked.arn(elsewhere)
        if elsewhere
        else _made(asked, [need for need in needs if need.action.startswith(f"{prefix}:")])
    )
    yield Need(action=f"{prefix}:{action}", resource=resource, context=context)


def _made(asked: Asked, needs: list[Need]) -> str:
    """The ARN of what is made: of what the operation is named for, or else of the first thing that it works on."""
    operation = plain(asked.operation)
    for need in needs:
        kind = need.resource.split(":", 5)[-1].replace(":", "/").partition("/")[0]
        if plain(kind) and plain(kind) in operation:
            return need.resource
    return needs[0].resource if needs else "*"
