"""AWS::CDK::Metadata: a remark of the CDK's about itself. It is a resource in the template and nothing beside."""

from __future__ import annotations

from podid.gateway.moto_services.stacks.kind import Kind, Made, Properties


class CdkMetadata:
    """Nothing is made."""

    type, name = "AWS::CDK::Metadata", ""
    attributes: frozenset[str] = frozenset()

    def create(self, name: str, properties: Properties) -> Made:
        return Made(id=name, properties=dict(properties))

    def update(self, made: Made, name: str, properties: Properties) -> Made:
        return Made(id=made.id, properties=dict(properties))

    def delete(self, made: Made) -> None:
        return None


KINDS: tuple[Kind, ...] = (CdkMetadata(),)
