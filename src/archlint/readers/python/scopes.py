"""Scopes and what their names stand for at one point of the flow.

At module and class level a name stands for itself (a qualified reference); in a function it stands for the expression
that was last assigned to it, so that local variables disappear from the facts. Where branches meet, a name that differs
stands for a Choice.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archlint.core.facts.python import (
    TOO_LARGE,
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Lambda,
    Literal,
    Member,
    Operation,
    Template,
)

MAX_NODES = 80
MAX_OPTIONS = 8

Names = dict[str, Expression]


@dataclass(slots=True)
class Scope:
    """A module, class or function. ``names`` change as the flow goes on; ``selves`` maps the names that stand for an
    instance or class (``self``, ``cls``) to the class's qualified name; ``keywords`` is the name of the function's
    ``**`` parameter."""

    kind: str
    prefix: str
    names: Names
    outer: Scope | None = None
    function: int | None = None
    selves: dict[str, str] = field(default_factory=dict)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    returns: list[Expression] = field(default_factory=list)
    is_generator: bool = False
    keywords: str | None = None

    def find(self, name: str) -> Expression | None:
        """What the name stands for here, or None where no scope of the module binds it."""
        found = self.names.get(name)
        if found is not None:
            return found
        outer = self.outer
        while outer is not None:
            if outer.kind != "class":
                found = outer.names.get(name)
                if found is not None:
                    return found
            outer = outer.outer
        return None


def choice(*options: Expression) -> Expression:
    """One of the options, flat, each once and in order; the option itself where there is one."""
    flat: list[Expression] = []
    for option in options:
        for one in option.options if isinstance(option, Choice) and not option.is_fallback else (option,):
            if one not in flat:
                flat.append(one)
    if len(flat) == 1:
        return flat[0]
    return Choice(tuple(flat[:MAX_OPTIONS]))


def fallback(*options: Expression) -> Expression:
    """The first of the options that is not empty; the empty literals before the last are left out."""
    flat: list[Expression] = []
    for option in options:
        for one in option.options if isinstance(option, Choice) and option.is_fallback else (option,):
            if one not in flat:
                flat.append(one)
    kept = [one for one in flat[:-1] if not (isinstance(one, Literal) and not one.value)]
    last = flat[-1]
    while kept and isinstance(kept[-1], EnvironmentRead) and kept[-1].default in _EMPTY:
        read = kept.pop()
        assert isinstance(read, EnvironmentRead)
        last = EnvironmentRead(read.key, last, read.at)
    if not kept:
        return last
    return Choice((*kept[: MAX_OPTIONS - 1], last), True)


def merge(one: Names, other: Names) -> Names:
    """What names stand for where two branches meet."""
    if one is other:
        return one
    merged = dict(one)
    for name, value in other.items():
        mine = merged.get(name)
        if mine is None:
            merged[name] = value
        elif mine is not value:
            merged[name] = bounded(choice(mine, value))
    return merged


def bounded(expression: Expression) -> Expression:
    """The expression, or UNKNOWN where it has so many parts that inlining it again and again would cost too much."""
    if isinstance(expression, _COMPOUND):
        budget = MAX_NODES
        waiting: list[Expression] = [expression]
        while waiting:
            budget -= 1
            if budget < 0:
                return TOO_LARGE
            node = waiting.pop()
            if isinstance(node, _COMPOUND):
                waiting.extend(_children(node))
    return expression


_EMPTY = (None, Literal(None), Literal(False), Literal(""))
_COMPOUND = (
    Member,
    Item,
    Template,
    Display,
    Dictionary,
    Choice,
    Element,
    EnvironmentRead,
    Comprehension,
    Lambda,
    Operation,
)


def _children(node: Expression) -> list[Expression]:
    match node:
        case Member(base=base):
            return [base]
        case Item(base=base, key=key):
            return [base, key]
        case Operation(left=left, right=right):
            return [left, right]
        case Template(parts=parts) | Display(items=parts) | Choice(options=parts):
            return list(parts)
        case Dictionary(entries=entries):
            return [part for pair in entries for part in pair if part is not None]
        case Element(iterable=part) | Comprehension(element=part) | Lambda(value=part):
            return [part]
        case EnvironmentRead(default=part) if part is not None:
            return [part]
    return []
