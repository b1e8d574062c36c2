"""Objects that code makes and uses: which call made one, what it is an instance of, what its arguments come to.

In: expressions of one module and the program. Out: keys of objects, library classes, values. Knows no library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archlint.core.facts.python import (
    Choice,
    Display,
    Element,
    Expression,
    Literal,
    Member,
    PythonCall,
    PythonClass,
    PythonFunction,
    Reference,
    Result,
    Template,
)
from archlint.core.values import Unknown
from archlint.model.draft import Draft
from archlint.model.program.program import Given, Lookup, Module, Resolved

Key = tuple[str, int, int]
"""An object by the call that made it: path, line and column."""


def key_of(call: PythonCall) -> Key:
    """The key of the object that the call makes."""
    return (call.at.path, call.at.line, call.at.column)


def base_of(expression: Expression) -> Expression | None:
    """What an attribute is looked up on: ``session`` of ``session.get``; None for a plain name."""
    if isinstance(expression, Member):
        return expression.base
    if isinstance(expression, Reference) and "." in expression.name:
        return Reference(expression.name.rpartition(".")[0])
    return None


def literal_text(value: Expression) -> str | None:
    """The text of a literal that is one."""
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None


def member_of(expression: Expression) -> str:
    """The last name of an attribute or a dotted name; empty for what has none."""
    if isinstance(expression, Member):
        return expression.name
    if isinstance(expression, Reference):
        return expression.name.rpartition(".")[2]
    return ""


def origin_key(draft: Draft, expression: Expression | None, module: Module) -> Key | None:
    """The key of the object that the expression stands for, None where it is not one known object."""
    if expression is None:
        return None
    origin = draft.program.origin(expression, module)
    return key_of(origin[0]) if origin is not None else None


def call_of(expression: Expression, module: Module) -> PythonCall | None:
    """The call of this module whose result the expression is."""
    if isinstance(expression, Result) and expression.call < len(module.facts.calls):
        return module.facts.calls[expression.call]
    return None


def is_instance(draft: Draft, class_name: str, libraries: frozenset[str]) -> str | None:
    """The library class that a class is or inherits from, None where it is none of them or not known."""
    if class_name in libraries:
        return class_name
    if class_name.startswith("?"):
        return None
    bases = draft.program.bases(class_name)
    if isinstance(bases, Unknown):
        return None
    return next((one for one in bases if one in libraries), None)


def values_of(
    draft: Draft,
    expression: Expression | None,
    module: Module,
    lookup: Lookup | None = None,
    given: Mapping[tuple[str, str], Given] | None = None,
) -> tuple[Resolved, ...] | Unknown:
    """What the expression may be, through ``int``, ``float``, ``str`` and the like around it."""
    call = call_of(expression, module) if expression is not None else None
    if call is not None and call.arguments and call.name in ("float", "int", "str", "bool", "datetime.timedelta"):
        return values_of(draft, call.arguments[0].value, module, lookup, given)
    return draft.program.evaluate(expression, module, lookup, given)


def text_of(
    draft: Draft,
    expression: Expression | None,
    module: Module,
    lookup: Lookup | None = None,
    given: Mapping[tuple[str, str], Given] | None = None,
) -> Resolved | None:
    """The most usual text that the expression may be, None where none is known."""
    if isinstance(expression, Literal):
        return Resolved(expression.value) if isinstance(expression.value, str) else None
    found = values_of(draft, expression, module, lookup, given)
    if isinstance(found, Unknown):
        return None
    return next((one for one in found if isinstance(one.value, str)), None)


def items_of(
    draft: Draft, expression: Expression | None, module: Module, depth: int = 0
) -> Iterator[tuple[Expression, Module]]:
    """The items of a list, through the name that it was assigned to; the thing itself where it is no list."""
    if expression is None or depth > 4:
        return
    expression, module = assigned(draft, expression, module)
    if isinstance(expression, Result):
        expression, module = draft.program.structure(expression, module) or (expression, module)
    if isinstance(expression, Display):
        for item in expression.items:
            if isinstance(item, Element):
                yield from items_of(draft, item.iterable, module, depth + 1)
            else:
                yield item, module
    elif isinstance(expression, Element):
        yield from items_of(draft, expression.iterable, module, depth + 1)
    elif isinstance(expression, Choice):
        for option in expression.options:
            yield from items_of(draft, option, module, depth + 1)
    elif isinstance(expression, Template) and any(isinstance(one, Display) for one in expression.parts):
        # Lists that are added up.
        for part in expression.parts:
            yield from items_of(draft, part, module, depth + 1)
    else:
        yield expression, module


def assigned(draft: Draft, expression: Expression, module: Module) -> tuple[Expression, Module]:
    """What a name stands for where an assignment of the workspace gives it a list; else the expression itself."""
    if not isinstance(expression, Reference):
        return expression, module
    index = _assignments(draft)
    for name in (expression.name, draft.program.qualify(expression, module)):
        found = index.get(name)
        if found is not None:
            return found
    return expression, module


def methods_of(draft: Draft, class_name: str) -> dict[str, tuple[PythonFunction, Module]]:
    """The methods of a class of this workspace by their names, its bases' too."""
    known = draft.memo.get("methods")
    index: dict[str, dict[str, tuple[PythonFunction, Module]]] = known if isinstance(known, dict) else {}
    if known is None:
        for module in draft.program.modules.values():
            for function in module.facts.functions:
                if function.owner is not None:
                    owned = index.setdefault(function.owner, {})
                    owned.setdefault(function.name.rpartition(".")[2], (function, module))
        draft.memo["methods"] = index
    found = dict(index.get(class_name, {}))
    bases = draft.program.bases(class_name)
    if not isinstance(bases, Unknown):
        for base in bases:
            for name, method in index.get(base, {}).items():
                found.setdefault(name, method)
    return found


def class_named(draft: Draft, name: str) -> tuple[PythonClass, Module] | None:
    """The class of this workspace with that qualified name."""
    index = draft.memo.get("classes")
    if not isinstance(index, dict):
        index = draft.memo["classes"] = {
            one.name: (one, module) for module in draft.program.modules.values() for one in module.facts.classes
        }
    found: tuple[PythonClass, Module] | None = index.get(name)
    return found


def class_of(draft: Draft, expression: Expression, module: Module) -> str:
    """The qualified class that an expression names, or that it is an instance of."""
    origin = draft.program.origin(expression, module)
    if origin is not None:
        return draft.program.callee(*origin)
    return draft.program.qualify(expression, module)


def _assignments(draft: Draft) -> dict[str, tuple[Expression, Module]]:
    index = draft.memo.get("list assignments")
    if isinstance(index, dict):
        return index
    found: dict[str, tuple[Expression, Module]] = {}
    for module in draft.program.modules.values():
        for one in module.facts.assignments:
            if isinstance(one.target, Reference) and isinstance(one.value, Display | Element | Choice | Template):
                name = one.target.name
                before = found.get(name)
                if before is not None and isinstance(before[0], Display) and isinstance(one.value, Display):
                    found[name] = (Display((*before[0].items, *one.value.items)), module)
                else:
                    found.setdefault(name, (one.value, module))
    draft.memo["list assignments"] = found
    return found
