"""The command line. This module imports next to nothing, so that ``archlint --version`` is quick."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run ``archlint`` with the process' arguments; exit status 0 is clean, 1 findings, 2 a failure of its own."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from archlint import __version__

        sys.stdout.write(f"archlint {__version__}\n")
        return
    import gc

    gc.disable()  # a run makes trees that live to its end, and ends soon: looking for cycles in them is time lost
    from archlint.cli.app import run

    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 2  # nobody reads any more: what was found did not arrive
    os._exit(status)  # freeing millions of facts one by one takes a tenth of a run, and the system frees them at once
