"""When a consumer acknowledges a message: before its work, after it, or whatever becomes of it.

In: a handling, the calls that it makes and their changes. Out: ``auto``, ``before``, ``after`` or UNKNOWN, with the
line that says so. An acknowledgement counts as early only where the change surely comes behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import Member, Parameter, PythonCall, PythonTest, Reference
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import UNKNOWN, Place, Unknown
from archlint.model.code.consumer_libraries import ACKNOWLEDGING, KAFKA
from archlint.model.code.handler_paths import Handled, Level, levels_of
from archlint.model.code.message_effects import FoundEffect
from archlint.model.code.registrations import Handling
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_CONSUMER_NAME = pattern(r"consumer|kafka", re.IGNORECASE)
_MESSAGE_NAME = pattern(r"message|msg|receiver|context|delivery|queue|item|record", re.IGNORECASE)
_HANDLER_NAME = pattern(r"handler|callback|func|fn|process|handle|on_|^cb$", re.IGNORECASE)
_GENERIC = frozenset({"delete", "complete", "ack"})
_WHY = {
    "auto": "acknowledged here before it is handled, whatever becomes of it",
    "before": "acknowledged here, before the work",
}


def acknowledgement_of(
    draft: Draft, handling: Handling, handled: Handled, effects: list[FoundEffect]
) -> tuple[str | Unknown, Place]:
    """When it acknowledges, and where that is said."""
    declared = handling.acknowledged_at or handling.registered_at
    how = handling.acknowledges
    if isinstance(how, Unknown):
        return how, Place(declared, "the acknowledgement is not known")
    if how == "auto":
        return "auto", Place(declared, _WHY["auto"])
    if how in ("once", "never"):
        return Unknown(f"{handling.library} hands a message out once"), Place(declared, "handed out once")
    if how == "after":
        return "after", Place(declared, "acknowledged when the handler is done")
    acks = [(call, module) for call, module in handled.calls if _acknowledges(draft, handling, call, module)]
    early = next(_in_wrappers(draft, handling), None)
    if early is not None:
        return "before", Place(early.at, _WHY["before"])
    for effect in effects:
        place = handled.places.get(effect.at)
        if place is None:
            continue
        behind = levels_of(handled, *place)
        for call, module in acks:
            if _comes_before(draft, levels_of(handled, call, module), behind):
                return "before", Place(call.at, _WHY["before"])
    if acks:
        return "after", Place(acks[0][0].at, "acknowledged here: what fails before comes again")
    context = next((call for call, _ in handled.calls if call.name.endswith((".process", ".processing"))), None)
    if context is not None and handling.library == "aio-pika":
        return "after", Place(context.at, "acknowledged when this block is left")
    return UNKNOWN, Place(declared, "the acknowledgement is not seen")


def _acknowledges(draft: Draft, handling: Handling, call: PythonCall, module: Module) -> bool:
    last = call.name.rpartition(".")[2]
    if last not in ACKNOWLEDGING.get(handling.broker, ()):
        return False
    if last == "commit":
        name = draft.program.callee(call, module)
        if any(name.startswith(one) for one in KAFKA):
            return True
        return bool(_CONSUMER_NAME.search(_base(call)))
    if last in _GENERIC:
        base = _base(call)
        return base in ("", "?") or bool(_MESSAGE_NAME.search(base)) or base.count(".") > 0
    return True


def _base(call: PythonCall) -> str:
    return call.name.rpartition(".")[0]


def _comes_before(draft: Draft, ack: list[Level], effect: list[Level]) -> bool:
    """Whether whoever comes to the change has come by the acknowledgement first."""
    by_function = {(one.module.path, one.function): one for one in effect}
    for level in ack:
        common = by_function.get((level.module.path, level.function))
        if common is None:
            continue
        if (level.at.end_line, level.at.end_column) > (common.at.line, common.at.column):
            return False
        return not any(_holds(block, level.at) and not _holds(block, common.at) for block in _blocks(level))
    return False


def _blocks(level: Level) -> Iterator[Span]:
    """The bodies of conditions and ``except`` clauses of a function, and of the functions around it."""
    facts = level.module.facts
    tests: tuple[PythonTest, ...] = facts.tests
    for test in tests:
        if test.function == level.function:
            yield test.body
            if test.other is not None:
                yield test.other
    for clause in facts.handlers:
        if clause.function == level.function:
            yield clause.body


def _holds(block: Span, at: Span) -> bool:
    return (block.line, block.column) <= (at.line, at.column) and (at.end_line, at.end_column) <= (
        block.end_line,
        block.end_column,
    )


def _in_wrappers(draft: Draft, handling: Handling) -> Iterator[PythonCall]:
    """Acknowledgements that a wrapper makes before it calls the handler."""
    for function, module in handling.wrappers:
        calls = draft.program.calls_in(function, module)
        invoked = [one for one in calls if _invokes(draft, one, module)]
        if not invoked:
            continue
        for call in calls:
            if _acknowledges(draft, handling, call, module):
                ack = [Level(call.at, call.function, module)]
                if all(_comes_before(draft, ack, [Level(one.at, one.function, module)]) for one in invoked):
                    yield call


def _invokes(draft: Draft, call: PythonCall, module: Module) -> bool:
    """Whether a wrapper's call runs the handler that it was given."""
    if isinstance(call.callee, Parameter):
        return True
    if not isinstance(call.callee, Reference | Member) or not _HANDLER_NAME.search(call.name.rpartition(".")[2]):
        return False
    return not draft.program.called_functions(call, module)
