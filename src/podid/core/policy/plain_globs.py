"""Wildcards matched the textbook's way, for the plain evaluator: what `globs.py` does quickly is held against this."""

from __future__ import annotations

from collections.abc import Sequence

from podid.core.policy.globs import Tokens, Wild, matches, prepare

_MOST_STEPS = 200_000
"""Of the textbook's way to match: a tenth of a second. A trace of a hostile policy must end, too."""


def glob_tokens(tokens: Tokens, value: str) -> bool:
    """Whether a pattern covers all of a value."""
    return glob([each for token in tokens for each in ([token] if isinstance(token, Wild) else token)], value)


def glob(pattern: Sequence[str | Wild], value: str, *, wild: str = "") -> bool:
    """The textbook's way: `reached[i]` says whether the first i parts of the pattern cover what was read so far of the value.

    `wild` names the characters that are wildcards as they stand. What would take too many steps this way is left to the compiled matcher.
    """
    parts = [Wild(part) if isinstance(part, str) and part in wild else part for part in pattern]
    if len(parts) * len(value) > _MOST_STEPS:
        return matches(prepare(parts), value)
    stars = (Wild.ANY, Wild.ANY_WITHIN)
    reached = [True] + [False] * len(parts)
    for i, part in enumerate(parts):
        reached[i + 1] = reached[i] and part in stars
    for character in value:
        following = [False] * (len(parts) + 1)
        for i, part in enumerate(parts):
            reads = part in (Wild.ANY, Wild.ONE, character) or (
                part in (Wild.ANY_WITHIN, Wild.ONE_WITHIN) and character != ":"
            )
            if part in stars:
                following[i + 1] = following[i] or (reads and reached[i + 1])
            else:
                following[i + 1] = reads and reached[i]
        reached = following
    return reached[-1]


def arn_like(tokens: Tokens, value: str) -> bool:
    """Part by part, so that no wildcard reaches over one of the first five colons. A lone `*` is any ARN."""
    if len(value.split(":", 5)) != 6:
        return False
    if tokens == (Wild.ANY,):
        return True
    parts: list[list[str | Wild]] = [[]]
    for token in tokens:
        for character in [token] if isinstance(token, Wild) else token:
            if character == ":" and len(parts) < 6:
                parts.append([])
            else:
                parts[-1].append(character)
    return len(parts) == 6 and all(glob(part, text) for part, text in zip(parts, value.split(":", 5), strict=True))
