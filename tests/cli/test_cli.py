from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = "import requests\n\n\ndef items():\n    return requests.get('http://inventory/items')\n"
RULE = """\
summary: Orders imports requests
why: Orders hears of everything by events, and calls nobody else directly.
fix: Publish an event, and let the other service take it.
severity: {severity}
since: "0.1"
for: Gap
when: {when}
message: "{{gap.kind}} in {{gap.at}}"
---
examples:
  - bad:
      orders/app.py: |
        print "old"  # expect
  - good:
      orders/app.py: |
        print("new")
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with one unreadable file and a rule of its own about such files."""
    (tmp_path / ".archlint" / "rules").mkdir(parents=True)
    (tmp_path / "archlint.yaml").write_text("")
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "app.py").write_text('print "old"\n')
    write_rule(tmp_path)
    return tmp_path


def write_rule(shop: Path, severity: str = "warning", when: str = 'gap.kind == "syntax"') -> None:
    text = RULE.format(severity=severity, when=when)
    (shop / ".archlint" / "rules" / "old-python.yaml").write_text(text)


def run(shop: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archlint", *arguments],
        cwd=shop,
        env={**os.environ, "XDG_CACHE_HOME": str(shop / ".cache"), "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def test_findings_exit_with_one_and_stand_alone_on_standard_output(shop: Path) -> None:
    done = run(shop, "check", "--select", "old-python", "--quiet")
    assert done.stdout == "orders/app.py:1:1: warning old-python: syntax in orders/app.py:1:1\n"
    assert done.stderr == ""
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("severity", "arguments", "status"),
    [
        ("advice", [], 0),
        ("advice", ["--fail-on", "advice"], 1),
        ("warning", ["--fail-on", "error"], 0),
        ("error", ["--fail-on", "error"], 1),
        ("error", ["--fail-on", "never"], 0),
        ("error", ["--exit-zero"], 0),
    ],
)
def test_the_exit_status_depends_on_the_severity(shop: Path, severity: str, arguments: list[str], status: int) -> None:
    write_rule(shop, severity)
    assert run(shop, "check", "--select", "old-python", *arguments).returncode == status


def test_paths_narrow_what_is_reported(shop: Path) -> None:
    (shop / "billing").mkdir()
    assert run(shop, "check", "--select", "old-python", "billing").returncode == 0


def test_the_report_goes_into_a_file(shop: Path) -> None:
    done = run(shop, "check", "--select", "old-python", "--format", "sarif", "--output", "report.sarif")
    assert done.stdout == ""
    document = json.loads((shop / "report.sarif").read_text("utf-8"))
    assert [result["ruleId"] for result in document["runs"][0]["results"]] == ["old-python"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["check", "--select", "old-pythn"],
            "selector 'old-pythn' matches no rule or category; did you mean 'old-python'?",
        ),
        (["check", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["check", "nowhere"], "nowhere"),
        (["check", "--fail-on", "high"], "'high' is not one of"),
        (["chek"], "no command is called 'chek'; did you mean 'check'?"),
        (["explain", "old-pythn"], "no rule is called 'old-pythn'; did you mean 'old-python'?"),
        (["model", "--type", "Servic"], "no subject is called 'Servic'; did you mean 'Service'?"),
    ],
)
def test_what_cannot_be_done_exits_with_two_and_says_why(shop: Path, arguments: list[str], message: str) -> None:
    done = run(shop, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_bad_rule_exits_with_two_and_a_caret(shop: Path) -> None:
    write_rule(shop, when='gap.knd == "syntax"')
    done = run(shop, "check")
    assert done.returncode == 2
    assert done.stderr == (
        "archlint: .archlint/rules/old-python.yaml:7:11: Gap has no field 'knd'; did you mean 'kind'?\n"
        '    7 | when: gap.knd == "syntax"\n'
        "      |           ^\n"
    )


def test_the_text_report_is_escaped_for_a_terminal_that_knows_ascii_alone(shop: Path) -> None:
    done = run(shop, "check", "--select", "old-python", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stdout.isascii()


def test_a_reader_that_goes_away_is_no_crash(shop: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "archlint", "rules"], cwd=shop, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert b"Traceback" not in errors


def test_rules_are_listed_and_explained(shop: Path) -> None:
    names = {rule["name"] for rule in json.loads(run(shop, "rules", "list", "--format", "json").stdout)}
    assert {"old-python", "unreadable-input"} <= names
    assert "  old-python" in run(shop, "rules").stdout
    explained = run(shop, "explain", "old-python").stdout
    assert "Publish an event" in explained
    assert 'print "old"  # <-- here' in explained


def test_the_examples_of_a_folder_are_run(shop: Path) -> None:
    done = run(shop, "rules", "test", ".archlint/rules")
    assert (done.stdout, done.returncode) == ("1 rule, 2 examples, 0 failures\n", 0)
    write_rule(shop, when='gap.kind == "encoding"')
    done = run(shop, "rules", "test", ".archlint/rules")
    assert done.returncode == 1
    assert "bad example 1: orders/app.py:1 is not flagged" in done.stdout


def test_facts_and_the_model_are_json(shop: Path) -> None:
    (shop / "orders" / "app.py").write_text(APP)
    facts = json.loads(run(shop, "facts", "orders").stdout)
    assert facts[0]["fact"] == "PythonModule"
    assert facts[0]["name"] == "orders.app"
    assert isinstance(json.loads(run(shop, "model").stdout), dict)


def test_facts_and_the_model_tell_no_secrets(shop: Path) -> None:
    (shop / "orders" / "app.py").write_text(
        "from flask import Flask\n\napp = Flask(__name__)\n"
        "app.config['SECRET_KEY'] = 'vE8rJ2mQ71xTfoZb'\nDATABASE = 'postgres://orders:Zk82hQ@db/orders'\n"
    )
    (shop / "compose.yaml").write_text(
        "services:\n  orders:\n    build: orders\n    environment:\n      ORDERS_PASSWORD: Hq7wZ2pL91\n"
    )
    for command in (["facts", "."], ["model"]):
        shown = run(shop, *command).stdout
        assert shown
        assert "vE8rJ2mQ71xTfoZb" not in shown
        assert "Zk82hQ" not in shown
        assert "Hq7wZ2pL91" not in shown


def test_the_version_is_told_without_importing_click(shop: Path) -> None:
    code = "import sys; sys.argv[1:] = ['--version']; import archlint.cli as c; c.main(); print('click' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=shop)
    name, outcome = done.stdout.splitlines()
    assert name.startswith("archlint ")
    assert outcome == "False"
