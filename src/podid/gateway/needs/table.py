"""Where the rule of an operation is found: written by hand, or from the service authorization reference.

What needs no permission at all is in `unneeded`, each with its reason. For `AssumeRole*` the sts room evaluates the trust policy, because only
there the role is known; what AWS leaves unsigned cannot need anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from podid.gateway.needs import (
    apigateway,
    ec2,
    iam,
    kms,
    mail,
    messaging,
    not_yet_listed,
    renamed,
    s3,
    several,
    sts,
    unneeded,
)
from podid.gateway.needs.need import Asked, Need, Rule
from podid.gateway.needs.passed_roles import passed_roles
from podid.gateway.needs.read_objects import read_objects
from podid.gateway.needs.reference import needs_of_action
from podid.gateway.needs.refined import REFINEMENTS
from podid.gateway.needs.tags_given import tags_given

_WRITTEN: Mapping[str, Callable[[str], Rule | None]] = {
    "s3": s3.RULES.get,
    "ec2": ec2.rule_of,
    "iam": iam.rule_of,
    "sts": sts.RULES.get,
    "apigateway": apigateway.rule_of,
    "apigatewayv2": apigateway.rule_of,
    "ses": mail.rule_of,
    "sesv2": mail.rule_of,
    "sqs": messaging.sqs_rule,
    "kms": kms.rule_of,
    "secretsmanager": messaging.secrets_rule,
    **{service: rules.get for service, rules in several.RULES.items()},
}


class Unmapped(Exception):
    """Nobody has said what this operation needs."""


def completed(asked: Asked) -> Asked:
    """A call with what it does not say itself: what the launch template that it names gives an instance."""
    return ec2.with_template(asked) if asked.service.model == "ec2" else asked


def needs_of(asked: Asked) -> tuple[Need, ...]:
    """The needs of a `completed` call, all of which the caller must be allowed, as its rule gives them. Raises Unmapped.

    The condition keys of each are added by `with_keys`, where the decision hangs on more than caller, action and resource.
    """
    found = _found(asked)
    if found is None:
        raise Unmapped(f"{asked.service.model}:{asked.operation}")
    needs = list(found)
    refine = REFINEMENTS.get(asked.service.model)
    if refine is not None:
        needs = list(refine(asked, needs)) or needs  # it may narrow, but never leave nothing of what was something
    # podid's own rooms ask for iam:PassRole themselves: they know which role is given and which is only named.
    if not asked.service.own:
        about = needs[0].resource if needs else ""
        needs += passed_roles(asked, about)
        needs += read_objects(asked)
        needs += tags_given(asked, needs)
    return tuple(needs)


def _found(asked: Asked) -> Iterable[Need] | None:
    rule = _written(asked.service.model, asked.operation)
    if rule is not None:
        needs = list(rule(asked))
        if needs or asked.service.model == "sts" or rule is unneeded.nothing:
            return needs
        # A batch of nothing: let through is nobody who could not do all of it.
        return [Need(action=f"{asked.service.action_prefix}:{asked.operation}")]
    for name in renamed.actions_of(asked.service.model, asked.operation):
        found = needs_of_action(asked, name)
        if found is not None:
            return found
    return None


@cache
def _written(service: str, operation: str) -> Rule | None:
    if unneeded.is_unneeded(service, operation):
        return unneeded.nothing
    rules = _WRITTEN.get(service)
    rule = None if rules is None else rules(operation)
    return rule or not_yet_listed.rule_of(service, operation)


@cache
def is_mapped(service: str, operation: str) -> bool:
    """Whether the needs of an operation are known; for the test that lists those that are not."""
    from podid.gateway.catalog import SERVICES
    from podid.gateway.needs.reference import find_action

    if _written(service, operation) is not None:
        return True
    prefix = SERVICES[service].action_prefix
    return any(find_action(prefix, name) is not None for name in renamed.actions_of(service, operation))
