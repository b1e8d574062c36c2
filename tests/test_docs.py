from __future__ import annotations

from pathlib import Path

from archlint.docs import render_pages, stale_pages

FOLDER = Path(__file__).parents[1] / "docs"


def test_the_generated_pages_are_current_else_run_python_m_archlint_docs() -> None:
    assert stale_pages(FOLDER, render_pages()) == []
