"""A progress bar on standard error: on terminals alone, and only for runs that take longer than half a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

DELAY = 0.5
"""Seconds before the bar appears."""

Progress = Callable[[str, int, int], None]


@contextmanager
def shown(*, quiet: bool) -> Iterator[Progress | None]:
    """What the engine calls with phase, done and total; None where nobody looks."""
    if quiet or not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield None
        return
    bar = _Bar()
    try:
        yield bar.update
    finally:
        bar.close()


class _Bar:
    """Rich's bar, imported and started when the delay is over."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.bar: object | None = None
        self.tasks: dict[str, int] = {}

    def update(self, phase: str, done: int, total: int) -> None:
        if self.bar is None and time.monotonic() - self.started < DELAY:
            return
        from rich.console import Console
        from rich.progress import Progress as Bar
        from rich.progress import TaskID

        if self.bar is None:
            self.bar = Bar(console=Console(stderr=True), transient=True)
            self.bar.start()
        assert isinstance(self.bar, Bar)
        if phase not in self.tasks:
            self.tasks[phase] = self.bar.add_task(phase, total=total or None)
        self.bar.update(TaskID(self.tasks[phase]), completed=done, total=total or None)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.stop()  # type: ignore[attr-defined]
