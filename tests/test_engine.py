"""The pipeline as a whole: hostile input, suppressions, narrowing, crashes, and the same report every time."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import pytest

from archlint import engine
from archlint.config import ConfigError
from archlint.core.finding import Report
from archlint.core.rule import Rule

GOOD = "import os\n"
MANIFEST = "apiVersion: v1\nkind: Service\nmetadata:\n  name: orders\n"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
AUDIT = ("unreadable-input", "unused-suppression", "unknown-suppression")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHLINT_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))


def lay_out(root: Path, files: dict[str, str | bytes]) -> None:
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)


def check(root: Path, *paths: str, **options: object) -> Report:
    given = {"cwd": root, "select": AUDIT, "paths": tuple(map(Path, paths)), **options}
    return engine.check(engine.Options(**given))  # type: ignore[arg-type]


def shown(report: Report) -> list[tuple[str, int, str]]:
    return [(one.at.path, one.at.line, one.rule) for one in report.failures]


HOSTILE: dict[str, str | bytes] = {
    "python2.py": 'import os\nprint "hello"\n',
    "latin.py": b"NAME = 'Jos\xe9'\n",
    "nested.py": "x = " + "(" * 5000,
    "bomb.yaml": BOMB,
    "broken.yaml": "apiVersion: v1\nkind: Service\nmetadata: [\n",
    "latin.yaml": b"apiVersion: v1\nkind: Service\nname: \xe9\n",
    "deep.yaml": "a: " + "[" * 50_000,
    "huge.yaml": b"a: 1\n" * 1_100_000,
    "broken.tf": 'resource "a" {{{',
}
HARMLESS: dict[str, str | bytes] = {
    "empty.py": "",
    "empty.yaml": "",
    "Dockerfile": "",
    "bom.py": b"\xef\xbb\xbfimport os\n",
    "bom.yaml": b"\xef\xbb\xbf" + MANIFEST.encode(),
    "crlf.py": "import os\r\nprint(1)\r\n",
    "crlf.yaml": MANIFEST.replace("\n", "\r\n"),
    "cookie.py": b"# -*- coding: latin-1 -*-\nNAME = 'Jos\xe9'\n",
}


def test_every_hostile_file_is_a_gap_and_the_scan_goes_on(tmp_path: Path) -> None:
    lay_out(tmp_path, HOSTILE | HARMLESS)
    (tmp_path / "loop").symlink_to(".")
    report = check(tmp_path)
    assert {one.at.path for one in report.failures} == {*HOSTILE, "loop"}
    assert {one.rule for one in report.failures} == {"unreadable-input"}
    assert all(len(gap.reason) > 20 for gap in report.gaps)


def test_the_report_is_the_same_for_any_number_of_workers_state_of_the_cache_and_directory(tmp_path: Path) -> None:
    lay_out(tmp_path, HOSTILE | HARMLESS | {f"src/m{number}.py": GOOD for number in range(250)})
    lay_out(tmp_path, {"archlint.yaml": ""})

    def bare(report: Report) -> object:
        runs = [(run.rule, run.looked_at, run.not_judged) for run in report.runs]
        return (report.findings, runs, report.gaps, report.inputs, report.sources)

    first = bare(check(tmp_path, jobs=1, use_cache=False))
    assert bare(check(tmp_path, jobs=2, use_cache=False)) == first
    assert bare(check(tmp_path, jobs=2)) == first
    assert bare(check(tmp_path, jobs=1)) == first
    assert bare(check(tmp_path / "src", "..")) == first


def test_paths_narrow_what_is_reported_and_not_what_is_read(tmp_path: Path) -> None:
    lay_out(tmp_path, {"archlint.yaml": "", "a/x.py": "print 1\n", "b/x.py": "print 1\n"})
    report = check(tmp_path, "b")
    assert shown(report) == [("b/x.py", 1, "unreadable-input")]
    assert report.inputs.read["Python"] == 2


def test_an_exception_of_the_configuration_holds_until_its_date(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a/x.py": "print 1\n"})
    text = "exceptions:\n- rule: unreadable-input\n  path: a\n  reason: r\n  until: 2026-05-01\n"
    lay_out(tmp_path, {"archlint.yaml": text})
    assert shown(check(tmp_path, today=datetime.date(2026, 5, 1))) == []
    (late,) = check(tmp_path, today=datetime.date(2026, 5, 2)).failures
    assert late.message.endswith(" (exception expired on 2026-05-01: r)")


def test_an_exception_that_nothing_needs_is_reported_where_it_stands(tmp_path: Path) -> None:
    lay_out(tmp_path, {"archlint.yaml": "exceptions:\n- rule: unreadable-input\n  path: gone\n  reason: r\n"})
    assert shown(check(tmp_path)) == [("archlint.yaml", 2, "unused-suppression")]


def test_suppressions_are_audited(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        {
            "app.py": (
                "x = 1  # archlint: ignore[unreadable-input] -- nothing to see\n"
                "y = 1  # archlint: ignore[unreadable-inputs] -- a typing error\n"
                "z = 1  # archlint: ignore[http-call-without-timeout] -- its rule does not run\n"
            )
        },
    )
    findings = {(one.at.line, one.rule) for one in check(tmp_path).failures}
    assert (1, "unused-suppression") in findings
    assert (2, "unknown-suppression") in findings
    assert (3, "unused-suppression") not in findings


def test_a_rule_that_crashes_says_so_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path, {"a.py": "print 1\n", "b.py": "x = 1  # archlint: ignore\n"})
    module = sys.modules["archlint.ruleset.judge"]
    compile_rule = module.compile_rule

    def crash(rule: Rule) -> object:
        if rule.name == "unreadable-input":
            raise ZeroDivisionError("by accident")
        return compile_rule(rule)

    monkeypatch.setattr(module, "compile_rule", crash)
    report = check(tmp_path)
    assert shown(report) == [("b.py", 1, "unknown-suppression")]
    assert [run.error for run in report.runs if run.error] == ["ZeroDivisionError: by accident"]


def test_a_wrong_configuration_or_path_ends_the_run(tmp_path: Path) -> None:
    lay_out(tmp_path, {"archlint.yaml": "exlude: []\n"})
    with pytest.raises(ConfigError, match="did you mean 'exclude'"):
        check(tmp_path)
    with pytest.raises(FileNotFoundError):
        check(tmp_path, "nowhere")


def test_findings_carry_the_source_they_point_at(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a.py": "print 1\n", "b.py": GOOD})
    assert check(tmp_path).sources == {"a.py": "print 1\n"}
