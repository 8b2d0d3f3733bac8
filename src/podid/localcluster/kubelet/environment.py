"""A container's environment variables: the runtime's, then `envFrom`, then `env`, each later one over the earlier. Pure but for look-ups.

Source: Kubernetes API reference, EnvVar and EnvFromSource; kubernetes `pkg/kubelet/kubelet_pods.go` (order, and which references wait).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from podid.localcluster.kubelet.expansion import expand
from podid.localcluster.kubelet.fields import FieldProblem, pod_field, resource_field
from podid.localcluster.ports import Object

Lookup = Callable[[str, str], Object | None]
"""A ConfigMap or Secret of the pod's namespace: (`configmaps` or `secrets`, name)."""


class ConfigProblem(Exception):
    """The container cannot be made from its manifest now; the text says what is missing."""


def environment_of(
    container: Mapping[str, Any], pod: Object, base: Mapping[str, str], lookup: Lookup, allocatable: Mapping[str, str]
) -> dict[str, str]:
    """All variables of a container. Raises ConfigProblem."""
    variables = dict(base)
    for source in container.get("envFrom") or ():
        variables |= _from_source(source, lookup)
    for entry in container.get("env") or ():
        value = _value(entry, container, pod, variables, lookup, allocatable)
        if value is not None:
            variables[entry["name"]] = value
    return variables


def _from_source(source: Mapping[str, Any], lookup: Lookup) -> dict[str, str]:
    prefix = source.get("prefix", "")
    for member, resource in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
        reference = source.get(member)
        if reference is None:
            continue
        found = lookup(resource, reference["name"])
        if found is None and not reference.get("optional"):
            raise ConfigProblem(f'{resource.removesuffix("s")} "{reference["name"]}" not found')
        return {prefix + key: value.decode(errors="replace") for key, value in contents(resource, found or {}).items()}
    return {}


def _value(
    entry: Mapping[str, Any],
    container: Mapping[str, Any],
    pod: Object,
    variables: Mapping[str, str],
    lookup: Lookup,
    allocatable: Mapping[str, str],
) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(entry.get("value") or "", variables)
    try:
        if "fieldRef" in source:
            return pod_field(pod, source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return resource_field(container, source["resourceFieldRef"], allocatable)
    except FieldProblem as problem:
        raise ConfigProblem(str(problem)) from problem
    for member, resource in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if member in source:
            return _key(resource, source[member], lookup)
    raise ConfigProblem(f'variable "{entry["name"]}" has a source that is not known')


def _key(resource: str, reference: Mapping[str, Any], lookup: Lookup) -> str | None:
    found = lookup(resource, reference["name"])
    kind = resource.removesuffix("s")
    if found is None:
        if reference.get("optional"):
            return None
        raise ConfigProblem(f'{kind} "{reference["name"]}" not found')
    value = contents(resource, found).get(reference["key"])
    if value is None:
        if reference.get("optional"):
            return None
        raise ConfigProblem(f"couldn't find key {reference['key']} in {kind} {reference['name']}")
    return value.decode(errors="replace")


def contents(resource: str, found: Object) -> dict[str, bytes]:
    """The entries of a ConfigMap or Secret. What is not valid base64 is left out: the API would not have taken it."""
    plain = (
        {key: value.encode() for key, value in (found.get("data") or {}).items()} if resource == "configmaps" else {}
    )
    encoded = found.get("binaryData") if resource == "configmaps" else found.get("data")
    for key, value in (encoded or {}).items():
        try:
            plain[key] = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            continue
    return plain
