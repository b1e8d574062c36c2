"""Whole fixture systems, with their complete expected findings.

An expected file holds one finding a line, ``path:line rule``, each reasoned from the catalogue and not from archlint's
output; a suppressed finding has ``suppressed`` behind it. After an agreed change of a rule or fixture, print what is
found now and reason about each line that differs:

    archlint check --exit-zero --format json fixtures/SYSTEM
"""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archlint import engine, reports

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
EXPECTED = Path(__file__).parent / "expected"
TODAY = datetime.date(2026, 11, 22)
SYSTEMS = sorted(path.stem for path in EXPECTED.glob("*.txt"))


def check(folder: Path, **options: object) -> engine.Report:
    defaults: dict[str, object] = {"paths": (folder,), "use_cache": False, "jobs": 1, "today": TODAY}
    return engine.check(engine.Options(**{**defaults, **options}))


def lines(report: engine.Report) -> list[str]:
    return [
        f"{finding.at.path}:{finding.at.line} {finding.rule}" + (" suppressed" if finding.suppressed_by else "")
        for finding in report.findings
    ]


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_fixture_system_has_exactly_its_expected_findings(system: str) -> None:
    expected = [
        line for line in (EXPECTED / f"{system}.txt").read_text().splitlines() if line and not line.startswith("#")
    ]
    found = lines(check(FIXTURES / system))
    missed, surplus = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    assert (missed, surplus) == ([], [])
    assert sorted(found) == sorted(expected)


def test_every_fixture_system_has_expected_findings() -> None:
    assert sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()) == SYSTEMS


def test_the_shop_in_trouble_violates_every_builtin_rule() -> None:
    report = check(FIXTURES / "shop-in-trouble")
    silent = {rule.name for rule in report.rules} - {finding.rule for finding in report.findings}
    assert silent == set()


def test_no_rule_crashes_on_a_fixture_system() -> None:
    for system in SYSTEMS:
        assert check(FIXTURES / system).notes == ()


@pytest.mark.parametrize("format", sorted(reports.FORMATS))
def test_the_output_is_the_same_for_any_number_of_workers_any_cache_and_any_directory(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARCHLINT_CACHE_DIR", str(tmp_path / "cache"))
    write = reports.FORMATS[format]
    folder = FIXTURES / "shop-in-trouble"
    outputs = {
        "one worker": write(check(folder)),
        "two workers": write(check(folder, jobs=2)),
        "cold cache": write(check(folder, use_cache=True)),
        "warm cache": write(check(folder, use_cache=True)),
        "another directory": write(check(Path("shop-in-trouble"), cwd=FIXTURES)),
    }
    assert set(outputs.values()) == {outputs["one worker"]}


def test_the_output_does_not_hang_on_the_order_of_sets() -> None:
    command = [sys.executable, "-m", "archlint", "check", "--exit-zero", "--no-cache", "--format", "json"]
    outputs = {
        subprocess.run(
            [*command, str(FIXTURES / "shop-in-trouble")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def test_fingerprints_survive_edits_above_the_finding(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(FIXTURES / "shop-in-trouble", folder)
    before = sorted(finding.fingerprint for finding in check(folder).findings)
    for path in folder.rglob("*"):
        if path.suffix in (".py", ".yaml", ".yml", ".tf", ".proto") and path.stat().st_size:
            mark = "//" if path.suffix == ".proto" else "#"
            path.write_text(f"{mark} a line above\n{path.read_text()}")
    assert sorted(finding.fingerprint for finding in check(folder).findings) == before


def test_no_two_findings_have_one_fingerprint() -> None:
    fingerprints = [finding.fingerprint for finding in check(FIXTURES / "shop-in-trouble").findings]
    assert len(set(fingerprints)) == len(fingerprints)
