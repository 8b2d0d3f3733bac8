"""`podid policy evaluate`: one request, and what the policies given make of it; or, with `--jsonl`, as many as come."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from podid.cli.policy_commands.files import read_file, read_text
from podid.cli.printer import Output, OutputOption, note, print_json, say
from podid.local.problems import WrongUsage

if TYPE_CHECKING:
    from podid.core.policy import Decision, NamedPolicy, PolicyKind, Request
    from podid.policy_tools.cases import Case

_CHUNK = 1 << 16
_SEE = "see: podid policy evaluate --help"


def add_to(program: typer.Typer) -> None:
    program.command("evaluate")(evaluate)


def evaluate(
    principal: Annotated[
        str | None,
        typer.Option(
            "--principal",
            metavar="WHO",
            help="Who asks: the ARN of a user, role, role session, federated user, root or identity provider; an account id; "
            "a service such as lambda.amazonaws.com; anonymous.",
        ),
    ] = None,
    action: Annotated[str | None, typer.Option("--action", metavar="service:Name", help="What is to be done.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", metavar="ARN", help='To what. [default: "*"]')] = None,
    resource_account: Annotated[
        str | None,
        typer.Option(
            "--resource-account", metavar="ID", help="Whose the resource is, where its ARN does not say (S3)."
        ),
    ] = None,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context", metavar="KEY=VALUE", help="A condition key; again for several keys, or several values of one."
        ),
    ] = None,
    identity_policy: Annotated[
        list[Path] | None,
        typer.Option("--identity-policy", metavar="FILE", help="A policy of the principal; may come again."),
    ] = None,
    session_policy: Annotated[
        list[Path] | None,
        typer.Option("--session-policy", metavar="FILE", help="A policy of its session; may come again."),
    ] = None,
    boundary: Annotated[
        Path | None, typer.Option("--boundary", metavar="FILE", help="The principal's permissions boundary.")
    ] = None,
    resource_policy: Annotated[
        Path | None, typer.Option("--resource-policy", metavar="FILE", help="The resource's policy.")
    ] = None,
    trust_policy: Annotated[
        Path | None,
        typer.Option(
            "--trust-policy", metavar="FILE", help="The trust policy of the role in --resource, for sts:AssumeRole*."
        ),
    ] = None,
    scp: Annotated[
        list[str] | None,
        typer.Option(
            "--scp",
            metavar="LEVEL=FILE",
            help="A service control policy at a level of the organization; the root's level first, each level has to allow.",
        ),
    ] = None,
    rcp: Annotated[
        list[str] | None,
        typer.Option(
            "--rcp", metavar="LEVEL=FILE", help="A resource control policy, likewise; such policies only deny."
        ),
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option("--case", metavar="FILE", help="All of it from a file of JSON, as docs/policy.md tells."),
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="A case a line on standard input, an answer a line on standard output.")
    ] = False,
    trace: Annotated[
        bool, typer.Option("--trace", help="Show every statement and element that was looked at.")
    ] = False,
    output: OutputOption = Output.TEXT,
) -> int:
    """Decide one request by the policies given. Nothing else bears on it: the context is complete as given.

    Ends with 0 where it is allowed, 1 where it is denied.
    """
    flags: dict[str, Any] = {
        "--principal": principal,
        "--action": action,
        "--resource": resource,
        "--resource-account": resource_account,
        "--context": context,
        "--identity-policy": identity_policy,
        "--session-policy": session_policy,
        "--boundary": boundary,
        "--resource-policy": resource_policy,
        "--trust-policy": trust_policy,
        "--scp": scp,
        "--rcp": rcp,
    }
    given = [name for name, value in flags.items() if value]
    if jsonl:
        if given or case or trace or output is not Output.TEXT:
            raise WrongUsage("--jsonl takes everything from standard input", "give it alone")
        return _lines()
    if case is not None:
        if given:
            raise WrongUsage(f"--case holds everything, {given[0]} included", "give --case or the other flags")
        asked = _case(case)
    else:
        asked = _asked(flags)
    return _answer(asked, trace, output)


def _lines() -> int:
    from podid.policy_tools.cases import answer_lines

    def write(answers: bytes) -> None:
        sys.stdout.buffer.write(answers)
        sys.stdout.buffer.flush()

    sys.stdout.flush()
    arriving: Any = sys.stdin.buffer  # `read1` gives what is there, and does not wait for a whole chunk
    answer_lines(lambda: arriving.read1(_CHUNK), write)
    return 0


def _case(path: Path) -> Case:
    from podid.policy_tools.cases import BadCase, Shelf, read_case

    try:
        return read_case(read_file(path).removeprefix(b"\xef\xbb\xbf"), Shelf())
    except BadCase as problem:
        raise WrongUsage(f"{path}: {problem}", "docs/policy.md tells how a case is written") from problem


def _asked(flags: dict[str, Any]) -> Case:
    from podid.core.policy import PolicyKind, PolicySet
    from podid.policy_tools.cases import BadCase, Case, read_pairs, request_of, trusts, understood

    for needed in ("--principal", "--action"):
        if not flags[needed]:
            raise WrongUsage(f"{needed} is missing", _SEE)
    try:
        request = request_of(
            flags["--principal"],
            flags["--action"],
            flags["--resource"] or "*",
            flags["--resource-account"] or "",
            read_pairs(flags["--context"] or ()),
        )
    except BadCase as problem:
        raise WrongUsage(f"--{problem}".replace("resourceAccount", "resource-account"), _SEE) from problem

    def one(flag: str, kind: PolicyKind) -> NamedPolicy | None:
        return _policy(flags[flag], kind) if flags[flag] else None

    if flags["--trust-policy"] and not trusts(request.action):
        note(f"podid: a role's trust policy has no say in {request.action}: it is left out")
    return Case(
        *understood(
            request,
            PolicySet(
                identity=tuple(_policy(path, PolicyKind.IDENTITY) for path in flags["--identity-policy"] or ()),
                session=tuple(_policy(path, PolicyKind.SESSION) for path in flags["--session-policy"] or ()) or None,
                boundary=one("--boundary", PolicyKind.BOUNDARY),
                resource=one("--resource-policy", PolicyKind.RESOURCE),
                trust=one("--trust-policy", PolicyKind.TRUST),
                scps=_levels(flags["--scp"] or (), "--scp", PolicyKind.SCP),
                rcps=_levels(flags["--rcp"] or (), "--rcp", PolicyKind.RCP),
            ),
        )
    )


def _policy(path: Path, kind: PolicyKind) -> NamedPolicy:
    from podid.core.policy import MalformedPolicy, NamedPolicy
    from podid.policy_tools.reading import read_asked

    try:
        return NamedPolicy(str(path), read_asked(read_text(path), kind))
    except MalformedPolicy as problem:
        at = problem.position
        raise WrongUsage(
            f"{path}:{at.line}:{at.column}: {problem.message}", problem.hint or "see: podid policy lint --help"
        ) from problem


def _levels(given: list[str] | tuple[()], flag: str, kind: PolicyKind) -> tuple[tuple[NamedPolicy, ...], ...]:
    levels: dict[str, list[NamedPolicy]] = {}
    for text in given:
        level, equals, path = text.partition("=")
        if not equals or not level or not path:
            raise WrongUsage(
                f"{flag} {text!r} is not LEVEL=FILE", f"for example: {flag} root=full.json {flag} ou=guard.json"
            )
        levels.setdefault(level, []).append(_policy(Path(path), kind))
    return tuple(map(tuple, levels.values()))


def _answer(asked: Case, trace: bool, output: Output) -> int:
    from podid.cli.policy_commands.telling import told, traced
    from podid.core.policy import decide
    from podid.core.policy import trace as look

    request, policies = asked.request, asked.policies
    decision = decide(request, policies)
    seen = look(request, policies) if trace or not decision.allowed else None
    if output is Output.JSON:
        facts = _facts(request, decision)
        if seen and trace:
            facts["trace"] = seen.policies
        print_json(facts)
    else:
        for line in told(request, decision, seen.policies if seen else ()):
            say(line)
        if seen and trace:
            say()
            for line in traced(seen.policies, policies):
                say(line)
    return 0 if decision.allowed else 1


def _facts(request: Request, decision: Decision) -> dict[str, Any]:
    from podid.cli.policy_commands.telling import sentence

    return {
        "decision": decision.outcome.value,
        "allowed": decision.allowed,
        "reasons": [[reason.layer.value, reason.kind] for reason in decision.reasons],
        "decided_by": decision.decided_by,
        "sentence": sentence(request, decision),
    }
