"""The pipeline: find the files, read them, build the system, judge it rule by rule, settle what counts, report."""

from __future__ import annotations

import dataclasses
import datetime
import gc
from collections.abc import Sequence
from pathlib import Path

from archlint import __version__, inputs, model, ruleset, triage
from archlint.config import Config, Options, find_config, load_config
from archlint.core.facts import AnyFact, Gap
from archlint.core.finding import Inputs, Report
from archlint.core.record import dataclass
from archlint.core.rule import Rule
from archlint.core.system import System
from archlint.inputs import Progress
from archlint.readers.parallel import read_all

__all__ = ["Options", "Survey", "check", "examine", "locate", "read"]


@dataclass(frozen=True)
class Survey:
    """What a workspace holds, before anything is judged."""

    workspace: inputs.Workspace
    facts: tuple[AnyFact, ...]
    inputs: Inputs


def check(options: Options, progress: Progress | None = None) -> Report:
    """Check a workspace. A rule that crashes says so in its run, and the others go on.

    Raises:
        ConfigError: archlint.yaml, a rule or a selector is wrong.
        FileNotFoundError: a path does not exist.
    """
    root, config, _ = locate(options)
    every = ruleset.load(root, config)
    rules = ruleset.select(every, options.select or config.select, (*config.ignore, *options.ignore))
    return examine(options, every, rules, progress)


def examine(options: Options, every: Sequence[Rule], rules: Sequence[Rule], progress: Progress | None = None) -> Report:
    """Judge a workspace by ``rules``, and last its suppressions, which may name any of ``every``.

    Raises what ``check`` raises.
    """
    root, config, file = locate(options)
    first, last = (tuple(one for one in rules if (one.subject == "Suppression") is audit) for audit in (False, True))
    survey = read(root, config, options, progress)
    system = model.build(survey.facts, config, {rule.subject for rule in first})
    runs, violations = ruleset.judge_all(first, system, progress)
    settled = triage.settle(
        violations,
        triage.find_marks(survey.workspace.files),
        triage.agreed_exceptions(config, file, root),
        rules=every,
        ran={run.rule for run in runs if run.error is None},
        today=options.today or datetime.datetime.now(datetime.UTC).date(),
    )
    more_runs, more = ruleset.judge_all(last, System(settled.suppressions), progress)
    places = inputs.below_root(options.paths, options.cwd, root)
    findings = triage.reported((*settled.findings, *triage.as_findings(more)), places)
    return Report(
        findings=findings,
        rules=tuple(rules),
        runs=(*runs, *more_runs),
        gaps=(*(fact for fact in survey.facts if isinstance(fact, Gap)), *system.gaps),
        inputs=dataclasses.replace(survey.inputs, unread={**survey.inputs.unread, **system.unread}),
        version=__version__,
        sources=survey.workspace.texts(sorted({finding.at.path for finding in findings})),
    )


def locate(options: Options) -> tuple[Path, Config, Path | None]:
    """The root, the configuration that holds there, and the file that it comes from."""
    root = inputs.find_root(options.paths, options.cwd)
    file = options.cwd / options.config if options.config else find_config(root)
    return root, load_config(file), file


def read(root: Path, config: Config, options: Options, progress: Progress | None = None) -> Survey:
    """Find the files and read them, from the cache where it knows them."""
    workspace = inputs.discover(root, config, progress)
    cache = inputs.FactCache(root, inputs.default_directory() if options.use_cache else None)
    reading = read_all(workspace.files, cache, inputs.bundle_digest, options.jobs, progress)
    cache.save()
    gc.freeze()  # the facts stay to the end: no collection need ever walk them again
    counts = Inputs(str(root), reading.read, reading.unread, workspace.left_out)
    return Survey(workspace, (*reading.facts, *workspace.gaps), counts)
