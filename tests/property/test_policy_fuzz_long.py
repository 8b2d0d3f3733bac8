"""Parser, matcher and lines of cases under fire for as long as one likes: `PODID_FUZZ_SECONDS=600 pytest tests/property/test_policy_fuzz_long.py`.

Texts are mutated by tokens and by characters. An input that draws an answer never seen before (another refusal, another hint, another outcome,
another set of layers) joins the pool, so that later ones start where it got to. What must hold of every one: a policy or MalformedPolicy, a
decision that the plain evaluator shares, one line of JSON for a line of a case, and none takes longer than a second of processor time.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from collections.abc import Callable

import pytest

from podid.core.policy import (
    MalformedPolicy,
    NamedPolicy,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    decide,
    parse_policy,
    read_policy,
    trace,
)
from podid.core.policy.globs import Wild, matcher, matches, prepare
from podid.core.policy.operators import operators
from podid.core.policy.plain_globs import glob_tokens
from podid.policy_tools.cases import answer_lines

SECONDS = float(os.environ.get("PODID_FUZZ_SECONDS", "0"))
SEED = int(os.environ.get("PODID_FUZZ_SEED", "0")) or random.SystemRandom().randrange(2**31)
LONGEST_TIME = 1.0

pytestmark = [
    pytest.mark.skipif(SECONDS <= 0, reason="set PODID_FUZZ_SECONDS to the seconds that it shall run"),
    pytest.mark.timeout(0),
]

STATEMENT = {
    "Sid": "One",
    "Effect": "Allow",
    "Principal": {"AWS": ["111122223333", "*"], "Service": "s3.amazonaws.com"},
    "Action": ["s3:Get*", "*", "sts:AssumeRole"],
    "Resource": ["arn:aws:s3:::b/${aws:username}/*", "*", "arn:aws:sqs"],
    "Condition": {
        "StringLike": {"k": ["a*b", "${k, 'd'}"]},
        "DateLessThan": {"k": "2024-02-29T12:00:00Z"},
        "IpAddress": {"k": "10.0.0.0/8"},
        "ForAllValues:ArnLike": {"k": "arn:aws:iam::*:role/*"},
        "NumericEquals": {"k": 5},
    },
}
PERMISSIONS = {name: value for name, value in STATEMENT.items() if name not in ("Principal", "Condition")}
CASE = {
    "id": 1,
    "request": {
        "principal": "arn:aws:sts::111122223333:assumed-role/app/s",
        "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k",
        "resourceAccount": "111122223333",
        "context": {"aws:username": "a", "k": ["1", "2"]},
    },
    "identityPolicies": [{"name": "p", "policy": {"Version": "2012-10-17", "Statement": PERMISSIONS}}],
    "scps": [{"level": "root", "policies": [{"name": "f", "policy": {"Version": "2012-10-17", "Statement": PERMISSIONS}}]}],
}  # fmt: skip
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s"\[\]{}:,]+|\s+')
SPLICES = [
    *("*", "?", "${", "}", "${*}", "${aws:username}", ":", "arn:aws:", "/", "'", "\\", '"', "\x00", "\ud800", "é", "0", "-", "T", "Z"),
    *('"Effect"', '"Deny"', '"NotAction"', '"NotResource"', '"NotPrincipal"', '"Condition"', '"Null"', '"Version"', "null", "true", "1e9", "[]", "{}"),
    *(json.dumps(name) for name in operators()),
    *("a*" * 400 + "b", "[" * 40, '{"a":' * 40, "9" * 400, " " * 400, "?*" * 300),
]  # fmt: skip
ASKER = Principal(
    kind="role-session",
    account="111122223333",
    arn="arn:aws:sts::111122223333:assumed-role/app/s",
    issuer_arn="arn:aws:iam::111122223333:role/app",
)
CONTEXT = {"aws:username": ("a",), "k": ("10.1.1.1", "", "arn:aws:iam::1:role/a*b")}
Seen = tuple[object, ...]


def mutated(text: str, chance: random.Random) -> str:
    """A few tokens or characters dropped, doubled, moved, or replaced."""
    by_characters = chance.random() < 0.3
    parts = list(text) if by_characters else TOKEN.findall(text)
    for _ in range(chance.choice((1, 1, 2, 4, 8))):
        at = chance.randrange(len(parts) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            del parts[at : at + chance.choice((1, 1, 3))]
        elif kind == 1:
            parts[at:at] = parts[at : at + chance.choice((1, 5, 20))]
        elif kind == 2 and parts:
            parts[at:at] = [parts[chance.randrange(len(parts))]]
        elif kind == 3 and at < len(parts) and len(parts[at]) > 2:
            within = chance.randrange(1, len(parts[at]))
            parts[at] = parts[at][:within] + chance.choice(SPLICES) + parts[at][within:]
        else:
            parts[at : at + chance.choice((0, 1))] = [chance.choice(SPLICES)]
    return "".join(parts)[:60_000]


def told(line: str) -> None:
    """Where `-s` shows it."""
    sys.stdout.write(f"\n{line}\n")


def under_fire(seeds: list[str], feed: Callable[[str, random.Random], Seen], seconds: float) -> None:
    """Feed mutations of the pool for some seconds, and tell how it went."""
    chance = random.Random(SEED)
    pool, known = list(seeds), {feed(seed, chance) for seed in seeds}
    slowest, fed, until = 0.0, 0, time.monotonic() + seconds
    while time.monotonic() < until:
        text = mutated(chance.choice(pool), chance)
        began = time.process_time()
        try:
            seen = feed(text, chance)
        except Exception as problem:
            problem.add_note(f"seed {SEED}, input {fed}: {text!r}")
            raise
        spent = time.process_time() - began
        assert spent < LONGEST_TIME, f"seed {SEED}, input {fed}: {spent:.1f} s for {text!r}"
        slowest, fed = max(slowest, spent), fed + 1
        if seen not in known:
            known.add(seen)
            pool.append(text)
    told(f"{fed} inputs in {seconds:.0f} s, {len(known)} kinds of answers, slowest {slowest * 1e3:.0f} ms, seed {SEED}")


def test_policies_under_fire() -> None:
    def feed(text: str, chance: random.Random) -> Seen:
        kind = chance.choice(list(PolicyKind))
        seen: list[object] = [kind]
        for read in (parse_policy, read_policy):
            try:
                policy = NamedPolicy("p", read(text, kind))
            except MalformedPolicy as refused:
                offset, line, column = refused.position
                assert 0 <= offset <= len(text)
                assert line == text.count("\n", 0, offset) + 1
                assert column >= 1
                seen += [re.sub(r"\S*[^\w\s,.()]\S*", "", refused.message)[:60], refused.hint[:12]]
                continue
            for resource in ("arn:aws:s3:::b/a/x", "*", "arn:aws:iam::111122223333:role/app"):
                request = Request(
                    principal=ASKER, action=chance.choice(("s3:GetObject", "sts:AssumeRole")), resource=resource, context=CONTEXT
                )  # fmt: skip
                sets = (
                    PolicySet(identity=(policy,)),
                    PolicySet(resource=policy, boundary=policy),
                    PolicySet(trust=policy),
                )
                for policies in sets:
                    decision = decide(request, policies)
                    plain = trace(request, policies).decision
                    assert (plain.outcome, set(plain.reasons)) == (decision.outcome, set(decision.reasons))
                    assert set(plain.decided_by) == set(decision.decided_by)
                    seen += [decision.outcome, decision.reasons]
        return tuple(seen)

    statements = [STATEMENT, PERMISSIONS, {"Effect": "Deny", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::b/*"}]
    seeds = [json.dumps({"Version": "2012-10-17", "Id": "i", "Statement": each}) for each in (*statements, statements)]
    under_fire([*seeds, json.dumps(STATEMENT, indent=1)], feed, SECONDS * 0.5)


def test_lines_of_cases_under_fire() -> None:
    def feed(text: str, _: random.Random) -> Seen:
        line = text.replace("\n", " ").encode(errors="surrogatepass")
        chunks = iter((line, b"\n", b""))
        written: list[bytes] = []
        answer_lines(lambda: next(chunks), written.append)
        if not line.strip():
            assert written == []
            return ()
        [answer] = b"".join(written).splitlines()
        found = json.loads(answer)
        assert set(found) in ({"id", "decision", "reasons"}, {"id", "error"})
        return (
            found.get("decision"),
            str(found.get("reasons")),
            re.sub(r"['\"].*|\d+", "", found.get("error", ""))[:60],
        )

    trusting = {
        "trustPolicy": {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:*"},
        }
    }
    under_fire([json.dumps(CASE), json.dumps({**CASE, **trusting})], feed, SECONDS * 0.25)


def test_the_matcher_under_fire() -> None:
    chance = random.Random(SEED)
    tokens = ("a", "b", ":", "ab", "", *Wild, Wild.ANY, Wild.ANY)
    until, tried = time.monotonic() + SECONDS * 0.25, 0
    while time.monotonic() < until:
        pattern = tuple(chance.choice(tokens) for _ in range(chance.choice((1, 3, 6, 12))))
        for _ in range(20):
            value = "".join(chance.choice("aab:") for _ in range(chance.choice((0, 2, 5, 15))))
            expected = glob_tokens(pattern, value)
            assert matches(prepare(pattern), value) is expected, (SEED, pattern, value)
            assert matcher(pattern)(value) is expected, (SEED, pattern, value)
            tried += 1
    told(f"{tried} values held against patterns, seed {SEED}")
