"""A green of an auditor that reached nothing is never shown."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOUND = '{"dependencies": [{"name": "x", "vulns": [{"id": "PYSEC-0000-1"}]}]}'
CLEAN = '{"dependencies": [{"name": "x", "vulns": []}]}'


def asked(tmp_path, *, control: str, lock: str, code: int = 0):
    """The script with an auditor that says this of the control, and that of the lock."""
    auditor = tmp_path / "auditor"
    auditor.write_text(
        "#!/bin/sh\n"
        "for last; do :; done\n"
        'case "$last" in\n'
        f"*requirements.lock) printf '%s' '{lock}'; exit {code} ;;\n"
        f"*) grep -q jinja2==2.11.2 \"$last\" && printf '%s' '{control}' ;;\n"
        "esac\n"
    )
    auditor.chmod(0o755)
    return subprocess.run(
        [ROOT / "scripts/advisories"],
        env=os.environ | {"PIP_AUDIT": str(auditor)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("control", "lock", "code", "ends"),
    [
        (FOUND, CLEAN, 0, 0),
        (FOUND, FOUND, 1, 1),
        (CLEAN, CLEAN, 0, 2),  # knows nothing of a package with an advisory
        ("", "", 0, 2),
        (FOUND, "", 1, 2),  # broke in the middle
        (FOUND, "", 0, 2),
    ],
)
def test_only_an_auditor_that_reached_its_service_is_believed(tmp_path, control, lock, code, ends):
    done = asked(tmp_path, control=control, lock=lock, code=code)

    assert done.returncode == ends
    assert ("NOT RUN" in done.stderr) == (ends == 2)


def test_without_an_auditor_it_says_so():
    done = subprocess.run(
        [ROOT / "scripts/advisories"],
        env=os.environ | {"PIP_AUDIT": "no-such-auditor"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "NOT RUN" in done.stderr
