"""``explain RULE --at PATH:LINE``: the verdict, its reasons, and where the values come from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CLIENTS = """\
import requests
from requests.adapters import HTTPAdapter


class Adapter(HTTPAdapter):
    def send(self, request, **kwargs):
        kwargs.setdefault("timeout", 4)
        return super().send(request, **kwargs)


session = requests.Session()
session.mount("http://", Adapter())
"""
APP = """\
import requests
from clients import session
from flask import Flask

app = Flask(__name__)
API_KEY = "sk_live_9aYx83KqPZ7wLm2c"


@app.route("/orders")
def orders(limit):
    requests.get("http://prices/all")
    session.get("http://stock/all")
    return requests.get("http://items/all", timeout=limit).json()
"""
RULE = "http-call-without-timeout"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A service with a call that waits for ever, one that its session bounds, and one that nobody can tell."""
    (tmp_path / "archlint.yaml").write_text("")
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "clients.py").write_text(CLIENTS)
    (tmp_path / "orders" / "app.py").write_text(APP)
    return tmp_path


def explain(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archlint", "explain", *arguments],
        cwd=folder,
        env={**os.environ, "XDG_CACHE_HOME": str(folder / ".cache"), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_a_violation_is_told_with_its_reasons(shop: Path) -> None:
    done = explain(shop, RULE, "--at", "orders/app.py:11")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:6] == [
        "orders/app.py:11:5  HttpCall GET prices/all",
        '       11 |     requests.get("http://prices/all")',
        "          |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "  a violation: orders calls prices without a timeout",
        "  because",
        "    call.timeout is None     holds",
    ]


def test_a_value_is_told_with_its_source_in_another_module(shop: Path) -> None:
    lines = explain(shop, RULE, "--at", "orders/app.py:12").stdout.splitlines()
    assert "  no violation" in lines
    assert "    call.timeout is None     does not hold" in lines
    start = next(number for number, line in enumerate(lines) if line.startswith("    call.timeout             is 4"))
    assert lines[start].endswith(", given by the session")
    assert lines[start + 1].split() == ["at", "orders/clients.py:8:16"]


def test_what_is_not_judged_is_told_with_what_is_unknown(shop: Path) -> None:
    lines = explain(shop, RULE, "--at", "orders/app.py:13").stdout.splitlines()
    (verdict,) = [line for line in lines if line.startswith("  not judged: ")]
    assert any(line.startswith("    call.timeout is None     unknown: ") for line in lines)
    assert verdict.removeprefix("  not judged: ") in "".join(lines[4:])


def test_a_secret_is_not_printed(shop: Path) -> None:
    done = explain(shop, "hardcoded-secret", "--at", "orders/app.py:6")
    assert "a violation" in done.stdout
    assert "9aYx83KqPZ7wLm2c" not in done.stdout


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("orders/app.py:3", "archlint sees none in orders/app.py:3; in that file there are some in line 11, 12, 13"),
        ("orders/clients.py:1", "archlint sees none in orders/clients.py:1, nor elsewhere in that file"),
        ("orders/app.py", "--at takes PATH:LINE, such as orders/app.py:12; 'orders/app.py' is not"),
        ("orders/none.py:3", "there is no file orders/none.py"),
    ],
)
def test_a_place_where_nothing_is_judged_is_an_error_that_says_where_something_is(
    shop: Path, place: str, message: str
) -> None:
    done = explain(shop, RULE, "--at", place)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())


def test_a_path_is_taken_from_where_one_stands(shop: Path) -> None:
    assert "a violation" in explain(shop / "orders", RULE, "--at", "app.py:11").stdout
