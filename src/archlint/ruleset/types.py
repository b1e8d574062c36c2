"""The types that expressions are checked against: the annotations of the subjects' fields and properties.

A type is a set of atoms: ``str``, ``None``, ``Unknown``, a class, ``tuple[Place, ...]``. An annotation that is a union
gives several. Only declared fields and annotated properties exist; names that start with an underscore do not.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from archlint.core.values import Setting, Unknown

Type = frozenset[Any]

NONE: Type = frozenset({type(None)})
BOOL: Type = frozenset({bool})
TRUTH: Type = frozenset({bool, Unknown})
INTEGER: Type = frozenset({int})
TEXT: Type = frozenset({str})
_COLLECTIONS: tuple[Any, ...] = (tuple, list, frozenset)
ABSENT = frozenset({type(None), Unknown})


def atoms(annotation: Any) -> Type:
    """The atoms of an annotation."""
    if annotation is None:
        return NONE
    origin = typing.get_origin(annotation)
    if origin is typing.Union or origin is types.UnionType:
        return frozenset().union(*(atoms(part) for part in typing.get_args(annotation)))
    if origin is typing.Literal:
        return frozenset(type(value) for value in typing.get_args(annotation))
    if isinstance(annotation, TypeVar):
        return atoms(annotation.__bound__ or object)
    return frozenset({annotation})


@functools.cache
def fields_of(atom: Any) -> Mapping[str, Type]:
    """The public fields and annotated properties of a class, or of a generic class with its arguments."""
    origin = typing.get_origin(atom)
    if origin is None:
        return _fields(atom)
    if not (isinstance(origin, type) and hasattr(origin, "__parameters__")):
        return {}
    arguments = dict(zip(origin.__parameters__, typing.get_args(atom), strict=False))
    return {name: _substitute(found, arguments) for name, found in _fields(origin, raw=True).items()}


def elements_of(kind: Type) -> Type:
    """The type of the elements of the tuples and lists of a type; empty where it has none."""
    found: Type = frozenset()
    for atom in kind:
        if typing.get_origin(atom) in _COLLECTIONS:
            found = found.union(*(atoms(part) for part in typing.get_args(atom) if part is not Ellipsis))
    return found


def is_collection(atom: Any) -> bool:
    """Whether an atom is a tuple or list."""
    return typing.get_origin(atom) in _COLLECTIONS


def group(atom: Any) -> object:
    """What an atom may be compared with: all numbers are one group, every other type is its own."""
    if atom in (int, float):
        return "number"
    if is_collection(atom) or atom in (tuple, list):
        return "collection"
    return typing.get_origin(atom) or atom


def groups(kind: Type) -> set[object]:
    """The groups of a type without None and UNKNOWN."""
    return {group(atom) for atom in kind - ABSENT}


def may_equal(left: Type, right: Type) -> bool:
    """Whether a value of one type can equal one of the other."""
    ours, theirs = groups(left), groups(right)
    if not ours or not theirs or object in ours | theirs:
        return True
    if ours & theirs:
        return True
    return any(
        isinstance(one, type) and isinstance(other, type) and (issubclass(one, other) or issubclass(other, one))
        for one in ours
        for other in theirs
        if {one, other} - {bool, "number"}
    )


def describe(kind: Type) -> str:
    """A type as people should read it: ``text``, ``a number or none``."""
    words = {_describe(atom) for atom in kind - {Unknown}}
    return " or ".join(sorted(words, key=lambda word: (word == "none", word))) or "unknown"


_WORDS = {bool: "true or false", int: "a number", float: "a number", str: "text", type(None): "none", object: "a value"}


def _describe(atom: Any) -> str:
    if is_collection(atom):
        return f"a list of {describe(elements_of(frozenset({atom})))}"
    if atom in (tuple, list):
        return "a list"
    if typing.get_origin(atom) is Setting:
        return "a Setting (its value is in '.value')"
    named = typing.get_origin(atom) or atom
    return _WORDS.get(named) or str(getattr(named, "__name__", named))


@functools.cache
def _fields(owner: Any, raw: bool = False) -> Mapping[str, Any]:
    names = getattr(owner, "__dataclass_fields__", None) or getattr(owner, "__struct_fields__", None)
    if names is None:
        return {}
    hints = typing.get_type_hints(owner)
    found: dict[str, Any] = {name: hints[name] for name in names if not name.startswith("_")}
    for base in reversed(owner.__mro__):
        for name, member in vars(base).items():
            if isinstance(member, property) and not name.startswith("_") and member.fget is not None:
                returned = typing.get_type_hints(member.fget).get("return")
                if returned is not None:
                    found[name] = returned
    return found if raw else {name: atoms(annotation) for name, annotation in found.items()}


def _substitute(annotation: Any, arguments: Mapping[Any, Any]) -> Type:
    return frozenset().union(*(atoms(arguments.get(atom, atom)) for atom in _raw_atoms(annotation)))


def _raw_atoms(annotation: Any) -> tuple[Any, ...]:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)
