"""Dataclasses that cost little to define, and patterns that are compiled when they are first needed.

A run imports some hundred and fifty small classes and a few hundred regular expressions, most of which it never uses:
to generate and compile all of that took as long as the work itself. ``dataclass`` here is the standard one in meaning,
and works with ``dataclasses.fields`` and ``replace``; its ``__init__`` is generated when the first instance is made.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any, AnyStr, TypeVar, cast, dataclass_transform, overload

T = TypeVar("T")

_MISSING = object()


@overload
def dataclass(cls: type[T], /) -> type[T]: ...
@overload
def dataclass(*, frozen: bool = False, eq: bool = True, kw_only: bool = False) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(
    cls: type[T] | None = None, /, *, frozen: bool = False, eq: bool = True, kw_only: bool = False
) -> type[T] | Callable[[type[T]], type[T]]:
    """What ``dataclasses.dataclass`` is, without slots and order."""

    def decorate(cls: type[T]) -> type[T]:
        own = cls.__dict__
        dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
        given: dict[str, object] = {"__init__": _first_init(cls, frozen)}
        if "__repr__" not in own:
            given["__repr__"] = _shown
        if frozen:
            given |= {"__setattr__": _refuse, "__delattr__": _refuse}
        if eq:
            names = [one.name for one in dataclasses.fields(cls) if one.compare]  # type: ignore[arg-type]
            given |= _comparison(attrgetter(*names) if names else type, frozen)
        for name, value in given.items():
            setattr(cls, name, value)
        return cls

    return decorate if cls is None else decorate(cls)


class _Pattern:
    """Stands in for a compiled pattern, which it becomes with the first method that is asked for."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._source = (text, flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(re.compile(*self._source), name)  # type: ignore[type-var]
        setattr(self, name, found)  # the next time nothing stands between the caller and the method
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """``re.compile``, but not before the pattern is used."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))


def _first_init(cls: type, frozen: bool) -> Callable[..., None]:
    def __init__(self: object, *values: object, **named: object) -> None:  # noqa: N807 (it takes the place of one)
        init = _init(cls, frozen)
        cls.__init__ = init  # type: ignore[misc]
        init(self, *values, **named)

    return __init__


def _init(cls: type, frozen: bool) -> Callable[..., None]:
    """An ``__init__`` that takes and sets the fields, as the standard library would write it."""
    scope: dict[str, object] = {"_set": object.__setattr__, "_missing": _MISSING}
    positional = ["self"]
    named: list[str] = []
    body: list[str] = []
    for one in dataclasses.fields(cls):
        value = parameter = one.name
        if one.default_factory is not dataclasses.MISSING:
            scope[f"_make_{one.name}"] = one.default_factory
            parameter += "=_missing"
            value = f"_make_{one.name}()" + (f" if {one.name} is _missing else {one.name}" if one.init else "")
        elif one.default is not dataclasses.MISSING:
            scope[f"_default_{one.name}"] = one.default
            parameter += f"=_default_{one.name}"
            value = one.name if one.init else f"_default_{one.name}"
        elif not one.init:
            continue
        if one.init:
            (named if one.kw_only else positional).append(parameter)
        body.append(f"_set(self, {one.name!r}, {value})" if frozen else f"self.{one.name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    parameters = ", ".join([*positional, *(["*", *named] if named else [])])
    exec(f"def __init__({parameters}):\n " + "\n ".join(body or ["pass"]), scope)
    made = cast("Callable[..., None]", scope["__init__"])
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _comparison(key: Callable[[object], object], frozen: bool) -> dict[str, object]:
    def equals(self: object, other: object) -> bool:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return {"__eq__": equals, "__hash__": (lambda self: hash(key(self))) if frozen else None}


def _shown(self: object) -> str:
    fields = (one for one in dataclasses.fields(self) if one.repr)  # type: ignore[arg-type]
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields)
    return f"{type(self).__qualname__}({shown})"


def _refuse(self: object, name: str, *_value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")
