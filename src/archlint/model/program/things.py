"""Things that names and expressions stand for, and the few library functions that only pass one on."""

from __future__ import annotations

from archlint.core.facts.python import Expression, Member, Parameter, PythonCall, PythonFunction, Reference
from archlint.core.record import dataclass
from archlint.model.program.index import Module

MAX_DEPTH = 14
"""How far things are followed."""


@dataclass(frozen=True)
class Thing:
    """Something that has a qualified name: a definition itself, or an instance of the class (the result of the library
    function) of that name. ``call`` made it, in ``module``."""

    name: str
    call: PythonCall | None = None
    module: Module | None = None
    instance: bool = False

    @property
    def is_known(self) -> bool:
        """Whether its name is known."""
        return self.name != "?"


NOTHING = Thing("?")

TRANSPARENT = {
    "typing.cast": 1,
    "cast": 1,
    "contextlib.closing": 0,
    "contextlib.aclosing": 0,
    "contextlib.nullcontext": 0,
    "copy.copy": 0,
    "copy.deepcopy": 0,
    "asyncio.run": 0,
    "asyncio.wait_for": 0,
    "asyncio.shield": 0,
    "asyncio.create_task": 0,
    "asyncio.ensure_future": 0,
    "asgiref.sync.async_to_sync": 0,
    "asgiref.sync.sync_to_async": 0,
    "functools.partial": 0,
    "functools.partialmethod": 0,
    "fastapi.Depends": 0,
    "iter": 0,
    "next": 0,
}
"""Library functions that give back (the result of) their argument of that position."""

FIELDS = frozenset({"dataclasses.field", "pydantic.Field", "pydantic.fields.Field", "attr.ib", "attrs.field"})
"""Functions that describe a field, with its default."""

PROVIDERS = "dependency_injector.providers."
"""Classes whose instances make (an instance of) their first argument with the others."""

WRAPPING_METHODS = frozenset({"enter_context", "enter_async_context", "__enter__", "__aenter__"})
CALLING = frozenset({"fastapi.Depends", "fastapi.params.Depends", "fastapi.Security"})
NO_BASES = frozenset(
    {"object", "abc.ABC", "typing.Generic", "typing.Protocol", "Exception", "enum.Enum", "type", "typing.NamedTuple"}
)
WRAPPERS_OF_TYPES = frozenset(
    {"typing.Optional", "typing.Annotated", "typing_extensions.Annotated", "typing.Final", "typing.ClassVar"}
)
PLAIN_TYPES = frozenset(
    {"str", "int", "float", "bool", "bytes", "dict", "list", "set", "tuple", "object", "None", "typing.Any", "type"}
)
ITERATORS = frozenset(
    {
        "typing.Iterator",
        "typing.Generator",
        "typing.AsyncIterator",
        "typing.AsyncGenerator",
        "typing.Awaitable",
        "collections.abc.Iterator",
        "collections.abc.Generator",
        "collections.abc.AsyncIterator",
        "collections.abc.AsyncGenerator",
        "collections.abc.Awaitable",
    }
)


def argument_for(call: PythonCall, function: PythonFunction, name: str) -> tuple[Expression] | None:
    """What a call passes for a parameter, in a tuple of one; None where it passes nothing that is seen.

    A call that hands the function on (``submit(f, a)``) passes what stands behind it.
    """
    behind = _handed_on(call, function)
    if behind is None:
        return None
    positional = [one.name for one in function.parameters if one.kind == "positional"]
    position = None
    if name in positional:
        position = positional.index(name)
        static = any(isinstance(one, Reference) and one.name == "staticmethod" for one in function.decorators)
        if function.owner is not None and not static:
            position -= 1
        position += behind
    found = call.argument(name, position)
    return None if found is None else (found.value,)


def _handed_on(call: PythonCall, function: PythonFunction) -> int | None:
    """How many positional arguments go before the function's own in the call; None where that is not seen."""
    last = function.name.rpartition(".")[2]
    if call.callee.__class__ not in (Reference, Member) or call.name.rpartition(".")[2] == last:
        return 0
    place = 0
    for one in call.arguments:
        value = one.value
        if isinstance(value, Reference | Member) and value.name.rpartition(".")[2] == last:
            return place + 1 if one.name is None else None
        place += one.name is None
    return 0


def is_property(function: PythonFunction) -> bool:
    """Whether reading a method by name calls it."""
    return any(
        isinstance(one, Reference) and one.name.rpartition(".")[2] in ("property", "cached_property")
        for one in function.decorators
    )


def is_application(base: Expression) -> bool:
    """Whether an expression is an application that things are kept in by key (aiohttp's ``request.app``)."""
    name = base.name if isinstance(base, Reference | Member | Parameter) else ""
    return name.rpartition(".")[2] in ("app", "application")
