"""What every subject of a rule has."""

from __future__ import annotations

from archlint.core.record import dataclass
from archlint.core.span import Span


@dataclass(frozen=True, eq=False, kw_only=True)
class Subject:
    """One thing that a rule may judge.

    ``at`` is the line a person edits. ``name`` is what a message prints. ``key`` identifies the subject over time: it
    holds names, never lines, so that fingerprints survive edits above. Two subjects of one type and one key are told
    apart by their order in the system. Links to other subjects are filled in once, by the builder, with ``link``;
    after the build a subject never changes.
    """

    at: Span
    name: str
    key: str

    def __str__(self) -> str:
        return self.name


def link(subject: Subject, **fields: object) -> None:
    """Fill in fields of a subject while the system is being built: two subjects that know each other need it.

    Raises:
        AttributeError: the subject has no such field.
    """
    for name, value in fields.items():
        if name not in type(subject).__dataclass_fields__:
            raise AttributeError(f"{type(subject).__name__} has no field {name!r}")
        object.__setattr__(subject, name, value)
