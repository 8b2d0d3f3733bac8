"""AWS::IAM::InstanceProfile, AccessKey, UserToGroupAddition, OIDCProvider."""

from __future__ import annotations

from podid.gateway.moto_services.stacks.iam_principals import call
from podid.gateway.moto_services.stacks.kind import Kind, Made, Properties, changed, tags_list


class InstanceProfile:
    type, name = "AWS::IAM::InstanceProfile", "InstanceProfileName"
    attributes = frozenset({"Arn"})

    def create(self, name: str, properties: Properties) -> Made:
        told = call("CreateInstanceProfile", InstanceProfileName=name, Path=properties.get("Path"))["InstanceProfile"]
        made = Made(id=name, attributes={"Arn": told["Arn"]}, properties=dict(properties))
        try:
            for role in properties.get("Roles") or ():
                call("AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role)
        except Exception:
            self.delete(made)
            raise
        return made

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        if changed(made.properties, properties, self.name, "Path"):
            fresh = self.create(name, properties)
            self.delete(made)
            return fresh
        before, after = made.properties.get("Roles") or (), properties.get("Roles") or ()
        for role in before:
            if role not in after:
                call("RemoveRoleFromInstanceProfile", InstanceProfileName=made.id, RoleName=role)
        for role in after:
            if role not in before:
                call("AddRoleToInstanceProfile", InstanceProfileName=made.id, RoleName=role)
        return Made(id=made.id, attributes=made.attributes, properties=dict(properties))

    def delete(self, made: Made) -> None:
        for role in made.properties.get("Roles") or ():
            call("RemoveRoleFromInstanceProfile", forgiving=True, InstanceProfileName=made.id, RoleName=role)
        call("DeleteInstanceProfile", forgiving=True, InstanceProfileName=made.id)


class AccessKey:
    """`Ref` is the access key id; the secret is an attribute, as in AWS, for an output or a secret to take up."""

    type, name = "AWS::IAM::AccessKey", ""
    attributes = frozenset({"SecretAccessKey"})

    def create(self, name: str, properties: Properties) -> Made:
        key = call("CreateAccessKey", UserName=properties.get("UserName"))["AccessKey"]
        if properties.get("Status") == "Inactive":
            call(
                "UpdateAccessKey",
                UserName=properties.get("UserName"),
                AccessKeyId=key["AccessKeyId"],
                Status="Inactive",
            )
        return Made(
            id=key["AccessKeyId"],
            attributes={"SecretAccessKey": key["SecretAccessKey"]},
            properties=dict(properties),
        )

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        if changed(made.properties, properties, "UserName", "Serial"):
            fresh = self.create(name, properties)
            self.delete(made)
            return fresh
        status = properties.get("Status") or "Active"
        call("UpdateAccessKey", UserName=properties.get("UserName"), AccessKeyId=made.id, Status=status)
        return Made(id=made.id, attributes=made.attributes, properties=dict(properties))

    def delete(self, made: Made) -> None:
        call("DeleteAccessKey", forgiving=True, UserName=made.properties.get("UserName"), AccessKeyId=made.id)


class UserToGroupAddition:
    type, name = "AWS::IAM::UserToGroupAddition", ""
    attributes = frozenset[str]()

    def create(self, name: str, properties: Properties) -> Made:
        made = Made(id=name, properties=dict(properties))
        try:
            for user in properties.get("Users") or ():
                call("AddUserToGroup", GroupName=properties.get("GroupName"), UserName=user)
        except Exception:
            self.delete(made)
            raise
        return made

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        fresh = self.create(made.id, properties)
        group = made.properties.get("GroupName")
        kept = properties.get("Users") or () if properties.get("GroupName") == group else ()
        for user in made.properties.get("Users") or ():
            if user not in kept:
                call("RemoveUserFromGroup", forgiving=True, GroupName=group, UserName=user)
        return fresh

    def delete(self, made: Made) -> None:
        for user in made.properties.get("Users") or ():
            call("RemoveUserFromGroup", forgiving=True, GroupName=made.properties.get("GroupName"), UserName=user)


class OidcProvider:
    """`Ref` is the provider's ARN."""

    type, name = "AWS::IAM::OIDCProvider", ""
    attributes = frozenset({"Arn"})

    def create(self, name: str, properties: Properties) -> Made:
        told = call(
            "CreateOpenIDConnectProvider",
            Url=properties.get("Url"),
            ClientIDList=properties.get("ClientIdList"),
            ThumbprintList=properties.get("ThumbprintList"),
            Tags=tags_list(properties.get("Tags")),
        )
        arn = str(told["OpenIDConnectProviderArn"])
        return Made(id=arn, attributes={"Arn": arn}, properties=dict(properties))

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        if changed(made.properties, properties, "Url"):
            fresh = self.create(name, properties)
            self.delete(made)
            return fresh
        before, after = made.properties.get("ClientIdList") or (), properties.get("ClientIdList") or ()
        for client in after:
            if client not in before:
                call("AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=made.id, ClientID=client)
        for client in before:
            if client not in after:
                call("RemoveClientIDFromOpenIDConnectProvider", OpenIDConnectProviderArn=made.id, ClientID=client)
        if changed(made.properties, properties, "ThumbprintList"):
            call(
                "UpdateOpenIDConnectProviderThumbprint",
                OpenIDConnectProviderArn=made.id,
                ThumbprintList=properties.get("ThumbprintList") or [],
            )
        return Made(id=made.id, attributes=made.attributes, properties=dict(properties))

    def delete(self, made: Made) -> None:
        call("DeleteOpenIDConnectProvider", forgiving=True, OpenIDConnectProviderArn=made.id)


KINDS: tuple[Kind, ...] = (InstanceProfile(), AccessKey(), UserToGroupAddition(), OidcProvider())
