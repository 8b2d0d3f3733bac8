"""The ServiceAccount admission step: every pod runs under one, and has its token mounted unless someone says no.

Pure rules, from kubernetes `plugin/pkg/admission/serviceaccount`. It runs before the webhooks, and once more after one has changed the
pod, so that containers which a webhook adds get the mount too.
"""

from __future__ import annotations

from typing import Any, Final

from podid.localcluster.objects.errors import Forbidden
from podid.localcluster.objects.metadata import metadata, name_of, namespace_of
from podid.localcluster.ports import Object

MOUNT_PATH: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
VOLUME_PREFIX: Final = "kube-api-access-"
TOKEN_SECONDS: Final = 3607
"""One hour and a little: by the odd number Kubernetes tells its own tokens from those that someone asked for."""
ROOT_CA: Final = "kube-root-ca.crt"


def account_name(pod: Object) -> str:
    """The service account that the pod asks for, `default` where it does not say."""
    return str(pod["spec"].get("serviceAccountName") or "default")


def missing(pod: Object, name: str) -> Forbidden:
    """The refusal of a pod whose service account does not exist."""
    return Forbidden(
        f'pods "{told_name(pod)}" is forbidden: error looking up service account {namespace_of(pod)}/{name}: '
        f'serviceaccount "{name}" not found',
        details={"name": told_name(pod), "kind": "pods"},
    )


def told_name(obj: Object) -> str:
    """How admission calls an object that may not have its name yet."""
    return name_of(obj) or str(metadata(obj).get("generateName") or "") or "Unknown"


def run_under(pod: Object, account: Object, suffix: str) -> None:
    """Make the pod run under `account`: its name, its pull secrets, and the API access volume (named with `suffix`). Idempotent."""
    spec: dict[str, Any] = pod["spec"]
    spec["serviceAccountName"] = spec["serviceAccount"] = name_of(account)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(one) for one in account["imagePullSecrets"]]
    if _automounts(spec, account):
        _mount_token(spec, suffix)


def _automounts(spec: dict[str, Any], account: Object) -> bool:
    for said in (spec.get("automountServiceAccountToken"), account.get("automountServiceAccountToken")):
        if said is not None:
            return bool(said)
    return True


def _mount_token(spec: dict[str, Any], suffix: str) -> None:
    volumes = spec.get("volumes") or []
    name = next((one["name"] for one in volumes if one["name"].startswith(VOLUME_PREFIX)), "")
    needed = False
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        mounts = container.get("volumeMounts") or []
        if any(mount.get("mountPath") == MOUNT_PATH for mount in mounts):
            continue
        needed = True
        container["volumeMounts"] = [
            *mounts,
            {"name": name or VOLUME_PREFIX + suffix, "readOnly": True, "mountPath": MOUNT_PATH},
        ]
    if needed and not name:
        spec["volumes"] = [*volumes, _volume(VOLUME_PREFIX + suffix)]


def _volume(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                {"configMap": {"name": ROOT_CA, "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "path": "namespace",
                                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                            }
                        ]
                    }
                },
            ],
            "defaultMode": 0o644,
        },
    }
