"""Tables of expectations: how they are read, what they check, and what CI systems get of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from podid.core.policy import decide
from podid.policy_tools.cases import BadCase, Shelf, read_case
from podid.policy_tools.tables import (
    Check,
    Result,
    junit,
    read_json_table,
    read_table,
    read_yaml_table,
    run,
)

HERE = "111122223333"
FILES = {
    "app.json": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Read",
                    "Effect": "Allow",
                    "Action": "s3:Get*",
                    "Resource": "arn:aws:s3:::shop/${aws:PrincipalTag/team}/*",
                },
                {"Sid": "NoSecrets", "Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::shop/*/secret"},
            ],
        }
    ),
    "broken.json": '{\n "Version": "2012-10-17",\n "Statement": [{"Effect": "Permit"}]}',
}

YAML = """
# what the shop's pods may do
policies:
  app: app.json
  limit:
    Version: 2012-10-17
    Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "*"}
  full: {Version: 2012-10-17, Statement: {Effect: Allow, Action: "*", Resource: "*"}}
defaults:
  principal: arn:aws:sts::111122223333:assumed-role/app/s
  identityPolicies: [app]
  context: {aws:PrincipalTag/team: red, aws:SecureTransport: yes}
cases:
  - name: reads its own
    action: [s3:GetObject, s3:GetObjectVersion]
    resource: [arn:aws:s3:::shop/red/a, arn:aws:s3:::shop/red/b]
    expect: allow
  - name: reads nothing of others
    action: s3:GetObject
    resource: arn:aws:s3:::shop/blue/a
    expect: implicit-deny
    layer: identity
  - name: no secrets
    action: s3:GetObject
    resource: arn:aws:s3:::shop/red/secret
    expect: explicit-deny
    statement: NoSecrets
  - name: another team
    action: s3:GetObject
    resource: arn:aws:s3:::shop/blue/a
    context: {AWS:PrincipalTag/team: blue}
    expect: Allowed
  - name: under a boundary
    action: s3:GetObjectVersion
    resource: arn:aws:s3:::shop/red/a
    boundary: limit
    expect: deny
    layer: boundary
  - name: in an organization
    action: s3:GetObject
    resource: arn:aws:s3:::shop/red/a
    scps: [[full], {level: ou, policies: [full, limit]}]
    expect: allow
  - name: in a strict organization
    action: s3:GetObject
    resource: arn:aws:s3:::shop/red/a
    scps: [[full], []]
    expect: implicit-deny
    layer: scp
"""


def load(name: str) -> str:
    return FILES[name]


def checks_of(value: Any) -> tuple[Check, ...]:
    return read_table(value, load)


def table(**changes: Any) -> dict[str, Any]:
    """A small table whose one case passes."""
    case = {
        "name": "one",
        "principal": f"arn:aws:iam::{HERE}:user/a",
        "identityPolicies": ["app"],
        "context": {"aws:PrincipalTag/team": "red"},
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::shop/red/a",
        "expect": "allow",
    }
    return {"policies": {"app": "app.json"}, "cases": [{**case, **changes}]}


def test_a_table_in_yaml() -> None:
    results = run(checks_of(read_yaml_table(YAML)))
    assert [(result.title, result.failure) for result in results if not result.passed] == []
    assert len(results) == 4 + 6


def test_the_same_table_in_json() -> None:
    as_json = json.dumps(read_yaml_table(YAML)).encode()
    assert checks_of(read_json_table(as_json))[0].name == "reads its own"
    assert [result.decision for result in run(checks_of(read_json_table(as_json)))] == [
        result.decision for result in run(checks_of(read_yaml_table(YAML)))
    ]


def test_every_scalar_of_yaml_is_a_text() -> None:
    assert read_yaml_table(
        "a: 2012-10-17\nb: 012345670123\nc: no\nd: 1.0\ne: null\nf:\ng: !!python/name:os.system x"
    ) == {
        "a": "2012-10-17",
        "b": "012345670123",
        "c": "no",
        "d": "1.0",
        "e": "null",
        "f": "",
        "g": "x",
    }


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({}, ""),
        ({"expect": "deny"}, "expected deny"),
        ({"expect": "explicit-deny"}, "expected explicit-deny"),
        ({"resource": "arn:aws:s3:::shop/blue/a"}, "expected allow"),
        ({"resource": "arn:aws:s3:::shop/blue/a", "expect": "deny"}, ""),
        ({"resource": "arn:aws:s3:::shop/blue/a", "expect": "explicit-deny"}, "expected explicit-deny"),
        ({"resource": "arn:aws:s3:::shop/blue/a", "expect": "implicitly_denied"}, ""),
        (
            {"resource": "arn:aws:s3:::shop/blue/a", "expect": "deny", "layer": "boundary"},
            "expected to be denied by the layer boundary",
        ),
        ({"statement": "Read"}, ""),
        ({"statement": "Write"}, "expected to be decided by the statement Write"),
    ],
)
def test_what_fails(changes: dict[str, Any], failure: str) -> None:
    [result] = run(checks_of(table(**changes)))
    assert result.failure == failure
    assert result.passed is not bool(failure)


def test_a_trust_policy_counts_for_assuming_only() -> None:
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": "sts:*"}}
    full = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    both = table(
        trustPolicy=trust,
        identityPolicies=full,
        action=["sts:AssumeRole", "sts:TagSession", "iam:GetRole"],
        resource=f"arn:aws:iam::{HERE}:role/r",
    )
    assert [result.decision.allowed for result in run(checks_of(both))] == [True, True, True]
    [first, *_] = checks_of(both)
    assert first.policies.trust is not None
    assert checks_of(both)[2].policies.trust is None


WRONG: list[tuple[Any, str]] = [
    (None, "the table: expected an object"),
    ([], "the table: expected an object"),
    ({}, "expected a list of cases, one at least"),
    ({"cases": []}, "expected a list of cases, one at least"),
    ({"cases": [{}], "extra": 1}, "unknown member 'extra'"),
    ({"cases": ["x"]}, "case 1: expected an object"),
    ({"cases": [{}]}, "case 1: principal is missing"),
    (table(extra=1), "case 1: unknown member 'extra'"),
    (table(expect="perhaps"), "case 1 (one): expect: expected allow, deny"),
    (table(expect=None), "expect: expected a text"),
    (table(layer="cake"), "layer: expected one of"),
    (table(action=[]), "action: expected one at least"),
    (table(action="s3:*"), "action: expected service:Name"),
    (table(resource="bucket"), "resource: expected an ARN"),
    (table(principal="me"), "principal: cannot read 'me'"),
    (table(identityPolicies=["other"]), "there is no policy 'other' under policies"),
    (table(identityPolicies=[7]), "identityPolicies: expected a text"),
    (table(boundary=["app", "app"]), "boundary: expected one policy, not 2"),
    (table(scps="app"), "scps: expected a list of levels"),
    (table(scps=["app"]), "scps[0]: expected a list of policies"),
    (table(boundary={"Statement": [{}]}), "boundary: Syntax errors in policy"),
    ({**table(), "policies": {"app": "broken.json"}}, "broken.json:3:27: Syntax errors in policy"),
    ({**table(), "policies": {"app": {"Statement": [{}]}}}, "policies.app: Syntax errors in policy"),
    ({**table(), "policies": {"app": 5}}, "policies.app: expected a text"),
    ({**table(), "defaults": {"expect": "allow"}}, "defaults: unknown member 'expect'"),
    (table(action=["s3:GetObject"] * 400, resource=["*"] * 400), "more than 100000 checks"),
]


@pytest.mark.parametrize(("value", "problem"), WRONG)
def test_a_table_that_is_wrong_says_where(value: Any, problem: str) -> None:
    with pytest.raises(BadCase) as raised:
        checks_of(value)
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2", "line 2: the name 'a' stands twice"),
        ("a: [", "line 1, column"),
        ("? [a]\n: b", "line 1: a name is a text"),
        ("[" * 200 + "]" * 200, "nested too deep"),
        ("a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e]", "more than 100000 values"),
    ],
)  # fmt: skip
def test_yaml_that_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(BadCase, match="the table") as raised:
        read_yaml_table(text)
    assert problem in str(raised.value)


def test_json_that_is_wrong() -> None:
    for data in (b"{", b'{"a": 1, "a": 2}', b"\xff"):
        with pytest.raises(BadCase):
            read_json_table(data)


def test_junit() -> None:
    good, bad = table(), table(name='a <"quoted"> & \x00\x1b name', expect="deny")
    results = run(checks_of({**good, "cases": good["cases"] + bad["cases"]}))

    def explain(result: Result) -> str:
        return f"because of <{result.check.name}>"

    document = ElementTree.fromstring(junit("policies & more", results, explain))
    assert document.attrib == {"tests": "2", "failures": "1"}
    [suite] = document
    assert suite.attrib["name"] == "policies & more"
    passed, failed = suite
    assert (passed.attrib["classname"], len(passed)) == ("one", 0)
    assert failed.attrib["classname"] == 'a <"quoted"> &  name'
    assert failed[0].attrib["message"] == "expected deny"
    assert (failed[0].text or "").startswith('because of <a <"quoted"> &')


PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
IN_PAGE = {
    "app.json": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::shop/${aws:PrincipalTag/team}/*"},
                {"Sid": "NoDelete", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"},
            ],
        }
    )
}


def test_the_table_on_the_page() -> None:
    written = PAGE.partition("```yaml\n")[2].partition("```")[0]
    results = run(read_table(read_yaml_table(written), IN_PAGE.__getitem__))
    assert [result.title for result in results if not result.passed] == []
    assert len(results) == 6


def test_the_case_on_the_page() -> None:
    written = PAGE.partition("A case is an object of JSON:\n")[2].partition("All members")[0]
    full = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}
    case = read_case(written.replace("POLICY", json.dumps(full)).encode(), Shelf())
    assert decide(case.request, case.policies).allowed
