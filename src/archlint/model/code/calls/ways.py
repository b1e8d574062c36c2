"""The ways in which a function runs: for each caller, what it gives the parameters and the instance.

A wrapper (``def fetch(url, timeout=None)``, a client class with a ``base_url``) calls different services with different
timeouts. In: a function and the expressions that matter in it. Out: one Way a caller, through callers of callers,
bounded; one empty Way where nothing depends on the caller or none is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    EnvironmentRead,
    Expression,
    Item,
    Lambda,
    Member,
    Operation,
    Parameter,
    PythonCall,
    PythonFunction,
    Reference,
    Result,
    Template,
)
from archlint.core.record import dataclass
from archlint.core.span import Span
from archlint.core.values import Place, Unknown
from archlint.model.code.calls.handed import direct_call
from archlint.model.code.objects import base_of, class_named, member_of
from archlint.model.draft import Draft
from archlint.model.program.program import Given, Module
from archlint.model.program.things import argument_for

MAX_WAYS = 64
MAX_CALLERS = 40
MAX_VISITS = 400
_MOST_HOPS = 4
_MOST_PARTS = 60


@dataclass(frozen=True, eq=False)
class Way:
    """One way to run a function. ``given`` are parameters by function and name; ``calls`` the call that runs each
    function, by its name; ``at`` where each given argument is written; ``chain`` leads up through the callers."""

    given: Mapping[tuple[str, str], Given] = field(default_factory=dict)
    calls: Mapping[str, tuple[PythonCall, Module]] = field(default_factory=dict)
    at: Mapping[tuple[str, str], Span] = field(default_factory=dict)
    chain: tuple[Place, ...] = ()


ALONE = Way()


@dataclass(frozen=True)
class Needs:
    """What expressions depend on: parameters of their function, attributes of its instance."""

    parameters: bool
    instance: bool


def ways_of(
    draft: Draft,
    function: PythonFunction | None,
    module: Module,
    expressions: Iterable[Expression],
    counts: Callable[[Module], bool],
) -> list[Way]:
    """The ways to run the function that make a difference for the expressions. ``counts`` says whose calls count."""
    if function is None:
        return [ALONE]
    needs = _needs(expressions, function, module)
    if not needs.parameters and not needs.instance:
        return [ALONE]
    found = _ways(draft, function, module, needs, counts, _MOST_HOPS, [MAX_VISITS])
    if needs.instance and function.owner is not None:
        found = [one for way in found for one in _with_instances(draft, function.owner, way, counts)]
    return found[:MAX_WAYS]


def way_through(draft: Draft, function: PythonFunction, module: Module, call: PythonCall, home: Module) -> Way:
    """The way in which one call runs a function."""
    direct = direct_call(draft, call, home, function) or call
    given, places = _bound(function, module, direct, home)
    return Way(
        given,
        {function.name: (direct, home)},
        places,
        (Place(call.at, f"calls {member_of(Reference(function.name))}"),),
    )


def _ways(
    draft: Draft,
    function: PythonFunction,
    module: Module,
    needs: Needs,
    counts: Callable[[Module], bool],
    hops: int,
    visits: list[int],
) -> list[Way]:
    """``visits`` is how many more callers may be looked at, in one box for all."""
    found: list[Way] = []
    callers = [one for one in draft.program.callers(function, module) if counts(one[1])] if hops else []
    for call, home in callers[:MAX_CALLERS]:
        visits[0] -= 1
        if visits[0] < 0:
            break
        direct = direct_call(draft, call, home, function)
        if direct is None:
            continue
        given, places = _bound(function, module, direct, home)
        caller = home.function(call.function)
        own = needs.instance and caller is not None and caller.owner is not None and _on_self(call, caller.owner)
        if needs.instance and not own:
            instance = _instance(draft, base_of(call.callee), home)
            given.update(instance[0])
            places.update(instance[1])
        above = Needs(
            caller is not None and _needs((one[0] for one in given.values()), caller, home).parameters,
            own,
        )
        outer = [ALONE]
        if caller is not None and (above.parameters or above.instance):
            outer = _ways(draft, caller, home, above, counts, hops - 1, visits)
        step = Place(call.at, f"calls {member_of(Reference(function.name))}")
        for one in outer:
            found.append(
                Way(
                    {**one.given, **given},
                    {**one.calls, function.name: (direct, home)},
                    {**one.at, **places},
                    (step, *one.chain),
                )
            )
        if len(found) > MAX_WAYS:
            break
    return found or [ALONE]


def _bound(
    function: PythonFunction, module: Module, call: PythonCall, home: Module
) -> tuple[dict[tuple[str, str], Given], dict[tuple[str, str], Span]]:
    given: dict[tuple[str, str], Given] = {}
    places: dict[tuple[str, str], Span] = {}
    for parameter in function.parameters:
        passed = argument_for(call, function, parameter.name)
        key = (function.name, parameter.name)
        if passed is not None and parameter.kind in ("positional", "keyword"):
            given[key] = (passed[0], home)
            places[key] = next((one.at for one in call.arguments if one.value is passed[0]), call.at)
        elif parameter.kind in ("positional", "keyword"):
            if call.is_open:
                given[key] = (Unknown("arguments that are not all seen"), home)
            elif parameter.default is not None:
                given[key] = (parameter.default, module)
    return given, places


def _with_instances(draft: Draft, owner: str, way: Way, counts: Callable[[Module], bool]) -> list[Way]:
    """The way with each instance of the class that is made, where it does not tell the instance itself."""
    program = draft.program
    bases = program.bases(owner)
    names = (owner, *(() if isinstance(bases, Unknown) else bases))
    init = next(
        (one for one in (program.function_named(f"{name}.__init__") for name in names) if one is not None), None
    )
    if any(key[0] in (owner, init[0].name if init is not None else owner) for key in way.given):
        return [way]
    found = []
    callers = program.callers(*init) if init is not None else program.instantiated(owner)
    for call, home in callers[:MAX_CALLERS]:
        if not counts(home) or member_of(call.callee) == "__init__":
            continue
        made = direct_call(draft, call, home, init[0]) if init is not None else call
        if made is None:
            continue
        given, places = _constructed(draft, made, home)
        if given:
            step = Place(call.at, f"makes {owner.rpartition('.')[2]}")
            found.append(Way({**way.given, **given}, way.calls, {**way.at, **places}, (*way.chain, step)))
    return found or [way]


def _instance(
    draft: Draft, base: Expression | None, module: Module
) -> tuple[dict[tuple[str, str], Given], dict[tuple[str, str], Span]]:
    origin = draft.program.origin(base, module) if base is not None else None
    return _constructed(draft, *origin) if origin is not None else ({}, {})


def constructed(draft: Draft, made: tuple[PythonCall, Module]) -> Way:
    """The way in which the methods of one instance run: what its ``__init__`` is given."""
    calls: dict[str, tuple[PythonCall, Module]] = {}
    given, places = _constructed(draft, *made, calls)
    return Way(given, calls, places)


def _constructed(
    draft: Draft, made: PythonCall, module: Module, calls: dict[str, tuple[PythonCall, Module]] | None = None
) -> tuple[dict[tuple[str, str], Given], dict[tuple[str, str], Span]]:
    """What the call that made an instance gives its ``__init__``, and that the ones above."""
    given, places = _fields(draft, made, module)
    for _ in range(_MOST_HOPS):
        init = next(
            (one for one in draft.program.called_functions(made, module) if one[0].name.endswith(".__init__")), None
        )
        if init is None or any(key[0] == init[0].name for key in given):
            break
        if calls is not None:
            calls[init[0].name] = (made, module)
        mine, where = _bound(*init, made, module)
        given.update(mine)
        places.update(where)
        above = next(
            (one for one in draft.program.calls_in(*init) if member_of(one.callee) == "__init__"),
            None,
        )
        if above is None:
            break
        made, module = above, init[1]
    return given, places


def _fields(
    draft: Draft, made: PythonCall, module: Module
) -> tuple[dict[tuple[str, str], Given], dict[tuple[str, str], Span]]:
    """What the call gives the fields of a class that has no ``__init__`` of its own: a data class, a model."""
    name = draft.program.callee(made, module)
    known = class_named(draft, name)
    if known is None or draft.program.called_functions(made, module):
        return {}, {}
    fields = [
        member_of(one.target)
        for one in known[1].facts.assignments
        if one.annotation is not None and isinstance(one.target, Reference) and one.target.name.startswith(f"{name}.")
    ]
    given: dict[tuple[str, str], Given] = {}
    places: dict[tuple[str, str], Span] = {}
    for position, one in enumerate(made.arguments):
        field_name = one.name if one.name is not None else fields[position] if position < len(fields) else None
        if field_name in fields and field_name is not None:
            given[name, field_name] = (one.value, module)
            places[name, field_name] = one.at
    return given, places


def _on_self(call: PythonCall, owner: str) -> bool:
    base = base_of(call.callee)
    return isinstance(base, Reference) and base.name == owner


def _needs(expressions: Iterable[Expression], function: PythonFunction, module: Module) -> Needs:
    parameters = instance = False
    own = f"{function.owner}." if function.owner is not None else None
    for part in parts(expressions, module):
        if isinstance(part, Parameter):
            parameters = parameters or module.function(part.function) is function
        elif isinstance(part, Reference) and own is not None and part.name.startswith(own):
            instance = True
    return Needs(parameters, instance)


def parts(expressions: Iterable[Expression], module: Module) -> Iterator[Expression]:
    """The expressions and all that they consist of, the arguments of calls too; bounded."""
    waiting = list(expressions)
    budget = _MOST_PARTS
    while waiting and budget:
        budget -= 1
        one = waiting.pop()
        yield one
        match one:
            case Member(base=base):
                waiting.append(base)
            case Item(base=base, key=key):
                waiting += [base, key]
            case Operation(left=left, right=right):
                waiting += [left, right]
            case Template(parts=inner) | Display(items=inner) | Choice(options=inner):
                waiting += inner
            case Dictionary(entries=entries):
                waiting += [part for pair in entries for part in pair if part is not None]
            case Element(iterable=part) | Comprehension(element=part) | Lambda(value=part):
                waiting.append(part)
            case EnvironmentRead(default=part) if part is not None:
                waiting.append(part)
            case Result(call=index):
                call = module.call(index)
                if call is not None:
                    waiting += [call.callee, *(argument.value for argument in call.arguments)]
