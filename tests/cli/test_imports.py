from __future__ import annotations

import subprocess
import sys


def modules_after(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_command_line_alone_imports_no_library() -> None:
    heavy = {"click", "rich", "yaml", "msgspec", "tree_sitter", "dataclasses", "re"}
    assert not heavy & (modules_after("import archlint.cli") - modules_after("pass"))


def test_a_check_that_finds_all_facts_in_its_cache_starts_no_process_and_imports_no_parser() -> None:
    parsers = {
        "rich",
        "multiprocessing",
        "pathspec",
        "tree_sitter",
        "tree_sitter_hcl",
        "grpc_tools",
        "google",
        "sqlglot",
        "jsonschema",
    }
    assert not parsers & modules_after("import archlint.cli.check, archlint.engine, archlint.reports")
