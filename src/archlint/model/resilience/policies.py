"""Retry policies: how often and how long a library's retry tries, and how it waits.

In: the call that makes a policy. Out: a ``Policy``; None for every other call. What the call takes from where it is not
seen is UNKNOWN, never the default.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Argument,
    Choice,
    Dictionary,
    Display,
    Expression,
    Lambda,
    Literal,
    PythonCall,
    Reference,
    Result,
    Template,
)
from archlint.core.record import dataclass
from archlint.core.values import Truth, Unknown
from archlint.model.code.objects import call_of, member_of, values_of
from archlint.model.code.scope import assigned_value
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.resilience.retry_libraries import (
    BACKOFF,
    BACKOFF_WAITS,
    LIBRARIES,
    STOPS,
    TENACITY,
    WAITS,
    Given,
    RetryLibrary,
)

_NOT_SEEN = Unknown("an argument that is not resolved")

Limit = float | None | Unknown


@dataclass(frozen=True)
class Wait:
    """How a retry waits: as in ``Retry``."""

    kind: str | Unknown = "none"
    jitter: Truth = False


@dataclass(frozen=True)
class Policy:
    """A retry policy of a library. ``attempts`` and ``seconds`` are its limits, None where it has none."""

    library: str
    call: PythonCall
    module: Module
    attempts: Limit
    seconds: Limit
    wait: Wait
    exceptions: tuple[str, ...] = ()
    asks_result: bool = False
    """It tries until a result is good: it may be a poll for a state."""


def policy_of(draft: Draft, call: PythonCall, module: Module) -> Policy | None:
    """The policy that a call makes."""
    name = draft.program.callee(call, module)
    if name in TENACITY:
        return _tenacity(draft, call, module)
    if name in BACKOFF:
        return _backoff(draft, call, module, name)
    library = LIBRARIES.get(name)
    return _of_library(draft, call, module, library) if library is not None else None


def bare_policy(library: str, call: PythonCall, module: Module) -> Policy:
    """``@retry`` of tenacity, retrying or retry with nothing said: all of them go on for ever without waiting."""
    return Policy(library, call, module, None, None, Wait())


def adapter_policy(draft: Draft, call: PythonCall, module: Module) -> Policy | None:
    """``HTTPAdapter(max_retries=3)``: requests makes a urllib3 Retry of the number, which connects again at once."""
    given = call.argument("max_retries", 2)
    if given is None or not draft.program.callee(call, module).startswith("requests."):
        return None
    number = _number(draft, given.value, module)
    return Policy("requests", call, module, number + 1, None, Wait()) if isinstance(number, float) else None


def _of_library(draft: Draft, call: PythonCall, module: Module, library: RetryLibrary) -> Policy:
    attempts = _limit(draft, call, module, library.attempts, library.endless)
    if library.name == "retrying" and (call.argument("stop") or call.argument("stop_func")) is not None:
        attempts = _NOT_SEEN
    if isinstance(attempts, float):
        attempts += library.extra
    seconds = _limit(draft, call, module, library.seconds, (None,))
    return Policy(
        library.name,
        call,
        module,
        attempts,
        seconds,
        _wait(draft, call, module, library),
        exceptions_in(_value(call, ("on", "exceptions", "predicate", "exception"))),
        any(one.name in ("retry_on_result",) for one in call.arguments),
    )


def _limit(draft: Draft, call: PythonCall, module: Module, given: Given, endless: tuple[object, ...]) -> Limit:
    argument = _argument(call, given)
    if argument is None:
        if call.is_open and given != Given():
            return _NOT_SEEN
        return None if given.default is None or given.default in endless else float(given.default)
    return _number(draft, argument.value, module, endless)


def _argument(call: PythonCall, given: Given) -> Argument | None:
    for name in given.names:
        found = call.argument(name)
        if found is not None:
            return found
    return call.argument("", given.position) if given.position is not None else None


def _number(draft: Draft, expression: Expression, module: Module, endless: tuple[object, ...] = (None,)) -> Limit:
    if isinstance(expression, Lambda):
        return _NOT_SEEN
    values = values_of(draft, expression, module)
    if isinstance(values, Unknown) or not values or not values[0].is_exact:
        return _NOT_SEEN
    value = values[0].value
    if value in endless:
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return _NOT_SEEN
    return float(value) if isinstance(value, int | float) else _NOT_SEEN


def _wait(draft: Draft, call: PythonCall, module: Module, library: RetryLibrary) -> Wait:
    if library.name == "retrying" and (call.argument("wait") or call.argument("wait_func")) is not None:
        return Wait(_NOT_SEEN, _NOT_SEEN)
    growth = _amount(draft, call, module, library.growth)
    fixed = _amount(draft, call, module, library.fixed)
    chance = _amount(draft, call, module, library.chance)
    random = _amount(draft, call, module, library.random)
    jitter: Truth = library.jitter if library.jitter is not None else Unknown("the library has no jitter")
    if chance is not None and library.chance != Given():
        jitter = chance if isinstance(chance, Unknown) else chance > 0
    if isinstance(growth, float) and growth > library.grows_above and fixed != 0:
        return Wait("growing", jitter)
    if isinstance(growth, Unknown) or isinstance(fixed, Unknown) or isinstance(random, Unknown):
        return Wait(_NOT_SEEN, _NOT_SEEN)
    if random is not None and random > 0:
        return Wait("random", True)
    if fixed is not None and fixed > 0:
        return Wait("random" if jitter is True else "constant", jitter)
    if jitter is True and library.kind == "none" and library.growth == Given():
        return Wait("random", True)
    if library.name == "stamina":
        chance = _amount(draft, call, module, Given(("wait_jitter",), None, 1))
        jitter = chance if isinstance(chance, Unknown) else bool(chance)
    if library.name == "hyx":
        return _hyx_wait(draft, call, module)
    return Wait(library.kind, jitter)


def _amount(draft: Draft, call: PythonCall, module: Module, given: Given) -> Limit:
    argument = _argument(call, given)
    if argument is None:
        if call.is_open and given != Given():
            return _NOT_SEEN
        return None if given.default is None else float(given.default)
    value = argument.value
    if isinstance(value, Display):
        # Several waits, one after another.
        numbers = [one.value for one in value.items if isinstance(one, Literal)]
        return _NOT_SEEN if len(set(numbers)) != 1 else 1.0
    number = _number(draft, value, module)
    return 1.0 if isinstance(number, Unknown) and isinstance(value, Literal) else number


def _hyx_wait(draft: Draft, call: PythonCall, module: Module) -> Wait:
    argument = call.argument("backoff")
    made = call_of(argument.value, module) if argument is not None else None
    if argument is None or isinstance(argument.value, Literal):
        return Wait("constant", False)
    if made is None:
        return Wait(_NOT_SEEN, _NOT_SEEN)
    name = member_of(made.callee)
    if name == "interval":
        return Wait(_NOT_SEEN, _NOT_SEEN)
    return Wait("constant" if name == "const" else "growing", made.argument("jitter") is not None or name[-3:] == "exp")


def _value(call: PythonCall, names: tuple[str, ...]) -> Expression | None:
    return next((found.value for name in names if (found := call.argument(name)) is not None), None)


def exceptions_in(expression: Expression | None) -> tuple[str, ...]:
    """The exceptions that an argument names."""
    if isinstance(expression, Reference):
        return (expression.name,)
    if isinstance(expression, Display):
        return tuple(one.name for one in expression.items if isinstance(one, Reference))
    return ()


# tenacity


def _tenacity(draft: Draft, call: PythonCall, module: Module) -> Policy:
    stop = call.argument("stop")
    attempts: Limit = None
    seconds: Limit = None
    if stop is not None:
        attempts, seconds = _stop(draft, stop.value, module)
    elif call.is_open:
        attempts = seconds = _NOT_SEEN
    wait = call.argument("wait")
    pause = Wait() if not call.is_open else Wait(_NOT_SEEN, _NOT_SEEN)
    if wait is not None:
        pause = _tenacity_wait(draft, wait.value, module)
    condition = call.argument("retry")
    kinds = _condition(draft, condition.value, module) if condition is not None else ()
    asks = any("result" in one for one in kinds)
    return Policy("tenacity", call, module, attempts, seconds, pause, kinds, asks)


def _stop(draft: Draft, expression: Expression, module: Module, depth: int = 0) -> tuple[Limit, Limit]:
    """The limits of attempts and seconds."""
    if isinstance(expression, Choice) and depth < 4:
        parts = [_stop(draft, one, module, depth + 1) for one in expression.options]
        return _sooner([one for one, _ in parts]), _sooner([one for _, one in parts])
    if isinstance(expression, Reference) and expression.name.rpartition(".")[2] == "stop_never":
        return None, None
    origin = draft.program.origin(expression, module)
    kind = STOPS.get(member_of(origin[0].callee)) if origin is not None else None
    if origin is None or kind is None:
        if isinstance(expression, Literal) and expression.value is None:
            return None, None
        found, home = assigned_value(draft, expression, module)
        if isinstance(found, Choice) and depth < 4:
            return _stop(draft, found, home, depth + 1)
        if isinstance(found, Reference) and found.name.endswith("stop_never"):
            return None, None
        return _NOT_SEEN, _NOT_SEEN
    made, where = origin
    if kind == "any" and depth < 4:
        parts = [_stop(draft, one.value, where, depth + 1) for one in made.arguments]
        return _sooner([one for one, _ in parts]), _sooner([one for _, one in parts])
    if kind in ("all", "any"):
        return _NOT_SEEN, _NOT_SEEN
    if kind == "never" or not made.arguments:
        return (None, None) if kind == "never" else (_NOT_SEEN, _NOT_SEEN)
    number = _number(draft, made.arguments[0].value, where)
    number = _NOT_SEEN if number is None else number
    return (number, None) if kind == "attempts" else (None, number)


def _sooner(limits: list[Limit]) -> Limit:
    """The tightest of several limits of which any ends the retry."""
    numbers = [one for one in limits if isinstance(one, float)]
    if numbers:
        return min(numbers)
    return next((one for one in limits if isinstance(one, Unknown)), None)


def _tenacity_wait(draft: Draft, expression: Expression, module: Module, depth: int = 0) -> Wait:
    if isinstance(expression, Template | Choice) and depth < 4:
        options = expression.parts if isinstance(expression, Template) else expression.options
        parts = [_tenacity_wait(draft, one, module, depth + 1) for one in options]
        return _added(parts) if isinstance(expression, Template) else Wait(_NOT_SEEN, _NOT_SEEN)
    origin = draft.program.origin(expression, module)
    if origin is None:
        found, home = assigned_value(draft, expression, module)
        if isinstance(found, Template) and depth < 4:
            return _tenacity_wait(draft, found, home, depth + 1)
        return Wait(_NOT_SEEN, _NOT_SEEN)
    made, where = origin
    name = member_of(made.callee)
    if name == "wait_combine" and depth < 4:
        return _added([_tenacity_wait(draft, one.value, where, depth + 1) for one in made.arguments])
    if name == "wait_exponential_jitter":
        jitter = made.argument("jitter", 3)
        return Wait("growing", not (jitter is not None and jitter.value == Literal(0)))
    if name == "wait_exponential" and made.argument("exp_base") is not None:
        base = _number(draft, made.arguments[-1].value, where) if len(made.arguments) == 1 else 2.0
        return Wait("constant" if base == 1 else "growing", False)
    known = WAITS.get(name)
    if known is None:
        return Wait(_NOT_SEEN, _NOT_SEEN)
    kind, jitter_of = known
    if kind == "constant":
        length = _number(draft, made.arguments[0].value, where) if made.arguments else None
        return Wait("none" if length == 0 else "constant", False)
    return Wait(kind, jitter_of is True)


def _added(parts: list[Wait]) -> Wait:
    """Waits that are added up."""
    kinds = [one.kind for one in parts]
    jitters = [one.jitter for one in parts]
    jitter: Truth = any(one is True for one in jitters)
    if jitter is False and any(isinstance(one, Unknown) for one in jitters):
        jitter = _NOT_SEEN
    if "growing" in [one for one in kinds if isinstance(one, str)]:
        return Wait("growing", jitter)
    if any(isinstance(one, Unknown) for one in kinds):
        return Wait(_NOT_SEEN, jitter)
    return Wait("random" if jitter is True else "constant", jitter)


def _condition(draft: Draft, expression: Expression, module: Module, depth: int = 0) -> tuple[str, ...]:
    """The exceptions (or ``retry_if_result``) that a condition names."""
    if isinstance(expression, Choice) and depth < 4:
        return tuple(name for one in expression.options for name in _condition(draft, one, module, depth + 1))
    made = call_of(expression, module) if isinstance(expression, Result) else None
    if made is None:
        return ()
    name = member_of(made.callee)
    if "result" in name:
        return (name,)
    if name in ("retry_any", "retry_all"):
        return tuple(part for one in made.arguments for part in _condition(draft, one.value, module, depth + 1))
    return tuple(part for one in made.arguments for part in exceptions_in(one.value))


# backoff


def _backoff(draft: Draft, call: PythonCall, module: Module, name: str) -> Policy:
    generator = call.argument("wait_gen", 0)
    kind: str | Unknown = _NOT_SEEN
    if generator is not None:
        known = BACKOFF_WAITS.get(draft.program.qualify(generator.value, module), "unknown")
        kind = _NOT_SEEN if known == "unknown" else known
    jitter: Truth = True
    given = call.argument("jitter")
    if given is not None:
        value, _ = assigned_value(draft, given.value, module)
        jitter = not (isinstance(value, Literal) and value.value is None)
    elif call.is_open:
        jitter = _NOT_SEEN
    interval = call.argument("interval")
    if kind == "constant" and interval is not None and interval.value == Literal(0):
        kind = "none"
    exceptions = call.argument("exception", 1)
    if kind == "constant" and jitter is True:
        # Full jitter draws from nothing to the constant.
        kind = "random"
    return Policy(
        "backoff",
        call,
        module,
        _limit(draft, call, module, Given(("max_tries",)), (None,)),
        _limit(draft, call, module, Given(("max_time",)), (None,)),
        Wait(kind, jitter),
        exceptions_in(exceptions.value) if exceptions is not None else (),
        name.endswith("on_predicate"),
    )


def entries_of(draft: Draft, expression: Expression, module: Module) -> dict[str, Expression]:
    """The entries of a dict by their names."""
    value, _ = assigned_value(draft, expression, module)
    if not isinstance(value, Dictionary):
        return {}
    return {str(key.value): one for key, one in value.entries if isinstance(key, Literal)}
