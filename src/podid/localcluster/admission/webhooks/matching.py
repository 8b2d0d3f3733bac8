"""Which webhooks a request concerns: rules, then namespaceSelector, then objectSelector. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from podid.localcluster.admission.attributes import Attributes
from podid.localcluster.objects.metadata import labels_of
from podid.localcluster.objects.selectors import label_selector, selects
from podid.localcluster.ports import Object

_EXEMPT: Final = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
"""A webhook must not be able to keep anyone from removing it."""


def concerns(
    webhook: Mapping[str, Any],
    attributes: Attributes,
    *,
    obj: Object | None,
    old: Object | None,
    namespace_labels: Mapping[str, str],
) -> bool:
    """Whether a webhook (with defaults) is to be called. `namespace_labels` are those of the object's namespace, or of itself if it is one."""
    if attributes.kind.resource in _EXEMPT:
        return False
    if not any(_rule_matches(rule, attributes) for rule in webhook.get("rules") or ()):
        return False
    in_namespace = attributes.kind.namespaced or attributes.kind.resource == "namespaces"
    if in_namespace and not selects(label_selector(webhook.get("namespaceSelector")), namespace_labels):
        return False
    selector = label_selector(webhook.get("objectSelector"))
    return not selector or any(selects(selector, labels_of(one)) for one in (obj, old) if one is not None)


def _rule_matches(rule: Mapping[str, Any], attributes: Attributes) -> bool:
    kind = attributes.kind
    scope = rule.get("scope", "*")
    namespaced = kind.namespaced and kind.resource != "namespaces"
    return (
        _has(rule.get("operations"), attributes.operation)
        and _has(rule.get("apiGroups"), kind.group)
        and _has(rule.get("apiVersions"), kind.version)
        and any(
            _resource_matches(wanted, kind.resource, attributes.subresource) for wanted in rule.get("resources") or ()
        )
        and (scope == "*" or (scope == "Namespaced") is namespaced)
    )


def _has(wanted: Any, value: str) -> bool:
    return value in (wanted or ()) or "*" in (wanted or ())


def _resource_matches(wanted: str, resource: str, subresource: str) -> bool:
    """`pods`, `pods/status`, `pods/*`, `*`, `*/*`, `*/status`: without a slash no subresource is meant."""
    name, _, sub = wanted.partition("/")
    return name in ("*", resource) and (sub in ("*", subresource) if sub else not subresource)
