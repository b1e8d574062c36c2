"""Background tasks that fail for good: what Celery and arq do with them, and what the service does.

In: a handling of such a task and its service's code. Out: where failed tasks go, and the line where that is set up: the
application for Celery, the worker's settings for arq. Both only log a failed task and forget its arguments, unless the
code says what becomes of them.
"""

from __future__ import annotations

import re

from archlint.core.facts.python import PythonCall
from archlint.core.record import pattern
from archlint.core.span import Span
from archlint.core.values import Setting, Unknown
from archlint.model.code.messaging.registrations import Handling
from archlint.model.code.scope import ServiceCode, code_scope
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_APPLICATIONS = frozenset({"Celery"})
_DISPATCHING = frozenset({"delay", "apply_async", "s", "si", "signature", "send_task", "enqueue_job"})
_HOOKS = frozenset(
    {"on_failure", "task_failure", "on_job_end", "after_job_end", "link_error", "on_error", "task_failure_handler"}
)
_KEEPING = pattern(r"dead[-_. ]?letter|dlq|dlx|failed_?(task|job|message|event)s?|poison|parking", flags=re.IGNORECASE)
_RESULTS = frozenset({"result_extended", "CELERY_RESULT_EXTENDED", "keep_result_forever"})
_MEMO = "what keeps failed tasks"


def failures_of_task(
    draft: Draft, handling: Handling, code: ServiceCode
) -> tuple[Setting[str] | Unknown | None, Span | None]:
    """Where the failures of a task go, None where nobody keeps them; and the line that would say so."""
    if handling.library == "arq":
        setup = handling.declared_at
    else:
        found = _application(draft, code)
        setup = found.at if found is not None else None
    if setup is None:
        return Unknown("the application is out of sight"), None
    if not is_dispatched(draft, handling):
        return Unknown("nothing hands the task a message: a schedule runs it again"), None
    kept = _kept(draft, code)
    return kept, setup


def is_dispatched(draft: Draft, handling: Handling) -> bool:
    """Whether some code of the workspace hands the task to workers."""
    return handling.function is not None and handling.function.name in _dispatched(draft)


def is_only_scheduled(draft: Draft, handling: Handling) -> bool:
    """Whether a schedule names the task, and no code hands it to workers."""
    if handling.function is None or is_dispatched(draft, handling):
        return False
    given = handling.call.argument("name") if handling.call is not None else None
    written = getattr(given.value, "value", None) if given is not None else None
    last = handling.function.name.rpartition(".")[2]
    return any(name == written or name.rpartition(".")[2] == last for name in _scheduled(draft))


def _scheduled(draft: Draft) -> frozenset[str]:
    """The tasks that schedules name: ``{"task": "orders.tasks.clean", "schedule": crontab(…)}``."""
    found = draft.memo.get("scheduled tasks")
    if not isinstance(found, frozenset):
        found = draft.memo["scheduled tasks"] = frozenset(
            literal.value
            for module in code_scope(draft).modules()
            for literal in module.facts.strings
            if literal.name == "task" and literal.context == "entry"
        )
    return found


def _application(draft: Draft, code: ServiceCode) -> PythonCall | None:
    for module in code.modules:
        for call in module.calls_named(_APPLICATIONS):
            if draft.program.callee(call, module) in ("celery.Celery", "celery.app.base.Celery"):
                return call
    return None


def _kept(draft: Draft, code: ServiceCode) -> Setting[str] | Unknown | None:
    memo = draft.memo.setdefault(_MEMO, {})
    assert isinstance(memo, dict)
    name = code.service.name
    if name not in memo:
        memo[name] = next((one for module in code.modules if (one := _kept_by(module)) is not None), None)
    found: Setting[str] | Unknown | None = memo[name]
    return found


def _kept_by(module: Module) -> Setting[str] | Unknown | None:
    facts = module.facts
    for function in facts.functions:
        last = function.name.rpartition(".")[2]
        if last in _HOOKS or _KEEPING.search(last):
            return Setting(f"what {last} does", "code", function.at)
    for line in facts.imports:
        if line.name in _HOOKS or (line.module or "").startswith("django_celery_results"):
            return Unknown("failures are recorded")
    for literal in facts.strings:
        if literal.name in _RESULTS or (len(literal.value) < 120 and _KEEPING.search(literal.value)):
            return Unknown("failures may be recorded")
    for one in facts.assignments:
        name = getattr(one.target, "name", "").rpartition(".")[2]
        if name in _RESULTS or _KEEPING.search(name):
            return Unknown("failures may be recorded")
    for call in facts.calls:
        if any(argument.name in _HOOKS or argument.name in _RESULTS for argument in call.arguments):
            return Unknown("failures are handled")
        if _KEEPING.search(call.name):
            return Unknown("failures may be recorded")
    return None


def _dispatched(draft: Draft) -> frozenset[str]:
    """The functions that some code hands to workers as tasks."""
    found = draft.memo.get("dispatched tasks")
    if isinstance(found, frozenset):
        return found
    names: set[str] = set()
    for module in code_scope(draft).modules():
        for call in module.calls_named(_DISPATCHING):
            base = draft.program.callee(call, module).rpartition(".")[0]
            if base in names:
                continue
            if draft.program.function_named(base) is not None:
                names.add(base)
            elif call.arguments and call.name.endswith(("send_task", "enqueue_job")):
                value = getattr(call.arguments[0].value, "value", None)
                names.update(_named(draft, str(value)) if isinstance(value, str) else ())
    result = draft.memo["dispatched tasks"] = frozenset(names)
    return result


def _named(draft: Draft, name: str) -> tuple[str, ...]:
    """The functions of the workspace that a task's name means: its own name, or the end of the qualified one."""
    known = draft.memo.get("functions by last name")
    index: dict[str, list[str]] = known if isinstance(known, dict) else {}
    if known is None:
        draft.memo["functions by last name"] = index
        for module in draft.program.modules.values():
            for function in module.facts.functions:
                index.setdefault(function.name.rpartition(".")[2], []).append(function.name)
    last = name.rpartition(".")[2]
    return tuple(one for one in index.get(last, ()) if one.endswith(name) or "." not in name)
