"""Circuit breakers around the calls of the services, and what keeps one from working.

In: the services' code and the mesh. Out: ``CircuitBreaker`` subjects and the calls' ``breaker``. A breaker of one's own
(a class that is called so) counts like a library's; something that may be one makes the calls' breaker UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from archlint.core.facts.python import Expression, Literal, PythonCall, PythonFunction, Reference, Result
from archlint.core.record import dataclass, pattern
from archlint.core.span import Span
from archlint.core.system.base import link
from archlint.core.system.calls import HttpCall, RemoteCall
from archlint.core.system.resilience import CircuitBreaker
from archlint.core.values import Place, Setting, Unknown
from archlint.model.code.objects import Key, base_of, call_of, class_named, is_instance, key_of, member_of
from archlint.model.code.scope import code_scope
from archlint.model.deployment.mesh_resilience import mesh_breaker
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.resilience.breaker_faults import fault_of, limits_of
from archlint.model.resilience.breaker_libraries import BREAKER_NAMES, BREAKERS, CALLING, BreakerLibrary
from archlint.model.resilience.clients import Clients
from archlint.model.resilience.reach import Guard, Spread, decorated
from archlint.model.resilience.retries import calls_at

_NAME = pattern(r"(?i)circuit_?breaker|breaker|(?:^|[._])circuit$")
_ASKED = pattern(
    r"(?i)allow|can_|is_|acquire|record|success|fail|open|before|after|check|on_|permit|trip|execut|available"
)
_OWN = BreakerLibrary("its own breaker", "")
_CLASSES = frozenset(BREAKERS)


@dataclass(eq=False)
class Breaker(Guard):
    """A breaker that code makes."""

    at: Span = Span("", 1, 1, 1, 1)
    library: BreakerLibrary = _OWN
    made: PythonCall | None = None


def add_breakers(draft: Draft) -> None:
    """Add the breakers, and fill in what breaks the circuit of each remote call."""
    scope = code_scope(draft)
    modules = list(scope.modules())
    if not modules:
        return
    breakers, perhaps = _find(draft, modules)
    by_place: dict[Span, list[RemoteCall]] = {}
    for call in draft.select(RemoteCall):
        by_place.setdefault(call.at, []).append(call)
    around: dict[Span, Breaker] = {}
    for breaker in breakers:
        for inner, _ in breaker.calls.values():
            if inner.at in by_place:
                around.setdefault(inner.at, breaker)
    unsure = {inner.at for inner, _ in perhaps.calls.values()}
    clients = Clients(draft, modules, {})
    owners = {
        function.owner: one
        for one in breakers
        if (function := one.module.function(one.function)) is not None and function.owner is not None
    }
    made = calls_at(draft, by_place)
    for at, calls in by_place.items():
        module = draft.program.modules.get(at.path)
        for call in calls:
            guard = around.get(at)
            doubtful = at in unsure
            if guard is None and module is not None and at in made:
                classes = clients.classes(call, made[at], module)
                doubtful = doubtful or isinstance(classes, Unknown)
                found = () if isinstance(classes, Unknown) else classes
                guard = next((owners[name] for name in found if name in owners), None)
            link(call, breaker=_of_call(draft, call, guard, doubtful))
    for breaker in breakers:
        threshold, recovery = limits_of(draft, breaker.made, breaker.module, breaker.library)
        inside = [call for inner, _ in breaker.calls.values() for call in by_place.get(inner.at, ())]
        fault = fault_of(draft, breaker, breaker.made, breaker.library, threshold, recovery, {one.at for one in inside})
        placed = PythonCall(breaker.at, Literal(None), (), breaker.function)
        for service in scope.services_running(placed, breaker.module):
            what = breaker.functions[0][0].name.rpartition(".")[2] if breaker.functions else breaker.module.name
            draft.add(
                CircuitBreaker(
                    at=breaker.at,
                    name=f"{breaker.library.name} around {what}",
                    key=f"{service} {breaker.library.name} {what}",
                    service=service,
                    library=breaker.library.name,
                    threshold=threshold,
                    recovery=recovery,
                    fault=fault,
                    calls=tuple(one for one in inside if one.service == service),
                    related=tuple(Place(one.at, f"{one.name} is behind it") for one in inside[:10]),
                )
            )


def _of_call(draft: Draft, call: RemoteCall, breaker: Breaker | None, unsure: bool) -> Setting[str] | None | Unknown:
    if breaker is not None:
        return Setting(breaker.library.name, "code", breaker.at)
    host = call.host if isinstance(call, HttpCall) and isinstance(call.host, str) else call.target
    meshed = mesh_breaker(draft, host)
    if meshed is not None:
        return meshed
    return Unknown("something around it may be a breaker") if unsure else None


def _find(draft: Draft, modules: list[Module]) -> tuple[list[Breaker], Guard]:
    breakers: dict[Key, Breaker] = {}
    for call, module, library in _made(draft, modules):
        breakers[key_of(call)] = Breaker(module, call.function, at=call.at, library=library, made=call)
    found = list(breakers.values())
    perhaps = Guard(modules[0], None)
    spread: Spread[Breaker] = Spread(draft, breakers)
    for function, module, decorator, at in decorated(draft, modules):
        for breaker in spread.of_decorator(decorator, module):
            breaker.add_function(draft, function, module)
        bare = _bare(draft, function, module, decorator, at)
        if bare is not None:
            found.append(bare)
    if found or any(_NAME.search(line.name or line.module) for one in modules for line in one.facts.imports):
        _use(draft, modules, breakers, spread, perhaps)
    _ask_functions(draft, modules, perhaps)
    spread.learn(found)
    for breaker in breakers.values():
        if breaker.function is not None and not breaker.calls:
            spread.learn_function(breaker, breaker.function, breaker.module)
    for function, module, decorator, _ in decorated(draft, modules):
        guards = spread.of_decorator(decorator, module)
        for breaker in guards:
            breaker.add_function(draft, function, module)
        made = call_of(decorator, module) if isinstance(decorator, Result) else None
        if not guards and _NAME.search(member_of(made.callee if made is not None else decorator)):
            perhaps.add_function(draft, function, module)
    spread.follow_helpers()
    return found, perhaps


def _made(draft: Draft, modules: Iterable[Module]) -> Iterator[tuple[PythonCall, Module, BreakerLibrary]]:
    for module in modules:
        names = {one for one in module.called if one in BREAKER_NAMES or one.endswith("Breaker")}
        for call in module.calls_named(names) if names else ():
            name = draft.program.callee(call, module)
            library = BREAKERS.get(name)
            if library is None and member_of(call.callee)[:1].isupper():
                base = is_instance(draft, name, _CLASSES)
                library = BREAKERS[base] if base is not None else None
                if library is None and name.endswith("Breaker") and class_named(draft, name) is not None:
                    library = _OWN
            if library is not None:
                yield call, module, library


def _bare(draft: Draft, function: PythonFunction, module: Module, decorator: Expression, at: Span) -> Breaker | None:
    """``@circuit`` without arguments."""
    if not isinstance(decorator, Reference) or member_of(decorator) != "circuit":
        return None
    if draft.program.qualify(decorator, module) != "circuitbreaker.circuit":
        return None
    made = PythonCall(at, decorator, (), function.parent)
    breaker = Breaker(module, function.parent, at=at, library=BREAKERS["circuitbreaker.circuit"], made=made)
    breaker.add_function(draft, function, module)
    return breaker


def _use(
    draft: Draft, modules: Iterable[Module], breakers: dict[Key, Breaker], spread: Spread[Breaker], perhaps: Guard
) -> None:
    """``breaker.call(f, …)``, ``with breaker.calling():``, ``breaker(f)``."""
    for module in modules:
        asking = {one for one in module.called if _ASKED.search(one)} - CALLING
        for call in module.facts.calls:
            for context in call.contexts:
                shown = _shown(context, module)
                if not _NAME.search(shown) and spread.names.isdisjoint(shown.replace("()", "").split(".")):
                    continue
                breaker = _breaker_of(draft, context, module, breakers)
                (breaker or perhaps).add(draft, [(call, module)], own=True)
            if not _may_speak(call.callee, asking, spread.names):
                continue
            member = member_of(call.callee)
            base: Expression | None = base_of(call.callee) if member in CALLING or member in asking else None
            if base is None:
                base = call.callee
            if member_of(base) not in spread.names and not _NAME.search(_shown(base, module)):
                continue
            if member in asking and base is not call.callee:
                _ask(draft, call, module, _breaker_of(draft, base, module, breakers) or perhaps)
                continue
            if not call.arguments:
                continue
            breaker = _breaker_of(draft, base, module, breakers)
            if breaker is not None and key_of(call) not in breakers:
                breaker.add_callbacks(draft, call, module)
                breaker.add(draft, [(call, module)], own=True)
            elif breaker is None and member in CALLING:
                perhaps.add_callbacks(draft, call, module)
                perhaps.add(draft, [(call, module)], own=True)


def _ask_functions(draft: Draft, modules: Iterable[Module], perhaps: Guard) -> None:
    """``if not circuit_breaker_allows(): …``: functions of one's own that keep a breaker's state."""
    for module in modules:
        names = {one for one in module.called if "breaker" in one or "circuit_open" in one}
        for call in module.calls_named(names) if names else ():
            if draft.program.called_functions(call, module):
                _ask(draft, call, module, perhaps)


def _may_speak(callee: Expression, asking: Set[str], names: Set[str]) -> bool:
    """Whether a call may be one of a breaker, at a glance: most calls are not."""
    if type(callee) is Reference:
        name = callee.name
        if "reaker" in name or "REAKER" in name or "ircuit" in name:
            return True
        return bool(names) and not names.isdisjoint(name.split(".")[-2:])
    return member_of(callee) in CALLING or member_of(callee) in asking or bool(names)


def _ask(draft: Draft, call: PythonCall, module: Module, guard: Guard) -> None:
    """``if not breaker.allows(): raise …``, ``breaker.record_failure()``: it guards what the function does."""
    function = module.function(call.function)
    if function is not None:
        guard.add(draft, [(one, module) for one in draft.program.calls_in(function, module)])


def _shown(expression: Expression, module: Module, depth: int = 0) -> str:
    """The dotted text of an expression, through calls."""
    if type(expression) is Reference:
        return expression.name
    if isinstance(expression, Result) and depth < 3:
        made = call_of(expression, module)
        return _shown(made.callee, module, depth + 1) + "()" if made is not None else ""
    base = getattr(expression, "base", None)
    name = getattr(expression, "name", "")
    return f"{_shown(base, module, depth + 1)}.{name}" if base is not None and depth < 5 else str(name)


def _breaker_of(
    draft: Draft, expression: Expression | None, module: Module, breakers: dict[Key, Breaker]
) -> Breaker | None:
    for _ in range(3):
        if isinstance(expression, Result):
            made = call_of(expression, module)
            if made is None:
                return None
            if key_of(made) in breakers:
                return breakers[key_of(made)]
            if member_of(made.callee) in CALLING:
                expression = base_of(made.callee)
                continue
        break
    if expression is None:
        return None
    origin = draft.program.origin(expression, module)
    return breakers.get(key_of(origin[0])) if origin is not None else None
