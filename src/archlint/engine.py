"""The pipeline: find the files, read them, build the system, judge it rule by rule, settle what counts, report."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from pathlib import Path

from archlint import __version__, fixes, inputs, ruleset, triage
from archlint.config import Config, Options
from archlint.core.finding import Report
from archlint.core.rule import Rule
from archlint.core.source import Kind
from archlint.core.system import System
from archlint.inputs import Progress
from archlint.survey import locate, survey

__all__ = ["Options", "check", "examine"]


def check(options: Options, progress: Progress | None = None) -> Report:
    """Check a workspace. A rule that crashes says so in its run, and the others go on.

    Raises:
        ConfigError: archlint.yaml, a rule or a selector is wrong.
        FileNotFoundError: a path does not exist.
    """
    located = locate(options)
    root, config, _ = located
    every = ruleset.load(root, config)
    rules = ruleset.select(every, options.select or config.select, (*config.ignore, *options.ignore))
    return _judged(located, options, every, rules, progress)


def examine(options: Options, every: Sequence[Rule], rules: Sequence[Rule], progress: Progress | None = None) -> Report:
    """Judge a workspace by ``rules``, and last its suppressions, which may name any of ``every``.

    Raises what ``check`` raises.
    """
    return _judged(locate(options), options, every, rules, progress)


def _judged(
    located: tuple[Path, Config, Path | None],
    options: Options,
    every: Sequence[Rule],
    rules: Sequence[Rule],
    progress: Progress | None,
) -> Report:
    root, config, file = located
    first, last = (tuple(one for one in rules if (one.subject == "Suppression") is audit) for audit in (False, True))
    found = survey(root, config, options, {rule.subject for rule in first}, progress)
    system, files = found.system, found.workspace
    runs, violations = ruleset.judge_all(first, system, progress)
    settled = triage.settle(
        violations,
        triage.find_marks(files.files),
        triage.agreed_exceptions(config, file, root),
        rules=every,
        ran={run.rule for run in runs if run.error is None},
        today=options.today or datetime.datetime.now(datetime.UTC).date(),
    )
    more_runs, more = ruleset.judge_all(last, System(settled.suppressions), progress)
    places = inputs.below_root(options.paths, options.cwd, root)
    findings = triage.reported((*settled.findings, *triage.as_findings(more)), places)
    if options.with_fixes:
        findings = fixes.with_replacements(
            findings, {file.path: file.data for file in files.files if file.kind is Kind.PYTHON}
        )
    return Report(
        findings=findings,
        rules=tuple(rules),
        runs=(*runs, *more_runs),
        gaps=system.gaps,
        inputs=dataclasses.replace(found.inputs, unread={**found.inputs.unread, **system.unread}),
        version=__version__,
        sources=files.texts(sorted({finding.at.path for finding in findings})),
    )
