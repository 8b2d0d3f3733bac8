"""Names, labels and annotations (apimachinery `pkg/util/validation` and `pkg/api/validation`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from podid.localcluster.objects.errors import Cause
from podid.localcluster.objects.selectors import is_label_key, is_label_value
from podid.localcluster.objects.validation.causes import invalid, required
from podid.localcluster.ports import Object

_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_RE: Final = re.compile(_LABEL + r"\Z")
_SUBDOMAIN_RE: Final = re.compile(_SUBDOMAIN + r"\Z")
_RFC1035_RE: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_PATH_SEGMENT: Final = re.compile(r"(?!\.\.?\Z)[^/%]+\Z")

LABEL_RULE: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    f"alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
SUBDOMAIN_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    rf"with an alphanumeric character (e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
)
_RFC1035_RULE: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end "
    "with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_KEY_RULE: Final = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_VALUE_RULE: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_MAX_ANNOTATIONS: Final = 256 * 1024


def check_label(text: object, field: str) -> Iterator[Cause]:
    """A DNS label: 63 characters at most."""
    value = text if isinstance(text, str) else ""
    if not _LABEL_RE.match(value):
        yield invalid(field, value, LABEL_RULE)
    elif len(value) > 63:
        yield invalid(field, value, "must be no more than 63 characters")


def check_subdomain(text: object, field: str) -> Iterator[Cause]:
    value = text if isinstance(text, str) else ""
    if not _SUBDOMAIN_RE.match(value):
        yield invalid(field, value, SUBDOMAIN_RULE)
    elif len(value) > 253:
        yield invalid(field, value, "must be no more than 253 characters")


def check_metadata(resource: str, obj: Object, *, namespaced: bool) -> Iterator[Cause]:
    """Name, namespace, labels, annotations and finalizers."""
    meta = obj["metadata"]
    if not meta.get("name"):
        yield required("metadata.name", "name or generateName is required")
    elif resource == "namespaces":
        yield from check_label(meta["name"], "metadata.name")
    elif resource == "services":
        if not _RFC1035_RE.match(meta["name"]) or len(meta["name"]) > 63:
            yield invalid("metadata.name", meta["name"], _RFC1035_RULE)
    elif resource in ("events", "leases") and _PATH_SEGMENT.match(meta["name"]) and len(meta["name"]) <= 253:
        pass
    else:
        yield from check_subdomain(meta["name"], "metadata.name")
    if namespaced:
        yield from check_label(meta.get("namespace"), "metadata.namespace")
    yield from check_labels(meta.get("labels") or {}, "metadata.labels")
    size = 0
    for key, value in (meta.get("annotations") or {}).items():
        size += len(key) + len(value)
        if not is_label_key(key.lower()):
            yield invalid("metadata.annotations", key, _KEY_RULE)
    if size > _MAX_ANNOTATIONS:
        yield Cause(
            "FieldValueTooLong", f"Too long: may not be more than {_MAX_ANNOTATIONS} bytes", "metadata.annotations"
        )
    for finalizer in meta.get("finalizers") or ():
        if not is_label_key(finalizer):
            yield invalid("metadata.finalizers", finalizer, _KEY_RULE)
    for index, owner in enumerate(meta.get("ownerReferences") or ()):
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                yield required(f"metadata.ownerReferences[{index}].{name}", "must not be empty")


def check_labels(labels: dict[str, Any], field: str) -> Iterator[Cause]:
    for key, value in labels.items():
        if not is_label_key(key):
            yield invalid(field, key, _KEY_RULE)
        if not is_label_value(value):
            yield invalid(field, value, _VALUE_RULE)


def check_selector(selector: dict[str, Any], field: str) -> Iterator[Cause]:
    """A LabelSelector object."""
    yield from check_labels(selector.get("matchLabels") or {}, f"{field}.matchLabels")
    for index, one in enumerate(selector.get("matchExpressions") or ()):
        at = f"{field}.matchExpressions[{index}]"
        if not is_label_key(one.get("key")):
            yield invalid(f"{at}.key", one.get("key") or "", _KEY_RULE)
        operator, values = one.get("operator"), one.get("values") or []
        if operator in ("In", "NotIn"):
            if not values:
                yield required(f"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                yield Cause(
                    "FieldValueForbidden",
                    "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                    f"{at}.values",
                )
        else:
            yield invalid(f"{at}.operator", operator or "", "not a valid selector operator")
