"""How long one IAM decision takes: podid's engine, and beside it moto's, Cedar's and iam-simulate's, on the same policies and the same request.

    .venv/bin/python bench/policy.py [--seconds 0.5] [--without-node] [-o json]

Processor time of one thread; podid decides with conditions, resources and reasons, by policies that were compiled before the clock started.
The budgets are the design's: 10, 30 and 30 µs for the first three. A row for each peer: `ratio` is podid's time over the peer's. What each peer
does, and how the policies were translated for Cedar, stands in policy_peers.py. iam-simulate is measured where Node is there; the first time
npm installs it, from the registry that it is set up for, into a cache of its own, outside of this repository. `--without-node` leaves it out.

Then what the policies take in memory, all of AWS's own at rest and in use, what compiling costs, and 10 000 cases through
`podid policy evaluate --jsonl`, the process's start included.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

from policy_documents import CONTEXT, ONE, REQUEST, SIX, managed, policies
from policy_peers import Missing, cedar, moto, simulate
from processor_time import microseconds
from table import CannotMeasure, Row, parser, run, tell

from podid.core.policy import NamedPolicy, Outcome, Policy, PolicySet, decide, read_policy

BUDGETS = {"1 statement": 10.0, "6 statements with conditions": 30.0, "ReadOnlyAccess": 30.0}
AT_REST = 1024
LINES, WITHIN = 10_000, 3.0


def ours(documents: list[dict[str, Any]]) -> tuple[Callable[[], object], float]:
    """One decision of podid, and the milliseconds that reading and compiling the policies took."""
    texts = [json.dumps(document) for document in documents]
    began = time.process_time()
    read = [read_policy(text) for text in texts]
    for policy in read:
        _ = policy.compiled
    prepared = (time.process_time() - began) * 1e3
    held = PolicySet(identity=tuple(NamedPolicy(str(number), policy) for number, policy in enumerate(read)))
    if len(documents) == 1 and decide(REQUEST, held).outcome is not Outcome.ALLOWED:
        raise CannotMeasure("the policies do not allow the request", "see bench/policy_documents.py")
    return partial(decide, REQUEST, held), prepared


def decisions(seconds: float, *, node: bool) -> tuple[list[Row], list[dict[str, str]]]:
    """A row for each set of policies and each peer that is there; and the peers that are not, with the reason."""
    rows: list[Row] = []
    skipped: list[dict[str, str]] = []
    asked = policies()
    theirs: dict[str, float] = {}
    try:
        if not node:
            raise Missing("asked to, with --without-node")
        theirs = simulate(asked, seconds)
    except Missing as why:
        skipped.append({"peer": "iam-simulate", "why": str(why)})
    for name, documents in asked.items():
        mine, prepared = ours(documents)
        value = microseconds(mine, seconds)
        budget = BUDGETS.get(name)
        peers = {"moto": microseconds(moto(documents), seconds)}
        try:
            peers["cedarpy"] = microseconds(cedar(name, documents), seconds)
        except Missing as why:
            skipped.append({"peer": "cedarpy", "what": name, "why": str(why)})
        if name in theirs:
            peers["iam-simulate"] = theirs[name]
        for number, (peer, figure) in enumerate(peers.items()):
            rows.append(
                Row(
                    what=name,
                    value=round(value, 2),
                    unit="µs",
                    peer=f"{peer}: {figure:.4g} µs",
                    ratio=value / figure,
                    budget=f"≤ {budget:.0f} µs" if budget and not number else "",
                    kept=value <= budget if budget and not number else None,
                )
            )
        rows.append(Row(what=f"{name}, read and compiled once", value=round(prepared, 2), unit="ms"))
    return rows, skipped


def memory() -> list[Row]:
    """What AWS's own policies take, each: waiting until they are asked, and after that."""
    texts = [json.dumps(document, separators=(",", ":")) for document in managed().values()]
    gc.collect()
    tracemalloc.start()
    waiting = [Policy.deferred(partial(read_policy, text)) for text in texts]
    at_rest = tracemalloc.get_traced_memory()[0] / len(texts)
    for policy in waiting:
        _ = policy.compiled
    gc.collect()
    in_use = tracemalloc.get_traced_memory()[0] / len(texts)
    tracemalloc.stop()
    count = f"{len(texts)} AWS-managed policies"
    return [
        Row(what=f"{count}, each at rest", value=round(at_rest), unit="bytes", budget=f"≤ {AT_REST} bytes", kept=at_rest <= AT_REST),
        Row(what=f"{count}, each once compiled", value=round(in_use), unit="bytes"),
    ]  # fmt: skip


def lines() -> Row:
    """10 000 cases through the command, each with another key to read, its policies in turn."""
    context = {key: values[0] for key, values in CONTEXT.items()}
    cases = [
        {
            "id": number,
            "request": {
                "principal": REQUEST.principal.arn,
                "action": REQUEST.action,
                "resource": f"arn:aws:s3:::shop/shop/cart/{number}.json",
                "context": context,
            },
            "identityPolicies": [{"name": "p", "policy": (ONE, SIX)[number % 2]}],
        }
        for number in range(LINES)
    ]
    given = "".join(json.dumps(case) + "\n" for case in cases).encode()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "podid", "policy", "evaluate", "--jsonl"], input=given, capture_output=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or done.stdout.count(b'"Allowed"') != LINES:
        raise CannotMeasure(f"podid policy evaluate --jsonl: {done.stderr.decode()[-200:]}", "run it by hand")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Row(
        what=f"{LINES} cases through --jsonl, start included",
        value=round(spent, 2),
        unit="s",
        budget=f"≤ {WITHIN:.0f} s",
        kept=spent <= WITHIN,
    )


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=0.5, help="for each number (default: 0.5)")
    options.add_argument(
        "--without-node", action="store_true", help="leave iam-simulate out, which npm installs the first time"
    )
    chosen = options.parse_args()
    rows, skipped = decisions(chosen.seconds, node=not chosen.without_node)
    rows += [*memory(), lines()]
    tell("policy", rows, chosen.output, skipped=skipped)
    if chosen.output == "text":
        for each in skipped:
            print(f"{each['peer']} was left out{' for ' + each['what'] if 'what' in each else ''}: {each['why']}")


if __name__ == "__main__":
    run(main)
