"""An authenticated caller of the Kubernetes API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct, field

MASTERS: Final = "system:masters"
AUTHENTICATED: Final = "system:authenticated"


class User(Struct, frozen=True, kw_only=True):
    """An authenticated caller, as UserInfo shows it."""

    username: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def as_info(self) -> dict[str, Any]:
        """The UserInfo object of reviews and admission."""
        info: dict[str, Any] = {"username": self.username}
        if self.uid:
            info["uid"] = self.uid
        if self.groups:
            info["groups"] = list(self.groups)
        if self.extra:
            info["extra"] = {key: list(values) for key, values in self.extra.items()}
        return info


ADMINISTRATOR: Final = User(username="kubernetes-admin", groups=(MASTERS, AUTHENTICATED))
"""The person, by the token of the kubeconfig."""

SYSTEM: Final = User(username="system:kube-controller-manager", groups=(MASTERS, AUTHENTICATED))
"""The controllers inside the cluster's own process."""

ANONYMOUS: Final = User(username="system:anonymous", groups=("system:unauthenticated",))
