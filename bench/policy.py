"""How long one IAM decision takes: podid's engine and moto's, in the same run, on the same policies and requests.

    .venv/bin/python bench/policy.py [--seconds 0.5] [-o json]

moto works as it does for a request: it reads each policy's JSON and goes through the statements (it does not look at conditions and resources
in most cases, so it does less). podid decides with conditions, resources and reasons; policies are compiled before the clock starts, what
compiling costs is printed beside it. Budgets are those of the design: 10 µs, 30 µs and 30 µs for the first three.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

from moto.iam.access_control import IAMPolicy
from moto.iam.aws_managed_policies import aws_managed_policies_data

from podid.core.policy import NamedPolicy, Policy, PolicySet, Principal, Request, decide, read_policy

ACCOUNT = "111122223333"
SESSION = Principal(
    kind="role-session",
    account=ACCOUNT,
    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/app/eks-demo-pod-0123",
    issuer_arn=f"arn:aws:iam::{ACCOUNT}:role/app",
    issuer_id="AROAEXAMPLEEXAMPLE123",
)
CONTEXT = {
    "aws:PrincipalArn": (f"arn:aws:iam::{ACCOUNT}:role/app",),
    "aws:PrincipalAccount": (ACCOUNT,),
    "aws:PrincipalType": ("AssumedRole",),
    "aws:userid": ("AROAEXAMPLEEXAMPLE123:eks-demo-pod-0123",),
    "aws:RequestedRegion": ("us-east-1",),
    "aws:SourceIp": ("10.88.0.17",),
    "aws:SecureTransport": ("true",),
    "aws:CurrentTime": ("2026-03-01T12:00:00Z",),
    "aws:EpochTime": ("1772366400",),
    "aws:PrincipalTag/kubernetes-namespace": ("shop",),
    "aws:PrincipalTag/kubernetes-service-account": ("cart",),
    "aws:PrincipalTag/eks-cluster-name": ("eksdemo1",),
    "s3:prefix": ("shop/cart/",),
}
ONE: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::shop/*"}],
}
SIX: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::shop/${aws:PrincipalTag/kubernetes-namespace}/*",
            "Condition": {"StringEquals": {"aws:PrincipalTag/eks-cluster-name": "eksdemo1"}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::shop",
            "Condition": {"StringLike": {"s3:prefix": ["", "${aws:PrincipalTag/kubernetes-namespace}/*"]}},
        },
        {
            "Effect": "Allow",
            "Action": "s3:Get*",
            "Resource": "*",
            "Condition": {
                "IpAddress": {"aws:SourceIp": ["10.88.0.0/16", "192.0.2.0/24"]},
                "DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"},
            },
        },
        {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
        },
        {
            "Effect": "Deny",
            "NotAction": ["s3:*", "sts:*"],
            "Resource": "*",
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin/*"}},
        },
    ],
}
REQUEST = Request(
    principal=SESSION, action="s3:GetObject", resource="arn:aws:s3:::shop/shop/cart/1.json", context=CONTEXT
)


def microseconds(work: Callable[[], object], seconds: float) -> float:
    """The median time of one call, over five rounds that take `seconds` together."""
    work()
    started = time.perf_counter()
    work()
    calls = max(1, int(seconds / 5 / max(time.perf_counter() - started, 1e-7)))
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(calls):
            work()
        rounds.append((time.perf_counter() - started) / calls * 1e6)
    return statistics.median(rounds)


def measure(name: str, documents: list[dict[str, Any]], budget: float | None, seconds: float) -> dict[str, Any]:
    """One line of the table."""
    texts = [json.dumps(document) for document in documents]
    started = time.perf_counter()
    policies = [read_policy(text) for text in texts]
    for policy in policies:
        _ = policy.compiled
    prepared = (time.perf_counter() - started) * 1e3
    held = PolicySet(identity=tuple(NamedPolicy(str(n), policy) for n, policy in enumerate(policies)))
    decision = decide(REQUEST, held)
    ours = microseconds(lambda: decide(REQUEST, held), seconds)

    def moto() -> None:
        for text in texts:
            IAMPolicy(text).is_action_permitted(REQUEST.action, REQUEST.resource)

    theirs = microseconds(moto, seconds)
    return {
        "policy": name,
        "decision": decision.outcome.value,
        "podid_us": round(ours, 2),
        "moto_us": round(theirs, 1),
        "ratio": round(theirs / ours, 1),
        "budget_us": budget,
        "compile_ms": round(prepared, 2),
    }


def memory(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Bytes that policies take, for each: deferred until they are asked, and after that."""
    texts = [json.dumps(document, separators=(",", ":")) for document in documents]
    tracemalloc.start()
    waiting = [Policy.deferred(partial(read_policy, text)) for text in texts]
    at_rest = tracemalloc.get_traced_memory()[0]
    for policy in waiting:
        _ = policy.compiled
    in_use = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {"policies": len(texts), "bytes_at_rest": at_rest // len(texts), "bytes_compiled": in_use // len(texts)}


def main() -> None:
    parser = argparse.ArgumentParser(description="one IAM decision: podid and moto")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each number")
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text")
    chosen = parser.parse_args()
    managed = {name: entry["Document"] for name, entry in json.loads(aws_managed_policies_data).items()}
    fifty = [managed[name] for name in sorted(managed) if name.startswith("Amazon")][:50]
    rows = [
        measure("1 statement", [ONE], 10, chosen.seconds),
        measure("6 statements with conditions", [SIX], 30, chosen.seconds),
        measure("ReadOnlyAccess", [managed["ReadOnlyAccess"]], 30, chosen.seconds),
        measure("50 managed policies", fifty, None, chosen.seconds),
    ]
    held = memory(list(managed.values()))
    if chosen.output == "json":
        print(json.dumps({"decisions": rows, "memory": held}))
        return
    print(f"{'':30}{'podid µs':>10}{'budget':>8}{'moto µs':>11}{'ratio':>8}{'compile ms':>12}  decision")
    for row in rows:
        budget = "" if row["budget_us"] is None else row["budget_us"]
        print(
            f"{row['policy']:30}{row['podid_us']:>10}{budget:>8}{row['moto_us']:>11}{row['ratio']:>8}"
            f"{row['compile_ms']:>12}  {row['decision']}"
        )
    print(
        f"all {held['policies']} AWS-managed policies: {held['bytes_at_rest']} bytes each until asked, "
        f"{held['bytes_compiled']} each once all were"
    )


if __name__ == "__main__":
    main()
