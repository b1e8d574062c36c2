"""Whether code that stands before or in a handler authenticates: functions, dependencies, decorators, middleware.

In: expressions as decorators and arguments have them, and functions. Out: Evidence (see ``signals``). Functions are
followed to what they call; what is not in the workspace is judged by its words.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Choice,
    Display,
    Expression,
    Item,
    Literal,
    Member,
    PythonCall,
    PythonFunction,
    PythonParameter,
    Reference,
    Result,
)
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.access.signals import Evidence, best, signals
from archlint.model.code.access.vocabulary import (
    EXEMPT_WORDS,
    GUARD_WORDS,
    NO_GUARDS,
    PARAMETERS,
    PASSED_DEPENDENCY,
    PERMISSIVE,
    SECURITY_SCHEMES,
    STORING,
)
from archlint.model.code.names import words_of
from archlint.model.code.objects import base_of, call_of, class_named, class_of, items_of, member_of, methods_of
from archlint.model.code.scope import assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module

DEPENDS = frozenset({"Depends", "Security"})
_INPUTS = frozenset({"Header", "Cookie", "Security"})
_RUN = ("__call__", "dispatch", "authenticate", "process_request", "process_view", "before", "intercept_service", "run")
_DEPTH = 4
_MOST_NESTING = 5


def of_function(draft: Draft, function: PythonFunction, module: Module, nesting: int = 0) -> Evidence:
    """What a function and all that it calls say; what the framework calls for its parameters too."""
    memo = draft.memo.setdefault("authentication of functions", {})
    assert isinstance(memo, dict)
    key = (module.path, function.at.line, function.at.column)
    if key in memo:
        found: Evidence = memo[key]
        return found
    memo[key] = None
    found = best(of_parameters(draft, function, module, nesting), _of_body(draft, function, module))
    memo[key] = found
    return found


def _of_body(draft: Draft, function: PythonFunction, module: Module) -> Evidence:
    found: Evidence = None
    for index, home in _run(draft, function, module):
        found = best(found, signals(draft, home).get(index))
        if isinstance(found, Setting):
            break
    return found


def _run(draft: Draft, function: PythonFunction, module: Module) -> Iterator[tuple[int | None, Module]]:
    """The functions that run when one is called, nested ones too, each once."""
    seen: set[tuple[str, int | None]] = set()
    for place, one in enumerate(module.facts.functions):
        if one is function or _is_inside(place, function, module):
            seen.add((module.path, place))
            yield place, module
    for call, home in draft.program.reachable(function, module, _DEPTH):
        for target, where in ((None, home), *draft.program.called_functions(call, home)):
            index = call.function if target is None else _index(target, where)
            if (where.path, index) not in seen:
                seen.add((where.path, index))
                yield index, where


def _is_inside(place: int, function: PythonFunction, module: Module) -> bool:
    parent = module.facts.functions[place].parent
    for _ in range(10):
        if parent is None:
            return False
        if module.facts.functions[parent] is function:
            return True
        parent = module.facts.functions[parent].parent
    return False


def _index(function: PythonFunction, module: Module) -> int | None:
    return next((place for place, one in enumerate(module.facts.functions) if one is function), None)


def of_parameters(draft: Draft, function: PythonFunction, module: Module, nesting: int = 0) -> Evidence:
    """Dependencies that the framework resolves for a function's parameters, and headers that it takes."""
    found: Evidence = None
    for parameter in function.parameters:
        for call in _calls_of(draft, parameter, module):
            member = member_of(call.callee)
            if member in DEPENDS:
                found = best(found, _of_depends(draft, call, parameter, module, nesting))
            elif member in _INPUTS and PARAMETERS.match(parameter.name):
                found = best(found, Unknown(f"it takes {parameter.name}"))
        if PARAMETERS.match(parameter.name) and parameter.name not in ("token", "auth", "credentials"):
            found = best(found, Unknown(f"it takes {parameter.name}"))
    return found


def _calls_of(draft: Draft, parameter: PythonParameter, module: Module) -> Iterator[PythonCall]:
    """The calls in a parameter's default and annotation, also where that is a name for ``Annotated[...]``."""
    for one in (parameter.default, parameter.annotation):
        if one is None:
            continue
        value, where = one, module
        if isinstance(one, Reference):
            value, where = assigned_value(draft, one, module)
        yield from _inside(value, where, 0)


def _inside(value: Expression, module: Module, depth: int) -> Iterator[PythonCall]:
    if depth > 5:
        return
    call = call_of(value, module)
    if call is not None:
        yield call
    parts: tuple[Expression, ...] = ()
    if isinstance(value, Item):
        parts = (value.base, value.key)
    elif isinstance(value, Display):
        parts = value.items
    elif isinstance(value, Choice):
        parts = value.options
    for one in parts:
        yield from _inside(one, module, depth + 1)


def _of_depends(
    draft: Draft, call: PythonCall, parameter: PythonParameter | None, module: Module, nesting: int
) -> Evidence:
    given = call.argument("dependency", 0) or call.argument("use_cache", 0)
    if member_of(call.callee) == "Security" and given is None:
        return Unknown("a security dependency")
    if given is not None:
        return of_dependency(draft, given.value, module, call.at, nesting)
    if parameter is not None and parameter.annotation is not None:
        return of_dependency(draft, parameter.annotation, module, call.at, nesting)
    return None


def of_dependency(draft: Draft, value: Expression, module: Module, at: Span, nesting: int = 0) -> Evidence:
    """What a dependency that a framework calls says: a function, a security scheme, an instance of a class."""
    if nesting > _MOST_NESTING:
        return Unknown("dependencies of dependencies")
    made = draft.program.origin(value, module)
    if made is not None:
        found = _of_made(draft, made[0], made[1], nesting)
        if found is not None:
            return found
    call = call_of(value, module)
    if call is not None and member_of(call.callee) in DEPENDS:
        return _of_depends(draft, call, None, module, nesting)
    target = draft.program.function_of(call.callee if call is not None else value, module)
    if target is not None:
        found = of_function(draft, *target, nesting + 1)
        if found is None and call is not None:
            found = best(*(of_function(draft, *one, nesting + 1) for one in _returned(draft, target)))
        named = None
        if found is None and not target[0].is_generator:
            # What yields is a connection or a session of a database, whatever it is called after.
            named = _by_words(target[0].name, at, PASSED_DEPENDENCY)
        return Unknown(f"{target[0].name.rpartition('.')[2]} may tell who is calling") if named is not None else found
    name = draft.program.qualify(value, module) if call is None else draft.program.callee(call, module)
    return _by_words(name, at, PASSED_DEPENDENCY)


def _returned(draft: Draft, function: tuple[PythonFunction, Module]) -> Iterator[tuple[PythonFunction, Module]]:
    for one in function[0].returns:
        found = draft.program.function_of(one, function[1])
        if found is not None:
            yield found


def _of_made(draft: Draft, call: PythonCall, module: Module, nesting: int) -> Evidence:
    """An instance: of a security scheme, or of a class of the workspace that is callable."""
    name = draft.program.callee(call, module)
    last = name.rpartition(".")[2]
    lenient = call.argument("auto_error")
    is_lenient = lenient is not None and lenient.value == Literal(False)
    bases = draft.program.bases(name) if class_named(draft, name) is not None else ()
    known = () if isinstance(bases, Unknown) else bases
    if last in SECURITY_SCHEMES or any(one.rpartition(".")[2] in SECURITY_SCHEMES for one in known):
        if last == "OAuth2PasswordRequestForm":
            return None
        return Unknown(f"{last} lets callers without it pass") if is_lenient else Setting(last, "code", call.at)
    if class_named(draft, name) is not None:
        return of_class(draft, name, nesting + 1)
    return None


def of_class(draft: Draft, name: str, nesting: int = 0) -> Evidence:
    """What a class of the workspace says where a framework calls its instances."""
    methods = methods_of(draft, name)
    found = best(*(of_function(draft, *methods[one], nesting + 1) for one in _RUN if one in methods))
    if found is None and "__init__" in methods:
        found = of_parameters(draft, *methods["__init__"], nesting + 1)
    bases = draft.program.bases(name)
    if found is None and isinstance(bases, Unknown):
        return Unknown(f"{name.rpartition('.')[2]} inherits from what is not read") if _guards(name) else None
    return found


def of_guard(draft: Draft, value: Expression, module: Module, at: Span) -> Evidence:
    """What a decorator, a hook or a middleware says, as it is written."""
    call = call_of(value, module)
    callee = call.callee if call is not None else value
    target = draft.program.function_of(callee, module)
    name = draft.program.qualify(callee, module)
    if target is None and class_named(draft, name) is not None:
        found = of_class(draft, name)
        if found is not None:
            return found
    if target is not None:
        found = of_function(draft, *target)
        if found is not None:
            return found
        owner = target[0].owner
        if target[0].name.endswith(".__init__") and owner is not None:
            found = of_class(draft, owner)
            if found is not None:
                return found
        return Unknown(f"{member_of(callee)} may be a guard") if _guards(member_of(callee)) else None
    found = None
    if call is not None:
        if any(one.name == "optional" and one.value == Literal(True) for one in call.arguments):
            return Unknown("the token is optional")
        for argument in call.arguments:
            for item, where in items_of(draft, argument.value, module):
                found = best(found, _of_argument(draft, item, where, at))
    member = member_of(callee) or class_of(draft, callee, module).rpartition(".")[2]
    return best(found, _by_words(name if "." in name else member, at))


def _of_argument(draft: Draft, value: Expression, module: Module, at: Span) -> Evidence:
    if isinstance(value, Literal):
        return None
    if isinstance(value, Reference | Member | Result):
        return of_guard(draft, value, module, at)
    return None


def of_permission(draft: Draft, value: Expression, module: Module, at: Span) -> Evidence:
    """What one permission class says: every one but those that let all in asks for something."""
    name = member_of(value) or member_of(base_of(value) or value)
    if not name:
        return Unknown("permissions that are not read")
    return None if name in PERMISSIVE else Setting(name, "code", at)


def _by_words(name: str, at: Span, more: frozenset[str] = frozenset()) -> Evidence:
    """What something outside the workspace is by what it is called."""
    member = name.rpartition(".")[2]
    if member in NO_GUARDS or (more and words_of(member) & STORING):
        return None
    if _guards(member):
        return Setting(member, "library", at)
    owner = name.rpartition(".")[0].rpartition(".")[2]
    if words_of(member) & EXEMPT_WORDS and words_of(member) & GUARD_WORDS:
        return Unknown(f"{member} exempts it")
    if words_of(member) & more or (owner and owner[:1].isupper() and words_of(owner) & {"auth", "jwt", "oauth"}):
        return Unknown(f"{member} may tell who is calling")
    return None


def _guards(member: str) -> bool:
    words = words_of(member)
    return bool(words & GUARD_WORDS) and not words & EXEMPT_WORDS and member not in NO_GUARDS
