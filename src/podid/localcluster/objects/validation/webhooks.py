"""MutatingWebhookConfigurations."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from podid.localcluster.objects.errors import Cause
from podid.localcluster.objects.validation.causes import duplicate, forbidden, invalid, required, unsupported
from podid.localcluster.objects.validation.names import check_selector, check_subdomain
from podid.localcluster.ports import Object

_REVIEW_VERSIONS: Final = ("v1", "v1beta1")
_OPERATIONS: Final = ("CREATE", "UPDATE", "DELETE", "CONNECT", "*")


def check_webhooks(obj: Object) -> Iterator[Cause]:
    names: set[str] = set()
    for index, webhook in enumerate(obj.get("webhooks") or ()):
        at = f"webhooks[{index}]"
        name = webhook.get("name") or ""
        if not name:
            yield required(f"{at}.name")
        elif name.count(".") < 2:
            yield invalid(f"{at}.name", name, "should be a domain with at least three segments separated by dots")
        else:
            yield from check_subdomain(name, f"{at}.name")
        if name in names:
            yield duplicate(f"{at}.name", name)
        names.add(name)
        yield from _check_webhook(webhook, at)


def _check_webhook(webhook: dict[str, Any], at: str) -> Iterator[Cause]:
    versions = webhook.get("admissionReviewVersions") or []
    if not versions:
        yield required(f"{at}.admissionReviewVersions", "must specify one of v1, v1beta1")
    elif "v1" not in versions:
        yield invalid(f"{at}.admissionReviewVersions", versions, "the local cluster speaks v1 only")
    for name, allowed in (
        ("failurePolicy", ("Ignore", "Fail")),
        ("matchPolicy", ("Equivalent", "Exact")),
        ("reinvocationPolicy", ("Never", "IfNeeded")),
    ):
        if webhook.get(name) not in allowed:
            yield unsupported(f"{at}.{name}", webhook.get(name) or "", allowed)
    effects = webhook.get("sideEffects")
    if not effects:
        yield required(f"{at}.sideEffects", "must specify one of None, NoneOnDryRun")
    elif effects not in ("None", "NoneOnDryRun"):
        yield unsupported(f"{at}.sideEffects", effects, ("None", "NoneOnDryRun"))
    if not 1 <= webhook.get("timeoutSeconds", 10) <= 30:
        yield invalid(
            f"{at}.timeoutSeconds", webhook["timeoutSeconds"], "the timeout value must be between 1 and 30 seconds"
        )
    if webhook.get("matchConditions"):
        yield forbidden(f"{at}.matchConditions", "the local cluster does not evaluate CEL expressions")
    for name in ("namespaceSelector", "objectSelector"):
        yield from check_selector(webhook.get(name) or {}, f"{at}.{name}")
    yield from _check_client(webhook.get("clientConfig") or {}, f"{at}.clientConfig")
    for index, rule in enumerate(webhook.get("rules") or ()):
        where = f"{at}.rules[{index}]"
        for name in ("operations", "apiGroups", "apiVersions", "resources"):
            if not rule.get(name):
                yield required(f"{where}.{name}")
        for place, operation in enumerate(rule.get("operations") or ()):
            if operation not in _OPERATIONS:
                yield unsupported(f"{where}.operations[{place}]", operation, _OPERATIONS)
        if rule.get("scope") not in ("Cluster", "Namespaced", "*"):
            yield unsupported(f"{where}.scope", rule.get("scope") or "", ("Cluster", "Namespaced", "*"))


def _check_client(client: dict[str, Any], at: str) -> Iterator[Cause]:
    url, service = client.get("url"), client.get("service")
    if (url is None) == (service is None):
        yield required(at, "exactly one of url or service is required")
    elif url is not None:
        try:
            parts = urlsplit(url)
            problem = (
                ""
                if parts.scheme == "https" and parts.hostname and parts.port != 0
                else "'https' is the only allowed URL scheme; desired format: https://host[/path]"
            )
            problem = problem or ("user information is not permitted in the URL" if "@" in parts.netloc else "")
            problem = problem or ("fragments are not permitted in the URL" if parts.fragment else "")
            problem = problem or ("query parameters are not permitted in the URL" if parts.query else "")
        except ValueError:
            problem = "url must be a valid URL"
        if problem:
            yield invalid(f"{at}.url", url, problem)
    else:
        service = service or {}
        for name in ("name", "namespace"):
            if not service.get(name):
                yield required(f"{at}.service.{name}", f"service {name} is required")
        if not 0 < service.get("port", 443) < 65536:
            yield invalid(
                f"{at}.service.port", service["port"], "port is not valid: must be between 1 and 65535, inclusive"
            )
    bundle = client.get("caBundle")
    if bundle and b"-----BEGIN CERTIFICATE-----" not in base64.b64decode(bundle):
        yield invalid(f"{at}.caBundle", "…", "unable to load root certificates: unable to parse bytes as PEM block")
