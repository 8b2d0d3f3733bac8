"""JSON from strangers: the quick way says what the careful one says, and a name twice is always refused."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from podid.core import strict_json
from podid.core.strict_json import MalformedJson, parse_json

SCALARS = (
    '"a"',
    '":x"',
    '" y"',
    '"é"',
    '"\\n"',
    '"\\u0041"',
    '"\\ud800"',
    '""',
    "1",
    "-0",
    "1.50",
    "1e5",
    "1E400",
    "true",
    "null",
)
SIGNS = (*'{}[]:, \n\t\\"', '"a":', '"a" :', "NaN", "\xef\xbb\xbf", *SCALARS)


def written(chance: random.Random, levels: int) -> str:
    """A JSON text as somebody may write it, names twice and blanks in odd places included."""
    kind = chance.random()
    if levels <= 0 or kind < 0.3:
        return chance.choice(SCALARS)
    comma = chance.choice((",", ", ", " ,\n"))
    if kind < 0.6:
        return f"[{comma.join(written(chance, levels - 1) for _ in range(chance.randrange(3)))}]"
    names = (chance.choice(('"a"', '"b"', '"c"', '":d"', '" e"', '"\\u0061"')) for _ in range(chance.randrange(4)))
    colon = chance.choice((":", ": ", " : "))
    return "{" + comma.join(f"{name}{colon}{written(chance, levels - 1)}" for name in names) + "}"


def told(read: Callable[[], Any]) -> str:
    try:
        return repr(read())
    except MalformedJson as error:
        return f"refused: {error}"


@pytest.mark.parametrize("seed", range(8))
def test_the_quick_way_and_the_careful_one_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    texts = [
        (
            written(chance, 5) if chance.random() < 0.7 else "".join(chance.choices(SIGNS, k=chance.randrange(12)))
        ).encode()
        for _ in range(1500)
    ]
    depths = [chance.choice((1, 2, 3, 128)) for _ in texts]
    both = list(zip(texts, depths, strict=True))
    quick = [told(lambda: parse_json(data, max_size=500, max_depth=depth)) for data, depth in both]  # noqa: B023
    plain = sum(strict_json._read_plain(data, depth) is not strict_json._NOT_PLAIN for data, depth in both)
    assert plain > len(texts) / 10, "the quick way was hardly taken"
    monkeypatch.setattr(strict_json, "_read_plain", lambda _data, _depth: strict_json._NOT_PLAIN)
    for (data, depth), said in zip(both, quick, strict=True):
        assert said == told(lambda: parse_json(data, max_size=500, max_depth=depth)), data  # noqa: B023


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"a" :1}',
        '{"a":":","a":1}',
        '{"a" :1,"a":":"}',
        '{"a":{"b":1,"b":":"},"c" :1}',
        '{"\\u0061":1,"a":1}',
        '[{"a":1},{"b":1,"b":1}]',
        '{"a":"x","a":["y","z"]}',
        '{"a":"\\"","a":1}',
        '{"a":["y","z"],"b":{},"b":{"c":"d"}}',
    ],
)
def test_a_name_twice_is_refused_however_it_is_hidden(text: str) -> None:
    with pytest.raises(MalformedJson, match="name twice"):
        parse_json(text.encode(), max_size=1000)


def test_depth_is_bounded_on_both_ways() -> None:
    for text in ("[" * 17 + "]" * 17, "[" * 16 + '{"a" : 1}' + "]" * 16):
        with pytest.raises(MalformedJson, match="nested deeper than 16"):
            parse_json(text.encode(), max_size=1000, max_depth=16)
    assert parse_json(("[" * 16 + "]" * 16).encode(), max_size=1000, max_depth=16)
