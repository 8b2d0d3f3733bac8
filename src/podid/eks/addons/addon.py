"""An add-on of a cluster, as asked for and as far as it has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from msgspec import Struct, field

from podid.core.arn import partition_of
from podid.core.caller import Output

AddonStatus = Literal[
    "CREATING", "ACTIVE", "CREATE_FAILED", "UPDATING", "DELETING", "DELETE_FAILED", "DEGRADED", "UPDATE_FAILED"
]
Conflicts = Literal["NONE", "OVERWRITE", "PRESERVE"]

IN_PROGRESS: Final = frozenset({"CREATING", "UPDATING", "DELETING"})
"""While one of these lasts, the worker has something to do and nothing else may be asked for."""


class Issue(Struct, frozen=True):
    """What is wrong with an add-on; `code` is one of the model's issue codes."""

    code: str
    message: str
    resources: tuple[str, ...] = ()

    def view(self) -> Output:
        return {"code": self.code, "message": self.message, "resourceIds": list(self.resources)}


class Addon(Struct, frozen=True, kw_only=True):
    """One add-on. Empty texts stand for what is not set."""

    account: str
    region: str
    cluster: str
    name: str
    uuid: str
    version: str
    status: AddonStatus
    status_since: datetime
    issues: tuple[Issue, ...] = ()
    service_account_role_arn: str = ""
    configuration_values: str = ""
    namespace: str = "kube-system"
    resolve_conflicts: Conflicts = "NONE"
    preserve: bool = False
    """Whether deletion leaves the software and the associations in place."""
    applied: bool = False
    """Whether what is asked for now has reached the cluster."""
    update_id: str = ""
    """The update that is under way."""
    created_at: datetime
    modified_at: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return (
            f"arn:{partition_of(self.region)}:eks:{self.region}:{self.account}"
            f":addon/{self.cluster}/{self.name}/{self.uuid}"
        )

    def view(self, association_arns: Sequence[str]) -> Output:
        """The Addon shape."""
        return {
            "addonName": self.name,
            "clusterName": self.cluster,
            "status": self.status,
            "addonVersion": self.version,
            "health": {"issues": [issue.view() for issue in self.issues]},
            "addonArn": self.arn,
            "createdAt": self.created_at,
            "modifiedAt": self.modified_at,
            "serviceAccountRoleArn": self.service_account_role_arn or None,
            "tags": self.tags,
            "publisher": "eks",
            "owner": "aws",
            "configurationValues": self.configuration_values or None,
            "podIdentityAssociations": list(association_arns) or None,
            "namespaceConfig": {"namespace": self.namespace},
        }
