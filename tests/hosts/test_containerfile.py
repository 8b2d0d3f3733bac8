"""The image's recipe, read as an engine would: no engine is here. image_by_chroot.py runs its steps in a folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.hosts.containerfile import instructions, of

_ROOT = Path(__file__).resolve().parents[2]


def test_it_holds_known_instructions_only() -> None:
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT"}
    assert {one.word for one in instructions()} == known
    assert instructions()[0].word == "FROM"


def test_base_images_have_short_names_and_a_release() -> None:
    for one in of("FROM"):
        image = one.text.split()[0]
        assert re.fullmatch(r"[a-z]+:[a-z0-9.-]+", image), image
        assert not image.endswith(":latest")


def test_it_names_no_address() -> None:
    assert not re.search(r"(?<!127\.0\.0\.1)https?://(?!127\.0\.0\.1)", "".join(one.text for one in instructions()))


def test_what_is_copied_is_there_and_not_kept_out() -> None:
    allowed = {line[1:] for line in (_ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    assert (_ROOT / ".dockerignore").read_text() == (_ROOT / ".containerignore").read_text()
    for one in of("COPY"):
        words = one.text.split()
        if words[0].startswith("--from="):
            continue
        for source in words[:-1]:
            assert (_ROOT / source).exists(), source
            assert source in allowed, source


def test_python_packages_come_with_hashes() -> None:
    for command in re.findall(r"pip install ([^&]*)", " ".join(one.text for one in of("RUN"))):
        assert "--require-hashes" in command or command.split()[-1] == "."
        assert "--no-deps" in command


def test_it_ends_as_an_ordinary_user_with_a_program() -> None:
    last = max(one.stage for one in instructions())
    user, entry = of("USER")[-1], of("ENTRYPOINT")[-1]
    assert user.stage == entry.stage == last
    assert user.text.isdigit()
    assert int(user.text) > 1000
    assert f"--uid {user.text}" in " ".join(one.text for one in of("RUN"))
    program = Path(json.loads(entry.text)[0])
    assert f"scripts/in-container {program}" in [one.text for one in of("COPY")]
    assert (_ROOT / "scripts/in-container").stat().st_mode & 0o111


def test_no_secret_and_no_person_is_in_it() -> None:
    for one in instructions():
        assert not re.search(r"(?i)secret|password|token|/root|/home/", one.text), one


@pytest.mark.parametrize("code", [0, 3])
def test_process_1_ends_as_podid_does_and_reaps_orphans(tmp_path: Path, code: int) -> None:
    podid = tmp_path / "podid"
    podid.write_text(f'#!/bin/sh\n[ "$1 $2" = "up --port" ] || exit 9\n(sleep 0 &)\nsleep 0.2\nexit {code}\n')
    podid.chmod(0o755)
    done = subprocess.run(
        (sys.executable, _ROOT / "scripts/in-container", "--port", "0"),
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "PODID_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
