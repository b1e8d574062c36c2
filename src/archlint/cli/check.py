"""``archlint check``: the main job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archlint.cli import output, progress
from archlint.core.finding import Report
from archlint.core.rule import Severity

if TYPE_CHECKING:
    from archlint.config import Options

LEVELS = ("advice", "warning", "error", "never")
DEFAULT_LEVEL = "warning"


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(("text", "json", "sarif")), default="text", help="Report format.")
@click.option(
    "--output", "-o", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write the report here."
)
@click.option("--select", multiple=True, metavar="RULE", help="Only these rules: name, category or glob. Repeatable.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Not these rules: name, category or glob. Repeatable.")
@click.option("--fail-on", type=click.Choice(LEVELS), help="Exit with 1 from this severity on (default: warning).")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found; the same as --fail-on never.")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="Use this archlint.yaml.")
@click.option("--quiet", "-q", is_flag=True, help="One line a finding, nothing else.")
@click.option("--verbose", "-v", is_flag=True, help="Suppressed findings and what was not judged, too.")
@click.option("--statistics", is_flag=True, help="A table of the rules: subjects, findings, not judged, time.")
@click.option("--jobs", "-j", type=click.IntRange(min=1), help="Processes that read files (default: one a processor).")
@click.option("--no-cache", is_flag=True, help="Read every file anew.")
@click.option("--fix", is_flag=True, help="Mend what can be mended in its own line, and report what is left.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing; exit with 1 if it would.")
@click.option("--no-suppressions", is_flag=True, help="Report suppressed findings as if they were not.")
def check(
    paths: tuple[Path, ...],
    form: str,
    target: Path | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str | None,
    exit_zero: bool,
    config: Path | None,
    quiet: bool,
    verbose: bool,
    statistics: bool,
    jobs: int | None,
    no_cache: bool,
    fix: bool,
    diff: bool,
    no_suppressions: bool,
) -> int:
    """Check a system against its architecture standard.

    The whole workspace is always read, since a system cannot be judged from some of its files; PATHS only narrow what
    is reported. The workspace is the nearest directory upward with an archlint.yaml, else with a .git.

    Exit status: 0 clean, 1 findings, 2 archlint could not do its job.
    """
    from archlint import engine, reports

    options = engine.Options(
        paths=paths,
        cwd=Path.cwd(),
        config=config,
        select=split(select),
        ignore=split(ignore),
        jobs=jobs,
        use_cache=not no_cache,
        with_fixes=fix or diff or form == "sarif",
    )
    if fix and diff:
        raise click.UsageError("--fix changes files and --diff changes none: give one of them")
    with progress.shown(quiet=quiet) as shown:
        report = mended(lambda: engine.check(options, shown)) if fix else engine.check(options, shown)
    if diff:
        from archlint.cli.fixing import difference

        text = difference(report)
        output.write(text, target)
        return int(bool(text) and not exit_zero)
    if no_suppressions:
        report = without_suppressions(report)
    if form == "text":
        text = reports.write_text(
            report,
            colour=target is None and output.wants_colour(),
            ascii_only=target is None and output.is_ascii_only(),
            quiet=quiet,
            verbose=verbose,
            statistics=statistics,
        )
    else:
        text = reports.FORMATS[form](report)
    output.write(text, target)
    if any(run.error for run in report.runs):
        return 2
    level = "never" if exit_zero else fail_on or configured_level(options) or DEFAULT_LEVEL
    return int(fails(report, level))


def mended(check: Callable[[], Report]) -> Report:
    """The report of what is left after the fixes."""
    from archlint.cli.fixing import fixed  # what compares and writes files is loaded only where that is asked for

    return fixed(check)


def split(selectors: tuple[str, ...]) -> tuple[str, ...]:
    """Selectors given several times, or several at once with commas between them."""
    return tuple(part for selector in selectors for part in selector.split(",") if part)


def fails(report: Report, level: str) -> bool:
    """Whether a finding that counts is at least that severe."""
    if level == "never":
        return False
    least = Severity[level.upper()]
    return any(finding.severity >= least for finding in report.failures)


def without_suppressions(report: Report) -> Report:
    """The report with every finding counting again."""
    import dataclasses

    findings = tuple(dataclasses.replace(finding, suppressed_by=None) for finding in report.findings)
    return dataclasses.replace(report, findings=findings)


def configured_level(options: Options) -> str | None:
    """``fail-on:`` of archlint.yaml."""
    from archlint.survey import locate

    return locate(options)[1].fail_on
