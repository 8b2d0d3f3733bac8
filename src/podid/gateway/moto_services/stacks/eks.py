"""AWS::EKS::PodIdentityAssociation, AWS::EKS::Addon and AWS::EKS::AccessEntry."""

from __future__ import annotations

from typing import Any

from podid.core.errors import AwsError
from podid.gateway.moto_services.acting import perform
from podid.gateway.moto_services.stacks.kind import Kind, Made, Properties, boolean, changed, tags_map


def _call(operation: str, *, forgiving: bool = False, **members: Any) -> dict[str, Any]:
    try:
        return perform("eks", operation, **members)
    except AwsError as error:
        if forgiving and error.code == "ResourceNotFoundException":
            return {}
        raise


class PodIdentityAssociation:
    """`Ref` is the association's ARN."""

    type, name = "AWS::EKS::PodIdentityAssociation", ""
    attributes = frozenset({"AssociationArn", "AssociationId", "ExternalId"})

    def create(self, name: str, properties: Properties) -> Made:
        told = _call(
            "CreatePodIdentityAssociation",
            clusterName=properties.get("ClusterName"),
            namespace=properties.get("Namespace"),
            serviceAccount=properties.get("ServiceAccount"),
            roleArn=properties.get("RoleArn"),
            targetRoleArn=properties.get("TargetRoleArn"),
            disableSessionTags=boolean(properties.get("DisableSessionTags")),
            policy=properties.get("Policy"),
            tags=tags_map(properties.get("Tags")),
        )["association"]
        return self._made(told, properties)

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        old = made.properties
        if changed(old, properties, "ClusterName", "Namespace", "ServiceAccount"):
            fresh = self.create(name, properties)
            self.delete(made)
            return fresh
        if changed(old, properties, "Tags"):
            _retag(made.id, old, properties)
        if not changed(old, properties, "RoleArn", "TargetRoleArn", "DisableSessionTags", "Policy"):
            return Made(id=made.id, attributes=made.attributes, properties=dict(properties))
        told = _call(
            "UpdatePodIdentityAssociation",
            clusterName=properties.get("ClusterName"),
            associationId=made.attributes["AssociationId"],
            roleArn=properties.get("RoleArn"),
            targetRoleArn=_emptied(old, properties, "TargetRoleArn"),
            disableSessionTags=bool(boolean(properties.get("DisableSessionTags"))),
            policy=_emptied(old, properties, "Policy"),
        )["association"]
        return self._made(told, properties)

    def delete(self, made: Made) -> None:
        _call(
            "DeletePodIdentityAssociation",
            forgiving=True,
            clusterName=made.properties.get("ClusterName"),
            associationId=made.id.rpartition("/")[2],
        )

    @staticmethod
    def _made(told: dict[str, Any], properties: Properties) -> Made:
        attributes = {
            "AssociationArn": told["associationArn"],
            "AssociationId": told["associationId"],
            "ExternalId": told.get("externalId") or "",
        }
        return Made(id=told["associationArn"], attributes=attributes, properties=dict(properties))


class Addon:
    """`Ref` is `CLUSTER|ADDON`."""

    type, name = "AWS::EKS::Addon", ""
    attributes = frozenset({"Arn"})
    _CHANGEABLE = ("AddonVersion", "ServiceAccountRoleArn", "ConfigurationValues", "PodIdentityAssociations")

    def create(self, name: str, properties: Properties) -> Made:
        told = _call(
            "CreateAddon",
            addonName=properties.get("AddonName"),
            tags=tags_map(properties.get("Tags")),
            **self._settings(properties),
        )["addon"]
        return Made(
            id=f"{properties.get('ClusterName')}|{properties.get('AddonName')}",
            attributes={"Arn": told["addonArn"]},
            properties=dict(properties),
        )

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        if changed(made.properties, properties, "ClusterName", "AddonName"):
            fresh = self.create(name, properties)
            self.delete(made)
            return fresh
        if changed(made.properties, properties, "Tags"):
            _retag(str(made.attributes["Arn"]), made.properties, properties)
        if changed(made.properties, properties, *self._CHANGEABLE):
            settings = self._settings(properties)
            if properties.get("PodIdentityAssociations") is None and made.properties.get("PodIdentityAssociations"):
                settings["podIdentityAssociations"] = []  # taken out of the template: the owned ones go
            _call("UpdateAddon", addonName=properties.get("AddonName"), **settings)
        return Made(id=made.id, attributes=made.attributes, properties=dict(properties))

    def delete(self, made: Made) -> None:
        cluster, _, addon = made.id.partition("|")
        preserve = boolean(made.properties.get("PreserveOnDelete"))
        _call("DeleteAddon", forgiving=True, clusterName=cluster, addonName=addon, preserve=preserve)

    @staticmethod
    def _settings(properties: Properties) -> dict[str, Any]:
        associations = properties.get("PodIdentityAssociations")
        return {
            "clusterName": properties.get("ClusterName"),
            "addonVersion": properties.get("AddonVersion"),
            "serviceAccountRoleArn": properties.get("ServiceAccountRoleArn"),
            "resolveConflicts": properties.get("ResolveConflicts"),
            "configurationValues": properties.get("ConfigurationValues"),
            "podIdentityAssociations": None
            if associations is None
            else [{"serviceAccount": one["ServiceAccount"], "roleArn": one["RoleArn"]} for one in associations],
        }


class AccessEntry:
    """`Ref` is `PRINCIPAL|CLUSTER`."""

    type, name = "AWS::EKS::AccessEntry", ""
    attributes = frozenset({"AccessEntryArn"})

    def create(self, name: str, properties: Properties) -> Made:
        told = _call(
            "CreateAccessEntry",
            **self._named(properties),
            kubernetesGroups=properties.get("KubernetesGroups"),
            username=properties.get("Username"),
            type=properties.get("Type"),
            tags=tags_map(properties.get("Tags")),
        )["accessEntry"]
        made = Made(
            id=f"{properties.get('PrincipalArn')}|{properties.get('ClusterName')}",
            attributes={"AccessEntryArn": told["accessEntryArn"]},
            properties=dict(properties),
        )
        try:
            self._associate({}, properties)
        except AwsError:
            self.delete(made)
            raise
        return made

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        old = made.properties
        if changed(old, properties, "ClusterName", "PrincipalArn", "Type"):
            if changed(old, properties, "ClusterName", "PrincipalArn"):
                fresh = self.create(name, properties)
                self.delete(made)
                return fresh
            # A principal has one entry: the old one has to go first.
            self.delete(made)
            return self.create(name, properties)
        if changed(old, properties, "Tags"):
            _retag(str(made.attributes["AccessEntryArn"]), old, properties)
        if changed(old, properties, "KubernetesGroups", "Username"):
            _call(
                "UpdateAccessEntry",
                **self._named(properties),
                kubernetesGroups=properties.get("KubernetesGroups") or [],
                username=_emptied(old, properties, "Username"),
            )
        self._associate(old, properties)
        return Made(id=made.id, attributes=made.attributes, properties=dict(properties))

    def delete(self, made: Made) -> None:
        principal, _, cluster = made.id.partition("|")
        _call("DeleteAccessEntry", forgiving=True, clusterName=cluster, principalArn=principal)

    @staticmethod
    def _named(properties: Properties) -> dict[str, Any]:
        return {"clusterName": properties.get("ClusterName"), "principalArn": properties.get("PrincipalArn")}

    def _associate(self, old: Properties, new: Properties) -> None:
        before, after = _policies(old), _policies(new)
        for policy in before.keys() - after.keys():
            _call("DisassociateAccessPolicy", forgiving=True, **self._named(new), policyArn=policy)
        for policy, scope in after.items():
            if before.get(policy) != scope:
                _call("AssociateAccessPolicy", **self._named(new), policyArn=policy, accessScope=scope)


def _policies(properties: Properties) -> dict[str, dict[str, Any]]:
    """The access policies of a template, each with its scope."""
    found = {}
    for each in properties.get("AccessPolicies") or ():
        scope = each.get("AccessScope") or {}
        namespaces = {"namespaces": list(scope["Namespaces"])} if scope.get("Namespaces") else {}
        found[str(each.get("PolicyArn"))] = {"type": scope.get("Type"), **namespaces}
    return found


def _emptied(old: Properties, new: Properties, name: str) -> Any:
    """A property's new value; the empty text, which unsets it in EKS, where it was taken out of the template."""
    return new.get(name) if new.get(name) is not None or old.get(name) is None else ""


def _retag(arn: str, old: Properties, new: Properties) -> None:
    before, after = tags_map(old.get("Tags")) or {}, tags_map(new.get("Tags")) or {}
    gone = sorted(before.keys() - after.keys())
    if gone:
        _call("UntagResource", resourceArn=arn, tagKeys=gone)
    if after:
        _call("TagResource", resourceArn=arn, tags=after)


KINDS: tuple[Kind, ...] = (PodIdentityAssociation(), Addon(), AccessEntry())
