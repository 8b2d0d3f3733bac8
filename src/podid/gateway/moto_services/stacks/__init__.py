"""CloudFormation, as far as it makes what podid holds: `AWS::IAM::*`, pod identity associations, add-ons and access entries of EKS.

moto parses templates and runs stacks; for these types it finds podid's own models instead of its own, and they call podid's own APIs as
the caller of the stack (with `aws:CalledVia`). A stack that cannot be made or changed is rolled back.

kind.py      what a resource type must say of itself, and how moto is told
iam_*.py     AWS::IAM::Role, User, Group, Policy, ManagedPolicy, InstanceProfile, AccessKey, …
eks.py       AWS::EKS::PodIdentityAssociation, AWS::EKS::Addon, AWS::EKS::AccessEntry
remarks.py   AWS::CDK::Metadata
asking.py    what is refused before anything is made
templates.py in which forms a template may be written
changing.py  how a stack's resources are changed, and changed back
exports.py   what stacks tell each other
permitted.py whether a stack may make what moto makes for it
rollback.py  stacks that fail
"""

from __future__ import annotations

from podid.gateway.moto_services.stacks import (
    asking,
    eks,
    exports,
    iam_policies,
    iam_principals,
    iam_things,
    permitted,
    remarks,
    rollback,
)
from podid.gateway.moto_services.stacks.kind import teach

KINDS = (*iam_principals.KINDS, *iam_policies.KINDS, *iam_things.KINDS, *eks.KINDS, *remarks.KINDS)


def install() -> None:
    """Teach moto's CloudFormation, once it is imported."""
    teach(KINDS)
    permitted.install()
    asking.install()
    exports.install()
    rollback.install()
