"""What puts fields into a service's log records besides their formatter.

In: the code of one service, what traces it, and the containers of the system. Out: ``Fields``: names that a filter, a
record factory, an adapter, an ``extra=`` or a bound context gives; open where a library or something unresolved may
give more.
"""

from __future__ import annotations

from archlint.core.facts.python import (
    Argument,
    Expression,
    Item,
    Literal,
    Member,
    Parameter,
    PythonCall,
    Reference,
    Result,
)
from archlint.core.values import Setting, Unknown
from archlint.model.code.objects import items_of
from archlint.model.code.observability.log_field_libraries import (
    COLLECTED,
    COLLECTORS,
    CORRELATORS,
    STRUCTLOG_ECS,
    STRUCTLOG_FIELDS,
)
from archlint.model.code.observability.log_fields import NONE, OPEN, Fields, function_fields, keys_of
from archlint.model.code.scope import ServiceCode
from archlint.model.draft import Draft
from archlint.model.program.program import Module

_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"})
_BINDING = frozenset(
    {"bind", "bind_contextvars", "bound_contextvars", "new", "contextualize", "bind_threadlocal", "patch", "get_logger"}
)
_LOGGING = frozenset({"logging", "structlog", "loguru", "picologging"})
_ADDED = frozenset({"append", "insert", "extend"})


def extras_of(draft: Draft, code: ServiceCode, tracing: Setting[str] | Unknown | None) -> Fields:
    """The fields that the service's code, or an agent around it, puts on records."""
    found = NONE
    if isinstance(tracing, Setting) and tracing.source in ("image", "manifest", "platform"):
        # An agent instruments the standard library's logging too.
        found |= Fields(frozenset({"trace_id", "service_name"}))
    for module in code.modules:
        roots = {one.module.partition(".")[0] for one in module.facts.imports}
        if _imports(module, CORRELATORS):
            found |= Fields(frozenset({"trace_id", "service_name"}))
        if not roots & _LOGGING and "LoggerAdapter" not in module.called:
            continue
        found |= _on_records(module)
        for call in module.calls_named(_LEVELS):
            extra = call.argument("extra")
            if extra is not None:
                found |= keys_of(draft, extra.value, module)
        for call in module.calls_named(_BINDING):
            found |= _bound(draft, call, module, roots)
        for call in module.calls_named(frozenset({"LoggerAdapter", "configure"})):
            given = call.argument("extra", 1 if call.name.endswith("LoggerAdapter") else None)
            if given is not None:
                found |= keys_of(draft, given.value, module)
            if call.argument("patcher") is not None:
                found |= OPEN
    return found


def structlog_fields(draft: Draft, code: ServiceCode) -> Fields:
    """What the processors of all of the service's structlog configuration write."""
    found = Fields(frozenset({"event"}), extras=True)
    for module in code.modules:
        if not any(one.module.partition(".")[0] == "structlog" for one in module.facts.imports):
            continue
        for call in module.calls_named(frozenset({"configure", "configure_once", "ProcessorFormatter", "wrap_logger"})):
            name = draft.program.callee(call, module)
            if not name.startswith("structlog."):
                continue
            for argument in call.arguments:
                if argument.name in ("processors", "foreign_pre_chain", "processor", None):
                    for item, where in items_of(draft, argument.value, module):
                        found |= _processor(draft, Argument(argument.at, None, item), where)
        # A list of processors that grows step by step.
        for call in module.calls_named(_ADDED):
            for argument in call.arguments:
                if not isinstance(argument.value, Literal):
                    for item, where in items_of(draft, argument.value, module):
                        found |= _processor(draft, Argument(argument.at, None, item), where, is_sure=False)
    return found


def _processor(draft: Draft, argument: Argument, module: Module, is_sure: bool = True) -> Fields:
    value = argument.value
    unknown = OPEN if is_sure else NONE
    made = draft.program.origin(value, module) if isinstance(value, Result) else None
    name = draft.program.callee(*made) if made is not None else draft.program.qualify(value, module)
    if name == STRUCTLOG_ECS:
        return Fields(frozenset({"@timestamp", "log.level"}))
    if name in STRUCTLOG_FIELDS:
        key = made[0].argument("key") if made is not None else None
        if key is not None and name.endswith("TimeStamper"):
            return Fields(frozenset({str(key.value.value)})) if isinstance(key.value, Literal) else OPEN
        return Fields(frozenset(STRUCTLOG_FIELDS[name]))
    function = draft.program.function_of(value, module) or draft.program.function_named(f"{name}.__call__")
    if function is not None:
        return function_fields(draft, function)
    return unknown


def _bound(draft: Draft, call: PythonCall, module: Module, roots: set[str]) -> Fields:
    if not roots & {"structlog", "loguru"}:
        return NONE
    if call.name.endswith(".get_logger") and not draft.program.callee(call, module).startswith("structlog"):
        return NONE
    if call.name.endswith(".patch"):
        return OPEN
    found = NONE
    for one in call.arguments:
        if one.name == "**":
            found |= keys_of(draft, one.value, module)
        elif one.name not in (None, "*"):
            found |= Fields(frozenset({one.name or ""}))
    return found


def _on_records(module: Module) -> Fields:
    """What filters and record factories set: ``record.trace_id = …``."""
    names: set[str] = set()
    for one in module.facts.assignments:
        target = one.target
        if one.function is None or not _is_about_records(module, one.function, target):
            continue
        if isinstance(target, Member) and not isinstance(target.base, Reference):
            names.add(target.name)
        elif (
            isinstance(target, Item)
            and isinstance(target.key, Literal)
            and isinstance(target.base, Member)
            and target.base.name == "__dict__"
        ):
            names.add(str(target.key.value))
    for call in module.calls_named(frozenset({"setattr"})):
        if len(call.arguments) == 3 and isinstance(call.arguments[1].value, Literal):
            names.add(str(call.arguments[1].value.value))
    return Fields(frozenset(names))


def _is_about_records(module: Module, function: int, target: Expression) -> bool:
    owner = module.facts.functions[function].name.rpartition(".")[2]
    if owner == "filter" or "record" in owner or "setLogRecordFactory" in module.called:
        return True
    base = target.base if isinstance(target, Member | Item) else None
    base = base.base if isinstance(base, Member) else base
    return isinstance(base, Parameter) and "rec" in base.name.lower()


def collected(draft: Draft) -> tuple[str, ...]:
    """The fields of the standard that a log collector in the scan gives to every line."""
    found = draft.memo.get("log collectors")
    if not isinstance(found, tuple):
        has = any(one.image is not None and COLLECTORS.search(one.image.repository) for one in draft.containers)
        found = draft.memo["log collectors"] = COLLECTED if has else ()
    return found


def _imports(module: Module, libraries: frozenset[str]) -> bool:
    for one in module.facts.imports:
        if one.typing_only:
            continue
        name = f"{one.module}.{one.name}" if one.name else one.module
        while name:
            if name in libraries:
                return True
            name = name.rpartition(".")[0]
    return False
