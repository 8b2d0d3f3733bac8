"""What IAM refuses beyond the grammar, in the order in which it looks, with the texts it answers.

Source: IAM's own answers, as public issue reports and moto's recorded cases have them. Two rounds are called "legacy parsing" by IAM itself;
a fault in a resource is noted there and reported only after the checks that follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from podid.core.policy import operands
from podid.core.policy.document import Document, Effect, Patterns, PolicyKind, Statement
from podid.core.policy.globs import matcher, tokens_of
from podid.core.policy.json_text import Path
from podid.core.policy.operators import operators
from podid.core.policy.organizations import check_organizations
from podid.core.policy.reading import Source
from podid.core.policy.resources import is_incomplete

_LEGACY = "The policy failed legacy parsing"

_PARTITIONS = frozenset(
    {
        "aws",
        "aws-cn",
        "aws-us-gov",
        "aws-iso",
        "aws-iso-b",
        "aws-iso-e",
        "aws-iso-f",
        "aws-eusc",
    }
)
_VENDOR = re.compile(r"[A-Za-z0-9.\-]+", re.ASCII)
_IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_IAM_PATHS_UNNAMED = ("root", "role-template/")
"""Further beginnings that IAM takes (AWS's own policies have them), though its message does not list them."""
_REGIONAL_S3 = ("accesspoint/", "access-grants/", "job/", "storage-lens/", "storage-lens-group/", "async-request/")
"""The kinds of S3 resources that live in a region; buckets and objects are named without one."""
_TRUST_ACTIONS = (
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:assumeroot",
    "sts:decodeauthorizationmessage",
    "sts:getaccesskeyinfo",
    "sts:getcalleridentity",
    "sts:getfederationtoken",
    "sts:getservicebearertoken",
    "sts:getsessiontoken",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
)
_COGNITO = "cognito-identity.amazonaws.com"
_NO_RESOURCES = "Policy statement must contain resources."

WITHOUT_PRINCIPAL = frozenset({PolicyKind.IDENTITY, PolicyKind.SESSION, PolicyKind.BOUNDARY, PolicyKind.SCP})
"""The kinds that hang on the principal themselves, and so must not name one."""


def check_resources(source: Source, document: Document, kind: PolicyKind) -> None:
    """Refuse a statement that names no resources, where it would otherwise say something about every one.

    Policies of resources and trust policies are about the one they hang on: many services take their own resource as understood.
    """
    if kind in (PolicyKind.RESOURCE, PolicyKind.TRUST):
        return
    for statement in document.statements:
        if statement.resources is None:
            source.refuse(_NO_RESOURCES, ("Statement", statement.index), "expected a Resource or a NotResource")


def check(source: Source, document: Document, kind: PolicyKind, *, managed: bool) -> None:
    """Refuse, with MalformedPolicy, what AWS refuses to store as a policy of this kind. `managed`: a managed policy, not an inline one."""
    rules = _Rules(source, document, kind)
    if kind is PolicyKind.TRUST:
        rules.trust()
    else:
        rules.permissions(managed=managed)


class _Rules:
    def __init__(self, source: Source, document: Document, kind: PolicyKind) -> None:
        self._source = source
        self._document = document
        self._kind = kind

    # The order of these checks is the order in which IAM reports.
    def permissions(self, *, managed: bool) -> None:
        if managed and not self._document.has_variables:
            self._source.refuse(
                "Policy document must be version 2012-10-17 or greater.",
                ("Version",),
                'expected "Version": "2012-10-17"',
            )
        self._principals()
        if self._kind in (PolicyKind.SCP, PolicyKind.RCP):
            check_organizations(self._source, self._document, self._kind)
        self._legacy()
        resource_fault = self._resources()
        self._unique_sids("Statement IDs (SID) in a single policy must be unique.")
        for statement in self._document.statements:
            if not statement.actions.values:
                self._source.refuse("Policy statement must contain actions.", self._path(statement))
        if resource_fault is not None:
            message, path = resource_fault
            self._source.refuse(message, path)
        for statement in self._document.statements:
            self._vendors(statement)
        if self._kind is PolicyKind.RESOURCE:
            return  # many services take their own resource as understood
        for statement in self._document.statements:
            if statement.resources is None or not statement.resources.values:
                self._source.refuse(_NO_RESOURCES, self._path(statement))

    def trust(self) -> None:
        for statement in self._document.statements:
            path = self._path(statement)
            if statement.principal is None:
                self._source.refuse("Missing required field Principal", path)
            if statement.principal.negated:
                allows = statement.effect is Effect.ALLOW
                self._source.refuse(
                    "Allow with NotPrincipal is not allowed."
                    if allows
                    else "AssumeRole policy must not contain NotPrincipal field.",
                    (*path, "NotPrincipal"),
                )
            if ("*", "*") in statement.principal.entries:
                self._source.refuse("Principal must be a JSON object.", (*path, "Principal"), 'expected {"AWS": "*"}')
            if any(kind == "CanonicalUser" for kind, _ in statement.principal.entries):
                self._source.refuse(
                    'Invalid principal in policy: "CanonicalUser"', (*path, "Principal", "CanonicalUser")
                )
            if ("Federated", _COGNITO) in statement.principal.entries and not _bound_to_a_pool(statement):
                self._source.refuse("A condition block must be present for the Cognito provider", path)
            if not statement.actions.values:
                self._source.refuse("Missing required field Action", path)
            self._trust_actions(statement)
            if statement.resources is not None:
                if statement.resources.negated:
                    self._source.refuse("AssumeRole policy must not contain resources.", (*path, "NotResource"))
                self._source.refuse("Has prohibited field Resource", (*path, "Resource"))
        self._unique_sids("The Statement Ids in the policy are not unique")
        self._legacy()

    def _path(self, statement: Statement) -> Path:
        return ("Statement", statement.index)

    def _principals(self) -> None:
        for statement in self._document.statements:
            path = self._path(statement)
            if self._kind in WITHOUT_PRINCIPAL:
                if statement.principal is not None:
                    element = "NotPrincipal" if statement.principal.negated else "Principal"
                    self._source.refuse("Policy document should not specify a principal.", (*path, element))
            elif statement.principal is None:
                self._source.refuse("Missing required field Principal", path)

    def _legacy(self) -> None:
        """The effects' exact spelling, and dates."""
        for statement in self._document.statements:
            if statement.effect_text not in ("Allow", "Deny"):
                self._source.refuse(_LEGACY, (*self._path(statement), "Effect"), "expected Allow or Deny, so written")
            for test in statement.conditions:
                operator = operators()[test.operator]
                if operator.comparison.value.startswith("Date"):
                    for value in test.values:
                        if operands.instant(value) is None:
                            path = (*self._path(statement), "Condition", test.operator, test.key)
                            self._source.refuse(_LEGACY, path, "expected a date in ISO 8601, or seconds since 1970")

    def _unique_sids(self, message: str) -> None:
        seen: set[str] = set()
        for statement in self._document.statements:
            if statement.sid and statement.sid in seen:
                self._source.refuse(message, (*self._path(statement), "Sid"))
            seen.add(statement.sid)

    def _vendors(self, statement: Statement) -> None:
        for value, path in self._written(statement, "Action", statement.actions):
            if value == "*":
                continue
            vendor, *names = value.split(":")
            if not names:
                self._source.refuse(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
                    path,
                    "expected service:Action",
                )
            if len(names) > 1:
                self._source.refuse("Actions/Condition can contain only one colon.", path)
            if vendor != "*" and not _VENDOR.fullmatch(vendor):
                self._source.refuse(f"Vendor {vendor} is not valid", path)

    def _trust_actions(self, statement: Statement) -> None:
        for value, path in self._written(statement, "Action", statement.actions):
            service, colon, _ = value.partition(":")
            matches = matcher(tokens_of(value.lower()))
            if service.lower() != "sts" or not colon or not any(map(matches, _TRUST_ACTIONS)):
                self._source.refuse("AssumeRole policy may only specify STS AssumeRole actions.", path)

    def _resources(self) -> tuple[str, Path] | None:
        """The fault to be reported later. Raises at once for a resource that fails "legacy parsing", if none was faulty before it."""
        fault: tuple[str, Path] | None = None
        for statement in self._document.statements:
            if statement.resources is None:
                continue
            # IAM looks at the last one in the order of the alphabet first.
            written = sorted(self._written(statement, "Resource", statement.resources), reverse=True)
            for value, path in written:
                message = _resource_fault(value)
                if message is not None:
                    fault = (message, path)
            if fault is None:
                for value, path in written:
                    # "If you specify an incomplete ARN in a session policy, the call to AWS STS fails."
                    if _fails_legacy(value) or (self._kind is PolicyKind.SESSION and is_incomplete(value)):
                        self._source.refuse(_LEGACY, path, "expected arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE")
        return fault

    def _written(self, statement: Statement, name: str, patterns: Patterns) -> Iterator[tuple[str, Path]]:
        """Every value of an element with the path to it."""
        element = (*self._path(statement), f"Not{name}" if patterns.negated else name)
        for index, value in enumerate(patterns.values):
            yield value, (*element, index)


def _fails_legacy(resource: str) -> bool:
    if resource == "*":
        return False
    parts = resource.split(":")
    return (len(parts) < 6 and "::" in resource) or len(parts) < 3 or not parts[2]


def _resource_fault(resource: str) -> str | None:
    """What is wrong with a resource, in IAM's words; None where nothing is, or where "legacy parsing" would say so."""
    if resource == "*":
        return None
    _, colon, rest = resource.partition(":")
    if not colon:
        return f'Resource {resource} must be in ARN format or "*".'
    partition, colon, rest = rest.partition(":")
    if partition != "*" and partition not in _PARTITIONS:
        given = rest.split(":", 3) if rest else []
        shown = ":".join([*given, *["*"] * (4 - len(given))])
        return f'Partition "{partition}" is not valid for resource "arn:{partition}:{shown}".'
    if not colon:
        return "Resource vendor must be fully qualified and cannot contain regexes."
    service, _, rest = rest.partition(":")
    region, _, rest = rest.partition(":")
    _, _, name = rest.partition(":")
    if service == "iam":
        if region:
            return f"IAM resource {resource} cannot contain region information."
        if not name.startswith(_IAM_PATHS) and not name.startswith(_IAM_PATHS_UNNAMED) and name != "*":
            return f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS)}.'
    if service == "s3" and region and not name.startswith(_REGIONAL_S3):
        return f"Resource {resource} can not contain region information."
    return None


def _bound_to_a_pool(statement: Statement) -> bool:
    """Whether a condition compares Cognito's audience with something."""
    return any(
        test.key.lower() == f"{_COGNITO}:aud" and any(value.strip("*?") for value in test.values)
        for test in statement.conditions
    )
