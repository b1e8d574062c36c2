"""What annotations say of the things that they annotate.

In: an annotation and the module that it is written in. Out: an instance of the class that it names; NOTHING for plain
types, and for what is only known to be one of several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archlint.core.facts.python import Choice, Display, Expression, Item, Reference, Result
from archlint.model.program.index import Module
from archlint.model.program.things import CALLING, ITERATORS, NOTHING, PLAIN_TYPES, WRAPPERS_OF_TYPES, Thing

if TYPE_CHECKING:
    from archlint.model.program.objects import Objects


def annotated(objects: Objects, annotation: Expression | None, module: Module, depth: int) -> Thing:
    """An instance of the class that an annotation names; NOTHING for plain types."""
    if annotation is None or depth <= 0:
        return NOTHING
    match annotation:
        case Reference(name=name):
            known = objects.definitions.canonical(name, module)
            if known in PLAIN_TYPES:
                return NOTHING
            if known in objects.definitions.assignments:
                return _alias(objects, known, depth)
            return Thing(known, instance=True)
        case Choice(options=options):
            for one in options:
                found = annotated(objects, one, module, depth - 1)
                if found.is_known:
                    return found
        case Item(base=Reference(name=name), key=key):
            outer = objects.definitions.canonical(name, module)
            inner = key.items[0] if isinstance(key, Display) and key.items else key
            if outer.endswith(".Annotated") and isinstance(key, Display):
                for extra in key.items[1:]:
                    found = objects.thing(extra, module, depth - 1)
                    if found.is_known and isinstance(extra, Result):
                        call = module.call(extra.call)
                        if call is not None and objects.called_name(call, module) in CALLING:
                            return found
            if outer in WRAPPERS_OF_TYPES or outer in ITERATORS:
                return annotated(objects, inner, module, depth - 1)
            if outer.rpartition(".")[2][:1].isupper() and not outer.startswith(("typing.", "collections.")):
                return Thing(outer, instance=True)
    return NOTHING


def _alias(objects: Objects, name: str, depth: int) -> Thing:
    """``DbDep = Annotated[Session, Depends(get_db)]`` used as an annotation."""
    for assignment, module in objects.definitions.assignments[name]:
        return annotated(objects, assignment.value, module, depth - 1)
    return NOTHING
