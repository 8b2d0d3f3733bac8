"""Reviews: who someone is and what they may do. Answered, never stored.

TokenReview and SubjectAccessReview are what extension servers ask; the three Self… ones are `kubectl auth whoami` and `can-i`.
"""

from __future__ import annotations

from typing import Any

from podid.localcluster.apiserver.access_policies import EXTRA
from podid.localcluster.apiserver.attributes import Attributes
from podid.localcluster.apiserver.authorization import is_allowed
from podid.localcluster.apiserver.bodies import read_object
from podid.localcluster.apiserver.http import Answer, Request, json_answer
from podid.localcluster.apiserver.paths import Target
from podid.localcluster.apiserver.writing import check_type
from podid.localcluster.objects.conform import conform
from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.service_account_tokens import API_AUDIENCE, Refused, ServiceAccountTokens
from podid.localcluster.users import MASTERS, User


async def review(tokens: ServiceAccountTokens, target: Target, request: Request, user: User) -> Answer:
    """The answer to a POST of a review. Raises ApiError."""
    body, _ = read_object(await request.body(), request.content_type, type_name=target.kind.kind)
    check_type(target.kind, body)
    asked, _ = conform(body, target.kind)
    spec: dict[str, Any] = asked.get("spec") or {}
    status: dict[str, Any]
    match target.kind.kind:
        case "TokenReview":
            status = _token_review(tokens, spec)
            spec = {**spec, "token": ""} if "token" in spec else spec
        case "SelfSubjectReview":
            status = {"userInfo": user.as_info()}
        case "SelfSubjectRulesReview":
            status = _rules(user)
        case "SelfSubjectAccessReview":
            status = _access(user, spec)
        case _:
            if target.namespace and (spec.get("resourceAttributes") or {}).get("namespace", "") != target.namespace:
                raise BadRequest("spec.resourceAttributes.namespace must match the namespace of the request")
            status = _access(_named_user(spec), spec)
    told: dict[str, Any] = {
        "kind": target.kind.kind,
        "apiVersion": target.kind.api_version,
        "metadata": {"creationTimestamp": None},
    }
    if target.kind.kind != "SelfSubjectReview":
        told["spec"] = spec
    return json_answer({**told, "status": status}, 201)


def _token_review(tokens: ServiceAccountTokens, spec: dict[str, Any]) -> dict[str, Any]:
    if not spec.get("token"):
        raise BadRequest("token is required for TokenReview in authentication")
    problem = ""
    user: User | None = None
    good: list[str] = []
    for audience in spec.get("audiences") or [API_AUDIENCE]:
        try:
            user = tokens.user_of(spec["token"], audience)
            good.append(audience)
        except Refused as refused:
            problem = str(refused)
    if user is None:
        return {"user": {}, "error": f"[invalid bearer token, {problem}]"}
    return {"authenticated": True, "user": user.as_info(), "audiences": good}


def _named_user(spec: dict[str, Any]) -> User:
    if not spec.get("user") and not spec.get("groups"):
        raise BadRequest("spec.user: Required value: at least one of user or group must be specified")
    extra = {str(key): tuple(values or ()) for key, values in (spec.get("extra") or {}).items()}
    return User(
        username=spec.get("user") or "", uid=spec.get("uid") or "", groups=tuple(spec.get("groups") or ()), extra=extra
    )


def _access(user: User, spec: dict[str, Any]) -> dict[str, Any]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        raise BadRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified")
    if resource is not None:
        wanted = Attributes(
            verb=resource.get("verb") or "",
            group=resource.get("group") or "",
            resource=resource.get("resource") or "",
            subresource=resource.get("subresource") or "",
            namespace=resource.get("namespace") or "",
            name=resource.get("name") or "",
        )
    else:
        path = path or {}
        wanted = Attributes(verb=path.get("verb") or "", path=path.get("path") or "/")
    if is_allowed(user, wanted):
        return {"allowed": True}
    return {
        "allowed": False,
        "reason": "the local cluster has no RBAC: its administrator may do all, AWS principals what their access policies say, "
        "others may review themselves",
    }


def _rules(user: User) -> dict[str, Any]:
    """What `kubectl auth can-i --list` prints."""
    if MASTERS in user.groups:
        resources = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
        paths = [{"verbs": ["*"], "nonResourceURLs": ["*"]}]
    else:
        resources = [
            {
                "verbs": ["create"],
                "apiGroups": ["authorization.k8s.io"],
                "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            },
            {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
        ]
        names = ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi/*", "/readyz", "/version"]
        paths = [{"verbs": ["get"], "nonResourceURLs": names}]
    if MASTERS not in user.groups and EXTRA in user.extra:
        # As on EKS, whose authorizer of access policies can be asked about one request only.
        problem = "access policies cannot be listed as rules"
        return {
            "resourceRules": resources,
            "nonResourceRules": paths,
            "incomplete": True,
            "evaluationError": problem,
        }
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}
