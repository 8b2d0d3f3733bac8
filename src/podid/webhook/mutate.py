"""What is put into a pod, as an RFC 6902 patch. Pure: it reads no file, asks nobody, and takes its randomness as a number.

Two ways in, as in AWS's webhook: Pod Identity (`container_credentials`), and the older web identity of IRSA (`web_identity`). The patch
names only what is added. Fields of the pod that podid has never heard of are not touched, which AWS's webhook, writing whole container
lists anew from its own types, cannot say. A pod that has everything already gets an empty patch.

Names, order and conditions: amazon-eks-pod-identity-webhook, `pkg/handler/handler.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from podid.webhook.annotations import Annotations

Operation = dict[str, Any]
"""One operation of a JSON Patch."""

Pod = Mapping[str, Any]

FULL_URI: Final = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_FILE: Final = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"  # noqa: S105 - a variable's name
ROLE_ARN: Final = "AWS_ROLE_ARN"
WEB_IDENTITY_TOKEN_FILE: Final = "AWS_WEB_IDENTITY_TOKEN_FILE"  # noqa: S105 - a variable's name
STS_REGIONAL: Final = "AWS_STS_REGIONAL_ENDPOINTS"
REGIONS: Final = ("AWS_DEFAULT_REGION", "AWS_REGION")

DEFAULT_EXPIRATION: Final = 86400
JITTER_FROM: Final = 79200
"""A token of exactly 24 hours is given 22 to 24, so that a node's tokens do not all rotate at once."""


class MalformedPod(ValueError):
    """What came as a pod has not the form of one; the text says where."""


class ContainerCredentials(Struct, frozen=True, kw_only=True):
    """Names of the Pod Identity mode. The defaults are AWS's, and what SDKs and the agent expect."""

    audience: str = "pods.eks.amazonaws.com"
    mount_path: str = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
    volume_name: str = "eks-pod-identity-token"
    token_path: str = "eks-pod-identity-token"  # noqa: S105 - a file's name
    full_uri: str = "http://169.254.170.23/v1/credentials"


class WebIdentity(Struct, frozen=True, kw_only=True):
    """Names of the IRSA mode."""

    audience: str = "sts.amazonaws.com"
    mount_path: str = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
    volume_name: str = "aws-iam-token"
    token_path: str = "token"  # noqa: S105 - a file's name


class MutateConfig(Struct, frozen=True, kw_only=True):
    """What is the same for every pod."""

    container_credentials: ContainerCredentials = ContainerCredentials()
    web_identity: WebIdentity = WebIdentity()
    token_expiration: int = DEFAULT_EXPIRATION
    """Seconds, where no annotation says otherwise."""
    region: str = ""
    """Value of AWS_REGION and AWS_DEFAULT_REGION; empty: neither is added."""
    regional_sts: bool = False
    """Whether AWS_STS_REGIONAL_ENDPOINTS=regional is added, where no annotation says otherwise."""
    annotation_prefix: str = "eks.amazonaws.com"


class _Injection(Struct, frozen=True):
    volume: Mapping[str, Any]
    mount_path: str
    env: tuple[tuple[str, str], ...]
    region: str
    regional_sts: bool
    skip: frozenset[str]


def container_credentials(
    pod: Pod, config: MutateConfig, *, service_account: Mapping[str, str] | None = None, random: float
) -> list[Operation]:
    """The patch that gives a pod Pod Identity.

    `service_account` are the annotations of its service account, None where they are not known; `random` is in [0, 1). Raises
    MalformedPod.
    """
    names = config.container_credentials
    said = Annotations(config.annotation_prefix, _strings(pod, "annotations"), service_account or {})
    expiration = said.token_expiration(config.token_expiration)
    if expiration == DEFAULT_EXPIRATION:
        expiration = JITTER_FROM + int(random * (DEFAULT_EXPIRATION - JITTER_FROM + 1))
    injection = _Injection(
        volume=_token_volume(names.volume_name, names.audience, expiration, names.token_path),
        mount_path=names.mount_path,
        env=((FULL_URI, names.full_uri), (TOKEN_FILE, _path_of_token(pod, names.mount_path, names.token_path))),
        region=config.region,
        regional_sts=said.regional_sts(config.regional_sts),
        skip=said.skipped_containers(),
    )
    return _label(pod, f"{config.annotation_prefix}/pod-identity", "enabled") + _inject(pod, injection)


def web_identity(
    pod: Pod, config: MutateConfig, *, role_arn: str, service_account: Mapping[str, str], random: float = 0.0
) -> list[Operation]:
    """The patch that gives a pod a role by IRSA. Raises MalformedPod."""
    names = config.web_identity
    said = Annotations(config.annotation_prefix, _strings(pod, "annotations"), service_account)
    injection = _Injection(
        volume=_token_volume(
            names.volume_name,
            said.audience(names.audience),
            said.token_expiration(config.token_expiration),
            names.token_path,
        ),
        mount_path=names.mount_path,
        env=((ROLE_ARN, role_arn), (WEB_IDENTITY_TOKEN_FILE, _path_of_token(pod, names.mount_path, names.token_path))),
        region=config.region,
        regional_sts=said.regional_sts(config.regional_sts),
        skip=said.skipped_containers(),
    )
    return _inject(pod, injection)


def _token_volume(name: str, audience: str, expiration: int, path: str) -> dict[str, Any]:
    source = {"serviceAccountToken": {"audience": audience, "expirationSeconds": expiration, "path": path}}
    return {"name": name, "projected": {"sources": [source]}}


def _inject(pod: Pod, injection: _Injection) -> list[Operation]:
    spec = _mapping(pod.get("spec"), "spec")
    volumes = _list(spec.get("volumes"), "spec.volumes")
    operations: list[Operation] = []
    if not any(volume.get("name") == injection.volume["name"] for volume in volumes):
        # First, as AWS's webhook has it: an index that patches of others, appending, do not move.
        if volumes:
            operations.append(_add("/spec/volumes/0", injection.volume))
        else:
            operations.append(_add("/spec/volumes", [injection.volume]))
    for members in ("containers", "initContainers"):
        for index, container in enumerate(_list(spec.get(members), f"spec.{members}")):
            if container.get("name") not in injection.skip:
                operations += _container(container, f"/spec/{members}/{index}", injection)
    return operations


def _container(container: Mapping[str, Any], place: str, injection: _Injection) -> list[Operation]:
    env = _list(container.get("env"), f"{place}/env")
    mounts = _list(container.get("volumeMounts"), f"{place}/volumeMounts")
    present = {variable.get("name") for variable in env}
    has_credentials = any(name in present for name, _ in injection.env)
    has_region = any(name in present for name in REGIONS)
    has_sts = STS_REGIONAL in present
    if has_credentials and has_region and has_sts:
        return []
    added: list[dict[str, str]] = []
    if injection.regional_sts and not has_sts:
        added.append({"name": STS_REGIONAL, "value": "regional"})
    if injection.region and not has_region:
        added += [{"name": name, "value": injection.region} for name in REGIONS]
    if not has_credentials:
        added += [{"name": name, "value": value} for name, value in injection.env]
    operations = _append(f"{place}/env", bool(env), added)
    if not any(mount.get("name") == injection.volume["name"] for mount in mounts):
        mount = {"name": injection.volume["name"], "readOnly": True, "mountPath": injection.mount_path}
        operations += _append(f"{place}/volumeMounts", bool(mounts), [mount])
    return operations


def _label(pod: Pod, name: str, value: str) -> list[Operation]:
    labels = _strings(pod, "labels")
    if labels.get(name) == value:
        return []
    if not labels:
        if not isinstance(pod.get("metadata"), Mapping):
            return [_add("/metadata", {"labels": {name: value}})]
        return [_add("/metadata/labels", {name: value})]
    return [_add(f"/metadata/labels/{name.replace('~', '~0').replace('/', '~1')}", value)]


def _append(place: str, exists: bool, values: Sequence[Mapping[str, Any]]) -> list[Operation]:
    """Append to a list, making it if it is not there (RFC 6902, section 4.1: `-` is the place after the last)."""
    if not values:
        return []
    return [_add(f"{place}/-", value) for value in values] if exists else [_add(place, list(values))]


def _add(path: str, value: object) -> Operation:
    return {"op": "add", "path": path, "value": value}


def _path_of_token(pod: Pod, mount_path: str, token_path: str) -> str:
    path = f"{mount_path.rstrip('/')}/{token_path}"
    selector = _mapping(pod.get("spec"), "spec").get("nodeSelector")
    systems = ("kubernetes.io/os", "beta.kubernetes.io/os")
    if isinstance(selector, Mapping) and any(selector.get(key) == "windows" for key in systems):
        return "C:" + path.replace("/", "\\")
    return path


def _strings(pod: Pod, member: str) -> Mapping[str, str]:
    metadata = _mapping(pod.get("metadata"), "metadata")
    return _mapping(metadata.get(member), f"metadata.{member}")


def _mapping(value: object, place: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedPod(f"{place} of the pod is not an object")
    return value


def _list(value: object, place: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise MalformedPod(f"{place} of the pod is not a list of objects")
    return value
