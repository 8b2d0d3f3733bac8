"""What EC2's operations need: their action on everything that they name, on what they make (`instance/*`), and the right to tag it.

EC2 names things by identifiers that say their kind, so each goes to the kind of resource that its action works on. Sources: EC2 user guide,
"Launching instances (RunInstances)" and "Grant permission to tag resources during creation"; service authorization reference for the kinds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec.structs import replace

from podid.gateway.needs import request_tags
from podid.gateway.needs.ec2_ids import ids_in, kind_of
from podid.gateway.needs.need import Asked, Conditions, Need, Rule
from podid.gateway.needs.reference import Action, Kind, find_action

_LAST_PLACEHOLDER = re.compile(r"\$\{[^}]+\}$")
_ON_TAGS = frozenset({"CreateTags", "DeleteTags"})

_BY_NAME: Mapping[str, tuple[tuple[str, ...], ...]] = {
    # kind of resource that ARNs name by its name: where requests have it
    "key-pair": (("KeyName",), ("KeyNames",)),
    "placement-group": (("GroupName",), ("Placement", "GroupName")),
}
_LOOKED_UP: Mapping[str, tuple[tuple[str, ...], ...]] = {
    # kind of resource that ARNs name by its identifier, but requests may by its name
    "security-group": (("GroupName",), ("SecurityGroups",), ("GroupNames",)),
    "launch-template": (("LaunchTemplateName",), ("LaunchTemplate", "LaunchTemplateName")),
    "elastic-ip": (("PublicIp",),),
}
_TAGGED_AS: Mapping[str, str] = {"host": "dedicated-host", "nat-gateway": "natgateway"}
"""The resource type of a tag specification, where it is not the kind of resource in the reference."""


@cache
def rule_of(operation: str) -> Rule | None:
    """The rule of an operation; None where EC2 has no action of that name."""
    action = find_action("ec2", operation)
    if action is None:
        return None
    found = action  # for the type checker: it is not None below

    def rule(asked: Asked) -> Iterator[Need]:
        yield from _needs(asked, found)
        if operation not in _ON_TAGS:
            yield from _tagging(asked)

    return rule


def with_template(asked: Asked) -> Asked:
    """The same call with what its launch template gives, where it starts instances from one and does not say otherwise."""
    template = asked.members.get("LaunchTemplate")
    if asked.operation != "RunInstances" or not isinstance(template, Mapping):
        return asked
    name = str(template.get("LaunchTemplateId") or template.get("LaunchTemplateName") or "")
    version = str(template.get("Version") or "$Default")
    given = asked.lookup.launch_template(asked.call.account, asked.call.region, name, version)
    taken = {member: value for member, value in given.items() if member not in asked.members}
    return replace(asked, members={**asked.members, **taken}, from_template=frozenset(taken))


def _needs(asked: Asked, action: Action) -> Iterator[Need]:
    named: dict[str, list[str]] = {}
    for kind_name, identifier in ids_in(asked.members):
        named.setdefault(kind_name, []).append(identifier)
    specified = _specified(asked)
    flat = {} if specified else request_tags.conditions(asked.members)
    found: list[tuple[str, Conditions]] = []
    for kind in (*action.required, *action.optional):
        names = [*named.get(kind.name, ()), *_names(asked, kind.name)]
        if not names:
            names = _unnamed(asked, kind, required=kind in action.required)
        tags = request_tags.keys_for(specified[kind.name]) if kind.name in specified else flat
        found += [(_arn(asked, kind, name), tags) for name in dict.fromkeys(names)]
    if asked.operation in _ON_TAGS:
        found += [(arn, flat) for arn in _of_unknown_kind(asked, action)]
    for resource, context in found or [("*", flat)]:
        yield Need(action=f"ec2:{action.name}", resource=resource, context=context)


def _specified(asked: Asked) -> dict[str, dict[str, str]]:
    """The tags for what is made, by its kind."""
    return {_TAGGED_AS.get(kind, kind): tags for kind, tags in request_tags.by_kind(asked.members).items()}


def _names(asked: Asked, kind: str) -> Iterator[str]:
    """What a request names otherwise than by its identifier."""
    for path in _BY_NAME.get(kind, ()):
        if kind != "placement-group" or path != ("GroupName",) or "PlacementGroup" in asked.operation:
            yield from _texts(asked.members, path)
    for path in _LOOKED_UP.get(kind, ()):
        for name in _texts(asked.members, path):
            found = asked.lookup.full_arn("ec2", asked.call.account, asked.call.region, kind, name)
            if found is not None:
                yield found.rpartition("/")[2]


def _unnamed(asked: Asked, kind: Kind, *, required: bool) -> list[str]:
    """What stands for a kind that the request does not name: what it makes, or what EC2 takes by default."""
    if asked.operation == "RunInstances":
        if kind.name == "volume":
            return ["*"]  # the root of the image, at least
        if kind.name in ("subnet", "security-group"):
            near = str(
                asked.members.get("SubnetId") or (asked.members.get("Placement") or {}).get("AvailabilityZone") or ""
            )
            found = asked.lookup.full_arn("ec2", asked.call.account, asked.call.region, f"default-{kind.name}", near)
            return [found.rpartition("/")[2] if found else "*"]
        if kind.name == "spot-instances-request":
            market = asked.members.get("InstanceMarketOptions")
            return ["*"] if isinstance(market, Mapping) and market.get("MarketType") == "spot" else []
    return ["*"] if required else []


def _arn(asked: Asked, kind: Kind, name: str) -> str:
    call = asked.call
    template = _LAST_PLACEHOLDER.sub(lambda _: name, kind.template)
    return (
        template.replace("${Partition}", call.partition)
        .replace("${Region}", call.region)
        .replace("${Account}", call.account)
    )


def _of_unknown_kind(asked: Asked, action: Action) -> Iterator[str]:
    """The ARNs of what is tagged but whose identifier says no kind that is known: only a policy on everything can allow that."""
    kinds = {kind.name for kind in action.optional}
    for identifier in _texts(asked.members, ("Resources",)):
        if kind_of(identifier) not in kinds:
            yield asked.arn(f"*/{identifier}")


def _tagging(asked: Asked) -> Iterator[Need]:
    """ec2:CreateTags for what is made with tags on it."""
    kinds = {kind.name: kind for kind in _taggable()}
    for name, tags in _specified(asked).items():
        kind = kinds.get(name)
        yield Need(
            action="ec2:CreateTags",
            resource=_arn(asked, kind, "*") if kind is not None else asked.arn(f"{name}/*"),
            context={**request_tags.keys_for(tags), "ec2:CreateAction": (asked.operation,)},
        )


@cache
def _taggable() -> tuple[Kind, ...]:
    action = find_action("ec2", "CreateTags")
    return () if action is None else (*action.required, *action.optional)


def _texts(members: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    value: Any = members
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    for item in value if isinstance(value, list | tuple) else (value,):
        if isinstance(item, str) and item:
            yield item
