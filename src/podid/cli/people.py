"""The commands that people type, gathered into one program. Each command is a file of its own beside this one."""

from __future__ import annotations

import re
import sys

import typer

from podid.cli import (
    agent,
    audit,
    cluster,
    demo,
    down,
    env,
    imds,
    keys,
    logs,
    policy,
    run_,
    serve,
    state,
    status,
    up,
    version,
    webhook,
)
from podid.cli.printer import complain, note
from podid.local.problems import LocalProblem

program = typer.Typer(
    name="podid",
    help="Open Pod Identity for every cluster. Begin with: podid demo",
    epilog="What podid keeps lies in PODID_HOME. Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 the environment forbids it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

for command in (demo, up, down, status, env, run_, logs, audit, policy, state, keys, cluster, serve, webhook, version):
    command.add_to(program)
for lean in (agent, imds):
    lean.add_to(program)


def run() -> int:
    """Parse this process's command line and run it. Gives the exit code."""
    try:
        code = program(args=_asked(sys.argv[1:]), prog_name="podid", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except typer.TyperException as problem:
        message = problem.format_message()
        if message.startswith("Usage: "):  # a group of commands without one of them: its help says which there are
            note(message)
            return problem.exit_code
        where = getattr(getattr(problem, "ctx", None), "command_path", None) or _command_named()
        complain(_in_our_words(message), f"see: {where} --help")
        return problem.exit_code
    except LocalProblem as problem:
        complain(problem.what, problem.way_out)
        return problem.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code if isinstance(code, int) else 0


def _command_named() -> str:
    """The command whose help explains, where the problem does not say: the first word, if it is a command."""
    known = {command.name for command in program.registered_commands}
    return " ".join(["podid", *(word for word in sys.argv[1:2] if word in known)])


def _asked(arguments: list[str]) -> list[str]:
    """What people also type: nothing at all, `podid --version`, or `podid help COMMAND`."""
    if not arguments:
        return ["--help"]
    if arguments[0] in ("--version", "-V"):
        return ["version", *arguments[1:]]
    return [*arguments[1:], "--help"] if arguments[0] == "help" else arguments


_WORDS = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid integer.*"), "expected a whole number"),
    (re.compile(r"Input should be a valid number.*"), "expected a number"),
    (re.compile(r"Input should be less than or equal to (\d+)"), r"expected \1 at most"),
    (re.compile(r"Input should be greater than or equal to (-?\d+)"), r"expected \1 at least"),
    (
        re.compile(r"Got unexpected extra arguments? \((.*)\)|Got unexpected extra argument\(s\) \((.*)\)"),
        r"\1\2 is not expected here",
    ),
)


def _in_our_words(message: str) -> str:
    """The parser's complaint as podid complains: in lower case, and without the names of its types."""
    text = message.rstrip(".")
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text[:1].lower() + text[1:]
