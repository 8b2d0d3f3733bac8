"""The small readers below the engine: wildcards, variables, typed operands, JSON."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from podid.core.policy import operands
from podid.core.policy.globs import Wild, matcher, matches, prepare, tokens_of
from podid.core.policy.json_text import DEEPEST, NotJson, place_of, position_of, read_json
from podid.core.policy.patterns import Pattern
from podid.core.policy.variables import Variable, resolve, template_of, written

ANY, ONE = Wild.ANY, Wild.ONE


@pytest.mark.parametrize(
    ("pattern", "tokens"),
    [
        ("", ()),
        ("abc", ("abc",)),
        ("a*b?c", ("a", ANY, "b", ONE, "c")),
        ("**", (ANY, ANY)),
        ("?*", (ONE, ANY)),
    ],
)
def test_tokens(pattern: str, tokens: tuple[object, ...]) -> None:
    assert tokens_of(pattern) == tokens


GLOBS = [
    ("", "", True),
    ("", "a", False),
    ("*", "", True),
    ("**", "", True),
    ("?", "", False),
    ("?", "ab", False),
    ("??", "ab", True),
    ("a*a", "a", False),
    ("a*a", "aa", True),
    ("ab*ba", "aba", False),
    ("ab*ba", "abba", True),
    ("*a*", "bab", True),
    ("*ab*ab*", "abab", True),
    ("*ab*ab*", "aba", False),
    ("*ab*b", "abb", True),
    ("*ab*ab", "ab", False),
    ("a?*?c", "abbc", True),
    ("a?*?c", "abc", False),
    ("*?", "a", True),
    ("?*", "", False),
    ("*?b", "ab", True),
    ("*?b", "b", False),
    ("a*?b*c", "axxbyc", True),
    ("a*?b*c", "abyc", False),
    ("a*b?d*e", "abcbxde", True),
    ("*ab*b*", "ab", False),
    ("*ab*b*", "abb", True),
    ("*aa*aa*", "aaa", False),
    ("*aa*aa*", "aaaa", True),
    ("*aab", "aaab", True),
    ("*a?b", "aaab", True),
    ("*é?", "caféx", True),
    ("*\ud800*", "a\ud800b", True),
]


@pytest.mark.parametrize(("pattern", "value", "covers"), GLOBS)
def test_globs(pattern: str, value: str, covers: bool) -> None:
    tokens = tokens_of(pattern)
    assert matches(prepare(tokens), value) is covers
    assert matcher(tokens)(value) is covers


def test_neighbouring_texts_are_one_text() -> None:
    glob = prepare(("a", "b", ANY, "c", "", "d"))
    assert (glob.head, glob.tail, glob.least) == ("ab", "cd", 4)


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("plain", ("plain",)),
        ("", ()),
        ("a${aws:UserName}b", ("a", Variable("aws:username"), "b")),
        ("${aws:PrincipalTag/Team}", (Variable("aws:principaltag/team"),)),
        ("${aws:PrincipalTag/a b}", (Variable("aws:principaltag/a b"),)),
        ("${k, 'default'}", (Variable("k", "default"),)),
        ("${k,'default'}", (Variable("k", "default"),)),
        ("${ k , 'a, b' }", (Variable("k", "a, b"),)),
        ("${k, ''}", (Variable("k", ""),)),
        ("${*}${?}${$}", ("*", "?", "$")),
        ("$k ${unclosed", ("$k ${unclosed",)),
        ("${a${b}", ("${a", Variable("b"))),
        ("a*${k}?", ("a", ANY, Variable("k"), ONE)),
    ],
)
def test_templates(text: str, template: tuple[object, ...]) -> None:
    assert template_of(text, variables=True, wildcards=True) == template


def test_templates_without_variables_or_wildcards() -> None:
    assert template_of("a*${k}", variables=False, wildcards=True) == ("a", ANY, "${k}")
    assert template_of("a*${k}", variables=True, wildcards=False) == ("a*", Variable("k"))
    assert template_of("${a}:${b}", variables=True, wildcards=True, after=5) == ("${a}:", Variable("b"))


def test_resolving() -> None:
    template = template_of("a*${k}-${d, 'x*'}", variables=True, wildcards=True)
    values = {"k": "*"}
    tokens = resolve(template, values.get)
    assert tokens == ("a", ANY, "*", "-", "x*")
    assert written(tokens or ()) == "a**-x*"
    assert resolve(template, lambda _: None) is None


# pattern, the value of ${v}, value, whether it covers it
PATTERNS = [
    ("${v}", "a", "a", True),
    ("${v}", "a", "aa", False),
    ("${v}*${v}", "a", "a", False),
    ("${v}*${v}", "a", "aa", True),
    ("*${v}*${v}*", "a", "a", False),
    ("*${v}*${v}*", "a", "ba", False),
    ("*${v}*${v}*", "a", "abab", True),
    ("*${v}${v}*", "a", "aba", False),
    ("*${v}${v}*", "a", "baab", True),
    ("x${v}?z*", "*", "x*yzz", True),
    ("x${v}?z*", "*", "xayz", False),
    ("*${none}*", "a", "a", False),
    ("*${none, 'b'}*", "a", "abc", True),
    ("${v}${none, 'b'}", "a", "ab", True),
]


@pytest.mark.parametrize(("pattern", "variable", "value", "covers"), PATTERNS)
def test_patterns_with_variables(pattern: str, variable: str, value: str, covers: bool) -> None:
    template = template_of(pattern, variables=True, wildcards=True)
    assert Pattern(template).matches(value, {"v": variable}.get) is covers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", Decimal(1)),
        ("-1.50", Decimal("-1.5")),
        ("+.5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("1e3", Decimal(1000)),
        ("", None),
        ("1,5", None),
        ("0x10", None),
        ("inf", None),
        ("NaN", None),
        ("1_000", None),
        (" 1", None),
        ("\u0661", None),
        ("1e99999", None),
        ("9" * 65, None),
    ],
)
def test_numbers(text: str, number: Decimal | None) -> None:
    assert operands.number(text) == number


SECOND = 10**9


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01", 0),
        ("1970", 0),
        ("1970-01", 0),
        ("1969-12-31T23:59:59Z", -SECOND),
        ("2000-02-29T00:00:00Z", 951782400 * SECOND),
        ("2100-03-01T00:00:00Z", 4107542400 * SECOND),
        ("0001-01-01T00:00:00Z", -62135596800 * SECOND),
        ("2024-02-29t12:00:00z", 1709208000 * SECOND),
        ("2024-02-29T12Z", 1709208000 * SECOND),
        ("2024-02-29T12:00:00", 1709208000 * SECOND),
        ("2024-02-29T12:00:00.25Z", 1709208000 * SECOND + SECOND // 4),
        ("2024-02-29T13:00:00+01:00", 1709208000 * SECOND),
        ("2024-02-29T13:00:00+0100", 1709208000 * SECOND),
        ("2024-02-29T13:00:00+01", 1709208000 * SECOND),
        ("2024-02-29T11:30:00-00:30", 1709208000 * SECOND),
        ("2024-02-30", 1709251200 * SECOND),
        ("0", 0),
        ("1709208000", 1709208000 * SECOND),
        ("1709208000.5", 1709208000 * SECOND + SECOND // 2),
        ("-1", -62198755200 * SECOND),
        ("", None),
        ("T", None),
        ("tomorrow", None),
        ("2024-00-01", None),
        ("2024-1-32", None),
        ("2024-01-01T25:00Z", None),
        ("2024-01-01T00:00:00+24:00", None),
        ("2024-01-01T00:00:00+1", None),
        ("2024-01-01 00:00:00", None),
        ("2024-01-01T00:00:00Zx", None),
        ("9" * 20, None),
        ("9223372036854775808", None),
    ],
)
def test_instants(text: str, instant: int | None) -> None:
    assert operands.instant(text) == instant


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0", (4, 0)),
        ("10.1.2.3", (4, 0x0A010203)),
        ("255.255.255.255", (4, 2**32 - 1)),
        ("::", (6, 0)),
        ("::ffff:10.1.2.3", (6, 0xFFFF0A010203)),
        ("2001:DB8::1", (6, 0x20010DB8 << 96 | 1)),
        ("10.1.2", None),
        ("10.1.2.256", None),
        ("10.1.2.03", None),
        ("10.1.2.+3", None),
        ("10.1.2.3/32", None),
        ("", None),
    ],
)
def test_addresses(text: str, address: tuple[int, int] | None) -> None:
    assert operands.address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "2024-W09-4T00:00:00Z",
        "2024-02-29T12:00:60Z",
        "2024-02-29T1٢:00:00Z",
        "2024-02-29T12:00,500Z",
        "2024-02-29T12:00+0:Z",
    ],
)
def test_what_only_looks_like_the_usual_form_of_a_date(text: str) -> None:
    assert len(text) in (20, 21)
    assert operands.instant(text) is None


def test_json_keeps_numbers_as_written() -> None:
    assert read_json('{"a": [1.50, -0, 1e3, true, null, "x"]}') == {"a": ["1.50", "-0", "1e3", True, None, "x"]}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expecting value"),
        ("{", "expecting property name"),
        ('{"a": 1,}', ""),
        ("[1] 2", "extra data"),
        ("[Infinity]", "Infinity is not JSON"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c' stands twice"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested deeper"),
        ('"\x01"', ""),
    ],
)
def test_what_is_not_json(text: str, problem: str) -> None:
    with pytest.raises(NotJson) as refused:
        read_json(text)
    assert problem.lower() in refused.value.problem.lower()


def test_brackets_in_texts_do_not_nest() -> None:
    assert read_json(json.dumps(["[" * 50, '{"' * 50])) == ["[" * 50, '{"' * 50]
    assert read_json("[" * DEEPEST + "]" * DEEPEST)


def test_the_second_of_two_keys_is_where_the_fault_is() -> None:
    text = '{"a": {"k": 1},\n "b": [{"k": 1}, {"k": 1, "k":  2}]}'
    with pytest.raises(NotJson) as refused:
        read_json(text)
    assert text[refused.value.offset] == "2"


def test_places() -> None:
    text = '{\n "a": [1, {"b": "x"}, []],\n "": {"c:,\\"": [true, [2]]}\n}'
    for path, found in (
        ((), "{\n"),
        (("a",), "[1"),
        (("a", 0), "1,"),
        (("a", 1, "b"), '"x"'),
        (("a", 2), "[]"),
        (("",), '{"c'),
        (("", 'c:,"', 0), "true"),
        (("", 'c:,"', 1, 0), "2]"),
        (("a", 1, "missing"), '{"b"'),
    ):
        assert text[place_of(text, path) :].startswith(found)
    assert position_of(text, place_of(text, ("a", 1, "b")))[1:] == (2, 17)
