"""What people decided not to count: it is judged like everything else."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.system.base import Subject
from archlint.core.values import Truth


@dataclass(frozen=True, eq=False, kw_only=True)
class Suppression(Subject):
    """One rule id of an ``archlint: ignore`` comment, or one entry of ``exceptions:`` in archlint.yaml.

    ``form`` is ``comment``, ``file comment`` or ``exception``. ``problem`` says what is wrong with how it is written
    (None: nothing): then it suppresses nothing. ``is_used`` says whether it suppressed a finding; it is UNKNOWN where
    the rule did not run. One whose date has passed counts as used: it is the finding that returns.
    """

    form: str
    rule: str
    reason: str = ""
    problem: str | None = None
    is_used: Truth = True
