"""Putting an add-on's software on a cluster and taking it off again: each call one idempotent step."""

from __future__ import annotations

import copy
from typing import Any

from podid.eks.addons.addon import Addon
from podid.eks.addons.configuration import SCHEMA, read_configuration
from podid.eks.addons.manifest import MANAGED_BY, MANAGER, NAME, AgentManifest, daemon_set
from podid.kube import DAEMON_SETS, AlreadyExists, Conflict, Kubernetes, NotFound, Object


class Installer:
    """Installs the agent of podid's `version`, whichever version of AWS's add-on was asked for. Every method raises KubeError."""

    def __init__(self, version: str) -> None:
        self._version = version

    def apply(self, client: Kubernetes, addon: Addon) -> None:
        """Make the DaemonSet what the add-on asks for.

        Raises AlreadyExists where somebody else's DaemonSet of that name is there and conflicts are not to be overwritten, and Conflict
        where another writer was faster: then the step is made again.
        """
        wanted = daemon_set(manifest_of(addon, self._version))
        try:
            found = self.read(client, addon)
        except NotFound:
            try:
                client.create(DAEMON_SETS, wanted)
            except AlreadyExists as error:
                raise Conflict(error.public, status=error.status) from error
            return
        if not _is_ours(found) and addon.resolve_conflicts != "OVERWRITE":
            raise AlreadyExists(
                "Conflicts found when trying to apply. Will not continue due to resolve conflicts mode. "
                f"Conflicts: DaemonSet.apps {NAME} in {addon.namespace} is there already and not managed by podid."
            )
        if addon.resolve_conflicts == "PRESERVE":
            wanted = _preserving(found, wanted)
        metadata = found["metadata"]
        wanted["metadata"] = {
            **wanted["metadata"],
            "labels": {**metadata.get("labels", {}), **wanted["metadata"]["labels"]},
            "annotations": metadata.get("annotations", {}),
            "resourceVersion": metadata.get("resourceVersion", ""),
        }
        client.replace(DAEMON_SETS, wanted)

    def read(self, client: Kubernetes, addon: Addon) -> Object:
        """The DaemonSet as it is. Raises NotFound."""
        return client.get(DAEMON_SETS, NAME, addon.namespace)

    def remove(self, client: Kubernetes, addon: Addon) -> bool:
        """Ask for the DaemonSet to go; whether it has gone. One that podid does not manage is left where it is."""
        try:
            found = self.read(client, addon)
            if not _is_ours(found):
                return True
            if "deletionTimestamp" not in found["metadata"]:
                client.delete(DAEMON_SETS, NAME, addon.namespace, uid=found["metadata"].get("uid", ""))
                self.read(client, addon)
        except NotFound:
            return True
        return False


def manifest_of(addon: Addon, version: str) -> AgentManifest:
    """The manifest's settings, out of the add-on's configuration values (which were checked when they were stored)."""
    values = read_configuration(addon.configuration_values, SCHEMA)
    arguments = values.get("agent", {}).get("additionalArgs", {})
    settings: dict[str, Any] = {
        "resources": values.get("resources", {}),
        "node_selector": values.get("nodeSelector", {}),
        "pod_annotations": values.get("podAnnotations", {}),
        "pod_labels": values.get("podLabels", {}),
    }
    if "tolerations" in values:
        settings["tolerations"] = tuple(values["tolerations"])
    return AgentManifest(
        cluster=addon.cluster,
        region=addon.region,
        version=version,
        namespace=addon.namespace,
        additional_args={flag: _text(value) for flag, value in arguments.items() if value is not False},
        **settings,
    )


def _text(value: Any) -> str:
    """A flag's value as an argument; a true one is the flag alone."""
    return "" if value is True else str(value)


def _is_ours(found: Object) -> bool:
    return (found["metadata"].get("labels") or {}).get(MANAGED_BY) == MANAGER


def _preserving(found: Object, wanted: Object) -> Object:
    """What is there, with only the programs and their arguments as wanted: resolveConflicts PRESERVE keeps what people changed."""
    kept = copy.deepcopy(found)
    for group in ("initContainers", "containers"):
        new = {each["name"]: each for each in wanted["spec"]["template"]["spec"][group]}
        for container in kept["spec"]["template"]["spec"].get(group, []):
            for field in ("image", "command", "args"):
                if container["name"] in new and field in new[container["name"]]:
                    container[field] = new[container["name"]][field]
    return {**wanted, "spec": kept["spec"]}
