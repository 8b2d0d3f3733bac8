"""`podid env` for the shells it knows: what is printed sets exactly the values, whatever is in them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from podid.local.shells import UNSET, Shell, exports

AWKWARD = {
    "PODID_TEST_PLAIN": "http://127.0.0.1:4566",
    "PODID_TEST_AWKWARD": 'it\'s $HOME `date` \\ "quoted"; rm -rf x',
}


@pytest.mark.parametrize("program", ["bash", "zsh", "sh"])
def test_a_posix_shell_reads_back_every_value(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    text = exports(AWKWARD, Shell.BASH) + '\nprintf \'%s\\n%s\' "$PODID_TEST_PLAIN" "$PODID_TEST_AWKWARD"'
    done = subprocess.run([program, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == list(AWKWARD.values())


def test_what_would_win_over_the_access_key_is_unset() -> None:
    done = subprocess.run(
        ["sh", "-c", exports({"AWS_ACCESS_KEY_ID": "AKIA"}, Shell.BASH) + "\nenv"],
        env=dict.fromkeys(UNSET, "stale"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "stale" not in done.stdout
    assert "AWS_ACCESS_KEY_ID=AKIA" in done.stdout


def test_fish_and_powershell_quote_in_their_own_way() -> None:
    assert "set -gx A 'it\\'s \\\\ x'" in exports({"A": "it's \\ x"}, Shell.FISH)
    assert "$env:A = 'it''s'" in exports({"A": "it's"}, Shell.POWERSHELL)
    assert "set -e AWS_PROFILE" in exports({}, Shell.FISH)
