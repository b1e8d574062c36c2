from __future__ import annotations

from pathlib import Path

from archlint.config import load_config
from archlint.docs import render_pages, stale_pages
from archlint.testing import run_file

FOLDER = Path(__file__).parents[1] / "docs"


def test_the_generated_pages_are_current_else_run_python_m_archlint_docs() -> None:
    assert stale_pages(FOLDER, render_pages()) == []


def test_the_rule_in_the_guide_loads_and_holds_its_examples(tmp_path: Path) -> None:
    text = (FOLDER / "writing-rules.md").read_text("utf-8")
    block = text.split("```yaml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "orders-calls-nobody.yaml"
    file.write_text(block, "utf-8")
    assert run_file(file).failures == ()


def test_the_configuration_in_the_guide_is_valid(tmp_path: Path) -> None:
    text = (FOLDER / "configuration.md").read_text("utf-8")
    file = tmp_path / "archlint.yaml"
    file.write_text(text.split("```yaml\n", 1)[1].split("```", 1)[0], "utf-8")
    assert load_config(file).fail_on == "error"
