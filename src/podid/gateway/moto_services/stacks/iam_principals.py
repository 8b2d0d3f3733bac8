"""AWS::IAM::Role, AWS::IAM::User, AWS::IAM::Group: alike in what hangs on them, policies inline and managed."""

from __future__ import annotations

from typing import Any

from podid.gateway.moto_services.acting import perform
from podid.gateway.moto_services.stacks.kind import Kind, Made, Properties, changed, document, tags_list, tags_map


class _Principal:
    """What roles, users and groups have in common. `noun` is their word in IAM's API."""

    noun: str
    type: str
    name: str
    attributes = frozenset({"Arn"})
    replaced_by: tuple[str, ...] = ()
    """Properties whose change makes another resource, beside the name."""

    def create(self, name: str, properties: Properties) -> Made:
        told = self._make(name, properties)
        made = Made(id=name, attributes=self._attributes(told), properties=dict(properties))
        try:
            self._hang(name, {}, properties)
        except Exception:
            self.delete(made)
            raise
        return made

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        old = made.properties
        if changed(old, properties, self.name, *self.replaced_by):
            fresh = self.create(name, properties)
            self.delete(made)
            return fresh
        self._change(made.id, old, properties)
        self._hang(made.id, old, properties)
        return Made(id=made.id, attributes=made.attributes, properties=dict(properties))

    def delete(self, made: Made) -> None:
        self._hang(made.id, made.properties, {}, forgiving=True)
        self._call("Delete{}", made.id)

    def _make(self, name: str, properties: Properties) -> dict[str, Any]:
        raise NotImplementedError

    def _change(self, name: str, old: Properties, new: Properties) -> None:
        """Bring over what does not hang on the principal but is its own."""

    def _attributes(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"Arn": told["Arn"]}

    def _hang(self, name: str, old: Properties, new: Properties, *, forgiving: bool = False) -> None:
        """Attach and detach, put and delete, until the policies are those of `new`."""
        before, after = set(old.get("ManagedPolicyArns") or ()), set(new.get("ManagedPolicyArns") or ())
        inline_before = {
            policy["PolicyName"]: document(policy["PolicyDocument"]) for policy in old.get("Policies") or ()
        }
        inline_after = {
            policy["PolicyName"]: document(policy["PolicyDocument"]) for policy in new.get("Policies") or ()
        }
        for arn in sorted(after - before):
            self._call("Attach{}Policy", name, PolicyArn=arn)
        for arn in sorted(before - after):
            self._call("Detach{}Policy", name, forgiving=forgiving, PolicyArn=arn)
        for policy, text in inline_after.items():
            if inline_before.get(policy) != text:
                self._call("Put{}Policy", name, PolicyName=policy, PolicyDocument=text)
        for policy in inline_before.keys() - inline_after.keys():
            self._call("Delete{}Policy", name, forgiving=forgiving, PolicyName=policy)

    def _call(self, operation: str, name: str, *, forgiving: bool = False, **members: Any) -> dict[str, Any]:
        return call(operation.format(self.noun), forgiving=forgiving, **{f"{self.noun}Name": name}, **members)

    def _retag(self, name: str, old: Properties, new: Properties) -> None:
        before, after = tags_map(old.get("Tags")) or {}, tags_map(new.get("Tags")) or {}
        gone = sorted(before.keys() - after.keys())
        if gone:
            self._call("Untag{}", name, TagKeys=gone)
        fresh = {key: value for key, value in after.items() if before.get(key) != value}
        if fresh:
            self._call("Tag{}", name, Tags=tags_list(fresh))

    def _rebind(self, name: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "PermissionsBoundary"):
            if new.get("PermissionsBoundary"):
                self._call("Put{}PermissionsBoundary", name, PermissionsBoundary=new["PermissionsBoundary"])
            else:
                self._call("Delete{}PermissionsBoundary", name)


def call(operation: str, *, forgiving: bool = False, **members: Any) -> dict[str, Any]:
    """An operation of IAM; `forgiving` one whose subject may be gone already."""
    from podid.core.errors import AwsError

    try:
        return perform("iam", operation, **members)
    except AwsError as error:
        if forgiving and error.code == "NoSuchEntity":
            return {}
        raise


class Role(_Principal):
    noun, type, name = "Role", "AWS::IAM::Role", "RoleName"
    attributes = frozenset({"Arn", "RoleId"})
    replaced_by = ("Path",)

    def _make(self, name: str, properties: Properties) -> dict[str, Any]:
        told: dict[str, Any] = self._call(
            "Create{}",
            name,
            AssumeRolePolicyDocument=document(properties.get("AssumeRolePolicyDocument")),
            Path=properties.get("Path"),
            Description=properties.get("Description"),
            MaxSessionDuration=_whole(properties.get("MaxSessionDuration")),
            PermissionsBoundary=properties.get("PermissionsBoundary"),
            Tags=tags_list(properties.get("Tags")),
        )["Role"]
        return told

    def _attributes(self, told: dict[str, Any]) -> dict[str, Any]:
        return {"Arn": told["Arn"], "RoleId": told["RoleId"]}

    def _change(self, name: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "AssumeRolePolicyDocument"):
            text = document(new.get("AssumeRolePolicyDocument"))
            self._call("UpdateAssumeRolePolicy", name, PolicyDocument=text)
        if changed(old, new, "Description", "MaxSessionDuration"):
            seconds = _whole(new.get("MaxSessionDuration")) or 3600
            self._call("Update{}", name, Description=new.get("Description") or "", MaxSessionDuration=seconds)
        self._rebind(name, old, new)
        self._retag(name, old, new)


class User(_Principal):
    noun, type, name = "User", "AWS::IAM::User", "UserName"

    def _make(self, name: str, properties: Properties) -> dict[str, Any]:
        told: dict[str, Any] = self._call(
            "Create{}",
            name,
            Path=properties.get("Path"),
            PermissionsBoundary=properties.get("PermissionsBoundary"),
            Tags=tags_list(properties.get("Tags")),
        )["User"]
        return told

    def _change(self, name: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "Path"):
            self._call("Update{}", name, NewPath=new.get("Path") or "/")
        self._rebind(name, old, new)
        self._retag(name, old, new)

    def _hang(self, name: str, old: Properties, new: Properties, *, forgiving: bool = False) -> None:
        super()._hang(name, old, new, forgiving=forgiving)
        before, after = set(old.get("Groups") or ()), set(new.get("Groups") or ())
        for group in sorted(after - before):
            call("AddUserToGroup", GroupName=group, UserName=name)
        for group in sorted(before - after):
            call("RemoveUserFromGroup", forgiving=forgiving, GroupName=group, UserName=name)


class Group(_Principal):
    noun, type, name = "Group", "AWS::IAM::Group", "GroupName"

    def _make(self, name: str, properties: Properties) -> dict[str, Any]:
        told: dict[str, Any] = self._call("Create{}", name, Path=properties.get("Path"))["Group"]
        return told

    def _change(self, name: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "Path"):
            self._call("Update{}", name, NewPath=new.get("Path") or "/")


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


KINDS: tuple[Kind, ...] = (Role(), User(), Group())
