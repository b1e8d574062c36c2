"""When a consumer acknowledges a message: before its work, after it, or whatever becomes of it.

In: a handling, the calls that it makes and their changes. Out: ``auto``, ``before``, ``after`` or UNKNOWN, with the
line that says so. An acknowledgement counts as early only where the change surely comes behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archlint.core.facts.python import Member, Parameter, PythonCall, Reference
from archlint.core.record import pattern
from archlint.core.values import UNKNOWN, Place, Unknown
from archlint.model.code.messaging.consumer_libraries import ACKNOWLEDGING, KAFKA
from archlint.model.code.messaging.handler_paths import Handled, Level, comes_before, levels_of
from archlint.model.code.messaging.inbox_rows import committed_early
from archlint.model.code.messaging.message_effects import FoundEffect
from archlint.model.code.messaging.registrations import Handling
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_CONSUMER_NAME = pattern(r"consumer|kafka", re.IGNORECASE)
_MESSAGE_NAME = pattern(r"message|msg|receiver|context|delivery|queue|item|record", re.IGNORECASE)
_HANDLER_NAME = pattern(r"handler|callback|func|fn|process|handle|on_|^cb$", re.IGNORECASE)
_GENERIC = frozenset({"delete", "complete", "ack"})
_SPAWNING = frozenset({"Thread", "submit", "start_new_thread", "add_task", "run_coroutine_threadsafe"})
_WAITING = frozenset({"join", "result", "wait", "gather", "shutdown", "as_completed"})
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
    committed = committed_early(draft, handled, effects)
    if committed is not None:
        return "before", Place(committed, "marked as handled here, before the work")
    if how == "after":
        return "after", Place(declared, "acknowledged when the handler is done")
    acks = [(call, module) for call, module in handled.calls if _acknowledges(draft, handling, call, module)]
    wrapping = list(_in_wrappers(draft, handling))
    for is_early, ack in wrapping:
        if is_early:
            return "before", Place(ack.at, _WHY["before"])
    for effect in effects:
        place = handled.places.get(effect.at)
        if place is None:
            continue
        behind = levels_of(handled, *place)
        for call, module in acks:
            if comes_before(levels_of(handled, call, module), behind):
                return "before", Place(call.at, _WHY["before"])
        for call, module in acks:
            if _runs_on(behind, levels_of(handled, call, module)):
                return "before", Place(call.at, "acknowledged here, while the work runs on in the background")
    if acks or wrapping:
        return "after", Place(
            acks[0][0].at if acks else wrapping[0][1].at, "acknowledged here: what fails before comes again"
        )
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


def _runs_on(change: list[Level], ack: list[Level]) -> bool:
    """Whether a change is made in a thread that nobody waits for before the acknowledgement."""
    by_function = {(one.module.path, one.function): one for one in ack}
    for level in change:
        common = by_function.get((level.module.path, level.function))
        if common is None:
            continue
        calls = [one for one in level.module.facts.calls if one.function == level.function]
        spawning = next((one for one in calls if one.at == level.at), None)
        if spawning is None or spawning.name.rpartition(".")[2] not in _SPAWNING or spawning.contexts:
            return False
        waits = any(one.name.rpartition(".")[2] in _WAITING for one in calls)
        return not waits and comes_before([level], [common]) and common.at.line > level.at.line
    return False


def _base(call: PythonCall) -> str:
    return call.name.rpartition(".")[0]


def _in_wrappers(draft: Draft, handling: Handling) -> Iterator[tuple[bool, PythonCall]]:
    """The acknowledgements that a wrapper makes, and whether it makes them before it calls the handler."""
    for function, module in handling.wrappers:
        calls = draft.program.calls_in(function, module)
        acks = [one for one in calls if _acknowledges(draft, handling, one, module)]
        invoked = [one for one in calls if _invokes(draft, handling, one, module)] if acks else []
        surely = [one for one in invoked if isinstance(one.callee, Parameter)] or invoked
        for ack in acks if surely else ():
            first = [Level(ack.at, ack.function, module, ack.branch)]
            yield all(comes_before(first, [Level(one.at, one.function, module)]) for one in surely), ack


def _invokes(draft: Draft, handling: Handling, call: PythonCall, module: Module) -> bool:
    """Whether a wrapper's call runs the handler that it was given."""
    if isinstance(call.callee, Parameter):
        return True
    if not isinstance(call.callee, Reference | Member) or not _HANDLER_NAME.search(call.name.rpartition(".")[2]):
        return False
    called = draft.program.called_functions(call, module)
    return not called or any(function is handling.function for function, _ in called)
