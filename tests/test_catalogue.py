"""The catalogue as a whole: well formed, exercised, documented."""

from __future__ import annotations

from collections import Counter

import pytest
from standard import STANDARD

from archlint.core.rule import Rule
from archlint.ruleset import load_builtin
from archlint.ruleset.compiled import compile_rule
from archlint.ruleset.examples import read_examples
from archlint.ruleset.load import builtin_folder

CATEGORIES = {"archlint", *STANDARD}
SEVERITIES = {
    name: (category, severity)
    for category, severities in STANDARD.items()
    for severity, names in severities.items()
    for name in names.split()
}
RULES = load_builtin()
each_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.name for rule in RULES])


def text_of(rule: Rule) -> str:
    return (builtin_folder() / rule.category / f"{rule.name}.yaml").read_text("utf-8")


def test_every_file_below_rules_is_a_rule() -> None:
    files = {path.relative_to(builtin_folder()).as_posix() for path in builtin_folder().rglob("*") if path.is_file()}
    assert files == {f"{rule.category}/{rule.name}.yaml" for rule in RULES}


def test_names_are_unique() -> None:
    names = Counter(name for rule in RULES for name in (rule.name, *rule.aliases))
    assert [name for name, count in names.items() if count > 1] == []


@each_rule
def test_the_category_is_known(rule: Rule) -> None:
    assert rule.category in CATEGORIES


@each_rule
def test_category_and_severity_are_those_of_the_standard(rule: Rule) -> None:
    if rule.category != "archlint":
        assert (rule.category, rule.severity.label) == SEVERITIES[rule.name]


@each_rule
def test_the_words_are_said_in_full(rule: Rule) -> None:
    assert len(rule.summary) <= 100
    assert not rule.summary.endswith(".")
    assert rule.summary[0].isupper()
    assert len(rule.why.split()) >= 10
    assert len(rule.fix.split()) >= 6
    assert rule.since == "0.1"


@each_rule
def test_the_message_names_something_concrete(rule: Rule) -> None:
    assert "{" in rule.message


@each_rule
def test_every_option_is_read_by_the_rule(rule: Rule) -> None:
    assert {option.name for option in rule.options} == compile_rule(rule).options


@each_rule
def test_two_examples_are_bad_and_two_are_good(rule: Rule) -> None:
    examples = read_examples(rule.path, text_of(rule))
    assert sum(example.is_bad for example in examples) >= 2
    assert sum(not example.is_bad for example in examples) >= 2
