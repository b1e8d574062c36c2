"""Facts by type and by place: what the model's stages look things up in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar, cast

from archlint.core.facts.base import Fact

FactT = TypeVar("FactT", bound=Fact)


class FactIndex:
    """All facts of a workspace, in the order of path and line, whatever order they came in."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._by_type: dict[type[Fact], list[Fact]] = {}
        self._by_path: dict[str, list[Fact]] = {}
        for fact in sorted(facts, key=lambda one: (one.at.path, one.at.line, one.at.column)):
            self._by_type.setdefault(type(fact), []).append(fact)
            self._by_path.setdefault(fact.at.path, []).append(fact)

    def of(self, kind: type[FactT]) -> tuple[FactT, ...]:
        """All facts of exactly that type."""
        return cast("tuple[FactT, ...]", tuple(self._by_type.get(kind, ())))

    def at(self, path: str) -> tuple[Fact, ...]:
        """All facts of one file."""
        return tuple(self._by_path.get(path, ()))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that has a fact, sorted."""
        return tuple(self._by_path)
