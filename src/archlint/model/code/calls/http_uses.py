"""Which calls speak HTTP: functions and client methods of the libraries, however the code names them.

In: calls of one module. Out: a Use with everything that the libraries' table says of it. A client may be a variable, an
attribute, a parameter, the result of a factory; a function may be an alias, a partial, an item of a dict, named by
``getattr``, or handed on to a thread.
"""

from __future__ import annotations

from collections.abc import Iterable

from archlint.core.facts.python import Argument, Expression, Literal, PythonCall, Reference, Result
from archlint.core.record import dataclass
from archlint.model.code.calls.handed import HANDED_ON, handed_arguments
from archlint.model.code.calls.http_libraries import (
    CLIENT_CLASSES,
    CLIENT_METHODS,
    CLIENTS,
    FUNCTIONS,
    MEMBERS,
    VERB,
    Client,
    Form,
    Library,
)
from archlint.model.code.objects import base_of, call_of, is_instance, member_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_NOT_CLASSES = frozenset({"os.environ", "dict", "queue.Queue", "os"})
_PARTIALS = frozenset({"functools.partial", "functools.partialmethod"})
_MODULES = frozenset(name.rpartition(".")[0] for name in FUNCTIONS)
_ANY = frozenset({""})

Passed = tuple[Argument, Module]
"""An argument and the module that it is written in: a partial's may be another than the call's."""


@dataclass(frozen=True)
class Use:
    """A place that calls: what, with which arguments, on which client (made by ``origin``, where that is known)."""

    call: PythonCall
    module: Module
    passed: tuple[Passed, ...]
    library: Library
    form: Form
    member: str
    client: Client | None = None
    class_name: str = ""
    origin: tuple[PythonCall, Module] | None = None
    base: Expression | None = None

    def argument(self, name: str, position: int | None = None) -> Passed | None:
        """The argument by keyword, else by position, with its module."""
        index = 0
        by_position = None
        for argument, module in self.passed:
            if argument.name == name:
                return argument, module
            if argument.name == "*":
                index = len(self.passed)
            elif argument.name is None:
                if index == position:
                    by_position = (argument, module)
                index += 1
        return by_position


def names_of(modules: Iterable[Module]) -> frozenset[str]:
    """The last names by which calls are looked up: those of the libraries, of what hands functions on, of aliases."""
    aliases = set()
    for module in modules:
        for one in module.facts.assignments:
            value = one.value
            if isinstance(value, Result):
                made = module.call(value.call)
                if made is None or member_of(made.callee) != "partial" or not made.arguments:
                    continue
                value = made.arguments[0].value
            if isinstance(value, Reference) and member_of(value) in MEMBERS and "." in value.name:
                aliases.add(member_of(one.target))
    return MEMBERS | HANDED_ON | _ANY | (aliases - {""})


def use_of(draft: Draft, call: PythonCall, module: Module) -> Use | None:
    """What the call does on the network, None where it is no HTTP call."""
    if member_of(call.callee) in HANDED_ON:
        return _handed_on(draft, call, module)
    named = _by_getattr(draft, call, module)
    if named is not None:
        return named
    name = draft.program.callee(call, module)
    passed = tuple([(one, module) for one in call.arguments])
    origin = draft.program.origin(call.callee, module) if isinstance(call.callee, Reference | Result) else None
    if origin is not None and draft.program.callee(*origin) in _PARTIALS:
        partial, home = origin
        passed = (*[(one, home) for one in partial.arguments[1:]], *passed)
        return _known(draft, call, partial.arguments[0].value if partial.arguments else call.callee, name, passed, home)
    return _known(draft, call, call.callee, name, passed, module)


def _known(
    draft: Draft, call: PythonCall, callee: Expression, name: str, passed: tuple[Passed, ...], module: Module
) -> Use | None:
    function = FUNCTIONS.get(name)
    if function is not None:
        return Use(call, module, passed, function[0], function[1], name.rpartition(".")[2])
    owner, _, member = name.rpartition(".")
    if member not in MEMBERS or not owner or owner.startswith("?") or owner in _NOT_CLASSES:
        return None
    base = base_of(callee)
    return _of_client(draft, call, base, owner, member, passed, module)


def _of_client(
    draft: Draft,
    call: PythonCall,
    base: Expression | None,
    owner: str,
    member: str,
    passed: tuple[Passed, ...],
    module: Module,
    form: Form | None = None,
) -> Use | None:
    class_name = owner if owner in CLIENT_CLASSES else is_instance(draft, owner, CLIENT_CLASSES)
    if class_name is None:
        return None
    client = CLIENTS[class_name]
    form = form or CLIENT_METHODS[client.library.name].get(member)
    if form is None:
        return None
    if base is not None and (inner := call_of(base, module)) is not None and inner.name == "super":
        # A client that passes a request on: the call is where the client is used.
        return None
    origin = _origin(draft, base, call, module) if base is not None else None
    # A method that a subclass inherits is named by the library's class: what was made tells the class itself.
    made = draft.program.callee(*origin) if origin is not None else _own_class(draft, base, module)
    own_class = made if made and is_instance(draft, made, CLIENT_CLASSES) is not None else owner
    return Use(call, module, passed, client.library, form, member, client, own_class, origin, base)


def _origin(draft: Draft, base: Expression, call: PythonCall, module: Module) -> tuple[PythonCall, Module] | None:
    """The call that made a client; of the clients that a script keeps in one name, the last before the call."""
    if call.function is None and isinstance(base, Reference):
        kept = [one for one in module.facts.assignments if one.target == base and one.function is None]
        before = [one.value for one in kept if one.at.line <= call.at.line]
        if len(kept) > 1 and before:
            return draft.program.origin(before[-1], module)
    return draft.program.origin(base, module)


def _own_class(draft: Draft, base: Expression | None, module: Module) -> str:
    """The class that ``self`` stands for in a method of a client class."""
    return draft.program.qualify(base, module) if isinstance(base, Reference) else ""


def _by_getattr(draft: Draft, call: PythonCall, module: Module) -> Use | None:
    """``getattr(requests, method)(url)``: some verb of a library or client."""
    inner = call_of(call.callee, module)
    if inner is None or inner.name != "getattr" or len(inner.arguments) < 2:
        return None
    base = inner.arguments[0].value
    if isinstance(inner.arguments[1].value, Literal):
        return None
    passed = tuple([(one, module) for one in call.arguments])
    owner = draft.program.qualify(base, module)
    if owner in _MODULES:
        function = FUNCTIONS.get(f"{owner}.get")
        return Use(call, module, passed, function[0], VERB, "") if function is not None else None
    return _of_client(draft, call, base, owner, "", passed, module, VERB) if not owner.startswith("?") else None


def _handed_on(draft: Draft, call: PythonCall, module: Module) -> Use | None:
    """``loop.run_in_executor(None, requests.get, url)``: the function and its arguments among the arguments."""
    for position, argument in enumerate(call.arguments):
        value = argument.value
        partial = call_of(value, module)
        inner: tuple[Argument, ...] = ()
        if partial is not None and member_of(partial.callee) == "partial" and partial.arguments:
            value, inner = partial.arguments[0].value, partial.arguments[1:]
        elif isinstance(value, Result):
            continue
        if member_of(value) not in MEMBERS:
            continue
        name = draft.program.qualify(value, module)
        if member_of(call.callee) == "partial":
            # What a partial function is called with is seen where it is called.
            return None
        rest = (*inner, *handed_arguments(call, position))
        use = _known(draft, call, value, name, tuple([(one, module) for one in rest]), module)
        if use is not None:
            return use
    return None
