"""Measure archlint against parsing alone and against its peers, in one run, as ratios.

    python bench/run.py [FOLDER] [--services N] [--rounds N] [--peers]

Without FOLDER a system of N services (53: about 1,000 files) is generated. The unit is one pass of ``ast.parse`` and
``yaml.compose`` over the same files in one fresh process. Each command runs in turn, round by round, so that a machine
that slows down slows all of them; the medians are compared. "After an edit" is a run that knows the facts of every file
and has to join them anew, as after a change to one file. Python's bytecode is kept, as it is for a package that pip
installed. Peers run where they are installed: bandit, ruff (S113), semgrep with a local timeout rule, checkov on the
manifests.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate import generate

PARSE = """
import ast, sys, warnings, yaml
warnings.simplefilter("ignore")
for path in sys.argv[1:]:
    for name in open(path, encoding="utf-8").read().split("\\0"):
        try:
            data = open(name, "rb").read()
            if name.endswith(".py"):
                ast.parse(data)
            else:
                for node in yaml.compose_all(data, Loader=yaml.CSafeLoader):
                    pass
        except (SyntaxError, ValueError, yaml.YAMLError, RecursionError):
            pass
"""
FORGET = """
import os, pathlib, runpy
for kept in pathlib.Path(os.environ["ARCHLINT_CACHE_DIR"]).glob("*.system"):
    kept.unlink()
runpy.run_module("archlint", run_name="__main__", alter_sys=True)
"""
NOTHING = "python -c pass"
VERSION = "archlint --version"
SEMGREP_RULE = """
rules:
  - id: requests-without-timeout
    languages: [python]
    severity: ERROR
    message: no timeout
    patterns:
      - pattern: requests.$METHOD(...)
      - pattern-not: requests.$METHOD(..., timeout=$T, ...)
"""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--services", type=int, default=53)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", action="store_true", help="measure installed peers too, once each")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder
        if folder is None:
            folder = Path(scratch, "system")
            generate(folder, options.services)
        measure(folder.resolve(), Path(scratch), options.rounds, options.peers)


def measure(folder: Path, scratch: Path, rounds: int, with_peers: bool) -> None:
    """Time every command over the folder and print medians and ratios."""
    parsed = parsed_files(folder)
    listing = scratch / "listing"
    listing.write_text("\0".join(map(str, parsed)), encoding="utf-8")
    lines = sum(path.read_bytes().count(b"\n") for path in parsed)
    print(f"{folder}: {len(parsed)} Python and YAML files, {lines} lines")

    archlint = [sys.executable, "-m", "archlint", "check", "--exit-zero", "--format", "json", str(folder)]
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    plain["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
    warm_cache = {**plain, "ARCHLINT_CACHE_DIR": str(scratch / "cache")}
    run(archlint, warm_cache)
    edited = [sys.executable, "-c", FORGET, *archlint[3:]]
    commands = {
        "ast.parse + yaml.compose": ([sys.executable, "-c", PARSE, str(listing)], plain),
        "archlint, cold": ([*archlint, "--no-cache"], plain),
        "archlint, warm cache": (archlint, warm_cache),
        "archlint, after an edit": (edited, warm_cache),
        NOTHING: ([sys.executable, "-c", "pass"], plain),
        VERSION: ([sys.executable, "-m", "archlint", "--version"], plain),
    }
    run(commands[VERSION][0], plain)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, (command, environment) in commands.items():
            seconds[name].append(run(command, environment))
    if with_peers:
        for name, command in peers(folder, scratch).items():
            seconds[name] = [run(command, plain)]
    unit = statistics.median(seconds["ast.parse + yaml.compose"])
    print(f"{'':28}{'median s':>10}{'min':>9}{'max':>9}{'ratio':>9}")
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:28}{median:10.3f}{min(times):9.3f}{max(times):9.3f}{median / unit:9.2f}")
    start = statistics.median(seconds[VERSION]) / statistics.median(seconds[NOTHING])
    print(f"{VERSION} takes {start:.1f} times {NOTHING}")


def parsed_files(folder: Path) -> list[Path]:
    """The Python and YAML files that archlint reads there, as its own listing of the workspace says."""
    from archlint.config import find_config, load_config
    from archlint.inputs import discover

    workspace = discover(folder, load_config(find_config(folder)))
    return [folder / file.path for file in workspace.files if file.path.endswith((".py", ".yaml", ".yml"))]


def peers(folder: Path, scratch: Path) -> dict[str, list[str]]:
    """The commands of the peers that are installed."""
    rule = scratch / "rule.yaml"
    rule.write_text(SEMGREP_RULE, encoding="utf-8")
    commands = {
        "bandit": ["bandit", "-q", "-r", str(folder)],
        "ruff S113": ["ruff", "check", "--no-cache", "--select", "S113", str(folder)],
        "semgrep, one timeout rule": [
            "semgrep",
            "--metrics=off",
            "--disable-version-check",
            "--config",
            str(rule),
            str(folder),
        ],
        "checkov, manifests": ["checkov", "--quiet", "--compact", "--framework", "kubernetes", "-d", str(folder)],
    }
    beside = Path(sys.executable).parent
    path = f"{beside}:{os.environ['PATH']}"
    found = {name: shutil.which(command[0], path=path) for name, command in commands.items()}
    return {name: [program, *commands[name][1:]] for name, program in found.items() if program}


def run(command: list[str], environment: dict[str, str]) -> float:
    """Run a command to its end and return the seconds it took; findings are fine, failure to run is not."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    elapsed = time.perf_counter() - start
    if (
        "check" in command
        and "archlint" in command
        and (done.returncode or "findings" not in json.loads(done.stdout or b"{}"))
    ):
        sys.exit(f"{' '.join(command)} failed with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return elapsed


if __name__ == "__main__":
    main()
