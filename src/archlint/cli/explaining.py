"""``archlint explain RULE --at PATH:LINE``: how the rule judges what stands there, and which value came from where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from archlint.cli.redaction import without_secrets
from archlint.config import Options
from archlint.core.facts.base import Fact
from archlint.core.rule import Rule
from archlint.core.system import SUBJECTS, Subject, System
from archlint.core.system.security import SecretExposure
from archlint.core.values import Truth, Unknown
from archlint.inputs import Workspace
from archlint.reports.excerpt import Excerpts, printable
from archlint.ruleset.explanation import Explanation, Value, explain_subject
from archlint.survey import locate, survey

_MOST_NEIGHBOURS = 8


def explain_at(rule: Rule, place: str, config: Path | None = None) -> str:
    """What the rule makes of every subject at a place, for a terminal.

    Raises:
        click.UsageError: the place is not written ``PATH:LINE``, or nothing that the rule judges stands there.
    """
    options = Options(cwd=Path.cwd(), config=config)
    root, settings, _ = locate(options)
    path, line = _parsed(place, root)
    found = survey(root, settings, options, {rule.subject})
    explanations = [explain_subject(rule, one) for one in found.system.select(SUBJECTS[rule.subject])]
    chosen = [one for one in explanations if _stands_at(one, path, line)]
    if not chosen:
        raise click.UsageError(_nothing(rule, path, line, found.system.select(SUBJECTS[rule.subject])))
    excerpts = _excerpts(found.workspace, found.system, chosen)
    blocks = ["\n".join(_block(rule, one, excerpts)) for one in chosen]
    return without_secrets("\n\n".join(blocks) + "\n", found.system, found.workspace)


def _parsed(place: str, root: Path) -> tuple[str, int]:
    path, _, line = place.rpartition(":")
    if not path or not line.isdigit():
        raise click.UsageError(f"--at takes PATH:LINE, such as orders/app.py:12; {place!r} is not")
    resolved = Path(path).resolve()
    if not resolved.is_file():
        raise click.UsageError(f"there is no file {path}")
    if not resolved.is_relative_to(root.resolve()):
        raise click.UsageError(f"{path} is outside of the workspace {root}")
    return resolved.relative_to(root.resolve()).as_posix(), int(line)


def _stands_at(one: Explanation, path: str, line: int) -> bool:
    return any(at.path == path and at.covers(line) for at in (one.at, one.subject.at))


def _nothing(rule: Rule, path: str, line: int, subjects: Sequence[Subject | Fact]) -> str:
    here = sorted(
        {one.at.line for one in subjects if one.at.path == path}, key=lambda other: (abs(other - line), other)
    )
    text = f"{rule.name} judges every {rule.subject}, and archlint sees none in {path}:{line}"
    if here:
        return f"{text}; in that file there are some in line {', '.join(map(str, sorted(here[:_MOST_NEIGHBOURS])))}"
    return f"{text}, nor elsewhere in that file"


def _block(rule: Rule, one: Explanation, excerpts: Excerpts) -> Iterator[str]:
    yield f"{one.at}  {rule.subject} {printable(str(getattr(one.subject, 'name', '')))}".rstrip()
    marked = excerpts.marked(one.at)
    if marked is not None:
        yield f"{one.at.line:>9} | {marked[0]}"
        yield f"          | {marked[1]}"
    yield (
        f"  {_verdict(one.verdict)}: {printable(one.message)}" if one.verdict is True else f"  {_verdict(one.verdict)}"
    )
    yield "  because"
    width = max(len(part.text) for part in one.parts)
    for part in one.parts:
        yield f"    {part.text:<{width}}  {_word(part.holds)}"
    if one.values:
        yield "  where"
        width = max(len(value.name) for value in one.values)
        for value in one.values:
            yield from _value(value, width)
    if one.places:
        yield "  along"
        for place in one.places:
            yield f"    {place.at}  {printable(place.note)}".rstrip()


def _value(value: Value, width: int) -> Iterator[str]:
    source = f", given by the {value.source}" if value.source else ""
    yield f"    {value.name:<{width}}  is {printable(value.shown)}{source}"
    for place in value.places:
        yield f"    {'':<{width}}  at {place.at}  {printable(place.note)}".rstrip()


def _verdict(verdict: Truth) -> str:
    if isinstance(verdict, Unknown):
        return f"not judged: {printable(verdict.reason) or 'a value could not be resolved'}"
    return "a violation" if verdict else "no violation"


def _word(truth: Truth) -> str:
    if isinstance(truth, Unknown):
        return f"unknown: {printable(truth.reason)}" if truth.reason else "unknown"
    return "holds" if truth else "does not hold"


def _excerpts(workspace: Workspace, system: System, chosen: Sequence[Explanation]) -> Excerpts:
    texts = workspace.texts(sorted({one.at.path for one in chosen}))
    return Excerpts(texts, secrets=[one.at for one in system.select(SecretExposure)])
