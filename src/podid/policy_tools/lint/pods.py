"""Roles for EKS Pod Identity.

Source: the EKS user guide, "Configure a Pod to access AWS services with a service account" and "Create IAM role with trust policy required by
EKS Pod Identity"; awslabs/mountpoint-s3-csi-driver#781 for what the service sends as aws:SourceArn.
"""

from __future__ import annotations

from collections.abc import Iterator

from podid.core.policy.syntax import PolicyKind, matcher, operators, tokens_of
from podid.policy_tools.lint.finding import Remark
from podid.policy_tools.lint.look import Look, Part

SERVICE = "pods.eks.amazonaws.com"


def check(look: Look) -> Iterator[Remark]:
    if look.kind is not PolicyKind.TRUST:
        return
    for_pods = [part for part in look.parts if part.allows and _names_pods(part)]
    tagging = any(_allows(part, "sts:tagsession") for part in for_pods)
    for part in for_pods:
        if _allows(part, "sts:assumerole") and not tagging:
            yield Remark(
                "pods-without-tag-session",
                part.at(part.action_element),
                f"{part.name} lets {SERVICE} assume the role, and does not let it tag the session",
                'say "Action": ["sts:AssumeRole", "sts:TagSession"]',
            )
        for test, path in part.tests:
            if test.key.lower() != "aws:sourcearn" or operators()[test.operator].negated:
                continue
            for value, place in part.values(test, path):
                if ":podidentityassociation/" in value:
                    yield Remark(
                        "association-as-source",
                        place,
                        f"{value} never comes as aws:SourceArn",
                        "name the cluster: arn:aws:eks:REGION:ACCOUNT:cluster/NAME",
                    )


def _names_pods(part: Part) -> bool:
    element = part.statement.principal
    return element is not None and not element.negated and ("Service", SERVICE) in element.entries


def _allows(part: Part, action: str) -> bool:
    return (
        any(matcher(tokens_of(value.lower()))(action) for value, _ in part.actions)
        is not part.statement.actions.negated
    )
