"""Handlers that swallow errors: what fails is acknowledged like what succeeds, and no dead-letter queue ever sees it.

In: a handling and the calls that it makes. Out: the ``except`` clause that takes every error and only logs it. A clause
that does anything else with the message (stores it, publishes it, rejects it, counts its attempts) is no such clause.
"""

from __future__ import annotations

from collections.abc import Iterator

from archlint.core.facts.python import PythonCall, PythonHandler
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.model.code.messaging.consumer_libraries import ACKNOWLEDGING
from archlint.model.code.messaging.handler_paths import Handled, Level, levels_of
from archlint.model.code.messaging.message_effects import FoundEffect
from archlint.model.code.messaging.registrations import Handling
from archlint.model.program.program import Module

_TASKS = frozenset({"celery", "arq", "rq", "dramatiq", "temporal"})
_BROAD = frozenset({"Exception", "BaseException"})
_HARMLESS = pattern(
    r"(^|\.)(debug|info|warn|warning|error|exception|critical|log|print|print_exc|format_exc|sleep|rollback|str|repr|type"
    r"|format|inc|labels|observe|capture_exception|record_exception|set_status|set_attribute|traceback|exc_info|len"
    r"|get_logger|getLogger|bind|isoformat|now|utcnow|time)$"
)


def swallowed_at(handling: Handling, handled: Handled, effects: list[FoundEffect]) -> Span | None:
    """The clause that swallows the errors of every change that handling makes; None where there is none."""
    if handling.library in _TASKS or handling.acknowledges in ("once", "never", "auto"):
        return None
    if handling.library == "lambda" and not handling.is_queued:
        return None  # its own dead-letter queue is told of at the function
    acks = [place for place in handled.calls if place[0].name.rpartition(".")[2] in _acks(handling)]
    changes = [handled.places[one.at] for one in effects if one.at in handled.places]
    if not changes:
        return None
    found: Span | None = None
    for call, module in changes:
        clause = next(_clauses(handling, levels_of(handled, call, module), acks), None)
        if clause is None:
            return None
        found = found or clause
    return found


def _acks(handling: Handling) -> frozenset[str]:
    return ACKNOWLEDGING.get(handling.broker, frozenset())


def _clauses(handling: Handling, levels: list[Level], acks: list[tuple[PythonCall, Module]]) -> Iterator[Span]:
    for level in levels:
        call = _call_at(level)
        if call is None or not _BROAD.intersection(call.catches):
            continue
        for clause in level.module.facts.handlers:
            if (
                clause.function == level.function
                and _BROAD.intersection(clause.exceptions or ("BaseException",))
                and not clause.reraises
                and clause.at.line > level.at.line
                and _only_logs(handling, clause, level.module)
                and (handling.acknowledges == "after" or not acks or _acknowledged(clause, level, acks))
            ):
                yield clause.at
                break


def _acknowledged(clause: PythonHandler, level: Level, acks: list[tuple[PythonCall, Module]]) -> bool:
    """Whether the clause itself acknowledges the message. Whether it leaves before an acknowledgement behind the whole
    ``try`` is not told."""
    return any(
        module is level.module and ack.function == clause.function and clause.body.holds(ack.at) for ack, module in acks
    )


def _call_at(level: Level) -> PythonCall | None:
    return next((one for one in level.module.facts.calls if one.at == level.at), None)


def _only_logs(handling: Handling, clause: PythonHandler, module: Module) -> bool:
    acks = _acks(handling)
    for call in module.facts.calls:
        if call.function != clause.function or not clause.body.holds(call.at):
            continue
        last = call.name.rpartition(".")[2]
        if last in acks or last in ("basic_ack", "ack") or _HARMLESS.search(call.name):
            continue
        return False
    return not any(
        one.function == clause.function and clause.body.holds(one.value_at) for one in module.facts.assignments
    )
