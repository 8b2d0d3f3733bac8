"""The codes of findings: short, stable, one line each of what is regretted. They never change their meaning; docs/policy.md lists them."""

from __future__ import annotations

from typing import Final

REFUSED: Final = "refused"
"""The one code that is an error: IAM does not take the policy."""

CODES: Final[dict[str, str]] = {
    REFUSED: "IAM does not store this policy",
    # what is allowed
    "everything": "every action on every resource is allowed",
    "administration": "whoever may do anything with IAM may give himself everything",
    "allow-not-action": "Allow with NotAction allows every action that there is or will be, but those named",
    "allow-not-resource": "Allow with NotResource allows every resource that there is or will be, but those named",
    "pass-any-role": "any role may be passed to any service, with all that the role may do",
    # whom
    "anybody": "everybody is allowed, and no condition says who",
    "not-principal": "NotPrincipal leaves out less than it seems to: roles, sessions and accounts have to be named all",
    "any-federated-identity": "whoever the identity provider knows is allowed",
    "service-for-anybody": "the service may act here for anybody's account",
    "wrong-assume-action": "this kind of principal comes with another action",
    # conditions
    "for-all-values-of-nothing": "ForAllValues is true of a request that has no such key",
    "if-exists-of-any": "ForAnyValue does not match a request that has no such key, IfExists or not",
    "set-operator-on-single": "the key has one value: ForAllValues and ForAnyValue are for keys with several",
    "no-set-operator": "the key may have several values: say ForAllValues or ForAnyValue",
    "wildcard-as-text": "* and ? are ordinary characters to this operator",
    "never-matches": "the value is not of the operator's type, so the comparison never matches",
    "no-values": "an empty list of values matches nothing",
    "key-twice": "a condition key has no case: here it stands twice in one operator",
    "private-source-ip": "aws:SourceIp is a public address: a private one is in aws:VpcSourceIp",
    # what there is
    "unknown-service": "there is no such service",
    "unknown-action": "there is no such action",
    "unknown-key": "there is no such condition key",
    "unknown-variable": "a variable of this name has no value in any request",
    "key-of-no-action": "no action named here has this condition key",
    "key-not-of-all": "some of the actions named do not have this condition key, so they never match",
    "resource-of-no-action": "no action named here acts on this kind of resource",
    "action-on-no-resource": "the action acts on none of the resources named here",
    "wildcard-stops-at-colon": "a wildcard within a segment of an ARN matches no colon, so that fields are missing here",
    # versions and variables
    "old-version": "without Version 2012-10-17, variables are text",
    "variables-as-text": "under this version ${…} is text, not a variable",
    # statements
    "unreachable": "another statement denies all that this one allows",
    "redundant": "another statement allows all that this one allows",
    "too-long": "longer than what IAM takes in one of the places where such policies go",
    # EKS Pod Identity
    "pods-without-tag-session": "EKS Pod Identity tags its sessions: without sts:TagSession the role cannot be assumed",
    "association-as-source": "EKS Pod Identity sends the cluster as aws:SourceArn, never the association",
}
