"""What SQS and Secrets Manager need where a request names a thing otherwise than by its ARN.

SQS knows queues by URL, whose path holds the owner's account; Secrets Manager secrets by a name whose ARN ends in six characters that only the
service knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from urllib.parse import urlsplit

from podid.gateway.needs import request_tags
from podid.gateway.needs.need import Asked, Need, Rule
from podid.gateway.needs.reference import find_action, needs_of_action
from podid.gateway.needs.renamed import actions_of

_QUEUE_PATH = re.compile(r"/(?P<account>\d{12})/(?P<name>[A-Za-z0-9_.-]{1,80})/?")


@cache
def sqs_rule(operation: str) -> Rule | None:
    """The rule of an operation of SQS."""
    action = find_action("sqs", actions_of("sqs", operation)[0])
    if action is None:
        return None
    name = action.name

    def rule(asked: Asked) -> Iterator[Need]:
        url = asked.text("QueueUrl")
        if url:
            found = _QUEUE_PATH.fullmatch(urlsplit(url).path)
            account, queue = (found["account"], found["name"]) if found else (None, url.rpartition("/")[2])
            arn = asked.arn(queue, account=account)
        elif asked.text("QueueName"):
            owner = asked.text("QueueOwnerAWSAccountId") or None
            arn = asked.arn(asked.text("QueueName"), account=owner)
        else:
            yield from needs_of_action(asked, name) or ()
            return
        yield Need(action=f"sqs:{name}", resource=arn, context=request_tags.conditions(asked.members))

    return rule


@cache
def secrets_rule(operation: str) -> Rule | None:
    """The rule of an operation of Secrets Manager."""
    action = find_action("secretsmanager", operation)
    if action is None:
        return None
    name = action.name

    def rule(asked: Asked) -> Iterator[Need]:
        secret = asked.text("SecretId") or (asked.text("Name") if operation == "CreateSecret" else "")
        if not secret:
            yield from needs_of_action(asked, name) or ()
            return
        yield Need(
            action=f"secretsmanager:{name}",
            resource=_secret_arn(asked, secret),
            context=request_tags.conditions(asked.members),
        )

    return rule


def _secret_arn(asked: Asked, secret: str) -> str:
    if secret.startswith("arn:"):
        account, region = secret.split(":", 5)[4], secret.split(":", 5)[3]
        return asked.lookup.full_arn("secretsmanager", account, region, "secret", secret) or secret
    found = asked.lookup.full_arn("secretsmanager", asked.call.account, asked.call.region, "secret", secret)
    return found or asked.arn(f"secret:{secret}-??????")
