"""Asking the policy engine what would be, for the simulation operations: the same decisions that real calls get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from podid.core.caller import Output
from podid.core.policy import Decision, NamedPolicy, Outcome, PolicySet, Principal, Request, decide
from podid.iam.context_keys import context_keys
from podid.iam.errors import InvalidInput
from podid.iam.statement_places import Span, statement_spans

_WORDS = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICITLY_DENIED: "explicitDeny",
    Outcome.IMPLICITLY_DENIED: "implicitDeny",
}
_STRICTEST = ("explicitDeny", "implicitDeny", "allowed")

MAX_CONTEXT_ENTRIES = 10_000


class Source(Struct, frozen=True):
    """A policy in a simulation: how results name it, of which type they say it is, and its text."""

    named: NamedPolicy
    type: str
    text: str


class Simulation(Struct, frozen=True, kw_only=True):
    """Who is simulated, with which policies and circumstances."""

    principal: Principal
    identity: Sequence[Source]
    boundary: Source | None = None
    scps: Sequence[Sequence[Source]] = ()
    resource: Source | None = None
    resource_account: str = ""
    context: Mapping[str, tuple[str, ...]] = {}

    def evaluate(self, action: str, resources: Sequence[str]) -> Output:
        """One `EvaluationResult`."""
        results = [self._one(action, resource) for resource in resources]
        strictest = min(results, key=lambda result: _STRICTEST.index(result["EvalDecision"]))
        if list(resources) == ["*"]:
            return strictest
        matched = [statement for result in results for statement in result["MatchedStatements"]]
        return {
            **strictest,
            "EvalResourceName": resources[0] if len(resources) == 1 else "*",
            "MatchedStatements": [item for index, item in enumerate(matched) if item not in matched[:index]],
            "ResourceSpecificResults": [
                {
                    "EvalResourceName": result["EvalResourceName"],
                    "EvalResourceDecision": result["EvalDecision"],
                    "MatchedStatements": result["MatchedStatements"],
                    "MissingContextValues": result["MissingContextValues"],
                    **{key: result[key] for key in ("PermissionsBoundaryDecisionDetail",) if key in result},
                }
                for result in results
            ],
        }

    def _one(self, action: str, resource: str) -> Output:
        request = Request(
            principal=self.principal,
            action=action,
            resource=resource,
            resource_account=self.resource_account,
            context=self.context,
        )
        decision = decide(request, self._policies())
        result: Output = {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": _WORDS[decision.outcome],
            "MatchedStatements": self._matched(decision),
            "MissingContextValues": self._missing(),
        }
        if self.boundary is not None:
            result["PermissionsBoundaryDecisionDetail"] = {
                "AllowedByPermissionsBoundary": self._alone(request, PolicySet(identity=(self.boundary.named,)))
            }
        if self.scps:
            allowed = all(
                self._alone(request, PolicySet(identity=tuple(source.named for source in level))) for level in self.scps
            )
            result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": allowed}
        return result

    def _policies(self) -> PolicySet:
        return PolicySet(
            identity=tuple(source.named for source in self.identity),
            boundary=None if self.boundary is None else self.boundary.named,
            resource=None if self.resource is None else self.resource.named,
            scps=tuple(tuple(source.named for source in level) for level in self.scps),
        )

    def _alone(self, request: Request, policies: PolicySet) -> bool:
        """Whether these policies by themselves would allow the request."""
        own = Request(
            principal=request.principal,
            action=request.action,
            resource=request.resource,
            resource_account=request.principal.account,
            context=request.context,
        )
        return decide(own, policies).allowed

    def _matched(self, decision: Decision) -> list[Output]:
        sources = {(source.named.name, source.named.arn): source for source in self._sources()}
        matched = []
        for statement in decision.decided_by:
            source = sources[statement.policy, statement.arn]
            span = statement_spans(source.text)[statement.index]
            matched.append({"SourcePolicyId": source.named.name, "SourcePolicyType": source.type, **_positions(span)})
        return matched

    def _missing(self) -> list[str]:
        """Condition keys that identity and resource policies ask for and nobody gave."""
        asked = [*self.identity, *([self.resource] if self.resource is not None else [])]
        given = {key.lower() for key in self.context}
        return [key for key in context_keys(source.named.policy for source in asked) if key.lower() not in given]

    def _sources(self) -> list[Source]:
        layers = [*self.identity, *(source for level in self.scps for source in level)]
        return layers + [source for source in (self.boundary, self.resource) if source is not None]


def read_context(entries: Sequence[Mapping[str, Any]] | None) -> dict[str, tuple[str, ...]]:
    """`ContextEntries` as condition keys. Raises InvalidInput."""
    context: dict[str, tuple[str, ...]] = {}
    for entry in entries or ():
        key = str(entry.get("ContextKeyName", ""))
        values = tuple(str(value) for value in entry.get("ContextKeyValues", ()))
        if ":" not in key:
            raise InvalidInput(f"{key[:256]!r} is not the name of a context key.")
        if not str(entry.get("ContextKeyType", "string")).endswith("List") and len(values) > 1:
            raise InvalidInput(
                f"The context key {key[:256]} is of a type that has one value, and {len(values)} were given."
            )
        context[key] = values
    if len(context) > MAX_CONTEXT_ENTRIES:
        raise InvalidInput(f"At most {MAX_CONTEXT_ENTRIES} context entries can be given.")
    return context


def _positions(span: Span) -> Output:
    return {
        "StartPosition": {"Line": span.start.line, "Column": span.start.column},
        "EndPosition": {"Line": span.end.line, "Column": span.end.column},
    }
