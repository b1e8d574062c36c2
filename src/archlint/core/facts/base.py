"""What every fact has, and the gap: what could not be read or resolved."""

from __future__ import annotations

import msgspec

from archlint.core.span import Span


class Fact(msgspec.Struct, frozen=True, array_like=True, tag=True, tag_field="fact", gc=False):
    """Something that a source file says. Facts are values: equal when their fields are, and free of I/O."""

    at: Span


class Gap(Fact, frozen=True, array_like=True, gc=False):
    """What could not be read. A gap is itself a finding (``unreadable-input``), never a silent pass.

    ``kind`` is a short stable word (``syntax``, ``encoding``, ``too-large``, ``alias-limit``, ``unresolved-import``,
    ``symlink``, ``time``, ``binary``), ``reason`` a sentence that says what to do next.
    """

    kind: str
    reason: str
