"""What a value of `Resource` or `NotResource` means as a pattern.

Sources: the IAM user guide, "IAM JSON policy elements: Resource": wildcards stand for characters within a segment of an ARN, the parts
between colons, and a `*` that is a segment's last character "can expand to match beyond the colon boundaries". And "Identify AWS resources with
Amazon Resource Names (ARNs)": in identity-based policies, AWS completes an ARN of fewer than six fields with `*`.
"""

from __future__ import annotations

from podid.core.policy.document import PolicyKind
from podid.core.policy.globs import ONES, STARS, Wild
from podid.core.policy.variables import Part, Template, template_of

FIELDS = 6
COMPLETED = frozenset({PolicyKind.IDENTITY, PolicyKind.BOUNDARY})
"""The kinds of policies whose incomplete ARNs are completed; a boundary is an identity-based policy in another role."""


def is_incomplete(value: str) -> bool:
    """Whether it is an ARN that lacks fields."""
    return value.startswith("arn:") and value.count(":") < FIELDS - 1


def completed(value: str) -> str:
    """An ARN with `*` in the place of every field that it lacks: `arn:aws:sqs` is `arn:aws:sqs:*:*:*`."""
    return value + ":*" * (FIELDS - 1 - value.count(":")) if is_incomplete(value) else value


def readings(value: str, kind: PolicyKind) -> tuple[str, ...]:
    """The patterns that a value stands for, of which one has to match.

    Where a `*` reaches over colons, nobody can tell how many fields were meant: `arn:aws:sqs:*:queue` may be whole already, so it counts as
    it stands, too.
    """
    if kind not in COMPLETED or not is_incomplete(value):
        return (value,)
    return (completed(value), value) if "*" in value else (completed(value),)


def resource_template(value: str, *, variables: bool) -> Template:
    """A resource's pattern. Variables stand only in an ARN's last part; before the fifth colon they are text."""
    after = 0
    for _ in range(FIELDS - 1):
        after = value.find(":", after) + 1
        if not after:
            return in_segments(template_of(value, variables=False, wildcards=True))
    return in_segments(template_of(value, variables=variables, wildcards=True, after=after))


def in_segments(template: Template) -> Template:
    """The template with wildcards that stay within their segments, but for a star, or a run of stars, at the end of one.

    Segments are those of the pattern as it is written: what a variable stands for neither begins nor ends one. An ARN's last field is one
    segment, whatever colons a resource's own name has: an object's key may hold some, and a Deny of `bucket/*.json` means it, too.
    """
    parts: list[Part] = []
    ends = True  # whether the segment ends behind the part at hand
    within = sum(part.count(":") for part in template if isinstance(part, str))
    for part in reversed(template):
        if isinstance(part, str):
            within -= part.count(":")
        last_field = within >= FIELDS - 1
        if part in STARS:
            parts.append(Wild.ANY if ends or last_field else Wild.ANY_WITHIN)
        elif part in ONES:
            parts.append(Wild.ONE if last_field else Wild.ONE_WITHIN)
            ends = False
        else:
            parts.append(part)
            ends = isinstance(part, str) and part.startswith(":")
    return tuple(reversed(parts))
