"""Two patterns held against each other: whether some text matches both, and whether one matches all that the other does.

Patterns are sequences of steps, each of which reads one character, or any number of them. Both questions are answered by walking the two
sequences at once; the pairs of places that can be reached are at most the product of their lengths.

Where it cannot tell, `overlap` says yes and `covers` no: lint rather stays silent than is wrong.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from podid.core.policy.syntax import Variable, Wild, resource_template

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}|<([^>]*)>")
_SIGNS = re.compile(r"[*?]")
_LONGEST = 512
"""Characters of a pattern that are still compared; no ARN is longer than that."""
_WITHIN_A_PART = frozenset({"Partition", "Region", "Account", "AccountId"})


class Step(Struct, frozen=True):
    """Reads `text`, or, where that is empty, any character but those of `but`; any number of them where `many`."""

    text: str = ""
    but: str = ""
    many: bool = False


Steps = tuple[Step, ...]


class Form(Struct, frozen=True):
    """The form of an ARN of one kind of resource; `service` is its third part."""

    service: str
    steps: Steps


_ANY = Step(many=True)
_WILD = {
    Wild.ANY: _ANY,
    Wild.ONE: Step(),
    Wild.ANY_WITHIN: Step(but=":", many=True),
    Wild.ONE_WITHIN: Step(but=":"),
}


def of_policy(pattern: str, *, variables: bool = True) -> Steps:
    """A resource's pattern in a policy: wildcards, most of which stay within a segment, and variables, which may stand for anything."""
    steps: list[Step] = []
    for part in resource_template(pattern, variables=variables):
        if isinstance(part, str):
            steps += map(Step, part)
        else:
            steps.append(_ANY if isinstance(part, Variable) else _WILD[part])
    return tuple(steps)


def of_reference(template: str) -> Form:
    """The form of an ARN in AWS's reference: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`. What a placeholder holds is not empty.

    A bucket's name has no slash; what else has none the reference does not say, so it may have.
    """
    steps: list[Step] = []
    done = 0
    for found in _PLACEHOLDER.finditer(template):
        steps += [Step(each) for each in template[done : found.start()]]
        name = found[1] or found[2] or ""
        if name in _WITHIN_A_PART:
            steps.append(Step(but=":", many=True))
        else:
            but = "/" if name == "BucketName" else ""
            steps += [Step(but=but), Step(but=but, many=True)]
        done = found.end()
    return Form(template.split(":")[2], (*steps, *(Step(each) for each in template[done:])))


@lru_cache(maxsize=4096)
def overlap(one: Steps, other: Steps) -> bool:
    """Whether there is a text that both match."""
    if len(one) > _LONGEST or len(other) > _LONGEST:
        return True
    goal = (len(one), len(other))
    seen = {(0, 0)}
    open_ = [(0, 0)]
    while open_:
        place = open_.pop()
        if place == goal:
            return True
        left, right = place
        here = one[left] if left < goal[0] else None
        there = other[right] if right < goal[1] else None
        following = []
        if here is not None and here.many:
            following.append((left + 1, right))
        if there is not None and there.many:
            following.append((left, right + 1))
        if here is not None and there is not None and _share(here, there):
            following.append((left if here.many else left + 1, right if there.many else right + 1))
        for each in following:
            if each not in seen:
                seen.add(each)
                open_.append(each)
    return False


def _share(one: Step, other: Step) -> bool:
    if one.text and other.text:
        return one.text == other.text
    if one.text or other.text:
        return (one.text or other.text) not in (one.but + other.but)
    return True


def head_of(pattern: str) -> str:
    """What stands before the first wildcard."""
    return _SIGNS.split(pattern, maxsplit=1)[0]


def covers(wide: str, narrow: str, *, segments: bool = False) -> bool:
    """Whether the pattern `wide` of a policy matches all that `narrow` does, as far as that is plain to see.

    `narrow` is read as a text in which each wildcard is a character that only a wildcard of `wide` reads; `?` of `wide` reads none of `*`.
    `segments`: whether these are patterns of resources, whose wildcards read no colon but for a star at a segment's end.
    """
    if wide in ("*", narrow):
        return True
    if len(wide) > _LONGEST or len(narrow) > _LONGEST or "${" in wide or not narrow.startswith(head_of(wide)):
        return False
    # What a wildcard that stays within its segment does not read: a colon, and a star that may stand for one.
    barred = {at for at, each in enumerate(narrow) if each == ":" or (each == "*" and _ends_segment(narrow, at))}
    reached = {0}
    for place, each in enumerate(wide):
        if each == "*" and segments and not _ends_segment(wide, place):
            further: set[int] = set()
            for at in range(len(narrow) + 1):
                if at in reached or (at - 1 in further and at - 1 not in barred):
                    further.add(at)
            reached = further
        elif each == "*":
            reached = set(range(min(reached, default=len(narrow) + 1), len(narrow) + 1))
        elif each == "?":
            reached = {
                at + 1 for at in reached if at < len(narrow) and narrow[at] != "*" and not (segments and at in barred)
            }
        else:
            reached = {at + 1 for at in reached if at < len(narrow) and narrow[at] == each}
        if not reached:
            return False
    return len(narrow) in reached


def _ends_segment(pattern: str, at: int) -> bool:
    """Whether nothing but stars stands between a place and the next colon, or the end."""
    rest = pattern[at:].lstrip("*")
    return not rest or rest.startswith(":")
