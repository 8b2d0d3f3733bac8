"""The engines that `policy.py` holds podid against: moto's, Cedar (cedarpy) and iam-simulate, each as it is meant to be used.

moto reads each policy's JSON for every request and goes through its statements; it looks at actions and resources, and at no condition.

Cedar speaks another language, so the policies are translated by hand, as closely as it lets one. Policies and entities are parsed beforehand,
the request with its context is handed over for each decision, as both come with each. What differs: Cedar's patterns are fixed texts, so a
variable within a resource became a comparison of the object's folder with the principal's namespace; AWS's wildcards of actions became groups
of actions, Cedar's own way, with the request's action a member of those that cover it. The fifty managed policies are not translated.

iam-simulate runs in Node, its policies validated beforehand, by the one of its two functions that is quicker. It is installed only when asked
for, into a cache of this benchmark's own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.iam.access_control import IAMPolicy
from policy_documents import CONTEXT, REQUEST

from podid.core.policy.syntax import matcher, tokens_of

HERE = Path(__file__).resolve().parent
PACKAGE = "@cloud-copilot/iam-simulate"


class Missing(Exception):
    """A peer that cannot be asked here, and why."""


def moto(documents: list[dict[str, Any]]) -> Callable[[], object]:
    """What moto does for one request."""
    texts = [json.dumps(document) for document in documents]

    def decide() -> None:
        for text in texts:
            IAMPolicy(text).is_action_permitted(REQUEST.action, REQUEST.resource)

    return decide


# --- Cedar ---------------------------------------------------------------------------------------------------------------------------

_ONE = """
permit (principal, action in [Action::"s3:GetObject", Action::"s3:PutObject"], resource)
  when { context.arn like "arn:aws:s3:::shop/*" };
"""
_SIX = """
permit (principal, action in [Action::"s3:GetObject", Action::"s3:PutObject"], resource)
  when { context.arn like "arn:aws:s3:::shop/*" && context.folder == principal.namespace && principal.cluster == "eksdemo1" };
permit (principal, action == Action::"s3:ListBucket", resource)
  when { context.arn == "arn:aws:s3:::shop" && (context.prefix == "" || context.prefixFolder == principal.namespace) };
permit (principal, action in Action::"s3:Get*", resource)
  when { (context.sourceIp.isInRange(ip("10.88.0.0/16")) || context.sourceIp.isInRange(ip("192.0.2.0/24")))
         && context.currentTime < datetime("2030-01-01T00:00:00Z") };
forbid (principal, action in Action::"s3:*", resource) when { !context.secureTransport };
forbid (principal, action, resource) unless { ["us-east-1", "eu-west-1"].contains(context.requestedRegion) };
forbid (principal, action, resource)
  unless { action in [Action::"s3:*", Action::"sts:*"] || principal.arn like "arn:aws:iam::*:role/admin/*" };
"""
_CONTEXT = {
    "arn": REQUEST.resource,
    "folder": "shop",
    "prefix": "shop/cart/",
    "prefixFolder": "shop",
    "sourceIp": {"__extn": {"fn": "ip", "arg": CONTEXT["aws:SourceIp"][0]}},
    "currentTime": {"__extn": {"fn": "datetime", "arg": CONTEXT["aws:CurrentTime"][0]}},
    "secureTransport": True,
    "requestedRegion": CONTEXT["aws:RequestedRegion"][0],
    "sourceAccount": REQUEST.principal.account,
    "userid": CONTEXT["aws:userid"][0],
    "principalType": "AssumedRole",
    "epochTime": 1_772_366_400,
}


def cedar(name: str, documents: list[dict[str, Any]]) -> Callable[[], object]:
    """What Cedar does for one request. Raises Missing where cedarpy is not there, and for policies that are not translated."""
    try:
        import cedarpy
    except ImportError as problem:
        raise Missing("not installed: scripts/setup --bench") from problem
    groups = ["s3:*", "s3:Get*"]
    if name == "1 statement":
        text = _ONE
    elif name.startswith("6 statements"):
        text = _SIX
    elif name == "ReadOnlyAccess":
        patterns = [action for statement in documents[0]["Statement"] for action in statement["Action"]]
        groups = [pattern for pattern in patterns if matcher(tokens_of(pattern.lower()))(REQUEST.action.lower())]
        listed = ", ".join(f'Action::"{pattern}"' for pattern in patterns)
        text = f"permit (principal, action in [{listed}], resource);"
    else:
        raise Missing("not translated")
    action = {"type": "Action", "id": REQUEST.action}
    parents = [{"type": "Action", "id": group} for group in groups if group != REQUEST.action]
    role = {"type": "Role", "id": REQUEST.principal.issuer_arn}
    attributes = {"namespace": "shop", "cluster": "eksdemo1", "arn": REQUEST.principal.issuer_arn}
    entities = [
        {"uid": action, "attrs": {}, "parents": parents},
        {"uid": role, "attrs": attributes, "parents": []},
    ]
    held = cedarpy.PolicySet.from_str(text)
    known = cedarpy.Entities.from_json_str(json.dumps(entities))
    request = {
        "principal": role,
        "action": action,
        "resource": {"type": "Object", "id": REQUEST.resource},
        "context": _CONTEXT,
    }
    answer = cedarpy.is_authorized(request, held, known)
    if not answer.allowed or answer.diagnostics.errors:
        raise Missing(f"Cedar says {answer.decision}: {answer.diagnostics.errors}")
    return lambda: cedarpy.is_authorized(request, held, known)


# --- iam-simulate --------------------------------------------------------------------------------------------------------------------


def cache() -> Path:
    """Where the package for Node lies."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "podid-bench" / "iam-simulate"


def simulate(policies: dict[str, list[dict[str, Any]]], seconds: float) -> dict[str, float]:
    """Microseconds of one decision of iam-simulate, for each set of policies. Raises Missing where it cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise Missing("node and npm are not here")
    folder = cache()
    package = folder / "node_modules" / PACKAGE
    if not package.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}\n')
        quietly = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        installed = _run([npm, "install", *quietly, PACKAGE], folder, "", 180)
        if installed.returncode or not package.is_dir():
            raise Missing(f"npm could not install {PACKAGE}: {installed.stderr.strip()[:300]}")
    asked = {
        "seconds": seconds,
        "package": str(package / "dist" / "esm" / "index.js"),
        "policy_package": str(folder / "node_modules" / "@cloud-copilot" / "iam-policy" / "dist" / "esm" / "index.js"),
        "principal": REQUEST.principal.arn,
        "action": REQUEST.action,
        "resource": REQUEST.resource,
        "account": REQUEST.principal.account,
        "context": {key: values[0] for key, values in CONTEXT.items()},
        "policies": policies,
    }
    done = _run([node, str(HERE / "policy_simulate.mjs")], folder, json.dumps(asked), 240)
    if done.returncode:
        raise Missing(f"node ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _run(command: list[str], folder: Path, given: str, seconds: float) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, input=given, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as problem:
        raise Missing(f"{command[0]} took more than {seconds:.0f} s") from problem
