"""``archlint rules`` and ``archlint explain``: the catalogue for people."""

from __future__ import annotations

from pathlib import Path

import click

from archlint import ruleset
from archlint.cli import output
from archlint.core.rule import Rule


@click.group(invoke_without_command=True)
@click.pass_context
def rules(context: click.Context) -> None:
    """List rules, or test their examples."""
    if context.invoked_subcommand is None:
        context.invoke(list_rules)


@rules.command("list")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text")
@click.option("--select", multiple=True, metavar="RULE", help="Only these rules: name, category or glob.")
def list_rules(form: str = "text", select: tuple[str, ...] = ()) -> None:
    """List all rules that hold here, custom ones too."""
    found = ruleset.select(loaded(), select)
    output.write(as_json(found) if form == "json" else as_table(found))


@rules.command("test")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
def test_rules(paths: tuple[Path, ...]) -> int:
    """Run the examples of rule files: those under PATHS, else all that hold here.

    Every line marked `# expect` has to be flagged, and nothing else; good examples have to be clean.
    """
    from archlint import testing
    from archlint.config import Options
    from archlint.survey import locate

    root, _, _ = locate(Options(cwd=Path.cwd()))
    outcomes = testing.run_files(paths) if paths else testing.run_rules(loaded(), root)
    failures = 0
    for outcome in outcomes:
        failures += len(outcome.failures)
        for failure in outcome.failures:
            output.write(f"{outcome.path}: {failure}\n")
    examples = sum(outcome.examples for outcome in outcomes)
    counts = ((len(outcomes), "rule"), (examples, "example"), (failures, "failure"))
    output.write(", ".join(f"{number} {noun}{'s' if number != 1 else ''}" for number, noun in counts) + "\n")
    return 1 if failures else 0


@click.command()
@click.argument("rule")
@click.option("--at", "place", metavar="PATH:LINE", help="Explain how the rule judges what stands there.")
def explain(rule: str, place: str | None) -> None:
    """Tell why a rule exists, how to fix what it finds, and show a bad and a good example.

    With --at, tell how the rule judges what stands in that line: which of its conditions hold, which values they read,
    and where those values come from.
    """
    from archlint import docs, testing
    from archlint.config import Options
    from archlint.ruleset.examples import read_examples
    from archlint.survey import locate

    root, _, _ = locate(Options(cwd=Path.cwd()))
    found = ruleset.find(loaded(), rule)
    if place is not None:
        from archlint.cli.explaining import explain_at

        output.write(explain_at(found, place))
        return
    file = testing.file_of(found, root)
    output.write(docs.explain(found, read_examples(found.path, file.read_text("utf-8"))))


def loaded() -> tuple[Rule, ...]:
    """The rules that hold in the current directory."""
    from archlint.config import Options
    from archlint.survey import locate

    root, config, _ = locate(Options(cwd=Path.cwd()))
    return ruleset.load(root, config)


def as_table(found: tuple[Rule, ...]) -> str:
    """The rules by category, one a line."""
    width = max(len(rule.name) for rule in found)
    lines: list[str] = []
    category = ""
    for rule in found:
        if rule.category != category:
            category = rule.category
            lines += [*([""] if lines else []), category]
        lines.append(f"  {rule.name:<{width}}  {rule.severity.label:<7}  {rule.summary}")
    return "\n".join([*lines, "", f"{len(found)} rules; `archlint explain RULE` tells more.", ""])


def as_json(found: tuple[Rule, ...]) -> str:
    """The rules as a JSON list."""
    import msgspec

    document = [
        {
            "name": rule.name,
            "category": rule.category,
            "severity": rule.severity.label,
            "summary": rule.summary,
            "since": rule.since,
            "for": rule.subject,
            "aliases": rule.aliases,
            "path": rule.path,
            "is_builtin": rule.is_builtin,
            "is_fixable": bool(rule.autofixes),
            "options": [
                {"name": one.name, "type": one.type, "value": one.default, "summary": one.summary}
                for one in rule.options
            ],
        }
        for rule in found
    ]
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
