"""Dicts that grow while a function runs: what a local name stands for after ``d[key] = value`` and the like.

In: what the name stood for, and the change. Out: a dict display that says the same; None where the name is not known to
stand for a dict. ``{**kwargs, key: value}`` stands for keyword arguments that something was added to.
"""

from __future__ import annotations

from archlint.core.facts.python import TOO_LARGE, Argument, Choice, Dictionary, Expression, Literal, Parameter
from archlint.readers.python.scopes import Scope, bounded

_CHANGING = frozenset({"setdefault", "update"})


def may_change(method: str | None) -> bool:
    """Whether a method of that name changes a dict in a way that is followed."""
    return method in _CHANGING


def with_item(scope: Scope, name: str, key: Expression, value: Expression) -> None:
    """Follow ``name[key] = value``."""
    old = scope.names.get(name)
    entries = _entries(old, scope)
    if entries is not None and old is not None:
        kept = tuple([one for one in entries if one[0] is None or one[0] != key])
        _keep(scope, name, old, (*kept, (key, value)))


def with_method(scope: Scope, name: str, method: str, arguments: list[Argument]) -> None:
    """Follow ``name.setdefault(key, value)`` and ``name.update(...)``."""
    old = scope.names.get(name)
    entries = _entries(old, scope)
    if entries is None or old is None:
        return
    if method == "update":
        given = [
            (None if one.name is None or one.name == "**" else Literal(one.name), one.value)
            for one in arguments
            if one.name != "*"
        ]
        _keep(scope, name, old, (*entries, *given))
    elif len(arguments) == 2 and not any(one[0] == arguments[0].value for one in entries):
        _keep(scope, name, old, ((arguments[0].value, arguments[1].value), *entries))


def united(one: Expression, other: Expression) -> Expression | None:
    """``one | other`` of dicts; None where neither is seen to be one."""
    if not isinstance(one, Dictionary) and not isinstance(other, Dictionary):
        return None
    return Dictionary((*_spread(one), *_spread(other)))


def _spread(mapping: Expression) -> tuple[tuple[Expression | None, Expression], ...]:
    return mapping.entries if isinstance(mapping, Dictionary) else ((None, mapping),)


def _entries(mapping: Expression | None, scope: Scope) -> tuple[tuple[Expression | None, Expression], ...] | None:
    if isinstance(mapping, Dictionary):
        return mapping.entries
    if isinstance(mapping, Parameter):
        known = mapping.function == scope.function and mapping.name == scope.keywords
    else:
        known = isinstance(mapping, Choice) and any(isinstance(one, Dictionary) for one in mapping.options)
    return ((None, mapping),) if known and mapping is not None else None


def _keep(scope: Scope, name: str, old: Expression, entries: tuple[tuple[Expression | None, Expression], ...]) -> None:
    new = bounded(Dictionary(entries))
    if new is TOO_LARGE:
        new = Dictionary((*_spread(old), (None, TOO_LARGE)))
    scope.names[name] = new
