"""Conditions that make a second delivery harmless: what a lookup, a claim or a state decides on.

In: the changes that handling a message makes, and how the code comes to them. Out: a Setting where each of them stands
behind a condition on what is stored, UNKNOWN where a condition that is not understood decides on them, None where
nothing recognises a second delivery. A lookup of what is then changed is no such condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archlint.core.facts.python import Look, Member, PythonCall, PythonTest, Reference
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.messaging.handler_paths import Handled
from archlint.model.code.messaging.stored_effects import FoundEffect
from archlint.model.code.messaging.stored_values import kind_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_MUST_STAND_BEHIND = frozenset({"insert", "increment", "mail", "payment"})
_MOST_STEPS = 8
_DEPTH = 3


def recognition(draft: Draft, handled: Handled, effects: Iterable[FoundEffect]) -> Setting[str] | Unknown | None:
    """What recognises a second delivery before the changes that it would make twice."""
    places = handled.places
    verdicts = [
        (effect.kind, _protection(draft, handled, *places[effect.at]))
        for effect in effects
        if effect.is_absolute is False and effect.at in places
    ]
    if not verdicts:
        return None
    found = next((one for _, one in verdicts if isinstance(one, Setting)), None)
    unsure = next((one for _, one in verdicts if isinstance(one, Unknown)), None)
    if unsure is None:
        unsure = _of_wrappers(draft, handled)
    open_ones = {kind for kind, one in verdicts if one is None}
    if not open_ones:
        return found if unsure is None else unsure
    if found is not None and not open_ones & _MUST_STAND_BEHIND:
        return Unknown("one of the changes stands behind a check")
    return unsure if unsure is not None and found is None else None


def _protection(draft: Draft, handled: Handled, call: PythonCall, module: Module) -> Setting[str] | Unknown | None:
    unsure: Unknown | None = None
    for _ in range(_MOST_STEPS):
        functions = list(_around(call.function, module))
        for test in _tests(draft, module, functions):
            side = _side(test, call.at)
            if side is None:
                continue
            verdict = _verdict(draft, handled, test, side, module)
            if isinstance(verdict, Setting):
                return verdict
            unsure = verdict if unsure is None else unsure
        entry = next(
            (
                handled.entries[module.facts.functions[one].name]
                for one in functions
                if one is not None and module.facts.functions[one].name in handled.entries
            ),
            None,
        )
        if entry is None:
            break
        call, module = entry
    return unsure


def _of_wrappers(draft: Draft, handled: Handled) -> Unknown | None:
    for function, module in handled.wrappers:
        index = next((place for place, one in enumerate(module.facts.functions) if one is function), None)
        for test in _tests(draft, module, [index]):
            for side in ("body", "else"):
                if _verdict(draft, handled, test, side, module) is not None:
                    return Unknown("what calls the handler checks what is stored")
    return None


def _around(function: int | None, module: Module) -> Iterator[int | None]:
    yield function
    while function is not None:
        function = module.facts.functions[function].parent
        if function is not None:
            yield function


def _tests(draft: Draft, module: Module, functions: list[int | None]) -> Iterator[PythonTest]:
    memo = draft.memo.setdefault("tests by function", {})
    assert isinstance(memo, dict)
    index: dict[int | None, list[PythonTest]] | None = memo.get(module.path)
    if index is None:
        index = memo[module.path] = {}
        for test in module.facts.tests:
            index.setdefault(test.function, []).append(test)
    for one in functions:
        yield from index.get(one, ())


def _side(test: PythonTest, at: Span) -> str | None:
    """Whether the condition holds (``body``) or not (``else``) where the code stands; None where it says nothing."""
    if test.body.holds(at):
        return "body"
    if test.other is not None and test.other.holds(at):
        return "else"
    end = max(test.body.end_line, test.other.end_line if test.other is not None else 0)
    if test.leaves and at.line > end and (test.until is None or at.line <= test.until):
        return "else"
    return None


def _verdict(
    draft: Draft, handled: Handled, test: PythonTest, side: str, module: Module
) -> Setting[str] | Unknown | None:
    unsure: Unknown | None = None
    for look in test.looks:
        kind = kind_of(draft, handled, look.value, module, 0)
        new = (look.asks == "present" and side == "else") or (look.asks == "absent" and side == "body")
        unlisted = (look.asks == "in" and side == "else") or (look.asks == "not in" and side == "body")
        if kind == "claim":
            return Setting("a claim that only the first delivery gets", "code", test.at)
        if kind == "state" and look.asks != "in":
            return Setting("a check of the stored state", "code", test.at)
        if kind in ("stored", "attribute", "state") and (new or unlisted):
            return Setting("a lookup of what is stored", "code", test.at)
        if (kind == "unknown" and look.asks != "equal") or (unlisted and _is_memory(look)):
            unsure = Unknown("a condition that may recognise a second delivery")
    return unsure


def _is_memory(look: Look) -> bool:
    return isinstance(look.value, Reference | Member)
