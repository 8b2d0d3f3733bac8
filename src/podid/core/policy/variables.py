"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and `${*}`, `${?}`, `${$}` for the characters themselves.

Source: the IAM user guide, "IAM policy elements: Variables and tags". What a variable stands for is text: wildcards in it are none. A
variable that has no value, and no default, makes its pattern match nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from podid.core.policy.globs import Token, Tokens, tokens_of

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,']*?)\s*,\s*'([^']*)'\s*\Z")
_LITERAL = frozenset("*?$")

Lookup = Callable[[str], str | None]
"""Gives the one value of a condition key (lower case), or None where it is absent or has several."""


class Variable(Struct, frozen=True):
    """A placeholder. `key` is in lower case; `default` is None where there is none."""

    key: str
    default: str | None = None


Part = Token | Variable
Template = tuple[Part, ...]


def template_of(text: str, *, variables: bool, wildcards: bool, after: int = 0) -> Template:
    """Split an operand into texts, wildcards and variables.

    `variables`: whether the policy's version has them. `wildcards`: whether `*` and `?` are. Variables before the offset `after` are text
    (in a resource's ARN, what stands before the fifth colon).
    """
    parts: list[Part] = []
    done = 0
    for found in _VARIABLE.finditer(text, after) if variables else ():
        parts += _plain(text[done : found.start()], wildcards)
        parts.append(_placeholder(found.group(1)))
        done = found.end()
    parts += _plain(text[done:], wildcards)
    return tuple(parts)


def _plain(text: str, wildcards: bool) -> Tokens:
    if wildcards:
        return tokens_of(text)
    return (text,) if text else ()


def _placeholder(inside: str) -> str | Variable:
    name = inside.strip()
    if name in _LITERAL:
        return name
    with_default = _WITH_DEFAULT.match(inside)
    if with_default:
        return Variable(with_default.group(1).lower(), with_default.group(2))
    return Variable(name.lower())


def is_static(template: Template) -> bool:
    """Whether the template has no variable, and so is the same for every request."""
    return not any(isinstance(part, Variable) for part in template)


def resolve(template: Template, lookup: Lookup) -> Tokens | None:
    """Put values in the variables' places. None where a variable has no value and no default."""
    tokens: list[Token] = []
    for part in template:
        if isinstance(part, Variable):
            value = lookup(part.key)
            if value is None:
                value = part.default
            if value is None:
                return None
            tokens.append(value)
        else:
            tokens.append(part)
    return tuple(tokens)


def written(tokens: Tokens) -> str:
    """Resolved tokens as text for people, wildcards as `*` and `?`."""
    return "".join(token if isinstance(token, str) else token.sign for token in tokens)
