"""AWS::IAM::Policy and its kin (inline, on several principals), and AWS::IAM::ManagedPolicy."""

from __future__ import annotations

from typing import Any

from podid.gateway.moto_services.stacks.iam_principals import call
from podid.gateway.moto_services.stacks.kind import Kind, Made, Properties, changed, document, tags_list

_NOUNS = (("Role", "Roles"), ("User", "Users"), ("Group", "Groups"))


def _holders(properties: Properties) -> set[tuple[str, str]]:
    """The principals a policy is for, as (noun, name)."""
    found = {(noun, str(name)) for noun, member in _NOUNS for name in properties.get(member) or ()}
    return found | {(noun, str(properties[f"{noun}Name"])) for noun, _ in _NOUNS if properties.get(f"{noun}Name")}


def _on(noun: str, holder: str, verb: str, *, forgiving: bool = False, **members: Any) -> None:
    members[f"{noun}Name"] = holder
    call(f"{verb}{noun}Policy", forgiving=forgiving, **members)


class InlinePolicy:
    """One document, inline on each of its principals. `Ref` is the policy's name."""

    attributes = frozenset[str]()

    def __init__(self, type: str) -> None:
        self.type = type
        self.name = "PolicyName"

    def create(self, name: str, properties: Properties) -> Made:
        made = Made(id=name, properties=dict(properties))
        try:
            self._put(name, _holders(properties), properties)
        except Exception:
            self.delete(made)
            raise
        return made

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        kept = name if properties.get(self.name) else made.id
        before, after = _holders(made.properties), _holders(properties)
        self._put(kept, after, properties)
        self._delete(made.id, before if kept != made.id else before - after)
        return Made(id=kept, properties=dict(properties))

    def delete(self, made: Made) -> None:
        self._delete(made.id, _holders(made.properties))

    @staticmethod
    def _put(name: str, holders: set[tuple[str, str]], properties: Properties) -> None:
        text = document(properties.get("PolicyDocument"))
        for noun, holder in sorted(holders):
            _on(noun, holder, "Put", PolicyName=name, PolicyDocument=text)

    @staticmethod
    def _delete(name: str, holders: set[tuple[str, str]]) -> None:
        for noun, holder in sorted(holders):
            _on(noun, holder, "Delete", forgiving=True, PolicyName=name)


class ManagedPolicy:
    """A customer managed policy, attached to its principals. `Ref` is its ARN."""

    type, name = "AWS::IAM::ManagedPolicy", "ManagedPolicyName"
    attributes = frozenset({"PolicyArn", "PolicyId", "DefaultVersionId"})

    def create(self, name: str, properties: Properties) -> Made:
        told = call(
            "CreatePolicy",
            PolicyName=name,
            Path=properties.get("Path"),
            Description=properties.get("Description"),
            PolicyDocument=document(properties.get("PolicyDocument")),
            Tags=tags_list(properties.get("Tags")),
        )["Policy"]
        made = Made(
            id=told["Arn"],
            attributes={"PolicyArn": told["Arn"], "PolicyId": told["PolicyId"], "DefaultVersionId": "v1"},
            properties=dict(properties),
        )
        try:
            self._attach(told["Arn"], _holders(properties), set())
        except Exception:
            self.delete(made)
            raise
        return made

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        old = made.properties
        if changed(old, properties, self.name, "Path", "Description"):
            fresh = self.create(name, properties)
            self.delete(made)
            return fresh
        attributes: dict[str, Any] = dict(made.attributes)
        if changed(old, properties, "PolicyDocument"):
            versions = self._spare_versions(made.id)
            if len(versions) >= 4:  # five is IAM's limit: the oldest makes room
                call("DeletePolicyVersion", PolicyArn=made.id, VersionId=versions[-1])
            told = call(
                "CreatePolicyVersion",
                PolicyArn=made.id,
                PolicyDocument=document(properties.get("PolicyDocument")),
                SetAsDefault=True,
            )
            attributes["DefaultVersionId"] = told["PolicyVersion"]["VersionId"]
        self._attach(made.id, _holders(properties), _holders(old))
        return Made(id=made.id, attributes=attributes, properties=dict(properties))

    def delete(self, made: Made) -> None:
        self._attach(made.id, set(), _holders(made.properties))
        for version in self._spare_versions(made.id):
            call("DeletePolicyVersion", forgiving=True, PolicyArn=made.id, VersionId=version)
        call("DeletePolicy", forgiving=True, PolicyArn=made.id)

    @staticmethod
    def _spare_versions(arn: str) -> list[str]:
        """The versions that are not the default one, the newest first."""
        told = call("ListPolicyVersions", forgiving=True, PolicyArn=arn)
        return [str(one["VersionId"]) for one in told.get("Versions") or () if not one["IsDefaultVersion"]]

    @staticmethod
    def _attach(arn: str, after: set[tuple[str, str]], before: set[tuple[str, str]]) -> None:
        for noun, holder in sorted(after - before):
            _on(noun, holder, "Attach", PolicyArn=arn)
        for noun, holder in sorted(before - after):
            _on(noun, holder, "Detach", forgiving=True, PolicyArn=arn)


KINDS: tuple[Kind, ...] = (
    InlinePolicy("AWS::IAM::Policy"),
    InlinePolicy("AWS::IAM::RolePolicy"),
    InlinePolicy("AWS::IAM::UserPolicy"),
    InlinePolicy("AWS::IAM::GroupPolicy"),
    ManagedPolicy(),
)
