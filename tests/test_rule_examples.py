"""Every example of every rule: bad ones are flagged on exactly the lines that they mark, good ones nowhere."""

from __future__ import annotations

import pytest

from archlint.core.rule import Example, Rule
from archlint.ruleset import load_builtin
from archlint.ruleset.examples import read_examples
from archlint.ruleset.load import builtin_folder
from archlint.testing import run_example

EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.name}-{number}-{'bad' if example.is_bad else 'good'}")
    for rule in load_builtin()
    for number, example in enumerate(
        read_examples(rule.path, (builtin_folder() / rule.category / f"{rule.name}.yaml").read_text("utf-8")), start=1
    )
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_the_example_is_flagged_where_it_says_and_nowhere_else(rule: Rule, example: Example) -> None:
    assert run_example(rule, example) == []
