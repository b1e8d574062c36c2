"""What the body of a function says about who may call it, as far as the one function tells.

In: a module. Out, by the function's index: a Setting where it refuses callers whom it does not know (it answers 401,
verifies a token, compares a signature), UNKNOWN where it looks at who is calling in some other way.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import (
    Choice,
    Comprehension,
    Dictionary,
    Display,
    Element,
    Expression,
    Item,
    Literal,
    Member,
    PythonCall,
    Reference,
    Result,
    Template,
)
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.access.vocabulary import (
    DECODERS,
    ENFORCING,
    FORBIDDALS,
    FORBIDDEN,
    HEADERS,
    REFUSALS,
    SESSION_KEYS,
    SESSIONS,
    STATE_NAMES,
    STORES,
    UNAUTHENTICATED,
)
from archlint.model.code.objects import member_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

Evidence = Setting[str] | Unknown | None
"""What authenticates: known, perhaps, or nothing that is seen."""

_GETTERS = frozenset({"get", "getlist", "get_secure_cookie", "get_cookie", "get_header", "pop", "getone", "headers"})
_MOST_DEPTH = 6


def best(*found: Evidence) -> Evidence:
    """The strongest of several."""
    unsure: Evidence = None
    for one in found:
        if isinstance(one, Setting):
            return one
        unsure = one if unsure is None else unsure
    return unsure


def signals(draft: Draft, module: Module) -> dict[int | None, Evidence]:
    """What each function of a module says, by its index; worked out once a module."""
    memo = draft.memo.setdefault("authentication signals", {})
    assert isinstance(memo, dict)
    found: dict[int | None, Evidence] | None = memo.get(module.path)
    if found is None:
        found = memo[module.path] = {}
        for function, evidence in _all(draft, module):
            found[function] = best(found.get(function), evidence)
    return found


def _all(draft: Draft, module: Module) -> Iterator[tuple[int | None, Evidence]]:
    facts = module.facts
    for call in facts.calls:
        yield call.function, _of_call(draft, call, module)
    for place, function in enumerate(facts.functions):
        for value in function.returns:
            yield place, best(_of_answer(value, function.at), _of_read(value, 0))
    for test in facts.tests:
        for look in test.looks:
            yield test.function, _of_read(look.value, 0)
            if look.asks in ("in", "not in") and SESSIONS.search(_shown(look.value)):
                yield test.function, Unknown(f"{_shown(look.value)} is asked")
    for text in facts.strings:
        if text.context == "comparison" and HEADERS.match(text.value):
            yield text.function, Unknown(f"{text.value} is looked for")
    for one in facts.raises:
        if one.exception is not None:
            yield one.function, _of_exception(one.exception, one.at, module)
    for assignment in facts.assignments:
        yield assignment.function, _of_read(assignment.value, 0)


def _of_call(draft: Draft, call: PythonCall, module: Module) -> Evidence:
    last = call.name.rpartition(".")[2]
    if last in ENFORCING:
        return Setting(f"{last}()", "code", call.at)
    if last in ("decode", "decode_complete", "verify", "JWT") and DECODERS.match(draft.program.callee(call, module)):
        return Setting("a token that is decoded", "code", call.at)
    found: Evidence = None
    if last in _GETTERS and call.arguments:
        found = _of_key(call.arguments[0].value, call.name.rpartition(".")[0] + _shown(_base(call)))
    if last[:1].isupper() and REFUSALS.search(last):
        found = Setting(f"{last} is answered", "code", call.at)
    for argument in call.arguments:
        found = best(found, _of_status(argument.value, call.at), _of_read(argument.value, 0))
    if isinstance(call.callee, Member):
        found = best(found, _of_read(call.callee.base, 0))
    elif isinstance(call.callee, Reference) and STATE_NAMES.search(call.callee.name.rpartition(".")[0]):
        found = best(found, Unknown(f"{call.callee.name} is asked"))
    return found


def _of_status(value: Expression, at: Span) -> Evidence:
    text = str(value.value) if isinstance(value, Literal) else value.name if isinstance(value, Reference) else ""
    if isinstance(value, Member):
        text = member_of(value.base) if value.name == "value" else value.name
    text = text.removesuffix(".value")
    if not text:
        return None
    if UNAUTHENTICATED.search(text):
        return Setting("401 is answered", "code", at)
    return Unknown("403 is answered") if FORBIDDEN.search(text) else None


def _of_answer(value: Expression, at: Span) -> Evidence:
    """``return "who are you", 401``, also one inside another."""
    if isinstance(value, Choice):
        return best(*(_of_answer(one, at) for one in value.options))
    if isinstance(value, Display):
        return best(*(best(_of_status(one, at), _of_answer(one, at)) for one in value.items))
    return None


def _of_exception(exception: Expression, at: Span, module: Module) -> Evidence:
    name = member_of(exception)
    if isinstance(exception, Result) and exception.call < len(module.facts.calls):
        name = member_of(module.facts.calls[exception.call].callee)
    if REFUSALS.search(name):
        return Setting(f"{name} is raised", "code", at)
    return Unknown(f"{name} is raised") if FORBIDDALS.search(name) else None


def _of_read(value: Expression, depth: int) -> Evidence:
    """Whether an expression looks at where frameworks keep who is calling."""
    if depth > _MOST_DEPTH or isinstance(value, Literal):
        return None
    if isinstance(value, Reference):
        return Unknown(f"{value.name} is looked at") if STATE_NAMES.search(value.name) else None
    if isinstance(value, Member):
        shown = f"{_shown(value.base)}.{value.name}"
        return Unknown(f"{shown} is looked at") if STATE_NAMES.search(shown) else _of_read(value.base, depth + 1)
    if isinstance(value, Item):
        key = value.key
        return best(_of_key(key, _shown(value.base)), _of_read(value.base, depth + 1), _of_read(key, depth + 1))
    parts: tuple[Expression, ...] = ()
    if isinstance(value, Choice):
        parts = value.options
    elif isinstance(value, Display):
        parts = value.items
    elif isinstance(value, Template):
        parts = value.parts
    elif isinstance(value, Element):
        parts = (value.iterable,)
    elif isinstance(value, Comprehension):
        parts = (value.element,)
    elif isinstance(value, Dictionary):
        parts = tuple(one for _, one in value.entries)
    return best(*(_of_read(one, depth + 1) for one in parts))


def _of_key(key: Expression, store: str) -> Evidence:
    """A header, cookie or session entry that tells who is calling."""
    if not isinstance(key, Literal) or not isinstance(key.value, str):
        return None
    if HEADERS.match(key.value) or (SESSION_KEYS.match(key.value) and STORES.search(store)):
        return Unknown(f"{key.value} is read")
    return None


def _base(call: PythonCall) -> Expression:
    return call.callee.base if isinstance(call.callee, Member) else Literal(None)


def _shown(value: Expression) -> str:
    """An attribute chain as text, a parameter by its name."""
    if isinstance(value, Reference):
        return value.name
    if isinstance(value, Member):
        return f"{_shown(value.base)}.{value.name}"
    return str(getattr(value, "name", "?"))
