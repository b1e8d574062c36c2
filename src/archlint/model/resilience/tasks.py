"""Tasks that a queue runs again: Celery's ``autoretry_for`` and ``self.retry``, dramatiq's actors.

In: the services' modules. Out: a trial for each, with what the task does. What holds by default is in
``retry_libraries``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from archlint.core.facts.python import Expression, Literal, PythonCall, PythonFunction, Result
from archlint.core.span import Span
from archlint.core.values import Unknown
from archlint.model.code.objects import call_of, member_of, values_of
from archlint.model.draft import Draft
from archlint.model.program.program import Module
from archlint.model.resilience.policies import Limit, entries_of, exceptions_in
from archlint.model.resilience.reach import decorated
from archlint.model.resilience.retry_libraries import CELERY_TASKS, DRAMATIQ

if TYPE_CHECKING:
    from archlint.model.resilience.trials import Trial

_NOT_SEEN = Unknown("an argument that is not resolved")
_DEFAULT_RETRIES = 3.0


def retried_tasks(draft: Draft, modules: Iterable[Module], make: Callable[..., Trial]) -> Iterator[Trial]:
    """The trials of tasks."""
    if not any(draft.program.uses(one) for one in ("celery", "dramatiq")):
        return
    for function, module, decorator, _ in decorated(draft, modules):
        made = call_of(decorator, module) if isinstance(decorator, Result) else None
        name = member_of(made.callee if made is not None else decorator)
        if name in CELERY_TASKS:
            yield from _celery(draft, function, module, made, make)
        elif name == "actor" and made is not None and draft.program.callee(made, module) in DRAMATIQ:
            yield from _dramatiq(draft, function, module, made, make)


def _celery(
    draft: Draft, function: PythonFunction, module: Module, made: PythonCall | None, make: Callable[..., Trial]
) -> Iterator[Trial]:
    retries = [one for one in draft.program.calls_in(function, module) if member_of(one.callee) == "retry"]
    automatic = made.argument("autoretry_for") if made is not None else None
    if automatic is None and not retries:
        return
    attempts: Limit = _DEFAULT_RETRIES + 1
    given = made.argument("max_retries") if made is not None else None
    policy = made.argument("retry_kwargs") if made is not None else None
    entries = entries_of(draft, policy.value, module) if policy is not None else {}
    if given is not None:
        attempts = _retries(draft, given.value, module)
    elif "max_retries" in entries:
        attempts = _retries(draft, entries["max_retries"], module)
    elif made is None or made.is_open or (policy is not None and not entries) or made.argument("base") is not None:
        attempts = _NOT_SEEN
    if automatic is not None and made is not None:
        growing = made.argument("retry_backoff")
        jitter = made.argument("retry_jitter")
        kind: str | Unknown = "constant"
        if growing is not None:
            kind = _growth(draft, growing.value, module)
        elif "countdown" in entries:
            kind = "none" if entries["countdown"] == Literal(0) else "constant"
        elif made.argument("base") is not None or made.is_open:
            kind = _NOT_SEEN
        yield _task(
            draft,
            make,
            function,
            module,
            made,
            attempts,
            kind,
            jitter is None or jitter.value != Literal(False),
            exceptions_in(automatic.value),
        )
    handlers = [one for one in module.facts.handlers if one.function is not None]
    failed = [
        one
        for one in retries
        if one.argument("exc") is not None or any(_is_inside(one, handler.body) for handler in handlers)
    ]
    for call in failed or retries[:1]:
        limit = call.argument("max_retries")
        bound = _retries(draft, limit.value, module) if limit is not None else attempts
        pause = call.argument("countdown") or call.argument("eta")
        kind = _pause(pause.value if pause else None) if failed else _NOT_SEEN
        if made is not None and made.argument("retry_backoff") is not None and pause is None:
            kind = _NOT_SEEN
        yield _task(draft, make, function, module, call, bound, kind, _NOT_SEEN, ())


def _growth(draft: Draft, value: Expression, module: Module) -> str | Unknown:
    values = values_of(draft, value, module)
    if isinstance(values, Unknown) or not values or not values[0].is_exact:
        return _NOT_SEEN
    return "growing" if values[0].value else "constant"


def _is_inside(call: PythonCall, span: Span) -> bool:
    return (span.line, span.column) <= (call.at.line, call.at.column) and call.at.end_line <= span.end_line


def _pause(value: Expression | None) -> str | Unknown:
    """Without a countdown Celery waits ``default_retry_delay``, always as long."""
    if value is None:
        return "constant"
    if isinstance(value, Literal):
        return "none" if value.value == 0 else "constant"
    return _NOT_SEEN


def _dramatiq(
    draft: Draft, function: PythonFunction, module: Module, made: PythonCall, make: Callable[..., Trial]
) -> Iterator[Trial]:
    given = made.argument("max_retries")
    if given is None:
        return
    yield _task(draft, make, function, module, made, _retries(draft, given.value, module), "growing", True, ())


def _retries(draft: Draft, value: Expression, module: Module) -> Limit:
    values = values_of(draft, value, module)
    if isinstance(values, Unknown) or not values or not values[0].is_exact:
        return _NOT_SEEN
    number = values[0].value
    if number is None:
        return None
    return float(number) + 1 if isinstance(number, int | float) else _NOT_SEEN


def _task(
    draft: Draft,
    make: Callable[..., Trial],
    function: PythonFunction,
    module: Module,
    made: PythonCall,
    attempts: Limit,
    kind: str | Unknown,
    jitter: bool | Unknown,
    catches: tuple[str, ...],
) -> Trial:
    trial = make(
        module,
        made.function,
        at=made.at,
        library="Celery" if member_of(made.callee) != "actor" else "dramatiq",
        attempts=attempts,
        wait=kind,
        jitter=jitter,
        catches=catches,
        is_task=True,
    )
    trial.add_function(draft, function, module)
    return trial
