"""The command line. This module imports next to nothing, so that ``archlint --version`` is quick."""

from __future__ import annotations

import sys


def main() -> None:
    """Run ``archlint`` with the process' arguments; exit status 0 is clean, 1 findings, 2 a failure of its own."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from archlint import __version__

        sys.stdout.write(f"archlint {__version__}\n")
        return
    from archlint.cli.app import run

    sys.exit(run(sys.argv[1:]))
