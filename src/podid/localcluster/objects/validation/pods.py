"""Pods and pod templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from podid.localcluster.objects.errors import Cause
from podid.localcluster.objects.validation.causes import duplicate, forbidden, invalid, not_found, required, unsupported
from podid.localcluster.objects.validation.names import check_label, check_subdomain
from podid.localcluster.ports import Object

_ENV: Final = re.compile(r"[ -<>-~]+\Z")
MAX_EXPIRATION: Final = 1 << 32
MIN_EXPIRATION: Final = 600


def check_pod_spec(spec: dict[str, Any], at: str) -> Iterator[Cause]:
    volumes = spec.get("volumes") or []
    yield from _unique(volumes, f"{at}.volumes", "name")
    for index, volume in enumerate(volumes):
        yield from _check_volume(volume, f"{at}.volumes[{index}]")
    names = {volume.get("name") for volume in volumes}
    if not spec.get("containers"):
        yield required(f"{at}.containers")
    every = [(list_, i, c) for list_ in ("initContainers", "containers") for i, c in enumerate(spec.get(list_) or ())]
    seen: set[str] = set()
    for list_, index, container in every:
        where = f"{at}.{list_}[{index}]"
        yield from _check_container(container, where, names)
        if container.get("name") in seen:
            yield duplicate(f"{where}.name", container["name"])
        seen.add(container.get("name") or "")
    for name, allowed in (
        ("restartPolicy", ("Always", "OnFailure", "Never")),
        ("dnsPolicy", ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")),
    ):
        if spec.get(name) not in allowed:
            yield unsupported(f"{at}.{name}", spec.get(name) or "", allowed)
    if (grace := spec.get("terminationGracePeriodSeconds", 0)) < 0:
        yield invalid(f"{at}.terminationGracePeriodSeconds", grace, "must be greater than or equal to 0")
    for name in ("serviceAccountName", "nodeName"):
        if spec.get(name):
            yield from check_subdomain(spec[name], f"{at}.{name}")


def _check_container(container: dict[str, Any], at: str, volumes: set[Any]) -> Iterator[Cause]:
    if not container.get("name"):
        yield required(f"{at}.name")
    else:
        yield from check_label(container["name"], f"{at}.name")
    image = container.get("image") or ""
    if not image:
        yield required(f"{at}.image")
    elif image != image.strip():
        yield invalid(f"{at}.image", image, "must not have leading or trailing whitespace")
    policy = container.get("imagePullPolicy")
    if policy not in ("Always", "IfNotPresent", "Never"):
        yield unsupported(f"{at}.imagePullPolicy", policy or "", ("Always", "IfNotPresent", "Never"))
    for index, port in enumerate(container.get("ports") or ()):
        number = port.get("containerPort")
        if number is None:
            yield required(f"{at}.ports[{index}].containerPort")
        elif not 0 < number < 65536:
            yield invalid(f"{at}.ports[{index}].containerPort", number, "must be between 1 and 65535, inclusive")
        if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
            yield unsupported(f"{at}.ports[{index}].protocol", port.get("protocol") or "", ("TCP", "UDP", "SCTP"))
    for index, variable in enumerate(container.get("env") or ()):
        yield from _check_variable(variable, f"{at}.env[{index}]")
    paths: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        where = f"{at}.volumeMounts[{index}]"
        if not mount.get("name"):
            yield required(f"{where}.name")
        elif mount["name"] not in volumes:
            yield not_found(f"{where}.name", mount["name"])
        path = mount.get("mountPath") or ""
        if not path:
            yield required(f"{where}.mountPath")
        elif path in paths:
            yield invalid(f"{where}.mountPath", path, "must be unique")
        paths.add(path)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if (probe := container.get(name)) is not None:
            yield from _check_probe(probe, f"{at}.{name}")


def _check_variable(variable: dict[str, Any], at: str) -> Iterator[Cause]:
    name = variable.get("name") or ""
    if not name:
        yield required(f"{at}.name")
    elif not _ENV.match(name):
        yield invalid(
            f"{at}.name",
            name,
            "a valid environment variable name must consist only of printable ASCII characters other than '='",
        )
    if variable.get("value") and variable.get("valueFrom"):
        yield invalid(f"{at}.valueFrom", "", "may not be specified when `value` is not empty")


def _check_probe(probe: dict[str, Any], at: str) -> Iterator[Cause]:
    handlers = [name for name in ("exec", "httpGet", "tcpSocket", "grpc") if probe.get(name) is not None]
    if not handlers:
        yield required(at, "must specify a handler type")
    for name in handlers[1:]:
        yield forbidden(f"{at}.{name}", "may not specify more than 1 handler type")
    for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(name, 0) < 0:
            yield invalid(f"{at}.{name}", probe[name], "must be greater than or equal to 0")


def _check_volume(volume: dict[str, Any], at: str) -> Iterator[Cause]:
    if not volume.get("name"):
        yield required(f"{at}.name")
    else:
        yield from check_label(volume["name"], f"{at}.name")
    sources = [name for name in volume if name != "name"]
    for name in sources[1:]:
        yield forbidden(f"{at}.{name}", "may not specify more than 1 volume type")
    for index, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
        if (token := source.get("serviceAccountToken")) is not None:
            yield from _check_token(token, f"{at}.projected.sources[{index}].serviceAccountToken")
    if "hostPath" in volume and not volume["hostPath"].get("path"):
        yield required(f"{at}.hostPath.path")


def _check_token(token: dict[str, Any], at: str) -> Iterator[Cause]:
    seconds = token.get("expirationSeconds", 0)
    if seconds < MIN_EXPIRATION:
        yield invalid(f"{at}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
    elif seconds > MAX_EXPIRATION:
        yield invalid(f"{at}.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
    path = token.get("path") or ""
    if not path:
        yield required(f"{at}.path")
    elif path.startswith("/"):
        yield invalid(f"{at}.path", path, "must be a relative path")
    elif ".." in path.split("/"):
        yield invalid(f"{at}.path", path, "must not contain '..'")


def check_pod_update(new: Object, old: Object) -> Iterator[Cause]:
    """What of a Pod's spec may change: images, activeDeadlineSeconds, more tolerations, ephemeral containers, a first node name."""
    before, after = _settled(old["spec"]), _settled(new["spec"])
    if len(before.get("containers") or ()) != len(after.get("containers") or ()):
        yield forbidden("spec.containers", "pod updates may not add or remove containers")
        return
    kept = old["spec"].get("tolerations") or []
    if not all(one in (new["spec"].get("tolerations") or []) for one in kept):
        yield forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
    if before != after:
        yield forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
            "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
            "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        )


def _settled(spec: dict[str, Any]) -> dict[str, Any]:
    """The part of a spec that may not change."""
    kept = {k: v for k, v in spec.items() if k not in ("activeDeadlineSeconds", "tolerations", "ephemeralContainers")}
    for list_ in ("containers", "initContainers"):
        if list_ in kept:
            kept[list_] = [{k: v for k, v in one.items() if k != "image"} for one in kept[list_]]
    return kept


def _unique(items: list[dict[str, Any]], at: str, key: str) -> Iterator[Cause]:
    seen: set[Any] = set()
    for index, item in enumerate(items):
        if item.get(key) in seen:
            yield duplicate(f"{at}[{index}].{key}", item.get(key))
        seen.add(item.get(key))
