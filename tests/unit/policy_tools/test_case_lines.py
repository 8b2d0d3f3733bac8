"""Lines of cases: the contract of `--jsonl`, and what becomes of lines that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from podid.policy_tools.cases import BadCase, Shelf, answer_lines, read_case
from podid.policy_tools.cases.case import LONGEST

HERE = "111122223333"
USER = f"arn:aws:iam::{HERE}:user/alice"
ALLOW: dict[str, Any] = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
REQUEST = {"principal": USER, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
ALLOWED = {"id": 1, "request": REQUEST, "identityPolicies": [{"name": "p", "policy": ALLOW}]}

AskLines = Callable[..., list[dict[str, Any]]]


def collected(chunks: list[bytes], shelf: Shelf | None = None) -> list[bytes]:
    """What is written for chunks of bytes, write by write."""
    written: list[bytes] = []
    left = iter([*chunks, b""])
    answer_lines(lambda: next(left), written.append, shelf)
    return written


def test_answers_have_the_documented_form(ask_lines: AskLines) -> None:
    boundary = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
    assert ask_lines([ALLOWED, {"id": "b", "request": REQUEST}, {**ALLOWED, "id": [3], "boundary": boundary}]) == [
        {"id": 1, "decision": "Allowed", "reasons": []},
        {"id": "b", "decision": "ImplicitlyDenied", "reasons": [["identity", "implicit"]]},
        {"id": [3], "decision": "ExplicitlyDenied", "reasons": [["boundary", "explicit"]]},
    ]


@pytest.mark.parametrize("identity", [0, -1.5, "x", "ü€", "", True, None, {"a": [1]}, "a" * 500, 'quote"s\\'])
def test_ids_come_back_as_they_were(ask_lines: AskLines, identity: Any) -> None:
    assert ask_lines([{**ALLOWED, "id": identity}])[0]["id"] == identity
    assert ask_lines([{"id": identity, "request": {}}])[0] == {"id": identity, "error": "request: principal is missing"}


def test_without_an_id_it_is_null(ask_lines: AskLines) -> None:
    assert ask_lines([{"request": REQUEST}])[0]["id"] is None


def text_of(**changes: Any) -> str:
    return json.dumps({**ALLOWED, **changes})


def of_request(**changes: Any) -> str:
    return text_of(request={**REQUEST, **changes})


WRONG: list[tuple[str, str]] = [
    ("nonsense", "JSON is malformed"),
    ("[]", "Expected `object`, got `array`"),
    ("null", "Expected `object`"),
    ('{"id": 1', "Input data was truncated"),
    (text_of() + " trailing", "JSON is malformed"),
    ('{"id": 1}', "missing required field `request`"),
    (text_of(request=None), "request: expected an object"),
    (text_of(request="x"), "request: expected an object"),
    # what is misspelt, or another tool's
    (text_of(sesionPolicy=ALLOW), "the case: unknown member 'sesionPolicy'"),
    (text_of(identityPolicy="p1"), "the case: unknown member 'identityPolicy'"),
    (text_of(limit=ALLOW), "the case: unknown member 'limit'"),
    (text_of(limit=json.dumps(ALLOW)), "the case: unknown member 'limit'"),
    (text_of(controls=[{"at": "root", "all": [ALLOW]}]), "the case: unknown member 'controls'"),
    (of_request(resourceAcount=HERE), "request: unknown member 'resourceAcount'"),
    (of_request(keys={"a:b": "1"}), "request: unknown member 'keys'"),
    (text_of(**{f"note {index}": "x" for index in range(101)}), "the case: more than 100 members"),
    (of_request(context={"a:b": ["x", None]}), "'a:b' has a value that is no text"),
    (of_request(context={"a:b": {"x": 1}}), "'a:b' has a value that is no text"),
    (of_request(context={"a:b": [["x"]]}), "'a:b' has a value that is no text"),
    (of_request(context={"a:b": "1", "A:B": "2"}), "'A:B' is there twice"),
    (of_request(context={"": "1"}), "a condition key has a name"),
    (of_request(context=[]), "context: expected an object"),
    # twice the same name
    ('{"id": 1, "id": 2, "request": {}}', "'id' stands twice"),
    (text_of()[:-1] + ', "request": {}}', "'request' stands twice"),
    (text_of()[:-1] + ', "identityPolicies": []}', "'identityPolicies' stands twice"),
    (of_request().replace('"action"', '"action": "s3:PutObject", "action"'), "'action' stands twice"),
    (of_request(context={"a:b": "1"}).replace('"a:b": "1"', '"a:b": "1", "a:b": "2"'), "'a:b' stands twice"),
    (text_of().replace('"name": "p"', '"name": "p", "name": "q"'), "'name' stands twice"),
    (text_of().replace('"Action": "*"', '"Action": "*", "Action": "s3:*"'), "'Action' stands twice"),
    # the request
    (of_request(action="GetObject"), "action: expected service:Name"),
    (of_request(action="s3:*"), "action: expected service:Name"),
    (of_request(action=""), "action: expected service:Name"),
    (of_request(action=5), "action: expected service:Name"),
    (of_request(action=["s3:GetObject"]), "action: expected service:Name"),
    (of_request(resource="bucket"), "resource: expected an ARN"),
    (of_request(resource=["*"]), "resource: expected an ARN"),
    (of_request(resourceAccount=HERE[:-1]), "resourceAccount: expected twelve digits"),
    # the policies
    (text_of(identityPolicies=[{"name": "p"}]), "identityPolicies[0]: Syntax errors in policy"),
    (text_of(identityPolicies=[{"name": 5, "policy": ALLOW}]), "identityPolicies[0].name: expected a text"),
    (text_of(identityPolicies=[7]), "identityPolicies[0]: expected a policy"),
    (text_of(identityPolicies=["{"]), "identityPolicies[0]: Syntax errors in policy: line 1, column 2"),
    (text_of(boundary=[ALLOW, ALLOW]), "boundary: expected one policy, not 2"),
    (text_of(scps=ALLOW), "scps: expected a list of levels"),
    (text_of(scps=[ALLOW]), 'scps[0]: expected {"level"'),
    (text_of(scps=[{"level": "root"}]), 'scps[0]: expected {"level"'),
    (text_of(scps=[{"level": "root", "policies": ALLOW}]), "scps[0].policies: expected a list"),
    (text_of(scps=[{"level": ["root"], "policies": [ALLOW]}]), 'scps[0]: expected {"level"'),
    (text_of(boundary={**ALLOW, "Statement": {"Effect": "Allow", "Action": "*"}}), "boundary: Policy statement must contain resources: line 1, column 40"),
    (text_of(boundary={**ALLOW, "Statement": {"Effect": "Allow"}, "Bogus": 1}), "boundary: Syntax errors in policy"),
    (text_of(boundary={"Version": "2012-10-17", "Statement": {**ALLOW["Statement"], "Condition": {"StringEqual": {"a:b": "c"}}}}), "unknown operator 'StringEqual'"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "problem"), WRONG)
def test_a_bad_line_is_answered_and_does_not_stop_the_others(ask_lines: AskLines, line: str, problem: str) -> None:
    before, bad, after = ask_lines([{**ALLOWED, "id": "before"}, line, {**ALLOWED, "id": "after"}])
    assert (before["decision"], after["decision"]) == ("Allowed", "Allowed")
    assert set(bad) == {"id", "error"}
    assert problem in bad["error"]
    assert "\n" not in bad["error"]


@pytest.mark.parametrize(
    "line",
    [
        *(
            text_of(**{part: None})
            for part in (
                "boundary",
                "sessionPolicy",
                "resourcePolicy",
                "trustPolicy",
                "scps",
                "rcps",
                "resourceControlPolicies",
            )
        ),
        *(
            text_of(**{part: []})
            for part in (
                "boundary",
                "sessionPolicy",
                "resourcePolicy",
                "trustPolicy",
                "scps",
                "rcps",
                "permissionBoundaries",
            )
        ),
        of_request(context=None),
        of_request(context={"a:b": None}),
        of_request(resourceAccount=None),
        of_request(resource=None),
        of_request(resourceAccount=int(HERE)),
        text_of(name="n", description="d", source="the guide", expected={"decision": "Allowed"}, tags=["a"]),
        text_of(extra=1, why={"page": "x"}, reasons=[["scp", "implicit"]], layer="identity", idx=7),
        of_request(region="us-east-1", note=["a"], source="x", wildcardOnlyAction=True),
        text_of(identityPolicies=[{"name": "p", "policy": ALLOW, "type": "inline"}]),
        text_of(scps=[{"level": "root", "id": "r-1", "policies": [{"name": "full", "policy": ALLOW, "id": "p-1"}]}]),
    ],
)
def test_null_is_as_if_left_out_and_notes_bear_on_nothing(ask_lines: AskLines, line: str) -> None:
    [answer] = ask_lines([line])
    assert answer == {"id": 1, "decision": "Allowed", "reasons": []}


def test_a_note_may_be_nested_as_deep_as_json_goes(ask_lines: AskLines) -> None:
    notes = [
        opened * depth + "1" + closed * depth
        for depth in range(100, 1200, 100)
        for opened, closed in ("[]", ('{"a":', "}"))
    ]
    answers = ask_lines([text_of()[:-1] + f', "note": {note}}}' for note in notes] + [text_of()])
    assert len(answers) == len(notes) + 1
    assert all(
        answer.get("decision") == "Allowed" or "deep" in answer["error"] or "depth" in answer["error"]
        for answer in answers
    )
    assert (answers[0]["decision"], answers[-1]["decision"]) == ("Allowed", "Allowed")


def test_bytes_that_are_not_utf8(ask_lines: AskLines) -> None:
    line = json.dumps({**ALLOWED, "id": 7}).encode()
    for bad in (line.replace(b"s3:GetObject", b"s3:Get\xff"), line.replace(b'"p"', b'"\xff"')):
        [answer] = [json.loads(each) for each in b"".join(collected([bad])).splitlines()]
        assert "error" in answer


def test_half_a_surrogate_pair_does_not_break_the_answer(ask_lines: AskLines) -> None:
    [answer] = ask_lines(['{"id": 1, "request": {"principal": "\\ud800", "action": "s3:GetObject"}}'])
    assert "error" in answer


@pytest.mark.parametrize("depth", [50, 500, 100_000])
def test_deep_nesting_is_refused(ask_lines: AskLines, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    lines = [
        json.dumps({**ALLOWED, "boundary": 0}).replace('"boundary": 0', f'"boundary": {deep}'),
        json.dumps({**ALLOWED, "request": 0}).replace('"request": 0', f'"request": {deep}'),
        deep,
    ]
    assert all("error" in answer for answer in ask_lines(lines))


def test_forms_of_policies(ask_lines: AskLines) -> None:
    text = json.dumps(ALLOW)
    forms: list[Any] = [
        ALLOW,
        text,
        {"policy": ALLOW},
        {"name": "n", "policy": text},
        [ALLOW],
        [{"name": "n", "policy": text}],
    ]
    cases = [
        {**ALLOWED, member: form} for form in forms for member in ("boundary", "sessionPolicy", "identityPolicies")
    ]
    assert {answer.get("decision", answer.get("error")) for answer in ask_lines(cases)} == {"Allowed"}
    levels: list[Any] = [
        [{"level": "root", "policies": [ALLOW]}, {"level": 1, "policies": [{"name": "a", "policy": text}]}],
        [{"policies": [ALLOW]}],
        [[ALLOW], [text]],
        [],
    ]
    assert {answer.get("decision") for answer in ask_lines([{**ALLOWED, "scps": each} for each in levels])} == {
        "Allowed"
    }


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
def test_lines_come_in_chunks_of_any_size(size: int) -> None:
    data = b"".join(json.dumps({**ALLOWED, "id": number}).encode() + b"\n" for number in range(20))
    written = collected([data[start : start + size] for start in range(0, len(data), size)])
    answers = [json.loads(line) for line in b"".join(written).splitlines()]
    assert [answer["id"] for answer in answers] == list(range(20))
    assert {answer["decision"] for answer in answers} == {"Allowed"}


def test_an_answer_is_written_before_the_next_line_comes() -> None:
    line = json.dumps(ALLOWED).encode() + b"\n"
    assert len(collected([line, line, line[:10], line[10:]])) == 3


def test_the_last_line_needs_no_end_and_empty_lines_are_no_cases() -> None:
    line = json.dumps(ALLOWED).encode()
    written = b"".join(collected([b"\n  \r\n" + line + b"\r\n\n" + line]))
    assert written.count(b'"Allowed"') == 2
    assert written.count(b"\n") == 2
    assert collected([]) == []


def test_a_line_that_is_too_long_is_answered_and_forgotten() -> None:
    line = json.dumps(ALLOWED).encode() + b"\n"
    chunk = b'"' + b"x" * (LONGEST // 4)
    written = b"".join(collected([line, *[chunk] * 9, b"\n" + line, *[chunk] * 9]))
    answers = [json.loads(each) for each in written.splitlines()]
    assert [sorted(answer) for answer in answers] == [["decision", "id", "reasons"], ["error", "id"]] * 2
    with pytest.raises(BadCase, match="longer than"):
        read_case(b" " * (LONGEST + 1), Shelf())


def test_policies_are_read_once_and_the_shelf_stays_bounded() -> None:
    shelf = Shelf(most_entries=3)
    case = json.dumps(ALLOWED).encode()
    first, again = read_case(case, shelf), read_case(case, shelf)
    assert first.policies.identity[0] is again.policies.identity[0]
    for number in range(10):
        read_case(case.replace(b'"name": "p"', b'"name": "p%d"' % number), shelf)
    assert read_case(case, shelf).policies.identity[0] is not first.policies.identity[0]
    small = Shelf(most_bytes=1)
    assert read_case(case, small).policies.identity[0] is read_case(case, small).policies.identity[0]


def test_the_same_bytes_in_another_place_are_another_policy() -> None:
    case = read_case(json.dumps({**ALLOWED, "boundary": ALLOW, "sessionPolicy": ALLOW}).encode(), Shelf())
    assert case.policies.boundary is not None
    assert case.policies.session is not None
    assert (case.policies.boundary.name, case.policies.session[0].name) == ("boundary", "sessionPolicy")


def test_a_byte_order_mark_before_the_first_line() -> None:
    line = json.dumps(ALLOWED).encode() + b"\n"
    assert b"".join(collected([b"\xef\xbb\xbf" + line, line])).count(b'"Allowed"') == 2


def test_operators_in_any_case(ask_lines: AskLines) -> None:
    condition = {"forallvalues:STRINGequalsIFEXISTS": {"x:k": "a"}, "null": {"x:none": "true"}}
    policy = {"Version": "2012-10-17", "Statement": {**ALLOW["Statement"], "Condition": condition}}
    asked = [{"request": {**REQUEST, "context": {"x:k": value}}, "identityPolicies": policy} for value in ("a", "b")]
    assert [answer["decision"] for answer in ask_lines(asked)] == ["Allowed", "ImplicitlyDenied"]


@pytest.mark.parametrize(
    ("who", "allowed"), [(USER, True), (HERE, False), ("lambda.amazonaws.com", False), ("*", True)]
)
def test_a_principal_that_is_a_text(ask_lines: AskLines, who: str, allowed: bool) -> None:
    policy = {"Version": "2012-10-17", "Statement": {**ALLOW["Statement"], "Principal": who}}
    [answer] = ask_lines([{"request": REQUEST, "resourcePolicy": policy}])
    assert (answer["decision"] == "Allowed") is allowed
    if who.endswith(".com"):
        [answer] = ask_lines([{"request": {**REQUEST, "principal": who}, "resourcePolicy": policy}])
        assert answer["decision"] == "Allowed"


def test_a_policy_of_no_statements_says_nothing(ask_lines: AskLines) -> None:
    nothing = {"Version": "2012-10-17", "Statement": []}
    cases = [
        {**ALLOWED, member: nothing} for member in ("identityPolicies", "boundary", "sessionPolicy", "resourcePolicy")
    ]
    assert [answer["decision"] for answer in ask_lines(cases)] == ["ImplicitlyDenied"] * 3 + ["Allowed"]


def test_a_statement_without_a_resource_is_about_the_one_that_its_policy_hangs_on(ask_lines: AskLines) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "s3:*"}
    [answer] = ask_lines([{"request": REQUEST, "resourcePolicy": {"Version": "2012-10-17", "Statement": statement}}])
    assert answer["decision"] == "Allowed"
