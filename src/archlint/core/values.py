"""Three-valued values: known, absent (``None``) and ``UNKNOWN``; and where a known setting came from.

``None`` means that the source says nothing. ``UNKNOWN`` means that it says something which could not be resolved. No
code guesses between the two, and no rule fires on UNKNOWN.
"""

from __future__ import annotations

from typing import Generic, TypeGuard, TypeVar

import msgspec

from archlint.core.span import Span


class Unknown(msgspec.Struct, frozen=True, tag="unknown", array_like=True, gc=False):
    """A value that the source gives but archlint could not resolve; ``reason`` says why, for people."""

    reason: str = ""

    def __bool__(self) -> bool:
        raise TypeError("UNKNOWN has no truth value: test it with is_unknown()")

    def __str__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()

ValueT = TypeVar("ValueT")
Truth = bool | Unknown


def is_unknown(value: object) -> TypeGuard[Unknown]:
    """Whether the value is UNKNOWN, whatever its reason (facts read back from the cache are equal, not identical)."""
    return isinstance(value, Unknown)


def known(value: ValueT | None | Unknown) -> ValueT | None:
    """The value if it is known, else None."""
    return None if isinstance(value, Unknown) else value


def any_of(*parts: Truth) -> Truth:
    """Three-valued disjunction: true if any part is true, else UNKNOWN if any is, else false."""
    if any(part is True for part in parts):
        return True
    return next((part for part in parts if isinstance(part, Unknown)), False)


class Setting(msgspec.Struct, Generic[ValueT], frozen=True, gc=False):
    """A setting and its source: a timeout, probe, retry, authentication, telemetry exporter and the like.

    ``source`` is one of ``code``, ``session``, ``wrapper``, ``library``, ``configuration``, ``image``, ``manifest``,
    ``mesh``, ``gateway``, ``platform``; ``at`` is the place that gives it.
    """

    value: ValueT
    source: str
    at: Span

    def __str__(self) -> str:
        return f"{self.value:g}" if isinstance(self.value, float) else str(self.value)


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """A location with a note, for the chain from a cause to its effect (SARIF's relatedLocations)."""

    at: Span
    note: str
