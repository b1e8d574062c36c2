"""``check --fix`` and ``--diff`` as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = """\
import requests
from flask import Flask

app = Flask(__name__)


@app.route("/orders")
def orders():
    items = requests.get("http://inventory/items")  # all of them
    return items.json(), requests.get(
        "http://prices/all",
        timeout=None,
    ).json()
"""
FIXED = APP.replace('items")', 'items", timeout=2.5)').replace("timeout=None", "timeout=2.5")
RULE = "http-call-without-timeout"


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A service with two calls without a timeout, and a workspace that asks for 2.5 seconds."""
    settings = f"settings:\n  {RULE}:\n    options:\n      fix-seconds: 2.5\n"
    (tmp_path / "archlint.yaml").write_text(settings)
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "app.py").write_text(APP)
    (tmp_path / "orders" / "app.py").chmod(0o750)
    return tmp_path


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archlint", "check", "--select", RULE, *arguments],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / ".cache")},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_fix_mends_the_files_and_reports_what_is_left(orders: Path) -> None:
    app = orders / "orders" / "app.py"
    done = check(orders, "--fix")
    assert app.read_text() == FIXED
    assert app.stat().st_mode & 0o777 == 0o750
    assert (done.returncode, done.stderr) == (0, "")
    assert "No findings." in done.stdout
    assert "Fixed 2 findings in 1 file." in done.stdout
    assert sorted(path.name for path in app.parent.iterdir()) == ["app.py"]
    again = check(orders, "--fix")
    assert app.read_text() == FIXED
    assert "Fixed 0 findings in 0 files." in again.stdout


def test_diff_shows_the_changes_and_makes_none(orders: Path) -> None:
    done = check(orders, "--diff")
    assert (orders / "orders" / "app.py").read_text() == APP
    assert done.returncode == 1
    assert done.stdout == (
        "--- a/orders/app.py\n"
        "+++ b/orders/app.py\n"
        "@@ -6,8 +6,8 @@\n"
        " \n"
        ' @app.route("/orders")\n'
        " def orders():\n"
        '-    items = requests.get("http://inventory/items")  # all of them\n'
        '+    items = requests.get("http://inventory/items", timeout=2.5)  # all of them\n'
        "     return items.json(), requests.get(\n"
        '         "http://prices/all",\n'
        "-        timeout=None,\n"
        "+        timeout=2.5,\n"
        "     ).json()\n"
    )
    check(orders, "--fix")
    clean = check(orders, "--diff")
    assert (clean.returncode, clean.stdout) == (0, "")


def test_only_findings_that_are_reported_and_count_are_mended(orders: Path) -> None:
    app = orders / "orders" / "app.py"
    text = APP.replace("# all of them", f"# archlint: ignore[{RULE}] -- answered at once")
    app.write_text(text)
    check(orders, "--fix")
    assert app.read_text() == text.replace("timeout=None", "timeout=2.5")
    app.write_text(APP)
    (orders / "other").mkdir()
    check(orders, "--fix", "other")
    assert app.read_text() == APP


def test_a_report_says_that_there_are_fixes_and_sarif_carries_them(orders: Path) -> None:
    assert "--fix may mend 2 of them; --diff shows how." in check(orders).stdout
    sarif = json.loads(check(orders, "--format", "sarif").stdout)
    first, second = sarif["runs"][0]["results"]
    (change,) = first["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "orders/app.py", "uriBaseId": "%SRCROOT%"}
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 9, "startColumn": 50, "endLine": 9, "endColumn": 50},
            "insertedContent": {"text": ", timeout=2.5"},
        }
    ]
    (change,) = second["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 12, "startColumn": 17, "endLine": 12, "endColumn": 21},
            "insertedContent": {"text": "2.5"},
        }
    ]


def test_fix_and_diff_exclude_each_other(orders: Path) -> None:
    done = check(orders, "--fix", "--diff")
    assert done.returncode == 2
    assert "give one of them" in done.stderr
    assert (orders / "orders" / "app.py").read_text() == APP
