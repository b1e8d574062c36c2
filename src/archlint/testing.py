"""Run the examples of rules: for the catalogue's tests, for ``archlint rules test``, and for authors of custom rules.

Each example is laid out in a temporary folder and goes through the whole pipeline. A bad one has to be flagged on
exactly the lines that it marks, a good one nowhere. In a test of your own::

    from archlint.testing import run_file

    def test_our_rules_hold_their_examples():
        assert run_file(Path(".archlint/rules/orders-only-over-events.yaml")).failures == ()
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archlint import engine, fixes
from archlint.config import find_config, load_config
from archlint.core.finding import Report
from archlint.core.rule import Example, Rule
from archlint.ruleset import load_builtin
from archlint.ruleset.examples import marked, read_examples
from archlint.ruleset.load import builtin_folder, configure, read_rule_file


@dataclass(frozen=True)
class Outcome:
    """How a rule did on its examples; ``failures`` are sentences for people."""

    rule: str
    path: str
    examples: int
    failures: tuple[str, ...]


def run_file(file: Path) -> Outcome:
    """Run the examples of one rule file, which need not be installed anywhere.

    Raises:
        RuleError: the file is no rule, or its examples are malformed.
    """
    is_builtin = builtin_folder() in file.resolve().parents
    return run_rule(read_rule_file(file, str(file), is_builtin=is_builtin), file)


def run_files(paths: Iterable[Path]) -> list[Outcome]:
    """Run the examples of rule files and of all rule files in folders.

    Raises:
        FileNotFoundError: a folder holds no rule file.
        RuleError: as ``run_file``.
    """
    outcomes: list[Outcome] = []
    for path in paths:
        files = sorted(path.glob("**/*.yaml")) if path.is_dir() else [path]
        if not files:
            raise FileNotFoundError(2, "holds no rule file (*.yaml)", str(path))
        outcomes += map(run_file, files)
    return outcomes


def run_rules(rules: Iterable[Rule], root: Path) -> list[Outcome]:
    """Run the examples of loaded rules; ``root`` is the workspace of the custom ones.

    Raises:
        RuleError: the examples of a rule are malformed.
    """
    return [run_rule(rule, file_of(rule, root)) for rule in rules]


def run_rule(rule: Rule, file: Path) -> Outcome:
    """Run the examples that stand in the file of a rule.

    Raises:
        RuleError: the examples are malformed.
    """
    examples = read_examples(rule.path, file.read_text("utf-8"))
    failures = [
        f"{'bad' if example.is_bad else 'good'} example {number}{title(example)}: {failure}"
        for number, example in enumerate(examples, start=1)
        for failure in run_example(rule, example)
    ]
    return Outcome(rule.name, rule.path, len(examples), tuple(failures))


def run_example(rule: Rule, example: Example) -> list[str]:
    """What is wrong with the rule on one example; nothing is.

    Raises:
        ConfigError: the example's own archlint.yaml is wrong.
    """
    files = {path: marked(content) for path, content in example.files.items()}
    report = check_tree(rule, {path: file.text for path, file in files.items()})
    found = {(one.at.path, one.at.line): one for one in report.failures if one.rule == rule.name}
    expected = {(path, line) for path, file in files.items() for line in file.expected}
    todo = {(path, line) for path, file in files.items() for line in file.todo}
    failures = [f"{path}:{line} is not flagged" for path, line in sorted(expected - set(found))]
    failures += [
        f"{path}:{line} is flagged: {found[path, line].message}" for path, line in sorted(set(found) - expected - todo)
    ]
    failures += [f"{path}:{line} is flagged now: make its mark 'expect'" for path, line in sorted(todo & set(found))]
    failures += [f"the rule crashed: {run.error}" for run in report.runs if run.error and run.rule == rule.name]
    failures += fixing_failures(rule, example, {path: file.text for path, file in files.items()}, report)
    if rule.subject != "Gap":
        flagged = {path for path, _ in expected | todo}
        failures += [f"{gap.at} cannot be read: {gap.reason}" for gap in report.gaps if gap.at.path not in flagged]
    return failures


def fixing_failures(rule: Rule, example: Example, tree: dict[str, str], report: Report) -> list[str]:
    """What is wrong with the fixes of one example: they give what it shows, and fixing again changes nothing.

    Raises:
        ConfigError: the example's own archlint.yaml is wrong.
    """
    fixed = after_fixes(tree, report)
    wanted = {**tree, **{path: marked(text).text for path, text in example.fixed.items()}} if example.fixed else tree
    if example.fixed is None and fixed == tree:
        return []
    failures = [
        f"{path} is after --fix:\n{fixed[path]}"
        for path in sorted(tree)
        if example.fixed is not None and fixed[path] != wanted[path]
    ]
    again = after_fixes(fixed, check_tree(rule, fixed))
    return failures + [f"{path} changes with a second --fix" for path in sorted(tree) if again[path] != fixed[path]]


def after_fixes(tree: dict[str, str], report: Report) -> dict[str, str]:
    """The tree with the report's fixes in it."""
    changed = fixes.apply(report.findings, {path: text.encode("utf-8") for path, text in tree.items()})
    return tree | {path: one.data.decode("utf-8") for path, one in changed.items()}


def check_tree(rule: Rule, files: dict[str, str]) -> Report:
    """The report of one rule over a tree of files, with the example's own archlint.yaml if it has one.

    Raises:
        ConfigError: that archlint.yaml is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="archlint-") as folder:
        root = Path(folder).resolve()
        (root / "archlint.yaml").touch()  # so that the root is here, whatever lies above
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text.encode("utf-8"))
        settings = load_config(find_config(root)).settings
        if rule.name in settings:
            rule = configure(rule, settings[rule.name])
        others = tuple(one for one in load_builtin() if one.name != rule.name)
        # What is suppressed, and so what rules about suppressions say, takes all the others' findings.
        rules = (rule, *others) if rule.subject == "Suppression" else (rule,)
        options = engine.Options(paths=(root,), cwd=root, jobs=1, use_cache=False, with_fixes=True)
        return engine.examine(options, (rule, *others), rules)


def file_of(rule: Rule, root: Path) -> Path:
    """The file of a loaded rule."""
    return builtin_folder() / rule.category / f"{rule.name}.yaml" if rule.is_builtin else root / rule.path


def title(example: Example) -> str:
    """The example's title in brackets."""
    return f" ({example.title})" if example.title else ""
