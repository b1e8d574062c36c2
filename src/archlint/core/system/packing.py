"""A system as bytes and back, so that a workspace that has not changed need not be joined again.

Subjects know each other, in circles too, so they are not nested but numbered: the bytes hold the subjects' types, then
every value that is not a plain one, each after those that it is made of, then one column of numbers for each field.
Decoding runs no code of the bytes' choosing: the only types are those that a system may hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from typing import Any

import msgspec

from archlint.core.facts.base import Gap
from archlint.core.span import Span
from archlint.core.system import SYSTEM_SUBJECTS, System
from archlint.core.system.base import Subject
from archlint.core.values import Place, Setting, Unknown

_CLASSES: dict[str, type[Subject]] = {one.__name__: one for one in SYSTEM_SUBJECTS}
_SECTION_OF: dict[type, str] = {
    **dict.fromkeys((str, int, float, bool, type(None)), "plain"),
    Span: "spans",
    Place: "places",
    Unknown: "unknowns",
    Gap: "gaps",
}
_SECTIONS = tuple(dict.fromkeys(_SECTION_OF.values()))
_COMPOSITES = "composites"
_TUPLE, _FROZENSET, _LIST, _DICT, _SETTING = range(5)
_COLLECTIONS: dict[type, int] = {tuple: _TUPLE, frozenset: _FROZENSET, list: _LIST}
_Composite = tuple[int, list[int]]


class _Table(msgspec.Struct, array_like=True):
    """All subjects of one type: ``columns`` has for each field one number for all, or a list with one for each."""

    name: str
    size: int
    fields: list[str]
    columns: list[int | list[int]]


class _Packed(msgspec.Struct, array_like=True):
    """The values are numbered through: plain ones, spans, places, UNKNOWNs, gaps, subjects, composites."""

    plain: list[str | int | float | bool | None]
    spans: list[Span]
    places: list[Place]
    unknowns: list[Unknown]
    gaps: list[Gap]
    tables: list[_Table]
    composites: list[_Composite]
    system: tuple[dict[str, list[int]], dict[str, int], list[int]]


class UnpackableError(TypeError):
    """A system holds something that cannot be packed: a value of a type that no field of a subject should have."""


def pack(system: System) -> bytes:
    """The system's bytes.

    Raises:
        UnpackableError: a subject holds a value of a type that is not provided for.
    """
    return msgspec.msgpack.encode(_Packer(system).packed())


def unpack(data: bytes | memoryview) -> System:
    """The system that was packed.

    Raises:
        ValueError: these bytes are no packed system.
    """
    try:
        packed = msgspec.msgpack.decode(data, type=_Packed)
        values: list[Any] = [*packed.plain, *packed.spans, *packed.places, *packed.unknowns, *packed.gaps]
        filled = []
        for table in packed.tables:
            kind = _CLASSES[table.name]
            subjects = [kind.__new__(kind) for _ in range(table.size)]
            values += subjects
            filled.append((table, subjects))
        take = values.__getitem__
        for kind_of, parts in packed.composites:
            values.append(_composed(kind_of, map(take, parts)))
        for table, subjects in filled:
            columns = [repeat(take(one)) if isinstance(one, int) else map(take, one) for one in table.columns]
            names = table.fields
            for subject, *row in zip(subjects, *columns, strict=False):
                subject.__dict__.update(zip(names, row, strict=True))
        by_kind, unread, gaps = packed.system
        return System.restored(
            {name: tuple(map(take, found)) for name, found in by_kind.items()}, unread, map(take, gaps)
        )
    except (msgspec.MsgspecError, LookupError, TypeError) as problem:
        raise ValueError(f"no packed system: {problem}") from problem


def _composed(kind: int, parts: Iterable[Any]) -> object:
    if kind == _TUPLE:
        return tuple(parts)
    if kind == _SETTING:
        value, source, at = parts
        return Setting(value, source, at)
    if kind == _FROZENSET:
        return frozenset(parts)
    if kind == _LIST:
        return list(parts)
    flat = list(parts)
    return dict(zip(flat[::2], flat[1::2], strict=True))


class _Packer:
    """Numbers the values of one system: within its section when it is seen, in one series when all are known."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.sections: dict[str, list[Any]] = {name: [] for name in _SECTIONS}
        self.tables: dict[type[Subject], list[Subject]] = {}
        self.composites: list[tuple[int, list[Any]]] = []
        self.places: dict[object, tuple[object, int]] = {}
        """For each value, by what it is, its section or table and its number there."""
        self.waiting: list[Subject] = []

    def packed(self) -> _Packed:
        """Number everything that can be reached from the system, and write it down by its number."""
        for found in self.system.by_kind.values():
            for one in found:
                self.see(one)
        for gap in self.system.gaps:
            self.see(gap)
        while self.waiting:
            for value in vars(self.waiting.pop()).values():
                self.see(value)
        first: dict[object, int] = {}
        total = 0
        for key, values in (*self.sections.items(), *self.tables.items(), (_COMPOSITES, self.composites)):
            first[key] = total
            total += len(values)
        number = {what: first[where] + position for what, (where, position) in self.places.items()}
        by_kind = {kind.__name__: [number[_key(one)] for one in found] for kind, found in self.system.by_kind.items()}
        return _Packed(
            **self.sections,
            tables=[_table(kind, subjects, number) for kind, subjects in self.tables.items()],
            composites=[(kind, [number[_key(part)] for part in parts]) for kind, parts in self.composites],
            system=(by_kind, self.system.unread, [number[_key(gap)] for gap in self.system.gaps]),
        )

    def see(self, value: Any) -> None:
        """Give the value its place, after all that it is made of; a subject's own fields wait for their turn."""
        key = _key(value)
        if key in self.places:
            return
        if isinstance(value, Subject):
            table = self.tables.setdefault(type(value), [])
            self.places[key] = (type(value), len(table))
            table.append(value)
            self.waiting.append(value)
            return
        section = _SECTION_OF.get(type(value))
        if section is not None:
            values = self.sections[section]
            self.places[key] = (section, len(values))
            values.append(value)
            return
        kind, parts = _decomposed(value)
        for part in parts:
            self.see(part)
        self.places[key] = (_COMPOSITES, len(self.composites))
        self.composites.append((kind, parts))


def _table(kind: type[Subject], subjects: list[Subject], number: dict[object, int]) -> _Table:
    if _CLASSES.get(kind.__name__) is not kind:
        raise UnpackableError(f"{kind.__name__} is no subject of a system")
    fields = list(kind.__dataclass_fields__)
    columns: list[int | list[int]] = []
    for name in fields:
        column = [number[_key(getattr(subject, name))] for subject in subjects]
        columns.append(column[0] if len(set(column)) == 1 else column)
    return _Table(kind.__name__, len(subjects), fields, columns)


def _decomposed(value: Any) -> tuple[int, list[Any]]:
    if isinstance(value, Setting):
        return _SETTING, [value.value, value.source, value.at]
    if isinstance(value, dict):
        return _DICT, [part for pair in value.items() for part in pair]
    kind = _COLLECTIONS.get(type(value))
    if kind is None:
        raise UnpackableError(f"a subject holds a value of the type {type(value).__name__}")
    return kind, list(value) if kind != _FROZENSET else sorted(value)


def _key(value: Any) -> object:
    """What tells a value from others: equal values of the same simple type share a number, all others are their own."""
    kind = type(value)
    return (kind, value) if kind in _SECTION_OF else id(value)
