"""SimulatePrincipalPolicy, SimulateCustomPolicy, GetContextKeysFor…: our engine answers what would be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.core.policy import MalformedPolicy, NamedPolicy, PolicyKind, Principal, read_policy
from podid.iam import documents
from podid.iam.context_keys import context_keys
from podid.iam.entities import GROUP, ROLE, USER, Kind, by_arn
from podid.iam.errors import InvalidInput, NoSuchEntity
from podid.iam.managed import default_documents
from podid.iam.paging import cut_page, page
from podid.iam.simulation import Simulation, Source, read_context
from podid.iam.state import IamState
from podid.iam.tables import ATTACHMENTS, INLINE_POLICIES, MEMBERSHIPS

_ACTION = re.compile(r"[\w-]+:[\w*?-]+", re.ASCII)
INLINE_TYPES = frozenset({"user", "group", "role"})
"""What results call a policy that is written into somebody: by whom it is in."""

WireContext = Sequence[Mapping[str, Any]]


class Simulating:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("SimulateCustomPolicy")
    def simulate_custom_policy(
        self,
        call: Call,
        *,
        policy_input_list: Sequence[str],
        action_names: Sequence[str],
        permissions_boundary_policy_input_list: Sequence[str] = (),
        ordered_organization_policy_input_list: Sequence[Mapping[str, Any]] = (),
        resource_arns: Sequence[str] = (),
        resource_policy: str | None = None,
        resource_owner: str = "",
        caller_arn: str = "",
        context_entries: WireContext | None = None,
        resource_handling_option: str | None = None,
        max_items: int | None = None,
        marker: str | None = None,
    ) -> Output:
        if resource_policy is not None and not caller_arn:
            raise InvalidInput("CallerArn must be provided when a ResourcePolicy is provided.")
        levels = [
            _inputs(
                f"OrderedOrganizationPolicyInputList.{number}",
                level.get("ServiceControlPolicyInputList", ()),
                PolicyKind.SCP,
            )
            for number, level in enumerate(ordered_organization_policy_input_list, 1)
        ]
        simulation = Simulation(
            principal=_principal(caller_arn, call.account),
            identity=_inputs("PolicyInputList", policy_input_list, PolicyKind.IDENTITY),
            boundary=_boundary(permissions_boundary_policy_input_list),
            scps=levels,
            resource=_resource(resource_policy),
            resource_account=_owner(resource_owner, caller_arn, call),
            context=read_context(context_entries),
        )
        return _run(simulation, call, action_names, resource_arns, marker, max_items)

    @operation("SimulatePrincipalPolicy")
    def simulate_principal_policy(
        self,
        call: Call,
        *,
        policy_source_arn: str,
        action_names: Sequence[str],
        policy_input_list: Sequence[str] = (),
        permissions_boundary_policy_input_list: Sequence[str] = (),
        policy_exclusion_list: Sequence[Mapping[str, Any]] = (),
        resource_arns: Sequence[str] = (),
        resource_policy: str | None = None,
        resource_owner: str = "",
        caller_arn: str = "",
        context_entries: WireContext | None = None,
        resource_handling_option: str | None = None,
        max_items: int | None = None,
        marker: str | None = None,
    ) -> Output:
        with self._state.read() as connection:
            kind, row = self._entity(connection, call, policy_source_arn)
            held = self._held(connection, kind, row)
            own_boundary = self._own_boundary(connection, kind, row)
        held = [source for source in held if not _excluded(source, policy_exclusion_list)]
        if own_boundary is not None and _excluded(own_boundary, policy_exclusion_list, boundary=True):
            own_boundary = None
        boundary = _boundary(permissions_boundary_policy_input_list) or own_boundary
        if resource_policy is not None and kind is ROLE:
            raise InvalidInput("Simulation of resource-based policies isn't supported for IAM roles.")
        if resource_policy is not None and kind is GROUP and not caller_arn:
            raise InvalidInput("CallerArn must be provided when a ResourcePolicy is provided for a group.")
        caller = caller_arn or policy_source_arn
        simulation = Simulation(
            principal=_principal(caller, call.account, "" if caller_arn else row.id),
            identity=[*held, *_inputs("PolicyInputList", policy_input_list, PolicyKind.IDENTITY)],
            boundary=boundary,
            resource=_resource(resource_policy),
            resource_account=_owner(resource_owner, caller, call),
            context=read_context(context_entries),
        )
        return _run(simulation, call, action_names, resource_arns, marker, max_items)

    @operation("GetContextKeysForCustomPolicy")
    def get_context_keys_for_custom_policy(self, call: Call, *, policy_input_list: Sequence[str]) -> Output:
        sources = _inputs("PolicyInputList", policy_input_list, PolicyKind.IDENTITY)
        return {"ContextKeyNames": context_keys(source.named.policy for source in sources)}

    @operation("GetContextKeysForPrincipalPolicy")
    def get_context_keys_for_principal_policy(
        self, call: Call, *, policy_source_arn: str, policy_input_list: Sequence[str] = ()
    ) -> Output:
        with self._state.read() as connection:
            kind, row = self._entity(connection, call, policy_source_arn)
            held = self._held(connection, kind, row)
        sources = [*held, *_inputs("PolicyInputList", policy_input_list, PolicyKind.IDENTITY)]
        return {"ContextKeyNames": context_keys(source.named.policy for source in sources)}

    def _entity(self, connection: Connection, call: Call, arn: str) -> tuple[Kind, Any]:
        for kind in (USER, ROLE, GROUP):
            if f":{kind.resource}/" in arn:
                row = by_arn(connection, kind, arn)
                if row is None or row.account != call.account:
                    raise NoSuchEntity(kind.missing.format(arn.rpartition("/")[2]))
                return kind, row
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")

    def _held(self, connection: Connection, kind: Kind, row: Any) -> list[Source]:
        """The policies that hang on a user, group or role, and on the user's groups."""
        owners = [(kind.resource, row.id, row.name)]
        if kind is USER:
            groups = (
                select(GROUP.table)
                .join(MEMBERSHIPS, MEMBERSHIPS.c.group_id == GROUP.table.c.id)
                .where(MEMBERSHIPS.c.user_id == row.id)
            )
            owners += [("group", group.id, group.name) for group in connection.execute(groups)]
        sources = []
        for word, owner, name in owners:
            table = INLINE_POLICIES
            for policy in connection.execute(select(table).where(table.c.owner_id == owner).order_by(table.c.name)):
                named = NamedPolicy(
                    f"{word}_{name}_{policy.name}", documents.stored(policy.document, PolicyKind.IDENTITY)
                )
                sources.append(Source(named, word, policy.document))
        ids = [owner for _, owner, _ in owners]
        arns = connection.execute(
            select(ATTACHMENTS.c.policy_arn).distinct().where(ATTACHMENTS.c.owner_id.in_(ids))
        ).scalars()
        for arn, text in default_documents(connection, self._state, sorted(arns)).items():
            type_ = "aws-managed" if self._state.catalog.is_one(arn) else "user-managed"
            named = NamedPolicy(arn.rpartition("/")[2], documents.stored(text, PolicyKind.IDENTITY), arn)
            sources.append(Source(named, type_, text))
        return sources

    def _own_boundary(self, connection: Connection, kind: Kind, row: Any) -> Source | None:
        arn = "" if kind is GROUP else row.boundary_arn
        if not arn:
            return None
        text = default_documents(connection, self._state, [arn])[arn]
        type_ = "aws-managed" if self._state.catalog.is_one(arn) else "user-managed"
        return Source(
            NamedPolicy(arn.rpartition("/")[2], documents.stored(text, PolicyKind.BOUNDARY), arn), type_, text
        )


def _run(
    simulation: Simulation,
    call: Call,
    actions: Sequence[str],
    resources: Sequence[str],
    marker: str | None,
    max_items: int | None,
) -> Output:
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise InvalidInput(f"Invalid action: {action[:128]}: expected SERVICE:ACTION.")
    numbered = [(f"{number:06}", action) for number, action in enumerate(dict.fromkeys(actions))]
    pieces, more = cut_page(page(call.operation, marker, max_items), numbered, lambda item: item[0])
    return {
        "EvaluationResults": [simulation.evaluate(action, list(resources) or ["*"]) for _, action in pieces],
        **more,
    }


def _inputs(name: str, texts: Sequence[str], kind: PolicyKind) -> list[Source]:
    """Policies given in the request, named by their place in it. Raises InvalidInput."""
    sources = []
    for number, text in enumerate(texts, 1):
        label = f"{name}.{number}"
        try:
            sources.append(Source(NamedPolicy(label, read_policy(text, kind)), "none", text))
        except MalformedPolicy as problem:
            raise InvalidInput(f"{label}: {problem.message}") from problem
    return sources


def _excluded(source: Source, identifiers: Sequence[Mapping[str, Any]], *, boundary: bool = False) -> bool:
    """Whether a policy that hangs on somebody is to be left out: by its type, its ARN, or its name and whom it hangs on."""
    inline = source.type in INLINE_TYPES
    for identifier in identifiers:
        named = identifier.get("InlinePolicyIdentifier")
        if identifier.get("PolicyArn") and identifier["PolicyArn"] == source.named.arn:
            return True
        wanted = identifier.get("PolicyType")
        if wanted is not None and wanted == (
            "permission-boundary" if boundary else "inline" if inline else source.type
        ):
            return True
        if named is not None and inline:
            label = f"{named['AttachmentType']}_{named['AttachmentName']}_{named['PolicyName']}"
            if label == source.named.name:
                return True
    return False


def _boundary(texts: Sequence[str]) -> Source | None:
    if len(texts) > 1:
        raise InvalidInput("Only one permissions boundary policy can be simulated.")
    sources = _inputs("PermissionsBoundaryPolicyInputList", texts, PolicyKind.BOUNDARY)
    return sources[0] if sources else None


def _resource(text: str | None) -> Source | None:
    if text is None:
        return None
    try:
        return Source(NamedPolicy("ResourcePolicy", read_policy(text, PolicyKind.RESOURCE)), "resource", text)
    except MalformedPolicy as problem:
        raise InvalidInput(f"ResourcePolicy: {problem.message}") from problem


def _principal(arn: str, account: str, identity: str = "") -> Principal:
    """The simulated caller. Raises InvalidInput for what is no user, group or role."""
    if not arn:
        return Principal(kind="user", account=account)
    parts = arn.split(":", 5)
    resource = parts[5] if len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" else ""
    if not resource.startswith(("user/", "role/", "group/")):
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    kind = "role-session" if resource.startswith("role/") else "user"
    return Principal(
        kind=kind,  # type: ignore[arg-type]
        account=parts[4],
        arn=arn,
        issuer_arn=arn,
        user_id=identity,
        issuer_id=identity,
    )


def _owner(resource_owner: str, caller_arn: str, call: Call) -> str:
    """The account of resources whose ARN does not say."""
    if resource_owner:
        parts = resource_owner.split(":", 5)
        return parts[4] if len(parts) == 6 else resource_owner
    parts = caller_arn.split(":", 5)
    return parts[4] if len(parts) == 6 else call.account
